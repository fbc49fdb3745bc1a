//! The precision of timestamps.

use std::fmt;
use std::str::FromStr;

#[allow(unused_imports)] // for the documentation
use super::Timestamp;
use crate::error::{Error, ErrorKind};

/// The precision of the timestamps of a capture or savefile.
///
/// A [`Timestamp`] always contains nanoseconds; with [`Micro`](Precision::Micro), the last three digits are zero.
///
/// # Examples
///
/// ```
/// use pcap_core::Precision;
///
/// assert_eq!("micro".parse::<Precision>()?, Precision::Micro);
/// assert_eq!(Precision::Nano.to_string(), "nano");
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Precision {
    /// Microseconds.
    Micro,
    /// Nanoseconds, the default.
    #[default]
    Nano,
}

impl Precision {
    /// Returns the number of nanoseconds in one unit of this precision.
    pub(crate) const fn nanos(self) -> i64 {
        match self {
            Precision::Micro => 1000,
            Precision::Nano => 1,
        }
    }
}

/// Prints the precision in the form that tcpdump's `--time-stamp-precision` accepts: `micro` or `nano`.
impl fmt::Display for Precision {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Precision::Micro => "micro",
            Precision::Nano => "nano",
        })
    }
}

/// Parses `micro` or `nano`, ignoring case.
impl FromStr for Precision {
    type Err = Error;

    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the string is neither `micro` nor `nano`.
    #[inline]
    fn from_str(name: &str) -> Result<Precision, Error> {
        [Precision::Micro, Precision::Nano]
            .into_iter()
            .find(|precision| precision.to_string().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                Error::cannot(
                    ErrorKind::InvalidArgument,
                    "parse precision",
                    name.to_owned(),
                    "expected `micro` or `nano`",
                )
            })
    }
}
