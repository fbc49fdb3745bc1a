//! The state of a reader: the byte order and the interfaces of the section, with which its packets are parsed.

use crate::packet::{Packet, PacketHeader};
use crate::savefile::ByteOrder;
use crate::savefile::pcapng::block::{HEAD, TRAILER};
use crate::savefile::pcapng::layout::PACKET;
use crate::savefile::pcapng::other_blocks::are_names_whole;
use crate::savefile::pcapng::{
    Clock, Damage, Described, Interface, Kind, LONGEST_BLOCK, PacketFields, RawBlock, Section, Time,
};

/// The most interfaces in a section, of some 100 bytes each.
const INTERFACES: usize = 1 << 20;
/// The most bytes of all interface descriptions in a section.
const DESCRIPTIONS: usize = 256 << 20;
/// The length of an enhanced packet block without data and options.
const FRAME: u32 = (HEAD + PACKET + TRAILER) as u32;
/// The length of a section header without options.
const HEADER: u32 = 28;

/// How strictly a savefile is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// As libpcap reads it, with one link type.
    Libpcap,
    /// As libpcap reads it, but with any link types.
    Mixed,
    /// As Wireshark reads it.
    Lenient,
}

/// The section of the position in a savefile, and what holds for the whole savefile.
#[derive(Debug)]
pub(super) struct State {
    pub(super) rules: Rules,
    pub(super) order: ByteOrder,
    /// The version of the first section.
    pub(super) version: (u16, u16),
    /// Whether the first section has begun.
    pub(super) begun: bool,
    /// The header of the section.
    section: Section,
    interfaces: Vec<Interface>,
    /// What the packets of the interfaces depend on.
    known: Vec<Known>,
    /// The number of bytes of the interfaces' descriptions.
    described: usize,
    /// The first interface of the savefile, and the byte order of its section.
    first: Option<(Described, ByteOrder)>,
}

/// An interface, ready for its packets.
#[derive(Clone, Copy, Debug)]
struct Known {
    clock: Clock,
    /// The longest packet.
    longest: u32,
    /// The length to which simple packets are truncated.
    snaplen: u32,
    linktype: u16,
}

/// A packet at the start of some bytes.
pub(super) struct Parsed<'a> {
    pub(super) packet: Packet<'a>,
    /// The length of the block.
    pub(super) length: usize,
    pub(super) has_time: bool,
    /// Whether bytes for options follow the data and its padding.
    pub(super) has_options: bool,
}

impl State {
    /// Creates the state before the first section.
    pub(super) fn new(rules: Rules) -> State {
        State {
            rules,
            order: ByteOrder::Native,
            version: (1, 0),
            begun: false,
            section: Section::new(),
            interfaces: Vec::new(),
            known: Vec::new(),
            described: 0,
            first: None,
        }
    }

