//! Decodes NTP.

use std::fmt::{self, Display, Formatter};

use super::super::fields::u8_at;

/// A message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ntp {
    /// The leap indicator, the version and the mode.
    first: u8,
    stratum: Option<u8>,
}

impl Ntp {
    /// Decodes a message.
    pub(super) fn new(message: &[u8]) -> Option<Ntp> {
        let first = u8_at(message, 0)?;
        let is_known = matches!(first >> 3 & 7, 1..=4) && first & 7 != 0;
        let is_time = first & 7 < 6;
        is_known.then(|| Ntp {
            first,
            stratum: u8_at(message, 1).filter(|_| is_time),
        })
    }
}

impl Display for Ntp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mode = match self.first & 7 {
            1 => "symmetric active",
            2 => "symmetric passive",
            3 => "client",
            4 => "server",
            5 => "broadcast",
            6 => "control",
            _ => "private",
        };
        write!(f, " v{} {mode}", self.first >> 3 & 7)?;
        match self.stratum {
            // Clients do not state it.
            Some(0) | None => Ok(()),
            Some(stratum) => write!(f, " stratum {stratum}"),
        }
    }
}
