//! Decodes packets: from whom, to whom and by which protocol.
//!
//! Each header is read field by field. A header that is cut or damaged still gives the fields that
//! are there.

mod bytes;
mod cooked;
mod ip;
mod link;
mod names;
mod show;
mod transport;
mod wireless;

use std::net::{IpAddr, SocketAddr};

use pcap_core::{Dlt, MacAddr};

pub use cooked::{Cooked, PacketType};
pub use show::tcp_flags;

/// The most headers inside each other that are followed, so that no packet exhausts the stack.
const DEPTH: u32 = 32;

/// What is known of a packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded<'a> {
    /// The fields of Linux's cooked header.
    pub cooked: Option<Cooked>,
    /// What the packet is inside of, the outermost first.
    pub outside: Vec<Outside>,
    /// The innermost known protocol.
    pub protocol: Protocol,
    /// The best address of the sender.
    pub source: Option<Endpoint>,
    /// The best address of the receiver.
    pub destination: Option<Endpoint>,
    /// What the protocol says beyond that.
    pub detail: Detail,
    /// Which part of an IP packet it is, if it is not the whole.
    pub fragment: Option<Fragment>,
    /// The bytes behind the last known header.
    pub rest: &'a [u8],
}

/// A header around the packet that is decoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outside {
    /// A VLAN tag, with its number.
    Vlan(u16),
    /// An entry of an MPLS stack, with its label.
    Mpls(u32),
    /// A session of PPPoE, with its number.
    Pppoe(u16),
    /// A tunnel through IP.
    Tunnel {
        /// How the packet is carried.
        protocol: Protocol,
        /// The end that sends into it.
        source: Option<Endpoint>,
        /// The end that receives from it.
        destination: Option<Endpoint>,
        /// The key of GRE, or the network identifier of VXLAN and Geneve.
        id: Option<u32>,
        /// Which part of the carrying packet it is, if it is not the whole.
        fragment: Option<Fragment>,
    },
}

/// A protocol, or its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// A protocol that is known by name.
    Named(&'static str),
    /// An Ethernet type; below 0x600 the length in a frame of IEEE 802.3.
    Ether(u16),
    /// A number in the header of IP.
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
    /// Nothing but the link type.
    Link(Dlt),
}

/// One end: the best address that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// A hardware address.
    Mac(MacAddr),
    /// An IP address without a port.
    Ip(IpAddr),
    /// An IP address and a port.
    Socket(SocketAddr),
}

/// What a protocol says beyond its ends. A field that is cut off is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Detail {
    /// Nothing.
    None,
    /// The header of TCP.
    Tcp {
        /// The nine flags, AE down to FIN.
        flags: Option<u16>,
        /// The sequence number of the first byte.
        sequence: Option<u32>,
        /// The number that is acknowledged, unless the flags say that none is.
        acknowledged: Option<u32>,
        /// The window as it is sent, without its scale.
        window: Option<u16>,
    },
    /// The header of ICMP or ICMPv6.
    Icmp {
        /// The type of the message.
        kind: u8,
        /// The code within the type.
        code: Option<u8>,
        /// Whether it is an echo request or reply.
        echo: Option<Echo>,
    },
    /// The operation of ARP or RARP.
    Arp(u16),
    /// The code of a packet of PPPoE that belongs to no session yet.
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

/// Where a fragment belongs. Only the first one, at offset 0, has the header of the protocol.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fragment {
    /// The identification that all fragments of an IP packet share.
    pub id: u32,
    /// Where it begins in the payload of the whole packet, in bytes.
    pub offset: u32,
    /// The number of the protocol that the whole packet carries.
    pub protocol: u8,
}

impl Decoded<'_> {
    /// The innermost pair of ends that is known completely.
    #[must_use]
    pub fn ends(&self) -> Option<(Endpoint, Endpoint)> {
        let tunnels = self.outside.iter().rev().map(|outside| match outside {
            Outside::Tunnel {
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

/// Decodes a packet of a link type as far as it goes, also if it is cut or damaged.
#[must_use]
pub fn decode(linktype: Dlt, data: &[u8]) -> Decoded<'_> {
    let mut decoder = Decoder {
        known: Decoded {
            cooked: None,
            outside: Vec::new(),
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

/// Reads headers from the outside in: each adds what it says to what is known.
struct Decoder<'a> {
    known: Decoded<'a>,
    /// How many headers are inside each other so far.
    depth: u32,
}

impl<'a> Decoder<'a> {
    /// Records the protocol of what follows.
    fn found(&mut self, protocol: Protocol, rest: &'a [u8]) {
        self.known.protocol = protocol;
        self.known.rest = rest;
    }

    /// Counts a header that may be inside others of its kind. Returns whether it is to be read.
    fn descend(&mut self) -> bool {
        self.depth += 1;
        self.depth <= DEPTH
    }

    /// What has been decoded so far carries another packet.
    fn enter_tunnel(&mut self, id: Option<u32>) {
        let known = &mut self.known;
        known.outside.push(Outside::Tunnel {
            protocol: known.protocol,
            source: known.source.take(),
            destination: known.destination.take(),
            id,
            fragment: known.fragment.take(),
        });
        known.detail = Detail::None;
    }
}
