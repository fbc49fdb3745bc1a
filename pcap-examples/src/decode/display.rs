//! Formats decoded packets as text.

use std::fmt::{self, Display, Formatter, Write};

use etherparse::IpNumber;

use super::link::FIRST_ETHER_TYPE;
use super::{
    Content, Cooked, Decoded, Detail, Echo, Endpoint, Fragment, OuterHeader, PacketType, Protocol,
    protocol_names,
};

/// The names of the TCP flags, starting with the lowest bit.
const TCP_FLAGS: [&str; 9] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"];

/// Returns the names of the TCP flags that are set, in the usual order: SYN before ACK.
pub fn tcp_flags(flags: u16) -> impl Iterator<Item = &'static str> {
    let set = move |&bit: &usize| flags & (1 << bit) != 0;
    (0..TCP_FLAGS.len()).filter(set).map(|bit| TCP_FLAGS[bit])
}

const FRAGMENT: &str = " fragment";

impl Decoded<'_> {
    /// Appends the further fields of the protocol, its content, and the word `fragment` for a fragment. Each begins with
    /// a space.
    pub fn write_info(&self, text: &mut String, content: Option<&Content<'_>>) {
        // Writing to memory cannot fail.
        let _ = write!(text, "{}", self.detail);
        if let Some(content) = content {
            let _ = write!(text, "{content}");
        }
        text.push_str(self.fragment.map_or("", |_| FRAGMENT));
    }

    /// Returns the name of the protocol in UDP, which a line shows instead of UDP.
    #[must_use]
    pub fn shown_application(&self, content: Option<&Content<'_>>) -> Option<&'static str> {
        let is_tcp = matches!(self.detail, Detail::Tcp { .. });
        content?.application().filter(|_| !is_tcp)
    }

    /// Returns the name of the protocol in TCP, which a line shows after the fields of TCP. It is `None` if the
    /// content begins with it, as that of SSH does.
    #[must_use]
    pub fn application_in_tcp(&self, content: &Content<'_>) -> Option<&'static str> {
        let is_tcp = matches!(self.detail, Detail::Tcp { .. });
        content
            .application()
            .filter(|name| is_tcp && !content.begins_with(name))
    }
}

/// Writes `192.0.2.1 > 192.0.2.2 `, with a question mark for an unknown endpoint. Writes nothing if both are unknown.
fn endpoints(
    f: &mut Formatter<'_>,
    source: Option<Endpoint>,
    destination: Option<Endpoint>,
) -> fmt::Result {
    let end = |f: &mut Formatter<'_>, end: Option<Endpoint>| match end {
        Some(end) => end.fmt(f),
        None => f.write_str("?"),
    };
    if source.is_none() && destination.is_none() {
        return Ok(());
    }
    end(f, source)?;
    f.write_str(" > ")?;
    end(f, destination)?;
    f.write_str(" ")
}

/// Writes ` fragment`, if the packet is one.
fn fragment(f: &mut Formatter<'_>, fragment: Option<Fragment>) -> fmt::Result {
    match fragment {
        Some(_) => f.write_str(FRAGMENT),
        None => Ok(()),
    }
}

impl Display for OuterHeader {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            OuterHeader::Vlan(number) => write!(f, "vlan {number}"),
            OuterHeader::Mpls(label) => write!(f, "mpls {label}"),
            OuterHeader::Pppoe(session) => write!(f, "pppoe {session}"),
            OuterHeader::Tunnel {
                protocol,
                source,
                destination,
                id,
                fragment: part,
            } => {
                endpoints(f, source, destination)?;
                protocol.fmt(f)?;
                if let Some(id) = id {
                    write!(f, " {id}")?;
                }
                fragment(f, part)
            }
        }
    }
}

impl Protocol {
    /// Returns whether the protocol is not decoded any further, so that its bytes are worth showing.
    #[must_use]
    pub fn is_raw(self) -> bool {
        !matches!(self, Protocol::Named(_) | Protocol::Ip(_))
    }
}

impl Display for Protocol {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let named =
            |f: &mut Formatter<'_>, name: Option<&str>, number: fmt::Arguments<'_>| match name {
                Some(name) => f.write_str(name),
                None => f.write_fmt(number),
            };
        match *self {
            Protocol::Named(name) => f.write_str(name),
            Protocol::Ether(number) if number < FIRST_ETHER_TYPE => f.write_str("802.3"),
            Protocol::Ether(number) => named(
                f,
                protocol_names::ether(number),
                format_args!("type {number:#06x}"),
            ),
            Protocol::Ip(number) => named(
                f,
                IpNumber(number).keyword_str(),
                format_args!("IP protocol {number}"),
            ),
            Protocol::Llc(service) => named(
                f,
                protocol_names::llc(service),
                format_args!("LLC {service:#04x}"),
            ),
            Protocol::Snap(organization, number) => named(
                f,
                protocol_names::snap(organization, number),
                format_args!("SNAP {organization:06x}:{number:04x}"),
            ),
            Protocol::Ppp(number) => named(
                f,
                protocol_names::ppp(number),
                format_args!("PPP {number:#06x}"),
            ),
            Protocol::Linux {
                hardware: 824,
                protocol,
            } => named(
                f,
                protocol_names::linux(824, protocol),
                format_args!("netlink {protocol}"),
            ),
            Protocol::Linux { hardware, protocol } => named(
                f,
                protocol_names::linux(hardware, protocol),
                format_args!("hardware {hardware} protocol {protocol:#06x}"),
            ),
            Protocol::Link(linktype) => linktype.fmt(f),
        }
    }
}

