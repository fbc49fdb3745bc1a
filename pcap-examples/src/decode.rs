//! What is in a packet: from whom to whom, by which protocol.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use etherparse::{
    EtherType, IpNumber, LaxLinkExtSlice, LaxNetSlice, LaxSlicedPacket, LinkSlice, TcpSlice,
    TransportSlice,
};
use pcap_core::{Dlt, MacAddr};

/// What is known of a packet. Bytes that are not understood are in `rest`.
#[derive(Debug, PartialEq)]
pub struct Decoded<'a> {
    /// The VLANs it is in, the outermost first.
    pub vlans: Vec<u16>,
    /// The last protocol that is known.
    pub protocol: Protocol,
    /// From whom, and to whom.
    pub ends: Option<(Endpoint, Endpoint)>,
    /// What the protocol says beyond that.
    pub detail: Detail,
    /// The bytes from where nothing is known of them.
    pub rest: &'a [u8],
}

/// A protocol, or its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// One of those that are decoded.
    Named(&'static str),
    /// An Ethernet type.
    Ether(u16),
    /// A number in the header of IP.
    Ip(u8),
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

/// What a protocol says beyond its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Detail {
    /// Nothing.
    None,
    /// The flags of TCP, its sequence number and its window.
    Tcp {
        /// The eight flags, CWR down to FIN.
        flags: u8,
        /// The sequence number of the first byte.
        sequence: u32,
        /// The number that is acknowledged, with ACK.
        acknowledged: Option<u32>,
        /// The window as it is sent, without its scale.
        window: u16,
    },
    /// The type and code of ICMP, and the identifier and number of an echo.
    Icmp {
        /// Which message.
        kind: u8,
        /// Which of its sort.
        code: u8,
        /// What an echo is told apart by.
        echo: Option<(u16, u16)>,
        /// Whether it is that of IPv6.
        v6: bool,
    },
    /// The operation of ARP.
    Arp(u16),
    /// A part of an IP packet, without the header of what it carries.
    Fragment,
}

/// The flags of TCP from the lowest bit on.
const TCP_FLAGS: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];

/// The names of flags of TCP, in the order in which people say them: SYN before ACK.
pub fn tcp_flags(flags: u8) -> impl Iterator<Item = &'static str> {
    let set = move |&bit: &usize| flags & (1 << bit) != 0;
    (0..8).filter(set).map(|bit| TCP_FLAGS[bit])
}

/// Decodes a packet of a link type, as far as it goes: cut and damaged ones, too.
#[must_use]
pub fn decode(linktype: Dlt, data: &[u8]) -> Decoded<'_> {
    let nothing = Decoded {
        vlans: Vec::new(),
        protocol: Protocol::Link(linktype),
        ends: None,
        detail: Detail::None,
        rest: data,
    };
    match linktype {
        Dlt::EN10MB => match LaxSlicedPacket::from_ethernet(data) {
            Ok(packet) => network(packet, nothing),
            Err(_) => nothing,
        },
        Dlt::RAW | Dlt::IPV4 | Dlt::IPV6 => ip(data, nothing),
        // The family of the address, numbered differently by each system: IP says itself which.
        Dlt::NULL | Dlt::LOOP => match data.get(4..) {
            Some(data) => ip(data, nothing),
            None => nothing,
        },
        Dlt::LINUX_SLL => typed(data, 14, 16, nothing),
        Dlt::LINUX_SLL2 => typed(data, 0, 20, nothing),
        Dlt::C_HDLC => typed(data, 2, 4, nothing),
        Dlt::PPP | Dlt::PPP_SERIAL => {
            // The address and control of HDLC are not always there.
            let frame = data.strip_prefix(&[0xff, 3]).unwrap_or(data);
            match frame {
                [0, 0x21 | 0x57, data @ ..] => ip(data, nothing),
                _ => nothing,
            }
        }
        _ => nothing,
    }
}

/// After a header of `length` bytes, with an Ethernet type at `at`.
fn typed<'a>(data: &'a [u8], at: usize, length: usize, nothing: Decoded<'a>) -> Decoded<'a> {
    let (Some(&[high, low]), Some(rest)) = (data.get(at..at + 2), data.get(length..)) else {
        return nothing;
    };
    let number = u16::from_be_bytes([high, low]);
    let packet = LaxSlicedPacket::from_ether_type(EtherType(number), rest);
    let protocol = Protocol::Ether(number);
    network(
        packet,
        Decoded {
            protocol,
            rest,
            ..nothing
        },
    )
}

fn ip<'a>(data: &'a [u8], nothing: Decoded<'a>) -> Decoded<'a> {
    match LaxSlicedPacket::from_ip(data) {
        Ok(packet) => network(packet, nothing),
        Err(_) => nothing,
    }
}

