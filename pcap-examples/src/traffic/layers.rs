//! The layers of a packet: the protocols from the outermost to the innermost, and their endpoints.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use pcap_core::MacAddr;

use super::Layer;
use crate::decode::Endpoint;

/// The source and the destination of one layer of a packet, in a form that can be compared quickly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Pair {
    pub(super) layer: Layer,
    /// Whether the addresses are those of IPv6.
    pub(super) is_v6: bool,
    /// The source and the destination. Shorter addresses are at the start.
    pub(super) addresses: [[u8; 16]; 2],
    pub(super) ports: [u16; 2],
}

/// Returns an address in the form of a [`Pair`].
pub(super) fn padded<const N: usize>(address: [u8; N]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..N].copy_from_slice(&address);
    bytes
}

impl Pair {
    /// Returns the pair with source and destination exchanged.
    pub(super) fn reversed(self) -> Pair {
        let [from, to] = self.addresses;
        let [from_port, to_port] = self.ports;
        Pair {
            addresses: [to, from],
            ports: [to_port, from_port],
            ..self
        }
    }

    /// Returns the pair in the order that both directions share, and whether source and destination are exchanged.
    pub(super) fn ordered(self) -> (Pair, bool) {
        let end = |side: usize| (self.addresses[side], self.ports[side]);
        match end(1) < end(0) {
            true => (self.reversed(), true),
            false => (self, false),
        }
    }

    /// Returns the source, or with `side` 1 the destination.
    pub(super) fn endpoint(&self, side: usize) -> Endpoint {
        let bytes = self.addresses[side];
        let ip = || match self.is_v6 {
            true => IpAddr::V6(Ipv6Addr::from(bytes)),
            false => IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3])),
        };
        match self.layer {
            Layer::Ethernet => {
                let [a, b, c, d, e, f, ..] = bytes;
                Endpoint::Mac(MacAddr::new([a, b, c, d, e, f]))
            }
            Layer::Ipv4 | Layer::Ipv6 => Endpoint::Ip(ip()),
            Layer::Tcp | Layer::Udp | Layer::Sctp => {
                Endpoint::Socket(SocketAddr::new(ip(), self.ports[side]))
            }
        }
    }
}

/// The fields of a TCP segment that its analysis needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) sequence: u32,
    pub(super) acknowledged: u32,
    pub(super) flags: u8,
    pub(super) window: u16,
    /// The length of the payload on the wire.
    pub(super) length: u32,
}

impl Segment {
    pub(super) const FIN: u8 = 1;
    pub(super) const SYN: u8 = 2;
    pub(super) const RST: u8 = 4;
    pub(super) const ACK: u8 = 16;
}

/// The layers of a packet. The lists keep their memory from one packet to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers<'a> {
    /// The names of the protocols, the outermost first.
    pub(super) protocols: Vec<&'static str>,
    /// The endpoints of the layers that have some, the outermost first.
    pub(super) pairs: Vec<Pair>,
    /// The innermost TCP segment, if that is the innermost pair.
    pub(super) segment: Option<Segment>,
    /// A message of DNS.
    pub(super) dns: Option<&'a [u8]>,
}
