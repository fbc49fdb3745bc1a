//! Decodes the long headers of QUIC, which begin a connection.

use std::fmt::{self, Display, Formatter};

use super::super::fields::{u8_at, u32_at};

const VERSION_1: u32 = 1;
const VERSION_2: u32 = 0x6b33_43cf;

/// A long header.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quic {
    first: u8,
    version: u32,
}

impl Quic {
    /// Decodes a long header of a known version.
    pub(super) fn new(data: &[u8]) -> Option<Quic> {
        let first = u8_at(data, 0).filter(|first| first & 0xc0 == 0xc0)?;
        let version = u32_at(data, 1)?;
        let is_known = matches!(version, VERSION_1 | VERSION_2 | 0xff00_0001..=0xff00_00ff);
        // Connection identifiers have at most 20 bytes.
        let is_valid = u8_at(data, 5).is_none_or(|length| length <= 20);
        (is_known && is_valid).then_some(Quic { first, version })
    }
}

impl Display for Quic {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kind = self.first >> 4 & 3;
        // Version 2 has other numbers.
        let kind = match self.version {
            VERSION_2 => (kind + 3) % 4,
            _ => kind,
        };
        match self.version {
            VERSION_1 => f.write_str(" v1")?,
            VERSION_2 => f.write_str(" v2")?,
            draft => write!(f, " draft {}", draft & 0xff)?,
        }
        let names = [" Initial", " 0-RTT", " Handshake", " Retry"];
        f.write_str(names[usize::from(kind)])
    }
}
