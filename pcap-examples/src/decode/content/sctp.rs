//! Decodes the first chunk of an SCTP packet.

use std::fmt::{self, Display, Formatter};

use super::super::fields::u8_at;

/// The length of the header before the chunks.
const HEADER: usize = 12;

/// The type of a chunk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sctp(u8);

impl Sctp {
    /// Decodes a packet.
    pub(super) fn new(packet: &[u8]) -> Option<Sctp> {
        u8_at(packet, HEADER).map(Sctp)
    }
}

impl Display for Sctp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0 => " DATA",
            1 => " INIT",
            2 => " INIT ACK",
            3 => " SACK",
            4 => " HEARTBEAT",
            5 => " HEARTBEAT ACK",
            6 => " ABORT",
            7 => " SHUTDOWN",
            8 => " SHUTDOWN ACK",
            9 => " ERROR",
            10 => " COOKIE ECHO",
            11 => " COOKIE ACK",
            14 => " SHUTDOWN COMPLETE",
            64 => " I-DATA",
            192 => " FORWARD TSN",
            other => return write!(f, " chunk {other}"),
        })
    }
}
