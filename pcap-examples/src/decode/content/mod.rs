//! Decodes what is inside the headers: DNS, TLS and other protocols, as far as a line of text shows it.
//!
//! A packet is decoded only when its content is asked for, because most uses of a packet do not need it.

mod dhcp;
mod dns;
mod first_line;
mod icmp;
mod message_type;
mod neighbors;
mod ntp;
mod quic;
mod routing;
mod sctp;
mod tls;
mod wireguard;

use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;

use pcap_core::MacAddr;

pub use dns::{Dns, Name, Question, Record, RecordType, code_name};
pub use tls::Tls;

use super::fields::{array_at, u32_at};
use super::{Decoded, Detail, Endpoint, Protocol};
use dhcp::{Dhcp, Dhcpv6};
use first_line::FirstLine;
use icmp::{Icmp, Icmpv6};
use message_type::MessageType;
use ntp::Ntp;
use quic::Quic;
use routing::Routing;
use sctp::Sctp;
use wireguard::Wireguard;

/// The content of a packet. Its text is what a line shows after the fields of the headers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Content<'a>(Kind<'a>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind<'a> {
    Dns(Dns<'a>),
    Tls(Tls<'a>),
    FirstLine(FirstLine<'a>),
    MessageType(MessageType<'a>),
    Dhcp(Dhcp<'a>),
    Dhcpv6(Dhcpv6),
    Ntp(Ntp),
    Quic(Quic),
    Wireguard(Wireguard),
    Routing(Routing<'a>),
    Sctp(Sctp),
    Esp {
        spi: u32,
        sequence: Option<u32>,
    },
    Icmp(Icmp<'a>),
    Icmpv6(Icmpv6<'a>),
    WhoHas {
        target: IpAddr,
        sender: Option<IpAddr>,
    },
    IsAt(IpAddr, MacAddr),
    Neighbor(neighbors::Neighbor<'a>),
}

impl<'a> Content<'a> {
    /// Returns the name of the protocol if it is one above TCP or UDP.
    #[must_use]
    pub fn application(&self) -> Option<&'static str> {
        Some(match &self.0 {
            Kind::Dns(dns) => dns.name(),
            Kind::Tls(tls) => tls.name(),
            Kind::FirstLine(line) => line.name(),
            Kind::MessageType(message) => message.name(),
            Kind::Dhcp(_) => "DHCP",
            Kind::Dhcpv6(_) => "DHCPv6",
            Kind::Ntp(_) => "NTP",
            Kind::Quic(_) => "QUIC",
            Kind::Wireguard(_) => "WireGuard",
            _ => return None,
        })
    }

    /// Returns whether the text begins with the name of the protocol.
    pub(super) fn begins_with(&self, name: &str) -> bool {
        matches!(&self.0, Kind::FirstLine(line) if line.begins_with(name))
    }

    /// Returns the DNS message.
    #[must_use]
    pub fn dns(&self) -> Option<&Dns<'a>> {
        match &self.0 {
            Kind::Dns(dns) => Some(dns),
            _ => None,
        }
    }

    /// Returns the record of TLS.
    #[must_use]
    pub fn tls(&self) -> Option<&Tls<'a>> {
        match &self.0 {
            Kind::Tls(tls) => Some(tls),
            _ => None,
        }
    }
}

/// Writes the content as it appears after the protocol and its fields. It begins with a space, unless it is empty.
impl Display for Content<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Dns(content) => content.fmt(f),
            Kind::Tls(content) => content.fmt(f),
            Kind::FirstLine(content) => content.fmt(f),
            Kind::MessageType(content) => content.fmt(f),
            Kind::Dhcp(content) => content.fmt(f),
            Kind::Dhcpv6(content) => content.fmt(f),
            Kind::Ntp(content) => content.fmt(f),
            Kind::Quic(content) => content.fmt(f),
            Kind::Wireguard(content) => content.fmt(f),
            Kind::Routing(content) => content.fmt(f),
            Kind::Sctp(content) => content.fmt(f),
            Kind::Esp { spi, sequence } => {
                write!(f, " spi {spi:#010x}")?;
                match sequence {
                    Some(sequence) => write!(f, " seq {sequence}"),
                    None => Ok(()),
                }
            }
            Kind::Icmp(content) => content.fmt(f),
            Kind::Icmpv6(content) => content.fmt(f),
            Kind::WhoHas { target, sender } => {
                write!(f, " who-has {target}")?;
                match sender {
                    Some(sender) => write!(f, " tell {sender}"),
                    None => Ok(()),
                }
            }
            Kind::IsAt(address, mac) => write!(f, " {address} is-at {mac}"),
            Kind::Neighbor(content) => content.fmt(f),
        }
    }
}

impl<'a> Decoded<'a> {
    /// Decodes the content of the packet, if the protocol is known.
    #[must_use]
    pub fn content(&self) -> Option<Content<'a>> {
        let rest = self.rest;
        if self.fragment.is_some_and(|part| part.offset > 0) {
            return None;
        }
        let kind = match self.ip {
            Some(ip) => {
                let payload = ip.data.get(ip.payload_at..).unwrap_or_default();
                match ip.protocol {
                    1 => Kind::Icmp(Icmp::new(payload)?),
                    6 => over_tcp(self.ports()?, rest)?,
                    17 => over_udp(self.ports()?, rest)?,
                    50 => Kind::Esp {
                        spi: u32_at(payload, 0)?,
                        sequence: u32_at(payload, 4),
                    },
                    58 => Kind::Icmpv6(Icmpv6::new(payload)?),
                    132 => Kind::Sctp(Sctp::new(payload)?),
                    number => Kind::Routing(Routing::new(number, payload)?),
                }
            }
            None => match (self.protocol, self.detail) {
                (Protocol::Named("ARP"), Detail::Arp(operation)) => self.arp(operation)?,
                (Protocol::Named(name), _) => Kind::Neighbor(neighbors::Neighbor::new(name, rest)?),
                _ => return None,
            },
        };
        Some(Content(kind))
    }

    /// Returns the source and destination port.
    fn ports(&self) -> Option<(u16, u16)> {
        match (self.source, self.destination) {
            (Some(Endpoint::Socket(from)), Some(Endpoint::Socket(to))) => {
                Some((from.port(), to.port()))
            }
            _ => None,
        }
    }

    fn arp(&self, operation: u16) -> Option<Kind<'a>> {
        let address = |end| match end {
            Some(Endpoint::Ip(address)) => Some(address),
            _ => None,
        };
        if operation == 1 {
            return address(self.destination).map(|target| Kind::WhoHas {
                target,
                sender: address(self.source),
            });
        }
        let sender = address(self.source).filter(|_| operation == 2)?;
        // If the hardware address has six bytes, the IP address follows it.
        let is_mac = array_at::<4>(self.rest, 6).is_some_and(|bytes| sender == IpAddr::from(bytes));
        let mac = array_at(self.rest, 0).filter(|_| is_mac)?;
        Some(Kind::IsAt(sender, MacAddr::new(mac)))
    }
}

