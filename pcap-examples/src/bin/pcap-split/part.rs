//! The savefiles that are written.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use pcap_core::pcapng::{BlockBuf, PcapngDumper, RawBlock, Record};
use pcap_core::{
    Capture, Dumper, Error, ErrorKind, Linktype, Offline, Packet, Precision, Timestamp,
};
use pcap_examples::classic_headers::ClassicHeader;
use pcap_examples::compression::{Compression, Compressor};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::files;
use pcap_examples::preamble::Preamble;

/// What a savefile begins with.
#[derive(Clone, Copy)]
pub(crate) enum Head<'a> {
    /// A classic savefile, with the header of the input.
    Capture(&'a Capture<Offline>),
    /// A classic savefile with this header.
    Classic(ClassicHeader),
    /// A pcapng savefile, with these blocks.
    Preamble(&'a Preamble),
}

/// A packet to write.
#[derive(Clone, Copy)]
pub(crate) struct Item<'a> {
    pub(crate) input: &'a Path,
    /// The number of the packet in the input.
    pub(crate) number: u64,
    pub(crate) packet: Packet<'a>,
    /// The time of the packet. A simple packet block of pcapng has none.
    pub(crate) time: Option<Timestamp>,
    pub(crate) linktype: Linktype,
    /// The whole block, if the input and the output are pcapng.
    pub(crate) block: Option<RawBlock<'a>>,
    /// Further options for pcapng, if there is no block.
    pub(crate) options: &'a [(u16, &'a [u8])],
}

/// How much of the preamble a savefile has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Begun {
    /// The number of the section. 0 means none.
    section: u64,
    /// The number of the section's blocks.
    blocks: usize,
}

/// A savefile that is being written.
pub(crate) struct Part {
    dumper: PartDumper,
    begun: Begun,
    is_compressed: bool,
}

enum PartDumper {
    /// With the link type of all packets.
    Classic(Dumper, Linktype),
    Pcapng(PcapngDumper),
}

impl Head<'_> {
    /// Returns the number of bytes that [`Part::reopen`] writes again, and that must be skipped.
    pub(crate) fn written_again(&self, begun: Begun) -> u64 {
        match self {
            Head::Preamble(preamble) if begun.section == preamble.sections() => {
                preamble.length_after(0) - preamble.length_after(begun.blocks)
            }
            Head::Preamble(_) => 0,
            _ => 24,
        }
    }
}

impl Part {
    /// Creates a savefile from an empty file.
    pub(crate) fn create(
        head: Head<'_>,
        file: File,
        name: String,
        compression: Option<Compression>,
    ) -> Outcome<Part> {
        if let Some(compression) = compression {
            return Part::to_compressor(head, file, name, compression, 0);
        }
        let dumper = match head {
            Head::Capture(capture) => {
                let dumper = capture.dump_open_file_named(file, name)?;
                PartDumper::Classic(dumper, Linktype::from(capture.datalink()))
            }
            Head::Classic(header) => {
                let capture = header.capture(Precision::Nano)?;
                let dumper = capture.dump_open_file_named(file, name)?;
                PartDumper::Classic(dumper, header.linktype)
            }
            Head::Preamble(_) => PartDumper::Pcapng(PcapngDumper::for_blocks_named(file, name)),
        };
        Ok(Part {
            dumper,
            begun: Begun::default(),
            is_compressed: false,
        })
    }

    /// Creates a part that is compressed. Skips this number of bytes.
    fn to_compressor(
        head: Head<'_>,
        file: File,
        name: String,
        compression: Compression,
        skip: usize,
    ) -> Outcome<Part> {
        let output = Compressor::new(file, compression)
            .map_err(|e| Failure::Text(format!("cannot write `{name}`: {e}")))?;
        let mut part = Part::to_writer(head, StartSkipper { output, skip }, name)?;
        part.is_compressed = true;
        Ok(part)
    }

    fn to_writer(
        head: Head<'_>,
        output: impl Write + Send + 'static,
        name: String,
    ) -> Outcome<Part> {
        let dumper = match head {
            Head::Capture(capture) => {
                let dumper = capture.dump_to_named(output, name)?;
                PartDumper::Classic(dumper, Linktype::from(capture.datalink()))
            }
            Head::Classic(header) => {
                let capture = header.capture(Precision::Nano)?;
                let dumper = capture.dump_to_named(output, name)?;
                PartDumper::Classic(dumper, header.linktype)
            }
            Head::Preamble(_) => PartDumper::Pcapng(PcapngDumper::for_blocks_named(output, name)),
        };
        Ok(Part {
            dumper,
            begun: Begun::default(),
            is_compressed: false,
        })
    }

    /// Opens a savefile again, at its end. It has this part of the preamble.
    pub(crate) fn reopen(
        head: Head<'_>,
        file: File,
        name: String,
        begun: Begun,
        compression: Option<Compression>,
    ) -> Outcome<Part> {
        let skip = head.written_again(begun) as usize;
        let mut part = match compression {
            Some(compression) => Part::to_compressor(head, file, name, compression, skip)?,
            None => Part::to_writer(head, StartSkipper { output: file, skip }, name)?,
        };
        if let (Head::Preamble(preamble), PartDumper::Pcapng(dumper)) = (head, &mut part.dumper)
            && begun.section == preamble.sections()
        {
            for block in preamble.blocks().take(begun.blocks) {
                dumper.write_block(block)?;
            }
        }
        part.begun = begun;
        Ok(part)
    }

