//! Decodes packets: their ends and their protocol.
//!
//! Each header is read field by field. A truncated or damaged header still yields the fields that it has.

mod cooked;
mod display;
mod fields;
mod ip;
mod link;
mod protocol_names;
mod transport;
mod wireless;

use std::net::{IpAddr, SocketAddr};

use pcap_core::{Dlt, MacAddr};

pub use cooked::{Cooked, PacketType};
pub use display::tcp_flags;

/// The maximum depth of nested headers, so that no packet exhausts the stack.
const MAX_DEPTH: u32 = 32;

/// A decoded packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded<'a> {
    /// The fields of Linux's cooked header.
    pub cooked: Option<Cooked>,
    /// The headers around the packet, the outermost first.
    pub outer_headers: Vec<OuterHeader>,
    /// The innermost known protocol.
    pub protocol: Protocol,
    /// The best address of the sender.
    pub source: Option<Endpoint>,
    /// The best address of the receiver.
    pub destination: Option<Endpoint>,
    /// Further fields of the protocol.
    pub detail: Detail,
    /// The part of an IP packet that it is, if it is a fragment.
    pub fragment: Option<Fragment>,
    /// The bytes after the last known header.
    pub rest: &'a [u8],
}

/// A header around the packet that is decoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OuterHeader {
    /// A VLAN tag, with its number.
    Vlan(u16),
    /// An entry of an MPLS stack, with its label.
    Mpls(u32),
    /// A session of PPPoE, with its number.
    Pppoe(u16),
    /// A tunnel through IP.
    Tunnel {
        /// The protocol of the tunnel.
        protocol: Protocol,
        /// The end that sends.
        source: Option<Endpoint>,
        /// The end that receives.
        destination: Option<Endpoint>,
        /// The key of GRE, or the network identifier of VXLAN and Geneve.
        id: Option<u32>,
        /// The part of the carrying packet that it is, if it is a fragment.
        fragment: Option<Fragment>,
    },
}

/// A protocol, or its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// A protocol with a name.
    Named(&'static str),
    /// An Ethernet type; below 0x600 the length in a frame of IEEE 802.3.
    Ether(u16),
    /// A number in the IP header.
    Ip(u8),
    /// A service access point of IEEE 802.2.
    Llc(u8),
    /// An organization and its protocol, in a SNAP header.
    Snap(u32, u16),
    /// A protocol number of PPP.
    Ppp(u16),
    /// A protocol of a kind of Linux device (`ARPHRD_…`) that has numbers of its own.
    Linux {
        /// The kind of device.
        hardware: u16,
        /// The number there.
        protocol: u16,
    },
    /// Only the link type is known.
    Link(Dlt),
}

/// An end: the best known address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// A hardware address.
    Mac(MacAddr),
    /// An IP address without a port.
    Ip(IpAddr),
    /// An IP address and a port.
    Socket(SocketAddr),
}

/// The fields of a protocol besides its ends. A truncated field is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Detail {
    /// None.
    None,
    /// The header of TCP.
    Tcp {
        /// The nine flags, AE down to FIN.
        flags: Option<u16>,
        /// The sequence number of the first byte.
        sequence: Option<u32>,
        /// The acknowledgment number, if the flags say that there is one.
        acknowledged: Option<u32>,
        /// The window, unscaled.
        window: Option<u16>,
    },
    /// The header of ICMP or ICMPv6.
    Icmp {
        /// The type of the message.
        kind: u8,
        /// The code within the type.
        code: Option<u8>,
        /// The fields of an echo request or reply.
        echo: Option<Echo>,
    },
    /// The operation of ARP or RARP.
    Arp(u16),
    /// The code of a PPPoE packet before the session begins.
    Pppoe(u8),
    /// The frame control field of IEEE 802.11.
    Wireless(u16),
}

/// An echo request or reply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Echo {
    /// Whether it is the request.
    pub request: bool,
    /// The identifier of the sequence.
    pub id: Option<u16>,
    /// The number in the sequence.
    pub sequence: Option<u16>,
}

/// The place of a fragment. Only the first one, at offset 0, has the header of the protocol.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fragment {
    /// The identification that all fragments of an IP packet share.
    pub id: u32,
    /// The offset in the payload of the whole packet, in bytes.
    pub offset: u32,
    /// The number of the protocol that the whole packet carries.
    pub protocol: u8,
}

impl Decoded<'_> {
    /// Returns the innermost pair of ends of which both are known.
    #[must_use]
    pub fn endpoints(&self) -> Option<(Endpoint, Endpoint)> {
        let tunnels = self
            .outer_headers
            .iter()
            .rev()
            .map(|outside| match outside {
                OuterHeader::Tunnel {
                    source,
                    destination,
                    ..
                } => source.zip(*destination),
                _ => None,
            });
        self.source
            .zip(self.destination)
            .or_else(|| tunnels.flatten().next())
    }
}

/// Decodes a packet of a link type as far as possible, even if it is truncated or damaged.
#[must_use]
pub fn decode(linktype: Dlt, data: &[u8]) -> Decoded<'_> {
    let mut decoder = Decoder {
        known: Decoded {
            cooked: None,
            outer_headers: Vec::new(),
            protocol: Protocol::Link(linktype),
            source: None,
            destination: None,
            detail: Detail::None,
            fragment: None,
            rest: data,
        },
        depth: 0,
    };
    match linktype {
        Dlt::EN10MB => decoder.ethernet(data),
        Dlt::RAW | Dlt::IPV4 => decoder.ip(data),
        Dlt::IPV6 => decoder.ipv6(data),
        Dlt::NULL | Dlt::LOOP => decoder.null(data),
        Dlt::LINUX_SLL | Dlt::NETLINK => decoder.cooked(Cooked::v1(data)),
        Dlt::LINUX_SLL2 => decoder.cooked(Cooked::v2(data)),
        Dlt::C_HDLC => decoder.cisco_hdlc(data),
        Dlt::PPP | Dlt::PPP_SERIAL => decoder.ppp(data),
        Dlt::PPP_ETHER => decoder.pppoe_session(data),
        Dlt::MPLS => decoder.mpls(data),
        Dlt::IEEE802_11 => decoder.wireless(data, false),
        Dlt::IEEE802_11_RADIO => decoder.radiotap(data),
        _ => {}
    }
    decoder.known
}

/// Reads headers from the outside in. Each adds its fields to the decoded packet.
struct Decoder<'a> {
    known: Decoded<'a>,
    /// The depth of nested headers so far.
    depth: u32,
}

impl<'a> Decoder<'a> {
    /// Records the protocol of the remaining bytes.
    fn set_protocol(&mut self, protocol: Protocol, rest: &'a [u8]) {
        self.known.protocol = protocol;
        self.known.rest = rest;
    }

    /// Counts a header that can be nested. Returns whether to read it.
    fn descend(&mut self) -> bool {
        self.depth += 1;
        self.depth <= MAX_DEPTH
    }

    /// Makes the headers decoded so far a tunnel around another packet.
    fn enter_tunnel(&mut self, id: Option<u32>) {
        let known = &mut self.known;
        known.outer_headers.push(OuterHeader::Tunnel {
            protocol: known.protocol,
            source: known.source.take(),
            destination: known.destination.take(),
            id,
            fragment: known.fragment.take(),
        });
        known.detail = Detail::None;
    }
}
