//! The source and destination of a layer, in a form that is compared and hashed quickly.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use pcap_core::MacAddr;

use super::Layer;
use crate::decode::Endpoint;

/// The layer of a key, and whether its addresses are those of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Kind {
    Ethernet,
    Ipv4,
    Ipv6,
    Tcp4,
    Tcp6,
    Udp4,
    Udp6,
    Sctp4,
    Sctp6,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    const ALL: [Kind; 9] = [
        Kind::Ethernet,
        Kind::Ipv4,
        Kind::Ipv6,
        Kind::Tcp4,
        Kind::Tcp6,
        Kind::Udp4,
        Kind::Udp6,
        Kind::Sctp4,
        Kind::Sctp6,
    ];

    /// Returns the layer.
    pub(super) fn layer(self) -> Layer {
        match self {
            Kind::Ethernet => Layer::Ethernet,
            Kind::Ipv4 => Layer::Ipv4,
            Kind::Ipv6 => Layer::Ipv6,
            Kind::Tcp4 | Kind::Tcp6 => Layer::Tcp,
            Kind::Udp4 | Kind::Udp6 => Layer::Udp,
            Kind::Sctp4 | Kind::Sctp6 => Layer::Sctp,
        }
    }

    /// Returns the kind of the IP addresses, if there are also ports.
    pub(super) fn network(self) -> Option<Kind> {
        match self {
            Kind::Ethernet | Kind::Ipv4 | Kind::Ipv6 => None,
            Kind::Tcp4 | Kind::Udp4 | Kind::Sctp4 => Some(Kind::Ipv4),
            Kind::Tcp6 | Kind::Udp6 | Kind::Sctp6 => Some(Kind::Ipv6),
        }
    }

    fn is_v6(self) -> bool {
        matches!(self, Kind::Ipv6 | Kind::Tcp6 | Kind::Udp6 | Kind::Sctp6)
    }
}

/// An address: its bytes as numbers.
pub(super) type Address = [u64; 2];

/// Returns a MAC address as numbers.
pub(super) fn mac([a, b, c, d, e, f]: [u8; 6]) -> Address {
    [u64::from_be_bytes([0, 0, a, b, c, d, e, f]), 0]
}

/// Returns an IPv4 address as numbers.
pub(super) fn ipv4(bytes: [u8; 4]) -> Address {
    [u32::from_be_bytes(bytes).into(), 0]
}

/// Returns an IPv6 address as numbers.
pub(super) fn ipv6(bytes: [u8; 16]) -> Address {
    let whole = u128::from_be_bytes(bytes);
    [(whole >> 64) as u64, whole as u64]
}

/// The source and destination of a layer, in an order that both directions share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    addresses: [Address; 2],
    /// The kind, and the ports.
    rest: u64,
}

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let [[a, b], [c, d]] = self.addresses;
        hasher.write_u64(a);
        hasher.write_u64(c);
        hasher.write_u64(self.rest);
        if b | d != 0 {
            hasher.write_u64(b);
            hasher.write_u64(d);
        }
    }
}

impl Key {
    /// Creates a key. Also returns whether source and destination are exchanged.
    #[inline]
    pub(super) fn new(kind: Kind, from: Address, to: Address, ports: [u16; 2]) -> (Key, bool) {
        let is_reversed = (to, ports[1]) < (from, ports[0]);
        let (addresses, [first, second]) = match is_reversed {
            true => ([to, from], [ports[1], ports[0]]),
            false => ([from, to], ports),
        };
        let rest = u64::from(kind as u8) << 32 | u64::from(first) << 16 | u64::from(second);
        (Key { addresses, rest }, is_reversed)
    }

    #[inline]
    pub(super) fn kind(&self) -> Kind {
        Kind::ALL[(self.rest >> 32) as usize % Kind::ALL.len()]
    }

    fn ports(&self) -> [u16; 2] {
        [(self.rest >> 16) as u16, self.rest as u16]
    }

    /// Returns whether both endpoints are the same.
    pub(super) fn is_symmetric(&self) -> bool {
        let [a, b] = self.ports();
        self.addresses[0] == self.addresses[1] && a == b
    }

    /// Returns the key of the IP addresses, if there are also ports. Its endpoints are in the same order.
    pub(super) fn network(&self) -> Option<Key> {
        let kind = self.kind().network()?;
        Some(Key {
            addresses: self.addresses,
            rest: u64::from(kind as u8) << 32,
        })
    }

    /// Returns the layers whose endpoints are in the key.
    pub(super) fn layers(&self) -> impl Iterator<Item = Layer> + use<> {
        let kind = self.kind();
        std::iter::once(kind.layer()).chain(kind.network().map(Kind::layer))
    }

    /// Returns the first endpoint, or with `side` 1 the second.
    #[inline]
    pub(super) fn end(&self, side: usize) -> End {
        End {
            address: self.addresses[side],
            kind: self.kind(),
            port: self.ports()[side],
        }
    }
}

/// An endpoint, in a form that is compared and hashed quickly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct End {
    address: Address,
    kind: Kind,
    port: u16,
}

impl End {
    /// Returns the endpoint as queries return it.
    pub(super) fn endpoint(self) -> Endpoint {
        match (self.kind.network(), self.host()) {
            (Some(_), Endpoint::Ip(ip)) => Endpoint::Socket(SocketAddr::new(ip, self.port)),
            (_, host) => host,
        }
    }

    /// Returns the endpoint without its port.
    pub(super) fn host(self) -> Endpoint {
        let [high, low] = self.address;
        if self.kind == Kind::Ethernet {
            let [_, _, a, b, c, d, e, f] = high.to_be_bytes();
            return Endpoint::Mac(MacAddr::new([a, b, c, d, e, f]));
        }
        Endpoint::Ip(match self.kind.is_v6() {
            true => IpAddr::V6(Ipv6Addr::from(u128::from(high) << 64 | u128::from(low))),
            false => IpAddr::V4(Ipv4Addr::from(high as u32)),
        })
    }
}
