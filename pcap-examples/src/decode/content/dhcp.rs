//! Decodes DHCP and DHCPv6.

use std::fmt::{self, Display, Formatter};
use std::net::Ipv4Addr;

use pcap_core::MacAddr;

use super::super::fields::{array_at, prefix, skip, u8_at, u16_at};
use super::write_escaped;

/// Where the options begin, after the number that identifies them.
const OPTIONS: usize = 240;

/// A message of BOOTP or DHCP.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dhcp<'a> {
    message: &'a [u8],
}

impl<'a> Dhcp<'a> {
    /// Decodes a message, if it has the fixed fields of BOOTP.
    pub(super) fn new(message: &'a [u8]) -> Option<Dhcp<'a>> {
        let is_known = matches!(message.first(), Some(1 | 2)) && message.len() >= 34;
        is_known.then_some(Dhcp { message })
    }

    /// Returns the value of an option.
    fn option(&self, wanted: u8) -> Option<&'a [u8]> {
        let mut options = self.message.get(OPTIONS..)?;
        if self.message[OPTIONS - 4..OPTIONS] != [99, 130, 83, 99] {
            return None;
        }
        loop {
            match u8_at(options, 0)? {
                0 => options = skip(options, 1),
                255 => return None,
                code => {
                    let length = usize::from(u8_at(options, 1)?);
                    if code == wanted {
                        return Some(prefix(skip(options, 2), length));
                    }
                    options = skip(options, 2 + length);
                }
            }
        }
    }

    fn address(&self, at: usize) -> Option<Ipv4Addr> {
        let address = array_at::<4>(self.message, at).map(Ipv4Addr::from);
        address.filter(|address| !address.is_unspecified())
    }
}

impl Display for Dhcp<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_request = self.message[0] == 1;
        let kind = self.option(53).and_then(|value| value.first());
        match kind {
            Some(1) => f.write_str(" discover")?,
            Some(2) => f.write_str(" offer")?,
            Some(3) => f.write_str(" request")?,
            Some(4) => f.write_str(" decline")?,
            Some(5) => f.write_str(" ack")?,
            Some(6) => f.write_str(" nak")?,
            Some(7) => f.write_str(" release")?,
            Some(8) => f.write_str(" inform")?,
            Some(other) => write!(f, " type {other}")?,
            None if is_request => f.write_str(" request")?,
            None => f.write_str(" reply")?,
        }
        let requested = self.option(50).and_then(|value| array_at::<4>(value, 0));
        // The address that the server assigns, the one that the client asks for, or the one that it has.
        let address = self
            .address(16)
            .or(requested.map(Ipv4Addr::from))
            .or(self.address(12));
        if let Some(address) = address {
            write!(f, " {address}")?;
        }
        if let Some(mac) = array_at(self.message, 28).filter(|_| self.message[2] == 6) {
            write!(f, " for {}", MacAddr::new(mac))?;
        }
        match self.option(12) {
            Some(name) => {
                f.write_str(" ")?;
                write_escaped(f, name)
            }
            None => Ok(()),
        }
    }
}

/// A message of DHCPv6.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dhcpv6(u8);

impl Dhcpv6 {
    /// Decodes a message.
    pub(super) fn new(message: &[u8]) -> Option<Dhcpv6> {
        u16_at(message, 0)?;
        let kind = message[0];
        message_name(kind).map(|_| Dhcpv6(kind))
    }
}

impl Display for Dhcpv6 {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, " {}", message_name(self.0).unwrap_or_default())
    }
}

fn message_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "solicit",
        2 => "advertise",
        3 => "request",
        4 => "confirm",
        5 => "renew",
        6 => "rebind",
        7 => "reply",
        8 => "release",
        9 => "decline",
        10 => "reconfigure",
        11 => "information request",
        12 => "relay forward",
        13 => "relay reply",
        _ => return None,
    })
}
