//! The description of a savefile.

use std::path::Path;

use pcap_core::Precision;
use pcap_core::pcapng::{
    Block, Endian, NamedAddress, NamesBlock, PacketBlock, Resolution, StatisticsBlock,
};
use pcap_examples::savefile_kind::SavefileKind;
use pcap_examples::savefile_reader::SavefileReader;

use crate::hashes::Hashes;
use crate::interface_info::InterfaceInfo;
use crate::room::Room;
use crate::section_info::SectionInfo;
use crate::totals::Totals;

/// The description of a savefile and of its selected packets.
pub(crate) struct Description<'a> {
    pub(crate) path: &'a Path,
    pub(crate) kind: SavefileKind,
    /// The size of the file, if it is known.
    pub(crate) file_size: Option<u64>,
    /// The hashes of the file, if they are wanted and known.
    pub(crate) hashes: Option<Hashes>,
    pub(crate) end: End,
    /// Why the savefile is not complete.
    pub(crate) error: Option<String>,
    /// The number of packets read, with those that are not selected.
    pub(crate) packets_read: u64,
    pub(crate) totals: Totals,
    pub(crate) sections: Vec<SectionInfo>,
    pub(crate) interfaces: Vec<InterfaceInfo>,
    pub(crate) comments: Vec<PacketComment>,
    pub(crate) blocks: BlockCounts,
    /// The number of sections so far.
    section: u64,
    /// The number of interfaces of the current section so far.
    section_interfaces: u32,
    /// The position of the first of them in the list.
    first_interface: usize,
    room: Room,
    comments_room: Room,
}

/// Where reading a savefile has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// At its end.
    Complete,
    /// Within a packet or a block, where the file ends.
    Truncated,
    /// At damage, or because of another error.
    Damaged,
    /// Somewhere, because of a signal.
    Stopped,
    /// After the last packet that the options select.
    Limit,
}

/// A comment of a packet.
pub(crate) struct PacketComment {
    /// The number of the packet in the savefile.
    pub(crate) packet: u64,
    pub(crate) text: String,
}

/// The numbers of what blocks contain, except sections, interfaces and packets.
#[derive(Default)]
pub(crate) struct BlockCounts {
    pub(crate) packet_comments: u64,
    /// Packets lost before other packets.
    pub(crate) dropped: u64,
    pub(crate) ipv4_names: u64,
    pub(crate) ipv6_names: u64,
    pub(crate) secrets: u64,
    pub(crate) journal_entries: u64,
    pub(crate) custom_blocks: u64,
    pub(crate) unknown_blocks: u64,
}

