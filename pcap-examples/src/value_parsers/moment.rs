//! Parses moments: a date with a time, a time of day, or a time after the first packet.

use std::time::Duration;

use jiff::ZonedDateTime;
use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;
use pcap_core::Timestamp;

use super::time::{NANOS_PER_SECOND, SECONDS, nanos};

const EXPECTED: &str = "expected a date and a time (2026-11-28 09:30, 2026-11-28T09:30:00.5Z), a time on the day of \
                        the first packet (09:30, 09:30Z), seconds since 1970, or a time after the first packet (+60s)";

/// A moment on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A date with a time.
    At(Timestamp),
    /// A time on the day of the first packet, in a time zone.
    OnFirstDay(Time, TimeZone),
    /// This long after the first packet.
    AfterFirst(Duration),
}

impl Moment {
    /// Returns the time, given that of the first packet.
    #[must_use]
    pub fn time(&self, first: Timestamp) -> Timestamp {
        match self {
            Moment::At(time) => *time,
            Moment::OnFirstDay(time, zone) => on_day_of(first, *time, zone),
            Moment::AfterFirst(span) => {
                let secs = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
                let nanos = i64::from(first.subsec_nanos()) + i64::from(span.subsec_nanos());
                Timestamp::new(first.secs().saturating_add(secs), nanos)
            }
        }
    }

    /// Returns whether this moment is before another one, or `None` if that depends on the first packet.
    #[must_use]
    pub fn is_before(&self, other: &Moment) -> Option<bool> {
        match (self, other) {
            (Moment::At(a), Moment::At(b)) => Some(a < b),
            (Moment::AfterFirst(a), Moment::AfterFirst(b)) => Some(a < b),
            (Moment::OnFirstDay(a, zone), Moment::OnFirstDay(b, other)) => {
                (zone == other).then_some(a < b)
            }
            _ => None,
        }
    }
}

/// Returns a time on the day of the first packet. A time that clocks skip becomes that after as long a time, and of two
/// equal ones, the first counts.
fn on_day_of(first: Timestamp, time: Time, zone: &TimeZone) -> Timestamp {
    let instant = jiff::Timestamp::from_second(first.secs()).ok();
    let found = instant.and_then(|instant| {
        let date = zone.to_datetime(instant).date();
        date.to_datetime(time).to_zoned_datetime(zone.clone()).ok()
    });
    match found {
        Some(found) => from_nanos(found.timestamp().as_nanosecond()),
        None => None,
    }
    // Calendars end before the times of savefiles. There, the day is that of UTC.
    .unwrap_or_else(|| {
        let since_midnight = time.duration_since(Time::midnight());
        let midnight = first.secs().saturating_sub(first.secs().rem_euclid(86_400));
        let secs = midnight.saturating_add(since_midnight.as_secs());
        Timestamp::new(secs, since_midnight.subsec_nanos().into())
    })
}

/// Parses a moment: a date with a time, in the local time zone (`2026-11-28 09:30`, `2026-11-28 09:30:00.5`) or with
/// another one (`2026-11-28T09:30:00Z`, `2026-11-28 09:30+01:00`), a time on the day of the first packet in the local
/// time zone (`09:30`) or another one (`09:30Z`), seconds since 1970 (`1795858200.5`), or a time after the first packet
/// (`+60s`).
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
    if let Some((time, zone)) = time_of_day(text) {
        return Ok(Moment::OnFirstDay(time, zone));
    }
    let local: DateTime = text.parse().map_err(|_| EXPECTED.to_owned())?;
    let zoned = local.to_zoned_datetime(TimeZone::system());
    let zoned = zoned.map_err(|_| "the time is out of range".to_owned())?;
    at(zoned.timestamp().as_nanosecond())
}

/// Parses a time of day, and its time zone or the local one.
fn time_of_day(text: &str) -> Option<(Time, TimeZone)> {
    // Without colons, it may be a date.
    if !text.get(2..)?.starts_with(':') {
        return None;
    }
    let dated = format!("2000-01-01T{text}");
    let pieces = Pieces::parse(&dated).ok()?;
    let zone = match (pieces.to_time_zone().ok()?, pieces.to_numeric_offset()) {
        (Some(zone), None) => zone,
        (None, Some(offset)) => offset.to_time_zone(),
        (None, None) => TimeZone::system(),
        // They need not agree on all days.
        (Some(_), Some(_)) => return None,
    };
    Some((pieces.time()?, zone))
}

