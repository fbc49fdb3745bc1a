//! The state of a section: its byte order and interfaces, with which its packets are parsed.

use crate::packet::{Packet, PacketHeader};
use crate::savefile::ByteOrder;
use crate::savefile::pcapng::block::{HEAD, TRAILER};
use crate::savefile::pcapng::packet::PACKET;
use crate::savefile::pcapng::{Clock, Damage, Described, Kind, LONGEST_BLOCK, PacketFields};
use crate::savefile::pcapng::{RawBlock, Time};

/// The most interfaces in a section, of some 32 bytes each.
const INTERFACES: usize = 1 << 20;
/// The length of a section header without options.
const HEADER: u32 = 28;

/// The section of the position in a savefile.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) order: ByteOrder,
    /// The version of the first section.
    pub(super) version: (u16, u16),
    /// Whether the first section has begun.
    pub(super) begun: bool,
    interfaces: Vec<Interface>,
    /// The first interface of the savefile, and the byte order of its section.
    first: Option<(Described, ByteOrder)>,
}

/// An interface, ready for its packets.
#[derive(Clone, Copy, Debug)]
struct Interface {
    clock: Clock,
    /// The longest packet.
    longest: u32,
}

/// A packet at the start of some bytes.
pub(super) struct Parsed<'a> {
    pub(super) packet: Packet<'a>,
    /// The length of the block.
    pub(super) length: usize,
}

impl Section {
    /// Creates the state before the first section.
    pub(super) fn new() -> Section {
        Section {
            order: ByteOrder::Native,
            version: (1, 0),
            begun: false,
            interfaces: Vec::new(),
            first: None,
        }
    }

    /// Parses the ordinary packet at the start of some bytes: one in an enhanced packet block that is complete and
    /// undamaged. Everything else takes the slow way.
    #[inline]
    pub(super) fn ordinary<'a>(&self, bytes: &'a [u8]) -> Option<Parsed<'a>> {
        let head = bytes.first_chunk::<{ HEAD + PACKET }>()?;
        let [kind, length, interface, high, low, caplen, wire_len] = numbers(head, self.order);
        let room = length.wrapping_sub((HEAD + PACKET + TRAILER) as u32);
        let length = length as usize;
        // For a shorter block, the room has wrapped.
        if Kind(kind) != Kind::ENHANCED_PACKET || caplen > room || room > LONGEST_BLOCK {
            return None;
        }
        let trailer = bytes.get(length - TRAILER..length)?;
        if trailer != &head[4..8] || length % 4 != 0 {
            return None;
        }
        let known = self.interfaces.get(interface as usize)?;
        if caplen > known.longest {
            return None;
        }
        let (secs, nanos) = known.clock.time(u64::from(high) << 32 | u64::from(low))?;
        let header = PacketHeader::from_raw(secs, nanos.into(), caplen, wire_len);
        let data = &bytes[HEAD + PACKET..][..caplen as usize];
        Some(Parsed {
            packet: Packet::from_parts(header, data),
            length,
        })
    }

    /// Parses any packet.
    #[cold]
    pub(super) fn unusual<'a>(&self, block: RawBlock<'a>) -> Result<Parsed<'a>, Damage> {
        let first = self.interfaces.first().ok_or(Damage::NoInterface)?;
        let fields = PacketFields::new(block, first.longest)?;
        let known = self.interfaces.get(fields.interface as usize);
        let known = known.ok_or(Damage::UnknownInterface {
            interface: fields.interface,
            known: self.interfaces.len(),
        })?;
        let caplen = fields.data.len() as u32;
        if caplen > known.longest {
            let snaplen = known.longest;
            return Err(Damage::Snaplen { caplen, snaplen });
        }
        let ticks = match fields.time {
            Time::Ticks(ticks) => ticks,
            Time::None => 0,
        };
        let time = known.clock.time(ticks);
        let (secs, nanos) = time.ok_or(Damage::Time { ticks })?;
        let header = PacketHeader::from_raw(secs, nanos.into(), caplen, fields.wire_len);
        Ok(Parsed {
            packet: Packet::from_parts(header, fields.data),
            length: block.bytes().len(),
        })
    }

    /// Applies a block without a packet to the state.
    pub(super) fn apply(&mut self, block: RawBlock<'_>) -> Result<(), Damage> {
        match block.kind() {
            Kind::SECTION => self.begin(block),
            Kind::INTERFACE => self.add(block),
            _ => Ok(()),
        }
    }

    /// Returns the first interface of the savefile, if there was one.
    pub(super) fn first(&self) -> Option<Described> {
        self.first.map(|(first, _)| first)
    }

    fn begin(&mut self, block: RawBlock<'_>) -> Result<(), Damage> {
        let body = block.body();
        let (Some(major), Some(minor), Some(_)) = (body.u16(4), body.u16(6), body.u64(8)) else {
            return Err(Damage::Short {
                kind: Kind::SECTION.0,
                expected: HEADER,
                found: block.bytes().len() as u32,
            });
        };
        // libpcap checks the minor version of the first section only, and nothing of others before the first interface.
        let is_known = match (self.begun, self.first) {
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
        self.interfaces.clear();
        Ok(())
    }

    fn add(&mut self, block: RawBlock<'_>) -> Result<(), Damage> {
        let described = Described::new(block)?;
        let number = self.interfaces.len();
        let (first, order) = *self.first.get_or_insert((described, self.order));
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
        if number >= INTERFACES {
            return Err(Damage::Interfaces(INTERFACES));
        }
        self.interfaces.push(Interface {
            clock: described.clock,
            longest: described.longest(),
        });
        Ok(())
    }
}

/// Returns the numbers at the start of a packet block.
#[inline]
fn numbers(head: &[u8; HEAD + PACKET], order: ByteOrder) -> [u32; 7] {
    let numbers = std::array::from_fn(|n| {
        let n = 4 * n;
        u32::from_ne_bytes([head[n], head[n + 1], head[n + 2], head[n + 3]])
    });
    match order {
        ByteOrder::Native => numbers,
        ByteOrder::Swapped => numbers.map(u32::swap_bytes),
    }
}
