//! Decodes the messages of ICMP and ICMPv6: what they are about, besides their type.

use std::fmt::{self, Display, Formatter};
use std::net::{Ipv4Addr, Ipv6Addr};

use pcap_core::{Dlt, MacAddr};

use super::super::fields::{array_at, prefix, skip, u8_at, u16_at, u32_at};
use super::super::{Endpoint, OuterHeader, decode};

/// The length of the header.
const HEADER: usize = 8;

/// A message of ICMP.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Icmp<'a> {
    message: &'a [u8],
}

/// A message of ICMPv6.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Icmpv6<'a> {
    message: &'a [u8],
}

impl<'a> Icmp<'a> {
    /// Decodes a message that has more to say than its type.
    pub(super) fn new(message: &'a [u8]) -> Option<Icmp<'a>> {
        let is_known = matches!(u8_at(message, 0), Some(3..=5 | 11..=18));
        is_known.then_some(Icmp { message })
    }
}

impl Display for Icmp<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let message = self.message;
        match (message[0], u8_at(message, 1)) {
            (3, Some(4)) => {
                // Old routers do not state it.
                if let Some(mtu) = u16_at(message, 6).filter(|&mtu| mtu > 0) {
                    write!(f, ", MTU {mtu}")?;
                }
            }
            (5, _) => {
                if let Some(gateway) = array_at::<4>(message, 4) {
                    write!(f, " to {}", Ipv4Addr::from(gateway))?;
                }
            }
            (12, Some(0)) => {
                if let Some(octet) = u8_at(message, 4) {
                    write!(f, " at octet {octet}")?;
                }
            }
            // Requests for times, information and masks, and their replies.
            (13..=18, _) => {
                return match u16_at(message, 4).zip(u16_at(message, 6)) {
                    Some((id, number)) => write!(f, " id {id} seq {number}"),
                    None => Ok(()),
                };
            }
            _ => {}
        }
        write_cause(f, Dlt::IPV4, skip(message, HEADER))
    }
}

impl<'a> Icmpv6<'a> {
    /// Decodes a message that has more to say than its type.
    pub(super) fn new(message: &'a [u8]) -> Option<Icmpv6<'a>> {
        let is_known = matches!(u8_at(message, 0), Some(1..=4 | 130..=132 | 134..=137 | 143));
        is_known.then_some(Icmpv6 { message })
    }

    fn address(&self, at: usize) -> Option<Ipv6Addr> {
        array_at::<16>(self.message, at).map(Ipv6Addr::from)
    }

    /// Returns the MAC address in an option, where the options begin at an offset.
    fn mac(&self, at: usize, wanted: u8) -> Option<MacAddr> {
        let mut options = skip(self.message, at);
        loop {
            // The length counts units of eight bytes.
            let (kind, units) = (u8_at(options, 0)?, u8_at(options, 1)?);
            if kind == wanted {
                return array_at(options, 2).map(MacAddr::new);
            }
            options = skip(options, 8 * usize::from(units.max(1)));
        }
    }

    /// Returns the first prefix of a router advertisement, and its length.
    fn prefix(&self) -> Option<(Ipv6Addr, u8)> {
        let mut options = skip(self.message, 16);
        loop {
            let (kind, units) = (u8_at(options, 0)?, u8_at(options, 1)?);
            if kind == 3 {
                let address = array_at::<16>(options, 16).map(Ipv6Addr::from);
                return address.zip(u8_at(options, 2));
            }
            options = skip(options, 8 * usize::from(units.max(1)));
        }
    }
}

impl Display for Icmpv6<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let message = self.message;
        let target = self.address(8);
        match message[0] {
            kind @ 1..=4 => {
                if let Some(mtu) = u32_at(message, 4).filter(|_| kind == 2) {
                    write!(f, ", MTU {mtu}")?;
                }
                if let Some(octet) = u32_at(message, 4).filter(|_| kind == 4) {
                    write!(f, " at octet {octet}")?;
                }
                write_cause(f, Dlt::IPV6, skip(message, HEADER))
            }
            // An unspecified address means all groups.
            130..=132 => match target.filter(|group| !group.is_unspecified()) {
                Some(group) => write!(f, " {group}"),
                None => Ok(()),
            },
            134 => match self.prefix() {
                Some((address, length)) => write!(f, " {address}/{length}"),
                None => Ok(()),
            },
            135 => match target {
                Some(target) => write!(f, " who-has {target}"),
                None => Ok(()),
            },
            136 => match (target, self.mac(24, 2)) {
                (Some(target), Some(mac)) => write!(f, " {target} is-at {mac}"),
                (Some(target), None) => write!(f, " {target}"),
                _ => Ok(()),
            },
            137 => match (self.address(24), target) {
                (Some(destination), Some(target)) => write!(f, " {destination} to {target}"),
                _ => Ok(()),
            },
            _ => {
                let count = u16_at(message, 6).unwrap_or_default();
                if let Some(group) = self.address(12).filter(|_| count > 0) {
                    write!(f, " {group}")?;
                }
                match count {
                    0 | 1 => Ok(()),
                    _ => write!(f, ", {} more", count - 1),
                }
            }
        }
    }
}

/// Writes the destination and the protocol of the packet that caused an error.
fn write_cause(f: &mut Formatter<'_>, linktype: Dlt, packet: &[u8]) -> fmt::Result {
    // Only the outermost packet matters, and a tunnel in it costs time.
    let known = decode(linktype, prefix(packet, 128));
    let tunnel = known.outer_headers.first();
    let (destination, protocol) = match tunnel {
        Some(OuterHeader::Tunnel {
            destination,
            protocol,
            ..
        }) => (*destination, *protocol),
        _ => (known.destination, known.protocol),
    };
    match destination {
        Some(end @ (Endpoint::Ip(_) | Endpoint::Socket(_))) => write!(f, " for {end} {protocol}"),
        _ => Ok(()),
    }
}
