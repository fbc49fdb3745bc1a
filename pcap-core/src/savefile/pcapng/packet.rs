//! The blocks that hold a packet.

use crate::savefile::pcapng::layout::PACKET;
use crate::savefile::pcapng::{Damage, Fields, Kind, RawBlock};

/// The number of a simple packet block before the data.
const SIMPLE: usize = 4;
/// The interface of a simple packet.
const FIRST_INTERFACE: u32 = 0;

/// The time of a packet, in ticks of its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    Ticks(u64),
    /// Simple packets have none.
    None,
}

/// A packet as its block has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PacketFields<'a> {
    pub(crate) interface: u32,
    pub(crate) time: Time,
    pub(crate) wire_len: u32,
    pub(crate) data: &'a [u8],
}

impl<'a> PacketFields<'a> {
    /// Parses a block that holds a packet. A simple packet has as many bytes as the snaplen of the first interface
    /// allows.
    pub(crate) fn new(block: RawBlock<'a>, snaplen: u32) -> Result<PacketFields<'a>, Damage> {
        let kind = block.kind();
        let body = block.content();
        let short = |least: usize| Damage::Short {
            kind: kind.0,
            expected: (least + 12) as u32,
            found: block.bytes().len() as u32,
        };
        if kind == Kind::SIMPLE_PACKET {
            let wire_len = body.u32(0).ok_or_else(|| short(SIMPLE))?;
            let data = data(body.from(SIMPLE), wire_len.min(snaplen))?;
            return Ok(PacketFields {
                interface: FIRST_INTERFACE,
                time: Time::None,
                wire_len,
                data,
            });
        }
        let interface = match kind {
            Kind::PACKET => body.u16(0).map(u32::from),
            _ => body.u32(0),
        };
        let numbers = (interface, body.ticks(4), body.u32(12), body.u32(16));
        let (Some(interface), Some(ticks), Some(caplen), Some(wire_len)) = numbers else {
            return Err(short(PACKET));
        };
        let data = data(body.from(PACKET), caplen)?;
        Ok(PacketFields {
            interface,
            time: Time::Ticks(ticks),
            wire_len,
            data,
        })
    }
}

/// Returns the data after the numbers.
fn data(fields: Fields<'_>, caplen: u32) -> Result<&[u8], Damage> {
    let data = fields.bytes().get(..caplen as usize);
    data.ok_or(Damage::Beyond {
        caplen,
        room: fields.bytes().len() as u32,
    })
}
