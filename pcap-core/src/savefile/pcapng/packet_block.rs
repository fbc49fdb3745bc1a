//! A packet and the other contents of its block.

use std::borrow::Cow;
use std::fmt;

use crate::linktype::Linktype;
use crate::packet::{AsPacket, Packet};
use crate::savefile::pcapng::code::packet as code;
use crate::savefile::pcapng::{BlockBuf, Interface, Kind, Options, PacketFlags, RawBlock};
use crate::timestamp::Timestamp;

/// A packet of a pcapng file: an enhanced, simple or obsolete packet block.
///
/// Converts into a [`Packet`], and can be passed to calls that take one.
#[derive(Clone, Copy)]
pub struct PacketBlock<'a> {
    raw: RawBlock<'a>,
    packet: Packet<'a>,
    interface: &'a Interface,
    has_time: bool,
}

/// A hash of a packet (`epb_hash`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PacketHash<'a> {
    /// The algorithm: 0 for the two's complement, 1 for XOR, 2 for CRC-32, 3 for MD5, 4 for SHA-1, 5 for Toeplitz.
    pub algorithm: u8,
    /// The value.
    pub value: &'a [u8],
}

/// What a program decided about a packet (`epb_verdict`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict<'a> {
    /// The bytes of a hardware's verdict.
    Hardware(&'a [u8]),
    /// The return value of a Linux eBPF program of traffic control (`TC_ACT_…`).
    Tc(u64),
    /// The return value of a Linux eBPF program of the express data path (`XDP_…`).
    Xdp(u64),
    /// A verdict of another kind: the number of the kind, and the rest of the value.
    Other(u8, &'a [u8]),
}

impl<'a> PacketBlock<'a> {
    #[inline]
    pub(crate) fn new(
        raw: RawBlock<'a>,
        packet: Packet<'a>,
        interface: &'a Interface,
        has_time: bool,
    ) -> PacketBlock<'a> {
        PacketBlock {
            raw,
            packet,
            interface,
            has_time,
        }
    }

    /// Returns the packet. Without a [`timestamp`](Self::timestamp), the time of a simple packet block is the offset of
    /// the interface's times, which is 1970 by default, and that of another block is 1970.
    #[inline]
    #[must_use]
    pub fn packet(&self) -> Packet<'a> {
        self.packet
    }

    /// Returns the captured bytes.
    #[inline]
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        self.packet.data()
    }

    /// Returns the number of captured bytes.
    #[inline]
    #[must_use]
    pub fn caplen(&self) -> u32 {
        self.packet.caplen()
    }

    /// Returns the number of bytes that the packet had on the wire.
    #[doc(alias = "len")]
    #[inline]
    #[must_use]
    pub fn wire_len(&self) -> u32 {
        self.packet.wire_len()
    }

    /// Returns the time of capture. Returns `None` for a simple packet block, which has none, and for a time that this
    /// crate cannot represent; see [`ticks`](Self::ticks). Digits below the nanosecond are truncated.
    #[must_use]
    #[inline]
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.has_time.then(|| self.packet.timestamp())
    }

    /// Returns the time of capture in ticks of the interface, without its offset. Returns `None` for a simple packet
    /// block.
    #[must_use]
    #[inline]
    pub fn ticks(&self) -> Option<u64> {
        match self.raw.kind() {
            Kind::SIMPLE_PACKET => None,
            _ => self.raw.content().ticks(4),
        }
    }

    /// Returns the interface on which the packet was captured.
    #[must_use]
    #[inline]
    pub fn interface(&self) -> &'a Interface {
        self.interface
    }

    /// Returns the number of the interface in its section, starting at 0.
    #[must_use]
    #[inline]
    pub fn interface_id(&self) -> u32 {
        self.packet.interface().unwrap_or(0)
    }

    /// Returns the link type of the packet, which is that of its interface.
    #[must_use]
    #[inline]
    pub fn linktype(&self) -> Linktype {
        self.interface.linktype()
    }

    /// Returns the options. A simple packet block has none.
    #[must_use]
    #[inline]
    pub fn options(&self) -> Options<'a> {
        let none = Options::new(self.raw.content().from(usize::MAX));
        self.raw.options().unwrap_or(none)
    }

    /// Returns the comments (`opt_comment`).
    #[inline]
    pub fn comments(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.raw.comments()
    }

    /// Returns the flags (`epb_flags`): the direction, how the packet was addressed, and errors.
    #[must_use]
    #[inline]
    pub fn flags(&self) -> Option<PacketFlags> {
        let bits = self.options().first(code::FLAGS)?.u32()?;
        Some(PacketFlags::from_bits(bits))
    }

    /// Returns the number of packets that the interface lost between the previous packet and this one
    /// (`epb_dropcount`, or the field of an obsolete packet block).
    #[must_use]
    #[inline]
    pub fn dropped(&self) -> Option<u64> {
        let option = self.options().first(code::DROPPED);
        option
            .and_then(|option| option.u64())
            .or_else(|| match self.raw.kind() {
                Kind::PACKET => {
                    let drops = self.raw.content().u16(2);
                    drops.filter(|&drops| drops != u16::MAX).map(u64::from)
                }
                _ => None,
            })
    }

    /// Returns the identifier of the packet (`epb_packetid`), which is the same wherever the packet was captured.
    #[must_use]
    #[inline]
    pub fn packet_id(&self) -> Option<u64> {
        self.options().first(code::PACKET_ID)?.u64()
    }

    /// Returns the queue of the interface that received the packet (`epb_queue`).
    #[must_use]
    #[inline]
    pub fn queue(&self) -> Option<u32> {
        self.options().first(code::QUEUE)?.u32()
    }

    /// Returns the process and the thread that sent or received the packet (`epb_processid_threadid`).
    #[must_use]
    #[inline]
    pub fn process_thread(&self) -> Option<(u32, u32)> {
        let option = self.options().first(code::PROCESS_THREAD)?;
        match option.value().len() {
            8 => option.value.u32(0).zip(option.value.u32(4)),
            _ => None,
        }
    }

    /// Returns the hashes (`epb_hash`).
    #[inline]
    pub fn hashes(&self) -> impl Iterator<Item = PacketHash<'a>> + use<'a> {
        let options = self.options();
        options
            .filter(|option| option.code() == code::HASH)
            .filter_map(|option| {
                let (&algorithm, value) = option.value().split_first()?;
                Some(PacketHash { algorithm, value })
            })
    }

    /// Returns the verdicts (`epb_verdict`). Those of a wrong length are only among the [`options`](Self::options).
    #[inline]
    pub fn verdicts(&self) -> impl Iterator<Item = Verdict<'a>> + use<'a> {
        let options = self.options();
        options
            .filter(|option| option.code() == code::VERDICT)
            .filter_map(|option| {
                let (&kind, rest) = option.value().split_first()?;
                let number = option.value.u64(1).filter(|_| rest.len() == 8);
                Some(match (kind, number) {
                    (0, _) => Verdict::Hardware(rest),
                    (1, Some(number)) => Verdict::Tc(number),
                    (2, Some(number)) => Verdict::Xdp(number),
                    (1 | 2, None) => return None,
                    _ => Verdict::Other(kind, rest),
                })
            })
    }

    /// Returns the block.
    #[must_use]
    #[inline]
    pub fn as_raw(&self) -> RawBlock<'a> {
        self.raw
    }

    /// Converts the packet into an enhanced packet block, which can be edited. An enhanced packet block keeps its
    /// bytes. A simple packet block, which has no time, gets 0 ticks. The dropped packets that an obsolete block counts
    /// become the option `epb_dropcount`.
    #[must_use]
    #[inline]
    pub fn to_enhanced(&self) -> BlockBuf {
        let kind = self.raw.kind();
        if kind == Kind::ENHANCED_PACKET {
            return self.raw.into();
        }
        let order = self.raw.order();
        let ticks = self.ticks().unwrap_or(0);
        let numbers = [
            self.interface_id(),
            (ticks >> 32) as u32,
            ticks as u32,
            self.caplen(),
            self.wire_len(),
        ];
        let with_first_option = |option: &[u8]| {
            let mut body = numbers.map(|n| order.of_u32(n).to_ne_bytes()).concat();
            body.extend(self.data());
            body.resize(body.len().next_multiple_of(4), 0);
            body.extend(option);
            body.extend(self.options().rest());
            BlockBuf::of_kind(Kind::ENHANCED_PACKET, &body, order)
        };
        let mut block = with_first_option(&[]);
        let counts = block.options().and_then(|o| o.first(code::DROPPED));
        if let (Some(drops), None) = (self.dropped(), counts) {
            let value = order.of_u64(drops).to_ne_bytes();
            if block.add_option(code::DROPPED, &value).is_err() {
                // The block would be too long. A dumper rejects it, so that the count is not lost unnoticed.
                let head = [code::DROPPED, value.len() as u16];
                let head = head.map(|number| order.of_u16(number).to_ne_bytes());
                block = with_first_option(&[head.as_flattened(), &value].concat());
            }
        }
        block
    }
}

impl<'a> From<PacketBlock<'a>> for Packet<'a> {
    #[inline]
    fn from(block: PacketBlock<'a>) -> Packet<'a> {
        block.packet
    }
}

impl<'a> From<&PacketBlock<'a>> for Packet<'a> {
    #[inline]
    fn from(block: &PacketBlock<'a>) -> Packet<'a> {
        block.packet
    }
}

impl crate::packet::sealed::Sealed for PacketBlock<'_> {}

impl AsPacket for PacketBlock<'_> {
    #[inline]
    fn as_packet(&self) -> Packet<'_> {
        self.packet
    }
}

impl fmt::Debug for PacketBlock<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacketBlock")
            .field("packet", &self.packet)
            .field("interface_id", &self.interface_id())
            .field("timestamp", &self.timestamp())
            .finish_non_exhaustive()
    }
}
