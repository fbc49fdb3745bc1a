//! The dumper of a savefile in its format, and what each savefile of a series begins with.

use std::io::{self, Write};

use pcap_core::pcapng::{Interface, InterfaceId, PcapngDumper, Section};
use pcap_core::{Activated, Capture, Dead, Dumper, Error, SavefileFormat, Stats};

use crate::background_writer::BackgroundWriter;
use crate::exit::Outcome;
use crate::statistics_block;

/// The dumper for the format of a savefile.
#[derive(Debug)]
pub(crate) enum FormatDumper {
    Pcap(Dumper),
    /// With the interfaces of the packets, and their descriptions.
    Pcapng(PcapngDumper, Vec<InterfaceId>, Vec<Interface>),
    /// Of whole blocks, among them the interfaces.
    Blocks(PcapngDumper),
}

impl FormatDumper {
    pub(crate) fn position(&self) -> u64 {
        match self {
            FormatDumper::Pcap(dumper) => dumper.position(),
            FormatDumper::Pcapng(dumper, ..) | FormatDumper::Blocks(dumper) => dumper.position(),
        }
    }

    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        match self {
            FormatDumper::Pcap(dumper) => dumper.flush(),
            FormatDumper::Pcapng(dumper, ..) | FormatDumper::Blocks(dumper) => dumper.flush(),
        }
    }

    /// Writes the statistics of an interface, if the format has them.
    pub(crate) fn write_statistics(
        &mut self,
        interface: usize,
        stats: &Stats,
    ) -> Result<(), Error> {
        match self {
            FormatDumper::Pcapng(dumper, interfaces, descriptions) => {
                let known = interfaces.get(interface).zip(descriptions.get(interface));
                let Some((id, description)) = known else {
                    return Ok(());
                };
                let block = statistics_block::block(id.index(), description, stats)?;
                dumper.write_block(&block)
            }
            FormatDumper::Pcap(_) | FormatDumper::Blocks(_) => Ok(()),
        }
    }
}

/// The output of a dumper: passes the bytes to the background writer.
pub(crate) struct DumperOutput(pub(crate) BackgroundWriter);

impl Write for DumperOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes, None)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a savefile begins with: the header of a classic savefile, or the section header and interfaces of pcapng.
#[derive(Debug)]
pub struct SavefileHead(Head);

#[derive(Debug)]
enum Head {
    Pcap(Capture<Dead>),
    Pcapng(Section, Vec<Interface>),
}

impl SavefileHead {
    /// Returns the head of a classic savefile for the packets of a capture.
    ///
    /// # Errors
    ///
    /// Returns an error if a classic savefile cannot have the link type.
    pub fn pcap<S: Activated>(capture: &Capture<S>) -> Outcome<SavefileHead> {
        let (snaplen, precision) = (capture.snaplen(), capture.precision());
        let dead = Capture::dead_with(capture.datalink(), snaplen, precision)?
            .with_fcs_len(capture.fcs_len())?;
        // This fails for an unsupported link type.
        dead.dump_to_named(io::sink(), capture.name())?;
        Ok(SavefileHead(Head::Pcap(dead)))
    }

    /// Returns the head of a pcapng savefile with these interfaces, which are numbered from 0.
    #[must_use]
    pub fn pcapng(section: Section, interfaces: Vec<Interface>) -> SavefileHead {
        SavefileHead(Head::Pcapng(section, interfaces))
    }

    /// Returns the head of a savefile for the packets of a single capture.
    ///
    /// # Errors
    ///
    /// The errors of [`pcap`](Self::pcap).
    pub fn for_capture<S: Activated>(
        capture: &Capture<S>,
        format: SavefileFormat,
    ) -> Outcome<SavefileHead> {
        match format {
            SavefileFormat::Pcapng => {
                let interfaces = vec![Interface::for_capture(capture)];
                Ok(SavefileHead::pcapng(Section::new(), interfaces))
            }
            _ => SavefileHead::pcap(capture),
        }
    }

    /// Returns the number of interfaces that can have statistics.
    pub(crate) fn interfaces(&self) -> usize {
        match &self.0 {
            Head::Pcap(_) => 0,
            Head::Pcapng(_, interfaces) => interfaces.len(),
        }
    }

    /// Returns the length of a packet in the savefile, in bytes, given its captured length.
    #[inline]
    pub(crate) fn record_length(&self, caplen: u32) -> u64 {
        match &self.0 {
            Head::Pcap(_) => 16 + u64::from(caplen),
            Head::Pcapng(..) => 32 + u64::from(caplen).next_multiple_of(4),
        }
    }

    /// Creates the dumper of a savefile.
    pub(crate) fn dumper(&self, output: DumperOutput, name: String) -> Result<FormatDumper, Error> {
        match &self.0 {
            Head::Pcap(dead) => Ok(FormatDumper::Pcap(dead.dump_to_named(output, name)?)),
            Head::Pcapng(section, interfaces) => {
                let mut dumper = PcapngDumper::for_blocks_named(output, name);
                dumper.begin_section(section)?;
                let ids = interfaces.iter().map(|one| dumper.add_interface(one));
                let ids = ids.collect::<Result<_, _>>()?;
                Ok(FormatDumper::Pcapng(dumper, ids, interfaces.clone()))
            }
        }
    }
}
