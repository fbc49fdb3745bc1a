//! The time that a plot shows, in intervals of the same length.

use std::time::Duration;

use jiff::tz::TimeZone;
use pcap_core::Timestamp;

/// The times of a row of numbers: when the first one begins, and how long each lasts.
#[derive(Clone, Debug)]
pub struct TimeSpan {
    /// The beginning of the first interval.
    pub start: Timestamp,
    /// The length of each interval.
    pub interval: Duration,
    /// The time zone of the axis.
    pub zone: TimeZone,
}

const NANOS: i128 = 1_000_000_000;

impl TimeSpan {
    /// Returns the beginning of the interval with this number, in nanoseconds since 1970. Times that no calendar has
    /// are the nearest that one has.
    pub(super) fn at(&self, number: usize) -> i128 {
        let start = i128::from(self.start.secs()) * NANOS + i128::from(self.start.subsec_nanos());
        let (first, last) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
        let start = start.clamp(first.as_nanosecond(), last.as_nanosecond());
        let nanos = self.interval_nanos().saturating_mul(number as i128);
        start.saturating_add(nanos).min(last.as_nanosecond())
    }

    /// Returns the length of an interval in nanoseconds, which is at least one.
    pub(super) fn interval_nanos(&self) -> i128 {
        i128::try_from(self.interval.as_nanos()).map_or(i128::MAX, |nanos| nanos.max(1))
    }

    /// Returns the time of day of a moment, with as many decimals as the interval needs, and the date.
    pub(super) fn moment(&self, nanos: i128) -> String {
        let decimals = match self.interval_nanos() {
            n if n % NANOS == 0 => 0,
            n if n % 1_000_000 == 0 => 3,
            n if n % 1000 == 0 => 6,
            _ => 9,
        };
        let time = jiff::Timestamp::from_nanosecond(nanos).unwrap_or_default();
        let zoned = time.to_zoned_datetime(self.zone.clone());
        match decimals {
            0 => zoned.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            3 => zoned.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string(),
            6 => zoned.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string(),
            _ => zoned.strftime("%Y-%m-%d %H:%M:%S.%9f").to_string(),
        }
    }

    /// Returns the name of the time zone: `UTC`, `Europe/Berlin`, or an abbreviation.
    pub(super) fn zone_name(&self) -> String {
        if self.zone.is_unknown() {
            return "UTC".to_owned();
        }
        if let Some(name) = self.zone.iana_name() {
            return name.to_owned();
        }
        let time = jiff::Timestamp::from_nanosecond(self.at(0)).unwrap_or_default();
        let info = self.zone.to_offset_info(time);
        info.abbreviation().to_owned()
    }
}

/// Returns a length of time in the largest unit that shows it with few digits: `250 ms`, `1.5 s`, `2 min`.
pub(super) fn length(nanos: i128) -> String {
    const UNITS: [(i128, &str); 7] = [
        (86400 * NANOS, "d"),
        (3600 * NANOS, "h"),
        (60 * NANOS, "min"),
        (NANOS, "s"),
        (1_000_000, "ms"),
        (1000, "µs"),
        (1, "ns"),
    ];
    let fits = |(size, _): &(i128, &str)| nanos >= *size && (nanos * 10) % size == 0;
    let (size, name) = UNITS.into_iter().find(fits).unwrap_or((1, "ns"));
    let (whole, tenths) = (nanos / size, nanos * 10 / size % 10);
    match tenths {
        0 => format!("{whole} {name}"),
        _ => format!("{whole}.{tenths} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extreme_times_are_the_nearest_of_the_calendar() {
        for start in [i64::MIN, -1, i64::MAX] {
            for interval in [Duration::ZERO, Duration::MAX] {
                let span = TimeSpan {
                    start: Timestamp::new(start, 0),
                    interval,
                    zone: TimeZone::UTC,
                };
                assert!(span.at(0) <= span.at(usize::MAX));
                assert!(!span.moment(span.at(7)).is_empty());
            }
        }
    }

    #[test]
    fn lengths_have_the_largest_unit() {
        for (nanos, text) in [
            (250, "250 ns"),
            (1_500_000, "1.5 ms"),
            (NANOS, "1 s"),
            (90 * NANOS, "1.5 min"),
            (7 * NANOS / 4, "1750 ms"),
            (86400 * NANOS, "1 d"),
        ] {
            assert_eq!(length(nanos), text);
        }
    }
}