/// The layers of a packet from the outside in: each knows more than the one before.
fn network<'a>(packet: LaxSlicedPacket<'a>, outside: Decoded<'a>) -> Decoded<'a> {
    let mut known = outside;
    if let Some(LinkSlice::Ethernet2(frame)) = &packet.link {
        let mac = |octets| Endpoint::Mac(MacAddr::new(octets));
        known.ends = Some((mac(frame.source()), mac(frame.destination())));
        known.protocol = Protocol::Ether(frame.ether_type().0);
        known.rest = frame.payload_slice();
    }
    for header in &packet.link_exts {
        if let LaxLinkExtSlice::Vlan(tag) = header {
            known.vlans.push(tag.vlan_identifier().value());
        }
        if let Some(payload) = header.payload() {
            known.protocol = Protocol::Ether(payload.ether_type.0);
            known.rest = payload.payload;
        }
    }
    let (source, destination): (IpAddr, IpAddr) = match &packet.net {
        None => return known,
        Some(LaxNetSlice::Arp(arp)) => {
            known.protocol = Protocol::Named("ARP");
            known.detail = Detail::Arp(arp.operation().0);
            let address = |bytes: &[u8]| {
                let octets = <[u8; 4]>::try_from(bytes).ok()?;
                Some(Endpoint::Ip(octets.into()))
            };
            let ends = address(arp.sender_protocol_addr()).zip(address(arp.target_protocol_addr()));
            known.ends = ends.or(known.ends);
            return known;
        }
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            (
                header.source_addr().into(),
                header.destination_addr().into(),
            )
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            (
                header.source_addr().into(),
                header.destination_addr().into(),
            )
        }
    };
    known.ends = Some((Endpoint::Ip(source), Endpoint::Ip(destination)));
    if let Some(payload) = packet.net.as_ref().and_then(LaxNetSlice::ip_payload_ref) {
        known.protocol = by_number(payload.ip_number);
        known.rest = payload.payload;
        if payload.fragmented {
            known.detail = Detail::Fragment;
        }
    }
    let Some(transport) = &packet.transport else {
        return known;
    };
    known.transport(transport, source, destination);
    known
}

impl<'a> Decoded<'a> {
    fn transport(&mut self, header: &TransportSlice<'a>, source: IpAddr, destination: IpAddr) {
        let ports = |from, to| {
            let end = |address, port| Endpoint::Socket(SocketAddr::new(address, port));
            Some((end(source, from), end(destination, to)))
        };
        match header {
            TransportSlice::Udp(udp) => {
                self.ends = ports(udp.source_port(), udp.destination_port());
                self.rest = udp.payload();
            }
            TransportSlice::Tcp(tcp) => {
                self.ends = ports(tcp.source_port(), tcp.destination_port());
                self.detail = tcp_detail(tcp);
                self.rest = tcp.payload();
            }
            TransportSlice::Icmpv4(icmp) => {
                self.detail = icmp_detail(icmp.type_u8(), icmp.code_u8(), icmp.bytes5to8(), false);
                self.rest = icmp.payload();
            }
            TransportSlice::Icmpv6(icmp) => {
                self.detail = icmp_detail(icmp.type_u8(), icmp.code_u8(), icmp.bytes5to8(), true);
                self.rest = icmp.payload();
            }
            TransportSlice::Igmp(_) => {}
        }
    }
}

fn tcp_detail(tcp: &TcpSlice<'_>) -> Detail {
    Detail::Tcp {
        flags: tcp.header_slice()[13],
        sequence: tcp.sequence_number(),
        acknowledged: tcp.ack().then(|| tcp.acknowledgment_number()),
        window: tcp.window_size(),
    }
}

fn icmp_detail(kind: u8, code: u8, [a, b, c, d]: [u8; 4], v6: bool) -> Detail {
    let echo = matches!((kind, v6), (0 | 8, false) | (128 | 129, true));
    let echo = echo.then(|| (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])));
    Detail::Icmp {
        kind,
        code,
        echo,
        v6,
    }
}

fn by_number(number: IpNumber) -> Protocol {
    match number {
        IpNumber::TCP => Protocol::Named("TCP"),
        IpNumber::UDP => Protocol::Named("UDP"),
        IpNumber::ICMP => Protocol::Named("ICMP"),
        IpNumber::IPV6_ICMP => Protocol::Named("ICMPv6"),
        IpNumber::IGMP => Protocol::Named("IGMP"),
        IpNumber(other) => Protocol::Ip(other),
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Protocol::Named(name) => f.write_str(name),
            // What used to be a length, in the frames of IEEE 802.3.
            Protocol::Ether(number) if *number < 0x600 => f.write_str("802.3"),
            Protocol::Ether(number) => write!(f, "type {number:#06x}"),
            Protocol::Ip(number) => match IpNumber(*number).keyword_str() {
                Some(name) => f.write_str(name),
                None => write!(f, "IP protocol {number}"),
            },
            Protocol::Link(linktype) => linktype.fmt(f),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Mac(mac) => mac.fmt(f),
            Endpoint::Ip(address) => address.fmt(f),
            Endpoint::Socket(socket) => socket.fmt(f),
        }
    }
}

/// As it follows the protocol in a line, with a space before it.
impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Detail::None => Ok(()),
            Detail::Tcp {
                flags,
                sequence,
                acknowledged,
                window,
            } => {
                if flags == 0 {
                    f.write_str(" no flags")?;
                }
                tcp_flags(flags).try_for_each(|name| write!(f, " {name}"))?;
                write!(f, " seq {sequence}")?;
                if let Some(number) = acknowledged {
                    write!(f, " ack {number}")?;
                }
                write!(f, " win {window}")
            }
            Detail::Icmp {
                kind, code, echo, ..
            } => match echo {
                Some((id, number)) => {
                    let name = if matches!(kind, 8 | 128) {
                        "request"
                    } else {
                        "reply"
                    };
                    write!(f, " echo {name} id {id} seq {number}")
                }
                None => write!(f, " type {kind} code {code}"),
            },
            Detail::Arp(1) => f.write_str(" request"),
            Detail::Arp(2) => f.write_str(" reply"),
            Detail::Arp(number) => write!(f, " operation {number}"),
            Detail::Fragment => f.write_str(" fragment"),
        }
    }
}