/// Returns the moment this many nanoseconds after 1970.
fn at(nanos: i128) -> Result<Moment, String> {
    let time = from_nanos(nanos).ok_or("the time is out of range")?;
    Ok(Moment::At(time))
}

/// Returns the time this many nanoseconds after 1970.
fn from_nanos(nanos: i128) -> Option<Timestamp> {
    let secs = i64::try_from(nanos.div_euclid(NANOS_PER_SECOND)).ok()?;
    let nanos = nanos.rem_euclid(NANOS_PER_SECOND) as i64;
    Some(Timestamp::new(secs, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Result<(i64, u32), String> {
        match moment(text)? {
            Moment::At(time) => Ok((time.secs(), time.subsec_nanos())),
            relative => panic!("{text} is {relative:?}"),
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
            "25:00",
            "9:30",
            "09:30 CET",
            "09:30+26:00",
            "09:30+01:00[Europe/Berlin]",
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

    #[test]
    fn a_time_without_a_date_is_on_the_day_of_the_first_packet() {
        let utc = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
        let found = |text: &str, first: &str| {
            let first = Timestamp::new(utc(first).as_second(), 5);
            let time = moment(text).unwrap().time(first);
            let nanos =
                i128::from(time.secs()) * NANOS_PER_SECOND + i128::from(time.subsec_nanos());
            jiff::Timestamp::from_nanosecond(nanos).unwrap().to_string()
        };
        for (text, first, expected) in [
            ("09:30Z", "2026-11-28T23:59:59Z", "2026-11-28T09:30:00Z"),
            (
                "09:30:00.25z",
                "1969-12-31T00:00:00Z",
                "1969-12-31T09:30:00.25Z",
            ),
            // The first packet is of the next day there.
            (
                "09:30+02:00",
                "2026-11-28T23:00:00Z",
                "2026-11-29T07:30:00Z",
            ),
            (
                "09:30[Europe/Berlin]",
                "2026-11-28T22:59:59Z",
                "2026-11-28T08:30:00Z",
            ),
            (
                "09:30[Europe/Berlin]",
                "2026-11-28T23:00:00Z",
                "2026-11-29T08:30:00Z",
            ),
            // Clocks go from 02:00 to 03:00, and from 03:00 to 02:00.
            (
                "01:59[Europe/Berlin]",
                "2026-03-29T12:00:00Z",
                "2026-03-29T00:59:00Z",
            ),
            (
                "02:30[Europe/Berlin]",
                "2026-03-29T12:00:00Z",
                "2026-03-29T01:30:00Z",
            ),
            (
                "03:30[Europe/Berlin]",
                "2026-03-29T12:00:00Z",
                "2026-03-29T01:30:00Z",
            ),
            (
                "02:30[Europe/Berlin]",
                "2026-10-25T12:00:00Z",
                "2026-10-25T00:30:00Z",
            ),
            (
                "03:00[Europe/Berlin]",
                "2026-10-25T12:00:00Z",
                "2026-10-25T02:00:00Z",
            ),
            (
                "23:30[Europe/Berlin]",
                "2026-10-24T22:00:00Z",
                "2026-10-25T22:30:00Z",
            ),
        ] {
            assert_eq!(found(text, first), expected, "{text} {first}");
        }
        // Calendars end before these times.
        for secs in [i64::MIN, i64::MAX] {
            let time = moment("00:00:01Z").unwrap().time(Timestamp::new(secs, 0));
            assert!(time.secs().abs_diff(secs) <= 86_400);
        }
    }

    #[test]
    fn moments_of_one_kind_are_compared() {
        let is_before = |a: &str, b: &str| moment(a).unwrap().is_before(&moment(b).unwrap());
        assert_eq!(is_before("10", "11"), Some(true));
        assert_eq!(is_before("+10", "+10"), Some(false));
        assert_eq!(is_before("23:00", "01:00"), Some(false));
        assert_eq!(is_before("23:00Z", "01:00+01:00"), None);
        assert_eq!(is_before("+1", "1"), None);
    }
}