    /// Parses the ordinary packet at the start of some bytes: one in an enhanced packet block that is complete and
    /// undamaged. Everything else takes the slow way.
    #[inline(always)] // the callers use different parts of it
    pub(super) fn ordinary<'a>(&self, bytes: &'a [u8]) -> Option<Parsed<'a>> {
        let head = bytes.first_chunk::<{ HEAD + PACKET }>()?;
        let [kind, length, interface, high, low, caplen, wire_len] = numbers(head, self.order);
        let room = length.wrapping_sub(FRAME);
        let length = length as usize;
        // For a shorter block, the room has wrapped.
        if Kind(kind) != Kind::ENHANCED_PACKET || caplen > room || room > LONGEST_BLOCK - FRAME {
            return None;
        }
        let trailer = bytes
            .get(length - TRAILER..length)?
            .first_chunk::<TRAILER>()?;
        let trailer = in_order(u32::from_ne_bytes(*trailer), self.order);
        // One comparison: the two low bits, and those that differ.
        if (trailer as usize ^ length) | (length & 3) != 0 {
            return None;
        }
        let known = self.known.get(interface as usize)?;
        if caplen > known.longest {
            return None;
        }
        let (secs, nanos) = known.clock.time(u64::from(high) << 32 | u64::from(low))?;
        let header = PacketHeader::from_raw(secs, nanos.into(), caplen, wire_len);
        let data = bytes.get(HEAD + PACKET..HEAD + PACKET + caplen as usize)?;
        Some(Parsed {
            packet: Packet::from_parts(header, data).of_interface(interface, known.linktype),
            length,
            has_time: true,
            has_options: room - caplen >= 4,
        })
    }

    /// Parses any packet.
    #[cold]
    pub(super) fn unusual<'a>(&self, block: RawBlock<'a>) -> Result<Parsed<'a>, Damage> {
        let first = self.known.first().ok_or(Damage::NoInterface)?;
        let fields = PacketFields::new(block, first.snaplen)?;
        let known = self.known.get(fields.interface as usize);
        let known = known.ok_or(Damage::UnknownInterface {
            interface: fields.interface,
            known: self.known.len(),
        })?;
        let caplen = fields.data.len() as u32;
        if caplen > known.longest {
            let snaplen = known.longest;
            return Err(Damage::Snaplen { caplen, snaplen });
        }
        let (ticks, mut has_time) = match fields.time {
            Time::Ticks(ticks) => (ticks, true),
            Time::None => (0, false),
        };
        let (secs, nanos) = match known.clock.time(ticks) {
            Some(time) => time,
            None if self.rules == Rules::Lenient => {
                has_time = false;
                (0, 0)
            }
            None => return Err(Damage::Time { ticks }),
        };
        let header = PacketHeader::from_raw(secs, nanos.into(), caplen, fields.wire_len);
        let packet = Packet::from_parts(header, fields.data);
        Ok(Parsed {
            packet: packet.of_interface(fields.interface, known.linktype),
            length: block.bytes().len(),
            has_time,
            has_options: true,
        })
    }

    /// Checks that the parts of a block end within it, as Wireshark does. libpcap does not look at them.
    pub(super) fn check(&self, block: RawBlock<'_>) -> Result<(), Damage> {
        let has_parts = matches!(
            block.kind(),
            Kind::SECTION
                | Kind::STATISTICS
                | Kind::ENHANCED_PACKET
                | Kind::PACKET
                | Kind::NAMES
                | Kind::SECRETS
        );
        if self.rules != Rules::Lenient || !has_parts || !self.knows(block) {
            return Ok(());
        }
        let kind = block.kind();
        if kind == Kind::NAMES && !are_names_whole(block.content()) {
            return Err(Damage::Contents(kind.0));
        }
        let mut options = block.options().ok_or(Damage::Contents(kind.0))?;
        if options.are_whole() {
            return Ok(());
        }
        options.by_ref().for_each(drop);
        options.damage().map_or(Ok(()), Err)
    }

    /// Returns whether the section that a block belongs to has a known version.
    fn knows(&self, block: RawBlock<'_>) -> bool {
        match block.kind() {
            // One that is too short has no version.
            Kind::SECTION => {
                block.content().u64(8).is_some() && Section::from_block(block).is_known()
            }
            _ => self.is_known(),
        }
    }

    /// Applies a block without a packet to the state.
    pub(super) fn apply(&mut self, block: RawBlock<'_>) -> Result<(), Damage> {
        match block.kind() {
            Kind::SECTION => self.begin(block),
            Kind::INTERFACE if self.is_known() => self.add(block),
            _ => Ok(()),
        }
    }

    /// Returns the first interface of the savefile, if there was one.
    pub(super) fn first(&self) -> Option<Described> {
        self.first.map(|(first, _)| first)
    }

    /// Returns whether the blocks of the section can be parsed.
    pub(super) fn is_known(&self) -> bool {
        self.rules != Rules::Lenient || self.section.is_known()
    }

    /// Returns the header of the section.
    pub(super) fn section(&self) -> &Section {
        &self.section
    }

    /// Returns the interfaces of the section.
    pub(super) fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    fn begin(&mut self, block: RawBlock<'_>) -> Result<(), Damage> {
        let body = block.content();
        let (Some(major), Some(minor), Some(_)) = (body.u16(4), body.u16(6), body.u64(8)) else {
            return Err(Damage::Short {
                kind: Kind::SECTION.0,
                expected: HEADER,
                found: block.bytes().len() as u32,
            });
        };
        // libpcap checks the minor version of the first section only, and nothing of others before the first interface.
        let is_known = match (self.begun, self.first) {
            _ if self.rules == Rules::Lenient => true,
            (false, _) => matches!((major, minor), (1, 0 | 2)),
            (true, None) => true,
            (true, Some(_)) => major == 1,
        };
        if !is_known {
            return Err(Damage::Version(major, minor));
        }
        if !self.begun {
            self.version = (major, minor);
        }
        self.begun = true;
        self.order = block.order();
        self.section = Section::from_block(block);
        self.interfaces.clear();
        self.known.clear();
        self.described = 0;
        Ok(())
    }

    fn add(&mut self, block: RawBlock<'_>) -> Result<(), Damage> {
        let described = Described::new(block, self.rules)?;
        let number = self.interfaces.len();
        let (first, order) = self.first.unwrap_or((described, self.order));
        self.first = Some((first, order));
        if self.rules == Rules::Libpcap {
            if described.dlt() != first.dlt() {
                return Err(Damage::Linktype {
                    interface: number,
                    expected: first.linktype,
                    found: described.linktype,
                });
            }
            if order != self.order && first.dlt().depends_on_system() {
                // A filter is compiled for one byte order.
                return Err(Damage::Order(first.linktype));
            }
        }
        self.described += block.bytes().len();
        if number >= INTERFACES || self.described > DESCRIPTIONS {
            return Err(Damage::Interfaces(number));
        }
        let lenient = self.rules == Rules::Lenient;
        let longest = described.longest();
        self.interfaces.push(Interface::from_block(block));
        self.known.push(Known {
            clock: described.clock,
            longest: if lenient { u32::MAX } else { longest },
            snaplen: match described.snaplen {
                0 if lenient => u32::MAX,
                stated if lenient => stated,
                _ => longest,
            },
            linktype: described.linktype,
        });
        Ok(())
    }
}

/// Returns the numbers at the start of a packet block.
#[inline]
fn numbers(head: &[u8; HEAD + PACKET], order: ByteOrder) -> [u32; 7] {
    let at = |n: usize| u32::from_ne_bytes([head[n], head[n + 1], head[n + 2], head[n + 3]]);
    let numbers = [at(0), at(4), at(8), at(12), at(16), at(20), at(24)];
    numbers.map(|number| in_order(number, order))
}

#[inline(always)] // else the packet would be passed in memory
fn in_order(number: u32, order: ByteOrder) -> u32 {
    match order {
        ByteOrder::Native => number,
        ByteOrder::Swapped => number.swap_bytes(),
    }
}