impl Display for Endpoint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Mac(mac) => mac.fmt(f),
            Endpoint::Ip(address) => address.fmt(f),
            Endpoint::Socket(socket) => socket.fmt(f),
        }
    }
}

impl Cooked {
    /// Returns `in` for a received packet and `out` for a sent one, if that is known.
    #[must_use]
    pub fn direction(&self) -> Option<&'static str> {
        match self.packet_type? {
            PacketType::Outgoing => Some("out"),
            PacketType::Other(_) => None,
            _ => Some("in"),
        }
    }
}

/// Writes the word that tcpdump prints.
impl Display for PacketType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            PacketType::Host => f.write_str("In"),
            PacketType::Broadcast => f.write_str("B"),
            PacketType::Multicast => f.write_str("M"),
            PacketType::OtherHost => f.write_str("P"),
            PacketType::Outgoing => f.write_str("Out"),
            PacketType::Other(number) => write!(f, "packet type {number}"),
        }
    }
}

impl PacketType {
    /// Returns the name for JSON, which is that of Linux's `PACKET_…` constant in lower case.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            PacketType::Host => "host".to_owned(),
            PacketType::Broadcast => "broadcast".to_owned(),
            PacketType::Multicast => "multicast".to_owned(),
            PacketType::OtherHost => "otherhost".to_owned(),
            PacketType::Outgoing => "outgoing".to_owned(),
            PacketType::Other(number) => number.to_string(),
        }
    }
}

/// Writes the fields as they appear after the protocol in a line. Each begins with a space.
impl Display for Detail {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Detail::None => Ok(()),
            Detail::Tcp {
                flags,
                sequence,
                acknowledged,
                window,
            } => {
                if flags == Some(0) {
                    f.write_str(" no flags")?;
                }
                tcp_flags(flags.unwrap_or(0)).try_for_each(|name| write!(f, " {name}"))?;
                number(f, "seq", sequence)?;
                number(f, "ack", acknowledged)?;
                number(f, "win", window)
            }
            Detail::Icmp {
                echo:
                    Some(Echo {
                        request,
                        id,
                        sequence,
                    }),
                ..
            } => {
                f.write_str(if request {
                    " echo request"
                } else {
                    " echo reply"
                })?;
                number(f, "id", id)?;
                number(f, "seq", sequence)
            }
            Detail::Icmp {
                is_v6, kind, code, ..
            } => {
                let (name, code_name) = match is_v6 {
                    true => (
                        protocol_names::icmpv6(kind),
                        code.and_then(|code| protocol_names::icmpv6_code(kind, code)),
                    ),
                    false => (
                        protocol_names::icmp(kind),
                        code.and_then(|code| protocol_names::icmp_code(kind, code)),
                    ),
                };
                match name {
                    Some(name) => write!(f, " {name}")?,
                    None => write!(f, " type {kind}")?,
                }
                match (code_name, code) {
                    (Some(name), _) => write!(f, ", {name}"),
                    (None, Some(0)) if name.is_some() => Ok(()),
                    _ => number(f, "code", code),
                }
            }
            Detail::Arp(operation) => match protocol_names::arp(operation) {
                Some(name) => write!(f, " {name}"),
                None => write!(f, " operation {operation}"),
            },
            Detail::Pppoe(code) => match protocol_names::pppoe(code) {
                Some(name) => write!(f, " {name}"),
                None => write!(f, " code {code}"),
            },
            Detail::Wireless(control) => {
                let first = control.to_be_bytes()[0];
                let (kind, subtype) = (first >> 2 & 3, first >> 4);
                match protocol_names::wireless(kind, subtype) {
                    Some(name) => write!(f, " {name}")?,
                    None => write!(f, " type {kind} subtype {subtype}")?,
                }
                if control & 0x40 != 0 {
                    f.write_str(" protected")?;
                }
                Ok(())
            }
        }
    }
}

/// Writes ` NAME NUMBER`, if there is a number.
fn number(f: &mut Formatter<'_>, name: &str, number: Option<impl Display>) -> fmt::Result {
    match number {
        Some(number) => write!(f, " {name} {number}"),
        None => Ok(()),
    }
}
