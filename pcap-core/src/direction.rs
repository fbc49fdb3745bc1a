//! The direction of packets.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};
use crate::sys;

/// The direction of packets, as seen from the capturing host: received, sent, or both.
///
#[doc = manual!("pcap_setdirection")]
#[doc(alias = "pcap_direction_t")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Received and sent packets, the default.
    #[default]
    InOut,
    /// Only received packets.
    In,
    /// Only sent packets.
    Out,
}

impl Direction {
    #[inline]
    pub(crate) fn to_raw(self) -> sys::pcap_direction_t {
        match self {
            Direction::InOut => sys::PCAP_D_INOUT,
            Direction::In => sys::PCAP_D_IN,
            Direction::Out => sys::PCAP_D_OUT,
        }
    }
}

/// Prints the direction in the form that tcpdump's `-Q` accepts: `inout`, `in` or `out`.
impl fmt::Display for Direction {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Direction::InOut => "inout",
            Direction::In => "in",
            Direction::Out => "out",
        })
    }
}

/// Parses `inout`, `in` or `out`, ignoring case.
impl FromStr for Direction {
    type Err = Error;

    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the string is not `inout`, `in` or `out`.
    #[inline]
    fn from_str(name: &str) -> Result<Direction, Error> {
        [Direction::InOut, Direction::In, Direction::Out]
            .into_iter()
            .find(|direction| direction.to_string().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                Error::cannot(
                    ErrorKind::InvalidArgument,
                    "parse direction",
                    name.to_owned(),
                    "expected `in`, `out` or `inout`",
                )
            })
    }
}
