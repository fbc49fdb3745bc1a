//! Decodes protocols of routers: IGMP, OSPF, PIM and VRRP.

use std::fmt::{self, Display, Formatter};
use std::net::Ipv4Addr;

use super::super::fields::{array_at, u8_at, u16_at};

const IGMP: u8 = 2;
const OSPF: u8 = 89;
const PIM: u8 = 103;
const VRRP: u8 = 112;

/// A message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Routing<'a> {
    protocol: u8,
    /// The message, which is not empty.
    message: &'a [u8],
}

impl<'a> Routing<'a> {
    /// Decodes a message of the protocol with this number in the IP header.
    pub(super) fn new(protocol: u8, message: &'a [u8]) -> Option<Routing<'a>> {
        let is_known = matches!(protocol, IGMP | OSPF | PIM | VRRP) && !message.is_empty();
        is_known.then_some(Routing { protocol, message })
    }

    fn address(&self, at: usize) -> Option<Ipv4Addr> {
        array_at::<4>(self.message, at).map(Ipv4Addr::from)
    }
}

impl Display for Routing<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.protocol {
            IGMP => self.igmp(f),
            OSPF => self.ospf(f),
            PIM => self.pim(f),
            _ => self.vrrp(f),
        }
    }
}

impl Routing<'_> {
    fn igmp(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.message[0] {
            0x11 => f.write_str(" query")?,
            0x12 => f.write_str(" v1 report")?,
            0x16 => f.write_str(" v2 report")?,
            0x17 => f.write_str(" leave")?,
            0x22 => {
                f.write_str(" v3 report")?;
                // The first of several groups.
                let count = u16_at(self.message, 6).unwrap_or_default();
                if let Some(group) = self.address(12).filter(|_| count > 0) {
                    write!(f, " {group}")?;
                }
                return match count {
                    0 | 1 => Ok(()),
                    _ => write!(f, ", {} more", count - 1),
                };
            }
            other => return write!(f, " type {other:#04x}"),
        }
        match self.address(4).filter(|group| !group.is_unspecified()) {
            Some(group) => write!(f, " {group}"),
            None => Ok(()),
        }
    }

    fn ospf(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, " v{}", self.message[0])?;
        match u8_at(self.message, 1) {
            Some(1) => f.write_str(" hello")?,
            Some(2) => f.write_str(" database description")?,
            Some(3) => f.write_str(" link-state request")?,
            Some(4) => f.write_str(" link-state update")?,
            Some(5) => f.write_str(" link-state acknowledgment")?,
            Some(other) => write!(f, " type {other}")?,
            None => {}
        }
        match self.address(4) {
            Some(router) => write!(f, " router {router}"),
            None => Ok(()),
        }
    }

    fn pim(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self.message[0] & 15 {
            0 => " hello",
            1 => " register",
            2 => " register stop",
            3 => " join/prune",
            4 => " bootstrap",
            5 => " assert",
            6 => " graft",
            7 => " graft acknowledgment",
            8 => " candidate RP",
            other => return write!(f, " type {other}"),
        })
    }

    fn vrrp(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [version, kind] = [self.message[0] >> 4, self.message[0] & 15];
        write!(f, " v{version}")?;
        match kind {
            1 => f.write_str(" advertisement")?,
            other => write!(f, " type {other}")?,
        }
        if let Some(router) = u8_at(self.message, 1) {
            write!(f, " router {router}")?;
        }
        match u8_at(self.message, 2) {
            Some(priority) => write!(f, " priority {priority}"),
            None => Ok(()),
        }
    }
}
