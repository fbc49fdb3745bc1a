//! Decodes WireGuard.

use std::fmt::{self, Display, Formatter};

use super::super::fields::array_at;

/// The usual port.
pub(super) const PORT: u16 = 51820;

/// The type of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wireguard(u8);

impl Wireguard {
    /// Decodes a message. Only a handshake, whose messages have fixed lengths, is recognized on other ports.
    pub(super) fn new(message: &[u8], is_usual_port: bool) -> Option<Wireguard> {
        let [kind, 0, 0, 0] = array_at(message, 0)? else {
            return None;
        };
        let is_known = match (kind, message.len()) {
            (1, 148) | (2, 92) | (3, 64) => true,
            (1..=4, _) => is_usual_port,
            _ => false,
        };
        is_known.then_some(Wireguard(kind))
    }
}

impl Display for Wireguard {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            1 => " handshake initiation",
            2 => " handshake response",
            3 => " cookie reply",
            _ => " data",
        })
    }
}
