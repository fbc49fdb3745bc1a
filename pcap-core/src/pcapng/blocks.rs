//! Encodes the blocks of a pcapng file with the `pcap-file` crate, which only this file uses.
//!
//! This module compensates for the following properties of version 2.0.0:
//!
//! - It takes the time of a packet as a `Duration`, and writes it in nanoseconds whatever the interface's resolution
//!   is. Here a "nanosecond" is one unit of that resolution.
//! - It writes the times of interface statistics as one 64-bit number, whereas the format requires the upper half first
//!   in either byte order, as for packets. This module swaps the halves first.
//! - It leaves the first byte of an interface's filter, the kind of the filter, to the caller.
//! - It truncates link types above 16 bits, options above 65 535 bytes and blocks above 4 GiB. The callers of this
//!   module reject them first.
//! - It maps link types to names and back. Here they are always numbers without a name.

use std::borrow::Cow;
use std::time::Duration;

use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::interface_statistics::{
    InterfaceStatisticsBlock, InterfaceStatisticsOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{Block, PcapNgWriter};
use pcap_file::{DataLink, Endianness};

use super::interface::Interface;
use super::record::Record;
use super::section::Section;
use crate::direction::Direction;
use crate::stats::Stats;

/// Encodes the blocks of one section, one after the other. If the section header could not be encoded, every other
/// block fails with the same error.
pub(super) struct Blocks(Result<PcapNgWriter<Vec<u8>>>);

/// A result whose error is the reason why a block could not be encoded.
type Result<T> = std::result::Result<T, String>;

impl Blocks {
    /// Starts a section. Its header is the first block.
    pub(super) fn new(section: &Section) -> Result<Blocks> {
        let owned = |text: &String| Cow::Owned(text.clone());
        let options = [
            section
                .hardware
                .as_ref()
                .map(owned)
                .map(SectionHeaderOption::Hardware),
            section.os.as_ref().map(owned).map(SectionHeaderOption::OS),
            section
                .application
                .as_ref()
                .map(owned)
                .map(SectionHeaderOption::UserApplication),
            section
                .comment
                .as_ref()
                .map(owned)
                .map(SectionHeaderOption::Comment),
        ];
        let header = SectionHeaderBlock {
            // The writer takes the byte order from here, and its default is not this machine's.
            endianness: Endianness::native(),
            options: options.into_iter().flatten().collect(),
            ..SectionHeaderBlock::default()
        };
        let writer = PcapNgWriter::with_section_header(Vec::new(), header);
        writer
            .map(|writer| Blocks(Ok(writer)))
            .map_err(|e| e.to_string())
    }

    /// Starts a section without a description.
    pub(super) fn plain() -> Blocks {
        Blocks::new(&Section::new()).unwrap_or_else(|why| Blocks(Err(why)))
    }

    /// Returns the bytes of the last block.
    pub(super) fn last(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |writer| writer.get_ref())
    }

    fn write(&mut self, block: &Block<'_>) -> Result<()> {
        let writer = self.0.as_mut().map_err(|why| why.clone())?;
        writer.get_mut().clear();
        writer
            .write_block(block)
            .map(drop)
            .map_err(|e| e.to_string())
    }

    pub(super) fn interface(&mut self, interface: &Interface) -> Result<()> {
        use InterfaceDescriptionOption as Opt;
        let text = |text: &'_ Option<String>| text.clone().map(Cow::Owned);
        let filter = interface.filter.as_ref().map(|filter| {
            // 0: an expression follows.
            let mut value = vec![0];
            value.extend(filter.as_bytes());
            Opt::IfFilter(Cow::Owned(value))
        });
        let options = [
            text(&interface.name).map(Opt::IfName),
            text(&interface.description).map(Opt::IfDescription),
            Some(Opt::IfTsResol(interface.digits())),
            filter,
            text(&interface.os).map(Opt::IfOs),
            interface.fcs_len.map(Opt::IfFcsLen),
            text(&interface.hardware).map(Opt::IfHardware),
            text(&interface.comment).map(Opt::Comment),
        ];
        self.write(&Block::InterfaceDescription(InterfaceDescriptionBlock {
            linktype: DataLink::Unknown(interface.linktype.value()),
            snaplen: interface.snaplen,
            options: options.into_iter().flatten().collect(),
        }))
    }

    /// Encodes a packet. `ticks` is its time in units of the interface's resolution.
    pub(super) fn packet(&mut self, interface: u32, ticks: u64, record: &Record<'_>) -> Result<()> {
        use EnhancedPacketOption as Opt;
        let flags = match record.direction {
            None => None,
            Some(Direction::InOut) => Some(0),
            Some(Direction::In) => Some(1),
            Some(Direction::Out) => Some(2),
        };
        let options = [
            record.comment.map(|text| Opt::Comment(Cow::Borrowed(text))),
            flags.map(Opt::Flags),
            record.dropped.map(Opt::DropCount),
        ];
        self.write(&Block::EnhancedPacket(EnhancedPacketBlock {
            interface_id: interface,
            timestamp: Duration::from_nanos(ticks),
            original_len: record.packet.wire_len(),
            data: Cow::Borrowed(record.packet.data()),
            // No allocation without options.
            options: options.into_iter().flatten().collect(),
        }))
    }

    pub(super) fn statistics(&mut self, interface: u32, ticks: u64, stats: &Stats) -> Result<()> {
        use InterfaceStatisticsOption as Opt;
        let time = if cfg!(target_endian = "little") {
            ticks.rotate_left(32)
        } else {
            ticks
        };
        self.write(&Block::InterfaceStatistics(InterfaceStatisticsBlock {
            interface_id: interface,
            timestamp: time,
            options: vec![
                Opt::IsbEndTime(time),
                Opt::IsbIfRecv(stats.received),
                Opt::IsbIfDrop(stats.if_dropped),
                Opt::IsbOsDrop(stats.dropped),
            ],
        }))
    }
}
