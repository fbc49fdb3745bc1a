//! Parses an amount by which to shift packet times.

use pcap_core::Timestamp;
use pcap_core::pcapng::Resolution;

use super::time::{NANOS_PER_SECOND, SECONDS, nanos};

/// A signed amount of time to add to packet times, with nanosecond precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeShift {
    secs: i64,
    nanos: i64,
}

impl TimeShift {
    /// Adds the amount to a time, saturating at the bounds of [`Timestamp`].
    #[must_use]
    pub fn apply(self, time: Timestamp) -> Timestamp {
        let secs = time.secs().saturating_add(self.secs);
        Timestamp::new(secs, i64::from(time.subsec_nanos()) + self.nanos)
    }

    /// Returns the amount in nanoseconds.
    #[must_use]
    pub fn nanos(self) -> i128 {
        i128::from(self.secs) * NANOS_PER_SECOND + i128::from(self.nanos)
    }

    /// Returns the amount in the ticks of an interface, or `None` if it is not a whole number of them.
    #[must_use]
    pub fn ticks(self, resolution: Resolution) -> Option<i128> {
        let per_second = i128::from(resolution.ticks_per_second()?);
        let ticks = self.nanos().checked_mul(per_second)?;
        (ticks % NANOS_PER_SECOND == 0).then_some(ticks / NANOS_PER_SECOND)
    }

    /// Returns whether the amount is a whole number of microseconds.
    #[must_use]
    pub fn is_micros(self) -> bool {
        self.nanos % 1000 == 0
    }
}

/// Parses the number of an input, counted from 1, with a signed time: `2=-1.5s`.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn numbered_time_shift(text: &str) -> Result<(usize, TimeShift), String> {
    let parts = text.split_once('=');
    let number = parts.and_then(|(number, _)| number.parse().ok());
    match (number, parts) {
        (Some(number @ 1..), Some((_, time))) => Ok((number, time_shift(time)?)),
        _ => Err("expected N=TIME, where N is the number of an input, counted from 1".to_owned()),
    }
}

/// Parses a signed time, in seconds unless it has a unit: `3600`, `-0.000000001`, `+1h`.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn time_shift(text: &str) -> Result<TimeShift, String> {
    let nanos = nanos(text, &SECONDS)?;
    let secs = i64::try_from(nanos / NANOS_PER_SECOND)
        .map_err(|_| "the time is out of range".to_owned())?;
    Ok(TimeShift {
        secs,
        nanos: (nanos % NANOS_PER_SECOND) as i64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_are_exact() {
        let shifted = |text: &str| time_shift(text).map(|by| by.apply(Timestamp::new(10, 5)));
        for (text, secs, nanos) in [
            ("0", 10, 5),
            ("+1.5", 11, 500_000_005),
            ("-1.5", 8, 500_000_005),
            ("-0.000000006", 9, 999_999_999),
            (".1", 10, 100_000_005),
            ("-3600.", -3590, 5),
            ("0.1000000000000", 10, 100_000_005),
            ("9223372036854775807", i64::MAX, 5),
            ("-1h", -3590, 5),
            ("+1ns", 10, 6),
        ] {
            assert_eq!(shifted(text), Ok(Timestamp::new(secs, nanos)), "{text}");
        }
        for text in [
            "",
            "-",
            ".",
            "1e3",
            "1.0000000001",
            "--1",
            "9223372036854775808",
            "1,5",
        ] {
            assert!(time_shift(text).is_err(), "{text}");
        }
        assert_eq!(
            numbered_time_shift("2=+1.5h"),
            Ok((2, time_shift("5400").unwrap()))
        );
        for text in ["", "1h", "0=1h", "-1=1h", "x=1h", "1=", "1=soon"] {
            assert!(numbered_time_shift(text).is_err(), "{text}");
        }
        let ticks = |text: &str, resolution| time_shift(text).unwrap().ticks(resolution);
        assert_eq!(ticks("-1.5", Resolution::MICRO), Some(-1_500_000));
        assert_eq!(ticks("1ns", Resolution::MICRO), None);
        assert!(time_shift("1.000001").unwrap().is_micros());
        assert!(!time_shift("1.0000011").unwrap().is_micros());
    }
}
