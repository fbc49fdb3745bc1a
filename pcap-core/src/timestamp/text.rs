//! Formats and parses times as decimal numbers of seconds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{NANOS_PER_SEC, Timestamp};
use crate::error::{Error, ErrorKind};

/// Parses a number of seconds since the epoch: an optional sign, digits, and optionally a decimal point followed by up
/// to nine digits.
///
/// # Examples
///
/// ```
/// use pcap_core::Timestamp;
///
/// let t: Timestamp = "-0.25".parse()?;
/// assert_eq!(t, Timestamp::new(-1, 750_000_000));
/// assert_eq!(t.to_string().parse::<Timestamp>()?, t);
/// # Ok::<(), pcap_core::Error>(())
/// ```
impl FromStr for Timestamp {
    type Err = Error;

    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the string is not such a number, or if the time is out of
    ///   range.
    #[inline]
    fn from_str(text: &str) -> Result<Timestamp, Error> {
        let refuse = |why: &str| {
            let text = text.to_owned();
            Error::cannot(ErrorKind::InvalidArgument, "parse time", text, why)
        };
        let (negative, number) = match text.strip_prefix('-') {
            Some(number) => (true, number),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (secs, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let is_number =
            |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number(secs) || !is_number(decimals) || decimals.len() > 9 {
            return Err(refuse("expected seconds with at most nine decimals"));
        }
        let nanos = format!("{decimals:0<9}").parse().unwrap_or(0);
        let secs = secs.trim_start_matches('0');
        let since = match secs {
            "" => Some(0),
            _ => secs.parse().ok(),
        }
        .map(|secs| Duration::new(secs, nanos));
        let time = match negative {
            true => since.and_then(|since| Timestamp::EPOCH.checked_sub(since)),
            false => since.and_then(|since| Timestamp::EPOCH.checked_add(since)),
        };
        time.ok_or_else(|| refuse("the time is out of range"))
    }
}

/// Prints the seconds since the epoch with nine fractional digits, such as `1700000001.500000000`.
impl fmt::Display for Timestamp {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secs < 0 && self.nanos > 0 {
            // -1 s + 750 000 000 ns is the number -0.25.
            let nanos = NANOS_PER_SEC - self.nanos;
            return write!(f, "-{}.{nanos:09}", (self.secs + 1).unsigned_abs());
        }
        write!(f, "{}.{:09}", self.secs, self.nanos)
    }
}
