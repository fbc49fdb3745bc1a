//! Parses moments: a date with a time, or a time after the first packet.

use std::time::Duration;

use jiff::ZonedDateTime;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use pcap_core::Timestamp;

use super::time::{NANOS_PER_SECOND, SECONDS, nanos};

const EXPECTED: &str = "expected a date and a time (2026-11-28 09:30, 2026-11-28T09:30:00.5Z), seconds since 1970, \
                        or a time after the first packet (+60s)";

/// A moment on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A date with a time.
    At(Timestamp),
    /// This long after the first packet.
    AfterFirst(Duration),
}

impl Moment {
    /// Returns the time, given that of the first packet.
    #[must_use]
    pub fn time(self, first: Timestamp) -> Timestamp {
        match self {
            Moment::At(time) => time,
            Moment::AfterFirst(span) => {
                let secs = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
                let nanos = i64::from(first.subsec_nanos()) + i64::from(span.subsec_nanos());
                Timestamp::new(first.secs().saturating_add(secs), nanos)
            }
        }
    }
}

/// Parses a moment: a date with a time, in the local time zone (`2026-11-28 09:30`, `2026-11-28 09:30:00.5`) or with
/// another one (`2026-11-28T09:30:00Z`, `2026-11-28 09:30+01:00`), seconds since 1970 (`1795858200.5`), or a time after
/// the first packet (`+60s`).
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn moment(text: &str) -> Result<Moment, String> {
    if let Some(span) = text.strip_prefix('+') {
        return super::seconds(span).map(Moment::AfterFirst);
    }
    let is_number = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_number {
        let nanos = nanos(text, &SECONDS).map_err(|_| EXPECTED.to_owned())?;
        return at(nanos);
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return at(time.as_nanosecond());
    }
    if let Ok(time) = text.parse::<ZonedDateTime>() {
        return at(time.timestamp().as_nanosecond());
    }
    let local: DateTime = text.parse().map_err(|_| EXPECTED.to_owned())?;
    let zoned = local.to_zoned_datetime(TimeZone::system());
    let zoned = zoned.map_err(|_| "the time is out of range".to_owned())?;
    at(zoned.timestamp().as_nanosecond())
}

/// Returns the moment this many nanoseconds after 1970.
fn at(nanos: i128) -> Result<Moment, String> {
    let secs = i64::try_from(nanos.div_euclid(NANOS_PER_SECOND));
    let secs = secs.map_err(|_| "the time is out of range".to_owned())?;
    let nanos = nanos.rem_euclid(NANOS_PER_SECOND) as i64;
    Ok(Moment::At(Timestamp::new(secs, nanos)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Result<(i64, u32), String> {
        match moment(text)? {
            Moment::At(time) => Ok((time.secs(), time.subsec_nanos())),
            Moment::AfterFirst(span) => panic!("{text} is {span:?} after the first packet"),
        }
    }

    #[test]
    fn dates_have_a_time_zone_or_are_local() {
        for (text, expected) in [
            ("2026-11-28T09:30:00Z", (1_795_858_200, 0)),
            ("2026-11-28t09:30z", (1_795_858_200, 0)),
            ("2026-11-28 10:30:00.5+01:00", (1_795_858_200, 500_000_000)),
            ("2026-11-28T10:30[+01:00]", (1_795_858_200, 0)),
            ("1795858200.000000001", (1_795_858_200, 1)),
            ("0", (0, 0)),
            ("1969-12-31T23:59:59.25Z", (-1, 250_000_000)),
        ] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        let zone = TimeZone::system();
        for text in ["2026-11-28 09:30", "2026-11-28T09:30:00", "2026-11-28"] {
            let date: DateTime = text.parse().unwrap();
            let zoned = date.to_zoned_datetime(zone.clone()).unwrap();
            assert_eq!(seconds(text), Ok((zoned.timestamp().as_second(), 0)));
        }
        for text in [
            "",
            "-1",
            "noon",
            "09:30",
            "2026-11-31",
            "2026-11-28 25:00",
            "1e9",
            "1.2.3",
            ".",
            "99999999999999999999999",
            "2026-11-28 09:30 CET",
        ] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_may_be_relative_to_the_first_packet() {
        let first = Timestamp::new(10, 900_000_000);
        let after = |text: &str| moment(text).map(|moment| moment.time(first));
        assert_eq!(after("+60s"), Ok(Timestamp::new(70, 900_000_000)));
        assert_eq!(after("+0.2"), Ok(Timestamp::new(11, 100_000_000)));
        assert_eq!(after("+1h"), Ok(Timestamp::new(3610, 900_000_000)));
        assert_eq!(after("10"), Ok(Timestamp::new(10, 0)));
        assert!(after("+").is_err() && after("+-1").is_err());
    }
}