impl<'a> Description<'a> {
    /// Creates the description of a savefile of which nothing was read yet.
    pub(crate) fn new(path: &'a Path, kind: SavefileKind) -> Description<'a> {
        Description {
            path,
            kind,
            file_size: None,
            hashes: None,
            end: End::Complete,
            error: None,
            packets_read: 0,
            totals: Totals::default(),
            sections: Vec::new(),
            interfaces: Vec::new(),
            comments: Vec::new(),
            blocks: BlockCounts::default(),
            section: 0,
            section_interfaces: 0,
            first_interface: 0,
            room: Room::default(),
            comments_room: Room::default(),
        }
    }

    /// Adds the section and the interface that a classic savefile consists of.
    pub(crate) fn add_classic(&mut self, input: &SavefileReader) {
        let capture = input.capture();
        let is_big = capture.is_swapped() != (Endian::NATIVE == Endian::Big);
        let (major, minor) = capture.format_version();
        self.begin_section(0, |number| SectionInfo {
            endian: if is_big { Endian::Big } else { Endian::Little },
            version: (major as u16, minor as u16),
            ..SectionInfo::new(number)
        });
        let info = InterfaceInfo {
            resolution: match capture.precision() {
                Precision::Nano => Resolution::NANO,
                Precision::Micro => Resolution::MICRO,
            },
            fcs_len: capture.fcs_len(),
            ..InterfaceInfo::new(capture.datalink(), self.kind.classic_snaplen())
        };
        self.push_interface(0, info);
    }

    /// Adds what a block describes, unless it is a packet.
    pub(crate) fn add_block(&mut self, block: &Block<'_>) {
        match block {
            Block::Section(section) => {
                let bytes = section.as_raw().bytes().len();
                self.begin_section(bytes, |number| SectionInfo::of_section(number, section));
            }
            Block::Interface(interface) => {
                let bytes = interface.as_raw().bytes().len();
                self.push_interface(bytes, InterfaceInfo::of_interface(interface));
            }
            Block::Packet(_) => {}
            Block::Statistics(statistics) => self.add_statistics(statistics),
            Block::Names(names) => self.count_names(names),
            Block::Secrets(_) => self.blocks.secrets += 1,
            Block::Journal(_) => self.blocks.journal_entries += 1,
            Block::Custom(_) => self.blocks.custom_blocks += 1,
            _ => self.blocks.unknown_blocks += 1,
        }
    }

    /// Counts a packet of a pcapng savefile. `number` is its number there.
    #[inline]
    pub(crate) fn count_block(&mut self, number: u64, block: &PacketBlock<'_>) {
        let linktype = block.linktype().into();
        self.totals
            .count(number, linktype, block.timestamp(), block.packet());
        if let Some(interface) = self.interface_mut(block.interface_id()) {
            interface.packets += 1;
        }
        self.blocks.dropped = { self.blocks.dropped }.saturating_add(block.dropped().unwrap_or(0));
        for comment in block.comments() {
            self.blocks.packet_comments += 1;
            if self.comments_room.take(comment.len()) {
                self.comments.push(PacketComment {
                    packet: number,
                    text: comment.into_owned(),
                });
            }
        }
    }

    /// Returns the number of sections so far.
    pub(crate) fn section(&self) -> u64 {
        self.section
    }

    /// Sets the number of packets of a classic savefile's interface.
    pub(crate) fn finish_classic(&mut self) {
        if let Some(interface) = self.interfaces.first_mut() {
            interface.packets = self.totals.packets;
        }
    }

    /// Returns the snaplen, if all interfaces have the same.
    pub(crate) fn snaplen(&self) -> Option<u32> {
        let first = self.interfaces.first()?.snaplen;
        let mut others = self.interfaces.iter();
        others
            .all(|interface| interface.snaplen == first)
            .then_some(first)
    }

    /// Returns the number of sections, interfaces and comments that are not described.
    pub(crate) fn omitted(&self) -> u64 {
        self.room.omitted() + self.comments_room.omitted()
    }

    /// Returns whether a time needs more than six decimals.
    pub(crate) fn is_nano(&self) -> bool {
        let mut interfaces = self.interfaces.iter();
        interfaces.any(|interface| {
            let ticks = interface.resolution.ticks_per_second();
            ticks.is_none_or(|ticks| ticks > 1_000_000)
        })
    }

    fn begin_section(&mut self, bytes: usize, info: impl FnOnce(u64) -> SectionInfo) {
        self.section += 1;
        self.section_interfaces = 0;
        self.first_interface = self.interfaces.len();
        if self.room.take(bytes) {
            self.sections.push(info(self.section));
        }
    }

    fn push_interface(&mut self, bytes: usize, info: InterfaceInfo) {
        self.totals.add_linktype(info.linktype);
        let number = self.section_interfaces;
        self.section_interfaces = number.saturating_add(1);
        if self.room.take(bytes) {
            self.interfaces.push(InterfaceInfo {
                section: self.section,
                number,
                ..info
            });
        }
    }

    /// Returns the interface of the current section with this number, if it is described.
    #[inline]
    fn interface_mut(&mut self, number: u32) -> Option<&mut InterfaceInfo> {
        let index = self.first_interface.checked_add(number as usize)?;
        self.interfaces.get_mut(index)
    }

    fn add_statistics(&mut self, block: &StatisticsBlock<'_>) {
        let Some(interface) = self.interface_mut(block.interface_id()) else {
            return;
        };
        interface.statistics.add(block);
    }

    fn count_names(&mut self, block: &NamesBlock<'_>) {
        for record in block.records() {
            let names = record.names.len() as u64;
            match record.address {
                NamedAddress::Ip(address) if address.is_ipv4() => self.blocks.ipv4_names += names,
                NamedAddress::Ip(_) => self.blocks.ipv6_names += names,
                _ => {}
            }
        }
    }
}

impl End {
    /// Returns the name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            End::Complete => "complete",
            End::Truncated => "truncated",
            End::Damaged => "damaged",
            End::Stopped => "stopped",
            End::Limit => "limit",
        }
    }
}