fn over_tcp((from, to): (u16, u16), data: &[u8]) -> Option<Kind<'_>> {
    if data.is_empty() {
        return None;
    }
    if from == 53 || to == 53 {
        return Dns::over_tcp(data).map(Kind::Dns);
    }
    if from == 179 || to == 179 {
        return MessageType::bgp(data).map(Kind::MessageType);
    }
    Tls::new(data)
        .map(Kind::Tls)
        .or_else(|| FirstLine::over_tcp(data).map(Kind::FirstLine))
        .or_else(|| FirstLine::of_port(from.min(to), data).map(Kind::FirstLine))
}

fn over_udp((from, to): (u16, u16), data: &[u8]) -> Option<Kind<'_>> {
    let is = |port| from == port || to == port;
    if is(53) {
        Dns::new("DNS", data).map(Kind::Dns)
    } else if is(5353) {
        Dns::new("mDNS", data).map(Kind::Dns)
    } else if is(5355) {
        Dns::new("LLMNR", data).map(Kind::Dns)
    } else if is(67) || is(68) {
        Dhcp::new(data).map(Kind::Dhcp)
    } else if is(546) || is(547) {
        Dhcpv6::new(data).map(Kind::Dhcpv6)
    } else if is(123) {
        Ntp::new(data).map(Kind::Ntp)
    } else if is(1900) {
        FirstLine::ssdp(data).map(Kind::FirstLine)
    } else if is(5060) {
        FirstLine::sip(data).map(Kind::FirstLine)
    } else if is(514) {
        FirstLine::syslog(data).map(Kind::FirstLine)
    } else if let Some(message) =
        MessageType::over_udp(to, data).or_else(|| MessageType::over_udp(from, data))
    {
        Some(Kind::MessageType(message))
    } else {
        Quic::new(data)
            .map(Kind::Quic)
            .or_else(|| Wireguard::new(data, is(wireguard::PORT)).map(Kind::Wireguard))
            .or_else(|| Tls::over_udp(data).map(Kind::Tls))
    }
}

/// Writes the text between double quotes or elsewhere, with control characters and bytes that are not UTF-8 escaped.
fn write_escaped(f: &mut Formatter<'_>, text: &[u8]) -> fmt::Result {
    if text.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return f.write_str(&String::from_utf8_lossy(text));
    }
    f.write_str(&crate::escape::controls(text))
}

#[cfg(test)]
mod tests;