    /// Writes the blocks up to the first packet of the input. They include the preamble.
    pub(crate) fn begin(&mut self, head: Head<'_>, blocks: &mut Vec<BlockBuf>) -> Outcome {
        let (Head::Preamble(preamble), PartDumper::Pcapng(dumper)) = (head, &mut self.dumper)
        else {
            return Ok(());
        };
        if blocks.is_empty() {
            return Ok(());
        }
        for block in blocks.drain(..) {
            dumper.write_block(&block)?;
        }
        self.begun = Begun {
            section: preamble.sections(),
            blocks: preamble.blocks().len(),
        };
        Ok(())
    }

    /// Writes the rest of the preamble, so that the section's next packet or block can follow.
    #[inline]
    pub(crate) fn sync(&mut self, head: Head<'_>) -> Outcome {
        let (Head::Preamble(preamble), PartDumper::Pcapng(dumper)) = (head, &mut self.dumper)
        else {
            return Ok(());
        };
        let section = preamble.sections();
        if self.begun.section != section {
            let blocks = 0;
            self.begun = Begun { section, blocks };
        }
        if self.begun.blocks < preamble.blocks().len() {
            for block in preamble.blocks().skip(self.begun.blocks) {
                dumper.write_block(block)?;
                self.begun.blocks += 1;
            }
        }
        Ok(())
    }

    /// Writes a packet.
    ///
    /// # Errors
    ///
    /// Returns [`Failure::UnwritablePacket`] if the format cannot represent it, and another failure for a second link
    /// type in a classic savefile, and if writing fails.
    #[inline]
    pub(crate) fn write(&mut self, head: Head<'_>, item: &Item<'_>) -> Outcome {
        self.sync(head)?;
        let written = match &mut self.dumper {
            PartDumper::Classic(dumper, linktype) if *linktype == item.linktype => {
                dumper.write(item.packet)
            }
            PartDumper::Classic(dumper, linktype) => {
                return Err(Failure::Text(format!(
                    "cannot write packet {} of `{}` to `{}`: it has link type {}, and a classic savefile has only one, \
                     here {linktype}; use --format pcapng, or filter the packets",
                    item.number,
                    item.input.display(),
                    dumper.name(),
                    item.linktype
                )));
            }
            PartDumper::Pcapng(dumper) => match (item.block, dumper.interface(0)) {
                (Some(block), _) => dumper.write_block(block),
                (None, Some(interface)) => {
                    let record = Record::new(item.packet).options(item.options);
                    dumper.write_record(interface, &record)
                }
                (None, None) => Ok(()),
            },
        };
        written.map_err(|error| failure(self.name(), error))
    }

    /// Writes a block without a packet. A classic savefile has none.
    pub(crate) fn write_block(&mut self, head: Head<'_>, block: RawBlock<'_>) -> Outcome {
        self.sync(head)?;
        if let PartDumper::Pcapng(dumper) = &mut self.dumper {
            dumper.write_block(block)?;
        }
        Ok(())
    }

    /// Returns the length of the savefile if a packet is added.
    pub(crate) fn length_with(&self, head: Head<'_>, item: &Item<'_>) -> u64 {
        let caplen = u64::from(item.packet.caplen());
        let record = match head {
            Head::Preamble(preamble) => {
                let has = match self.begun.section == preamble.sections() {
                    true => self.begun.blocks,
                    false => 0,
                };
                let block = item.block.map(|block| block.bytes().len() as u64);
                preamble.length_after(has) + block.unwrap_or(32 + caplen.next_multiple_of(4))
            }
            _ => 16 + caplen,
        };
        self.position() + record
    }

    pub(crate) fn position(&self) -> u64 {
        match &self.dumper {
            PartDumper::Classic(dumper, _) => dumper.position(),
            PartDumper::Pcapng(dumper) => dumper.position(),
        }
    }

    /// Returns how much of the preamble the savefile has.
    pub(crate) fn begun(&self) -> Begun {
        self.begun
    }

    /// Writes out buffered packets.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        match &mut self.dumper {
            PartDumper::Classic(dumper, _) => dumper.flush(),
            PartDumper::Pcapng(dumper) => dumper.flush(),
        }
    }

    /// Completes the savefile. Returns the length of the file if it is compressed.
    pub(crate) fn close(self) -> Outcome<Option<u64>> {
        if self.is_compressed {
            return self.close_compressed();
        }
        match self.dumper {
            PartDumper::Classic(dumper, _) => dumper.close()?,
            PartDumper::Pcapng(dumper) => dumper.close()?,
        }
        Ok(None)
    }

    fn close_compressed(self) -> Outcome<Option<u64>> {
        type Output = StartSkipper<Compressor<File>>;
        let name = self.name().to_owned();
        let output: Output = match self.dumper {
            PartDumper::Classic(dumper, _) => dumper.into_writer()?,
            PartDumper::Pcapng(dumper) => dumper.into_writer()?,
        };
        let finish = || {
            let file = output.output.finish()?;
            let length = file.metadata()?.len();
            files::close(file)?;
            Ok(Some(length))
        };
        finish().map_err(|e: io::Error| Failure::Text(format!("cannot write `{name}`: {e}")))
    }

    fn name(&self) -> &str {
        match &self.dumper {
            PartDumper::Classic(dumper, _) => dumper.name(),
            PartDumper::Pcapng(dumper) => dumper.name(),
        }
    }
}

#[cold]
fn failure(path: &str, error: Error) -> Failure {
    match error.kind() {
        ErrorKind::InvalidArgument => Failure::UnwritablePacket {
            path: path.to_owned(),
            why: error.text().to_owned(),
        },
        _ => error.into(),
    }
}

/// Appends to a savefile that already has a beginning: skips the bytes of it, which a new dumper writes again.
struct StartSkipper<W> {
    output: W,
    /// The number of bytes that are still to be skipped.
    skip: usize,
}

impl<W: Write> Write for StartSkipper<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.skip > 0 {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            return Ok(skipped);
        }
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
