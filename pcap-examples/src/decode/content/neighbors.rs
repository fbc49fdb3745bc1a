//! Decodes protocols between neighbors on a link: CDP, LLDP and the spanning tree protocol.

use std::fmt::{self, Display, Formatter};

use pcap_core::MacAddr;

use super::super::fields::{array_at, prefix, skip, u8_at, u16_at};
use super::write_escaped;

/// A message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Neighbor<'a> {
    /// The name of the device that sent the message, of LLDP or CDP.
    Name(&'a [u8]),
    /// A message of the spanning tree protocol.
    SpanningTree {
        version: u8,
        kind: u8,
        /// The priority and the address of the root.
        root: Option<(u16, MacAddr)>,
    },
}

impl<'a> Neighbor<'a> {
    /// Decodes a message of the protocol with this name.
    pub(super) fn new(protocol: &str, data: &'a [u8]) -> Option<Neighbor<'a>> {
        match protocol {
            "LLDP" => lldp_name(data).map(Neighbor::Name),
            "CDP" => cdp_name(data).map(Neighbor::Name),
            "STP" => {
                let [0, 0, version, kind] = array_at(data, 0)? else {
                    return None;
                };
                let root = u16_at(data, 5).zip(array_at(data, 7));
                let root = root.map(|(priority, mac)| (priority, MacAddr::new(mac)));
                Some(Neighbor::SpanningTree {
                    version,
                    kind,
                    root,
                })
            }
            _ => None,
        }
    }
}

impl Display for Neighbor<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Neighbor::Name(name) => {
                f.write_str(" ")?;
                write_escaped(f, name)
            }
            Neighbor::SpanningTree {
                version,
                kind,
                root,
            } => {
                f.write_str(match (version, kind) {
                    (_, 0x80) => return f.write_str(" topology change"),
                    (0, 0) => " configuration",
                    (2, _) => " rapid",
                    (3, _) => " multiple",
                    (4, _) => " shortest path",
                    _ => return write!(f, " version {version} type {kind}"),
                })?;
                match root {
                    Some((priority, mac)) => write!(f, " root {priority:04x}.{mac}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// Returns the name of the system in a message of LLDP.
fn lldp_name(mut data: &[u8]) -> Option<&[u8]> {
    loop {
        // The type has seven bits, the length nine.
        let field = u16_at(data, 0)?;
        let (kind, length) = (field >> 9, usize::from(field & 0x1ff));
        let value = prefix(skip(data, 2), length);
        match kind {
            0 => return None,
            5 => return Some(value),
            _ => data = skip(data, 2 + length),
        }
    }
}

/// Returns the name of the device in a message of CDP.
fn cdp_name(data: &[u8]) -> Option<&[u8]> {
    u8_at(data, 3)?;
    let mut data = skip(data, 4);
    loop {
        // The length includes the type and the length itself.
        let (kind, length) = (u16_at(data, 0)?, usize::from(u16_at(data, 2)?));
        let value = skip(prefix(data, length), 4);
        match kind {
            1 => return Some(value),
            _ if length < 4 => return None,
            _ => data = skip(data, length),
        }
    }
}
