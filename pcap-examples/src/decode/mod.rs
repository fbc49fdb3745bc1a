//! Decodes packets: their endpoints, protocol, tunnels and a few further fields.
//!
//! Headers are read field by field, so a truncated or damaged header still yields the fields that it contains.

mod content;
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

pub use content::{Content, Dns, Name, Question, Record, RecordType, Tls, code_name};
pub use cooked::{Cooked, PacketType};
pub use display::tcp_flags;
pub use link::link_addresses;

/// The maximum depth of nested headers. The limit keeps a packet from exhausting the stack.
const MAX_DEPTH: u32 = 32;

/// A decoded packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded<'a> {
    /// The fields of Linux's cooked header, if the packet has one.
    pub cooked: Option<Cooked>,
    /// The VLAN tags, labels, sessions and tunnels around the packet, the outermost first.
    pub outer_headers: Vec<OuterHeader>,
    /// The innermost known protocol.
    pub protocol: Protocol,
    /// The source: the innermost address known, with the port if there is one.
    pub source: Option<Endpoint>,
    /// The destination: the innermost address known, with the port if there is one.
    pub destination: Option<Endpoint>,
    /// Further fields of the protocol.
    pub detail: Detail,
    /// The position of the packet in an IP packet, if it is a fragment.
    pub fragment: Option<Fragment>,
    /// The innermost IP packet.
    pub ip: Option<IpPacket<'a>>,
    /// The IP packets around it, the outermost first.
    pub outer_ip: Vec<IpPacket<'a>>,
    /// The bytes after the last known header.
    pub rest: &'a [u8],
}

/// The bytes of an IP packet, for reading further fields of its headers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IpPacket<'a> {
    /// The captured bytes from its header on, without padding after the packet.
    pub data: &'a [u8],
    /// The length of the packet on the wire, if its header states it.
    pub length: Option<u32>,
    /// Where the payload begins, after the extension headers.
    pub payload_at: usize,
    /// The protocol number of the payload.
    pub protocol: u8,
}

/// A header around the decoded packet.
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
        /// The source of the tunnel.
        source: Option<Endpoint>,
        /// The destination of the tunnel.
        destination: Option<Endpoint>,
        /// The key of GRE, or the network identifier of VXLAN or Geneve.
        id: Option<u32>,
        /// The position of the outer packet in an IP packet, if it is a fragment.
        fragment: Option<Fragment>,
    },
}

/// A protocol, or its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// A protocol with a name.
    Named(&'static str),
    /// An Ethernet type. A number below 0x600 is the length in an IEEE 802.3 frame.
    Ether(u16),
    /// A protocol number of IP.
    Ip(u8),
    /// A service access point of IEEE 802.2.
    Llc(u8),
    /// An organization and its protocol, in a SNAP header.
    Snap(u32, u16),
    /// A protocol number of PPP.
    Ppp(u16),
    /// A protocol of a type of Linux device (`ARPHRD_…`) with its own protocol numbers.
    Linux {
        /// The type of device.
        hardware: u16,
        /// The protocol number on such devices.
        protocol: u16,
    },
    /// An unknown protocol. Only the link type is known.
    Link(Dlt),
}

/// The source or destination of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// A MAC address.
    Mac(MacAddr),
    /// An IP address without a port.
    Ip(IpAddr),
    /// An IP address and a port.
    Socket(SocketAddr),
}

/// The fields of a protocol, except for its endpoints. A truncated field is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Detail {
    /// No further fields.
    None,
    /// The fields of TCP.
    Tcp {
        /// The nine flags, AE down to FIN.
        flags: Option<u16>,
        /// The sequence number of the first byte.
        sequence: Option<u32>,
        /// The acknowledgment number, if the ACK flag is set or unknown.
        acknowledged: Option<u32>,
        /// The window size, unscaled.
        window: Option<u16>,
    },
    /// The fields of ICMP or ICMPv6.
    Icmp {
        /// Whether it is ICMPv6.
        is_v6: bool,
        /// The type of the message.
        kind: u8,
        /// The code of the message.
        code: Option<u8>,
        /// The fields of an echo request or reply.
        echo: Option<Echo>,
    },
    /// The operation of ARP or RARP.
    Arp(u16),
    /// The code of a PPPoE discovery packet.
    Pppoe(u8),
    /// The frame control field of IEEE 802.11.
    Wireless(u16),
}

/// An echo request or reply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Echo {
    /// Whether it is a request.
    pub request: bool,
    /// The identifier that requests and replies share.
    pub id: Option<u16>,
    /// The sequence number.
    pub sequence: Option<u16>,
}

/// The position of a fragment. Only the first fragment, at offset 0, contains the header of the payload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fragment {
    /// The identification that all fragments of an IP packet share.
    pub id: u32,
    /// The offset in the payload of the IP packet, in bytes.
    pub offset: u32,
    /// The protocol number of the payload.
    pub protocol: u8,
}

impl IpPacket<'_> {
    /// Returns the time to live, which IPv6 calls the hop limit.
    #[must_use]
    pub fn ttl(&self) -> Option<u8> {
        let is_v4 = self.data.first()? >> 4 == 4;
        self.data.get(if is_v4 { 8 } else { 7 }).copied()
    }
}

impl Decoded<'_> {
    /// Returns the length of the payload of TCP or UDP on the wire, as the headers state it. A fragment is only a part
    /// of the payload, so the result is `None`.
    #[must_use]
    pub fn payload_len(&self) -> Option<u32> {
        let ip = self.ip.filter(|_| self.fragment.is_none())?;
        let header = ip.data.get(ip.payload_at..)?;
        match ip.protocol {
            6 => {
                let length = 4 * u32::from(header.get(12)? >> 4);
                let start = u32::try_from(ip.payload_at).ok()? + length.max(20);
                ip.length?.checked_sub(start)
            }
            17 => {
                let length = header.get(4..6)?;
                u32::from(u16::from_be_bytes([length[0], length[1]])).checked_sub(8)
            }
            _ => None,
        }
    }

    /// Returns the innermost pair of endpoints that are both known.
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

/// Decodes a packet of this link type as far as possible, even if it is truncated or damaged.
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
            ip: None,
            outer_ip: Vec::new(),
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

/// Decodes headers from the outermost to the innermost. Each method adds the fields of its header to `known`.
struct Decoder<'a> {
    /// The fields decoded so far.
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

    /// Counts a header that can be nested. Returns `false` if it is nested too deeply to be decoded.
    fn descend(&mut self) -> bool {
        self.depth += 1;
        self.depth <= MAX_DEPTH
    }

    /// Records that the headers decoded so far are a tunnel around another packet.
    fn enter_tunnel(&mut self, id: Option<u32>) {
        let known = &mut self.known;
        known.outer_headers.push(OuterHeader::Tunnel {
            protocol: known.protocol,
            source: known.source.take(),
            destination: known.destination.take(),
            id,
            fragment: known.fragment.take(),
        });
        known.outer_ip.extend(known.ip.take());
        known.detail = Detail::None;
    }
}
