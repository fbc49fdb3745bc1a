//! Decodes Linux's cooked headers, which packets captured on `any` have instead of link-layer headers.

use super::fields::{skip, u8_at, u16_at, u32_at};
use super::link::{FIRST_ETHER_TYPE, mac};
use super::{Decoder, Endpoint, Protocol};

/// The fields of a cooked header, except for the address and the protocol. A field is `None` if it is truncated or does
/// not exist in this version of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cooked {
    /// The index of the interface. Only version 2 of the header has it.
    pub interface: Option<u32>,
    /// Whether the packet was received or sent, and whom it was for.
    pub packet_type: Option<PacketType>,
    /// The type of device: Linux's `ARPHRD_…` constant.
    pub hardware: Option<u16>,
}

/// Whether a packet was received or sent, and whom it was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketType {
    /// Received, for this host.
    Host,
    /// Received, broadcast.
    Broadcast,
    /// Received, multicast.
    Multicast,
    /// Received, but for another host.
    OtherHost,
    /// Sent by this host.
    Outgoing,
    /// An unassigned number.
    Other(u16),
}

impl PacketType {
    fn new(number: u16) -> PacketType {
        match number {
            0 => PacketType::Host,
            1 => PacketType::Broadcast,
            2 => PacketType::Multicast,
            3 => PacketType::OtherHost,
            4 => PacketType::Outgoing,
            other => PacketType::Other(other),
        }
    }
}

/// A cooked header and the bytes after it.
pub(super) struct Header<'a> {
    cooked: Cooked,
    source: Option<Endpoint>,
    protocol: Option<u16>,
    rest: &'a [u8],
}

impl Cooked {
    /// Reads the header of `LINUX_SLL` and `NETLINK`.
    pub(super) fn v1(data: &[u8]) -> Header<'_> {
        Header {
            cooked: Cooked {
                interface: None,
                packet_type: u16_at(data, 0).map(PacketType::new),
                hardware: u16_at(data, 2),
            },
            source: mac(data, 6).filter(|_| u16_at(data, 4) == Some(6)),
            protocol: u16_at(data, 14),
            rest: skip(data, 16),
        }
    }

    /// Reads the header of `LINUX_SLL2`.
    pub(super) fn v2(data: &[u8]) -> Header<'_> {
        Header {
            cooked: Cooked {
                interface: u32_at(data, 4),
                packet_type: u8_at(data, 10).map(|number| PacketType::new(number.into())),
                hardware: u16_at(data, 8),
            },
            source: mac(data, 12).filter(|_| u8_at(data, 11) == Some(6)),
            protocol: u16_at(data, 0),
            rest: skip(data, 20),
        }
    }
}

impl<'a> Decoder<'a> {
    /// Decodes the packet after a cooked header.
    pub(super) fn cooked(&mut self, header: Header<'a>) {
        self.known.cooked = Some(header.cooked);
        self.known.source = header.source;
        let rest = header.rest;
        // The meaning of the protocol number depends on the type of device.
        let (Some(hardware), Some(protocol)) = (header.cooked.hardware, header.protocol) else {
            return;
        };
        self.set_protocol(Protocol::Linux { hardware, protocol }, rest);
        match (hardware, protocol) {
            // Netlink has its own protocol numbers, and Frame Relay has none. 802 is IEEE 802.11 with a Prism header.
            (824 | 770 | 802, _) => {}
            // IEEE 802.11 with a radiotap header, whose version is 0, and without one.
            (803, _) if rest.first().is_none_or(|&version| version == 0) => self.radiotap(rest),
            (801, 4) => self.wireless(rest, false),
            (_, FIRST_ETHER_TYPE..) => self.ether_type(protocol, rest),
            // GRE over IPv4 and IPv6 has no other protocol numbers.
            (778 | 823, _) => {}
            // Linux's numbers for protocols without an Ethernet type.
            (_, 1) => self.set_protocol(Protocol::Named("IPX"), rest),
            (_, 3) => self.ethernet(rest),
            (_, 4) => self.llc(rest),
            (_, 7) => self.ppp(rest),
            (_, 0x19) => self.cisco_hdlc(rest),
            _ => {}
        }
    }
}
