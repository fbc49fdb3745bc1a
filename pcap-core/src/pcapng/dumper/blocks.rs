//! Writing whole blocks.

use crate::error::Result;
use crate::pcapng::interface::InterfaceState;
use crate::pcapng::{Interface, InterfaceId, PacketBlock, PcapngDumper, RawBlock};
use crate::savefile::pcapng::{HEAD, Kind, LONGEST_BLOCK, ORDER, layout};

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
            return Err(self.other_order(block));
        }
        if section.is_known {
            self.check_block(block)?;
        }
        self.output.put(block.bytes())?;
        if section.is_known && kind == Kind::INTERFACE {
            let interface = Interface::from_block(block);
            self.interfaces.push(InterfaceState::new(&interface));
            self.appended = None;
        }
        Ok(())
    }

    /// Writes a packet of another file or section on an interface of this one. Everything else of its block stays: the
    /// time, the lengths, the data and the options.
    ///
    /// The time is copied in ticks, so both interfaces must have the same resolution and time offset.
    ///
    /// A simple packet block stays one only on the first interface of a section, and if both interfaces have the same
    /// snaplen, on which its length depends. Otherwise it becomes an enhanced packet block of 0 ticks. So does an
    /// obsolete packet block, with its own time, if the number of the interface has more than 16 bits. See
    /// [`PacketBlock::to_enhanced`].
    ///
    /// # Errors
    ///
    /// - [`LinktypeMismatch`](crate::ErrorKind::LinktypeMismatch) if the link type of the packet differs from that of
    ///   the interface.
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the interfaces differ in their resolution or time
    ///   offset, if the byte order of the block differs from that of the section, or if the interface belongs to
    ///   another dumper or section.
    /// - [`Io`](crate::ErrorKind::Io) if writing failed. The packet is not written; the call can be repeated.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::{Block, Interface, PcapngDumper, Reader};
    /// use pcap_core::{Linktype, Packet, Timestamp};
    ///
    /// let mut dumper = PcapngDumper::new(Vec::new());
    /// let left = Interface::new(Linktype::ETHERNET).with_name("left");
    /// let id = dumper.add_interface(&left)?;
    /// dumper.write(id, Packet::whole(Timestamp::now(), &[0xff; 60]))?;
    /// let bytes: Vec<u8> = dumper.into_writer()?;
    ///
    /// let mut both = PcapngDumper::new(Vec::new());
    /// both.add_interface(&Interface::new(Linktype::ETHERNET).with_name("right"))?;
    /// let left = both.add_interface(&left)?;
    /// let mut reader = Reader::from_reader(std::io::Cursor::new(bytes))?;
    /// while let Some(block) = reader.next_block()? {
    ///     if let Block::Packet(packet) = block {
    ///         assert_eq!(packet.interface_id(), 0);
    ///         both.copy_packet(left, &packet)?;
    ///     }
    /// }
    /// # let bytes: Vec<u8> = both.into_writer()?;
    /// # let mut reader = Reader::from_reader(std::io::Cursor::new(bytes))?;
    /// # let mut packets = 0;
    /// # while let Some(block) = reader.next_block()? {
    /// #     if let Block::Packet(packet) = block {
    /// #         packets += 1;
    /// #         assert_eq!(packet.interface().name().as_deref(), Some("left"));
    /// #     }
    /// # }
    /// # assert_eq!(packets, 1);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[inline]
    pub fn copy_packet(&mut self, interface: InterfaceId, packet: &PacketBlock<'_>) -> Result<()> {
        let (number, known) = self.known(interface)?;
        if packet.linktype() != known.linktype {
            return Err(self.other_linktype(interface, known.linktype, Some(packet.linktype())));
        }
        if packet.interface().clock() != known.clock && packet.ticks().is_some() {
            return Err(self.output.refuse(
                "the interface of the packet has another resolution or time offset; write the packet with `write_record`",
            ));
        }
        let block = packet.as_raw();
        let order = self.section_state()?.order;
        if block.order() != order {
            return Err(self.other_order(block));
        }
        let wide = order.of_u32(number).to_ne_bytes();
        match (block.kind(), u16::try_from(number)) {
            (Kind::ENHANCED_PACKET, _) => self.put_with_interface(block, &wide),
            (Kind::PACKET, Ok(number)) => {
                self.put_with_interface(block, &order.of_u16(number).to_ne_bytes())
            }
            (Kind::SIMPLE_PACKET, Ok(0))
                if InterfaceState::new(packet.interface()).snaplen == known.snaplen =>
            {
                self.write_block(block)
            }
            _ => {
                let mut block = packet.to_enhanced();
                block.set_interface(number)?;
                self.write_block(&block)
            }
        }
    }

    /// Writes a packet block with another number at the start of its body.
    #[inline]
    fn put_with_interface(&mut self, block: RawBlock<'_>, number: &[u8]) -> Result<()> {
        let bytes = block.bytes();
        let copy = self.output.append(bytes.len())?;
        copy.copy_from_slice(bytes);
        copy[HEAD..HEAD + number.len()].copy_from_slice(number);
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

    #[cold]
    fn other_order(&self, block: RawBlock<'_>) -> crate::error::Error {
        self.output.refuse(format!(
            "expected a block in the byte order of its section, found one of type {:#x} in the other order",
            block.block_type()
        ))
    }

    #[cold]
    fn too_short(&self, block: RawBlock<'_>) -> crate::error::Error {
        let (kind, length) = (block.block_type(), block.bytes().len());
        self.output.refuse(format!(
            "a block of {length} bytes is too short for type {kind:#x}"
        ))
    }
}
