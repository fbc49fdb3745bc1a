//! Writing whole blocks.

use crate::error::Result;
use crate::pcapng::interface::InterfaceState;
use crate::pcapng::{Interface, PcapngDumper, RawBlock};
use crate::savefile::pcapng::{Kind, LONGEST_BLOCK, ORDER, layout};

/// # Writing blocks
impl PcapngDumper {
    /// Writes a block unchanged: one that a [`Reader`](crate::pcapng::Reader) returned, or an edited or new one.
    ///
    /// A section header begins a new section, and an interface description adds an interface to it, with the next
    /// number. [`interface`](Self::interface) returns the identifier of that interface. So a file that is read and
    /// written block by block stays identical, byte for byte.
    ///
    /// The lengths in a packet are not checked: those of damaged files are written as they are.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the byte order of the block differs from that of the
    ///   section (see [`BlockBuf::to_endian`](crate::pcapng::BlockBuf::to_endian)), if a packet belongs to an interface
    ///   that the section does not have, if the block is too short for its type or longer than 134 348 832 bytes, if
    ///   a section header has not the magic number of its byte order, or if no section has begun. The block is not
    ///   written.
    /// - [`Io`](crate::ErrorKind::Io) if writing failed. The block is not written; the call can be repeated.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::{PcapngDumper, Reader};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let (from, to) = (folder.path().join("a.pcapng"), folder.path().join("b.pcapng"));
    /// # PcapngDumper::create(&from)?.close()?;
    /// let mut reader = Reader::open(&from)?;
    /// let mut dumper = PcapngDumper::create_for_blocks(&to)?;
    /// while let Some(block) = reader.next_block()? {
    ///     dumper.write_block(block)?;
    /// }
    /// dumper.close()?;
    /// assert_eq!(std::fs::read(&from).unwrap(), std::fs::read(&to).unwrap());
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn write_block<'a>(&mut self, block: impl Into<RawBlock<'a>>) -> Result<()> {
        let block = block.into();
        let (kind, length) = (block.kind(), block.bytes().len());
        if length > LONGEST_BLOCK as usize {
            return Err(self.output.refuse(format!(
                "a block of {length} bytes is longer than the limit of {LONGEST_BLOCK}"
            )));
        }
        if kind == Kind::SECTION {
            let body = block.content();
            if body.u64(8).is_none() {
                return Err(self.too_short(block));
            }
            if body.u32(0) != Some(ORDER) {
                let text = "expected the byte-order magic of the block's byte order";
                return Err(self.output.refuse(text));
            }
            self.output.reserve(block.bytes().len())?;
            self.put_section(block);
            return Ok(());
        }
        let section = self.section_state()?;
        if block.order() != section.order {
            return Err(self.output.refuse(format!(
                "expected a block in the byte order of its section, found one of type {:#x} in the other order",
                kind.0
            )));
        }
        if section.is_known {
            self.check_block(block)?;
        }
        self.output.reserve(block.bytes().len())?;
        self.output.push(block.bytes());
        if section.is_known && kind == Kind::INTERFACE {
            let interface = Interface::from_block(block);
            self.interfaces.push(InterfaceState::new(&interface));
            self.appended = None;
        }
        Ok(())
    }

    fn check_block(&self, block: RawBlock<'_>) -> Result<()> {
        let body = block.content();
        let (least, interface) = match block.kind() {
            Kind::INTERFACE => (layout::INTERFACE, None),
            Kind::ENHANCED_PACKET => (layout::PACKET, body.u32(0)),
            Kind::PACKET => (layout::PACKET, body.u16(0).map(u32::from)),
            Kind::SIMPLE_PACKET => (4, Some(0)),
            Kind::STATISTICS => (layout::STATISTICS, None),
            _ => return Ok(()),
        };
        if body.bytes().len() < least {
            return Err(self.too_short(block));
        }
        match interface {
            Some(number) if self.interfaces.get(number as usize).is_none() => {
                let count = self.interfaces.len();
                Err(self.output.refuse(format!(
                    "found a packet of interface {number}, but the section has {count}"
                )))
            }
            _ => Ok(()),
        }
    }

    fn too_short(&self, block: RawBlock<'_>) -> crate::error::Error {
        let (kind, length) = (block.block_type(), block.bytes().len());
        self.output.refuse(format!(
            "a block of {length} bytes is too short for type {kind:#x}"
        ))
    }
}
