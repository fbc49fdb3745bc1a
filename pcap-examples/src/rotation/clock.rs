//! When a savefile ends by time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use pcap_core::Timestamp;

/// When a savefile ends by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeLimit {
    /// Each time this period has passed since the start of the capture, as with tcpdump's `-G`.
    Period(Duration),
    /// When the savefile has this age, as with dumpcap's `duration:`.
    Age(Duration),
    /// When the local time is a multiple of this interval, as with dumpcap's `interval:`.
    Aligned(Duration),
}

/// Measures the periods of savefiles.
#[derive(Debug)]
pub(super) struct Clock {
    limit: TimeLimit,
    zone: TimeZone,
    start: Instant,
    /// The number of the current period.
    period: u64,
    /// When an aligned period began, in nanoseconds since 1970. The first one begins in the middle.
    begin: i128,
    /// The end of an aligned period, in nanoseconds since 1970.
    end: i128,
    /// The time that names the savefiles of the period. `None` stands for the time at which a savefile is created.
    name_time: Option<Timestamp>,
}

impl Clock {
    pub(super) fn new(limit: TimeLimit, now: Instant) -> Clock {
        let zone = TimeZone::system();
        let begin = wall_nanos();
        let end = match limit {
            TimeLimit::Aligned(interval) => boundary(&zone, begin, interval, 1),
            TimeLimit::Period(_) | TimeLimit::Age(_) => i128::MAX,
        };
        Clock {
            limit,
            zone,
            start: now,
            period: 0,
            begin,
            end,
            name_time: None,
        }
    }

    /// Returns whether the current period has ended. `created` is when the savefile was created.
    pub(super) fn is_over(&self, now: Instant, created: Option<Instant>) -> bool {
        match self.limit {
            TimeLimit::Period(period) => self.periods(now, period) > u128::from(self.period),
            TimeLimit::Age(age) => created.is_some_and(|at| now.duration_since(at) >= age),
            TimeLimit::Aligned(interval) => self.is_aligned_over(wall_nanos(), interval),
        }
    }

    /// Returns whether an aligned period has ended at this time. If the clock is set back by more than an interval, the
    /// period ends immediately, because its end may be far away. After smaller steps, it becomes longer.
    fn is_aligned_over(&self, time: i128, interval: Duration) -> bool {
        time >= self.end || self.begin - time > interval.as_nanos() as i128
    }

    /// Begins the period of the current time.
    pub(super) fn advance(&mut self, now: Instant) {
        let wall = wall_nanos();
        match self.limit {
            TimeLimit::Age(_) => {}
            TimeLimit::Period(period) => {
                let periods = self.periods(now, period);
                self.period = u64::try_from(periods).unwrap_or(u64::MAX);
                let into = now.duration_since(self.start).as_nanos() % period.as_nanos().max(1);
                self.name_time = Some(timestamp(wall - into as i128));
            }
            TimeLimit::Aligned(interval) => {
                self.period += 1;
                self.begin = wall;
                self.name_time = Some(timestamp(boundary(&self.zone, wall, interval, 0)));
                self.end = boundary(&self.zone, wall, interval, 1).max(wall + 1);
            }
        }
    }

    /// Returns the number of the current period, counted from 0. Without periods, returns 0.
    pub(super) fn period(&self) -> u64 {
        self.period
    }

    /// Returns the time that names a savefile that is created now.
    pub(super) fn name_time(&self) -> Timestamp {
        self.name_time.unwrap_or_else(Timestamp::now)
    }

    fn periods(&self, now: Instant, period: Duration) -> u128 {
        now.duration_since(self.start).as_nanos() / period.as_nanos().max(1)
    }
}

/// Returns the current time in nanoseconds since 1970.
fn wall_nanos() -> i128 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_nanos() as i128,
        Err(error) => -(error.duration().as_nanos() as i128),
    }
}

fn timestamp(nanos: i128) -> Timestamp {
    let secs = nanos.div_euclid(1_000_000_000) as i64;
    Timestamp::new(secs, nanos.rem_euclid(1_000_000_000) as i64)
}

/// Returns a time at which the local time is a multiple of an interval, counted from 1970-01-01 00:00. With `steps` 0,
/// this is the last one up to `time`, and with 1 the next one after it. All times are in nanoseconds since 1970.
///
/// If the local time changes by a multiple of the interval in between, such as by an hour with an interval of 15
/// minutes, all intervals have the same length. Otherwise, the interval with the change is shorter or longer: a day may
/// have 23 or 25 hours.
#[must_use]
pub fn boundary(zone: &TimeZone, time: i128, interval: Duration, steps: i128) -> i128 {
    let interval = (interval.as_nanos() as i128).max(1);
    let offset = offset(zone, time);
    let multiple = ((time + offset).div_euclid(interval) + steps).saturating_mul(interval);
    let simple = multiple - offset;
    if (self::offset(zone, simple) - offset) % interval == 0 {
        return simple;
    }
    let local = jiff::Timestamp::from_nanosecond(multiple).map(|t| TimeZone::UTC.to_datetime(t));
    let resolved = local.and_then(|local| zone.to_timestamp(local));
    resolved.map_or(simple, jiff::Timestamp::as_nanosecond)
}

/// Returns the difference between the local time and UTC, in nanoseconds.
fn offset(zone: &TimeZone, time: i128) -> i128 {
    let time = jiff::Timestamp::from_nanosecond(time);
    let seconds = time.map(|time| zone.to_offset(time).seconds());
    i128::from(seconds.unwrap_or(0)) * 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the local times of the boundaries after a time, in hours and minutes, and the minutes between them.
    fn boundaries(from: &str, interval: u64, count: usize) -> Vec<(String, i128)> {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let mut time = from.parse::<jiff::Timestamp>().unwrap().as_nanosecond();
        let interval = Duration::from_secs(interval);
        let mut found = Vec::new();
        for _ in 0..count {
            let next = boundary(&zone, time, interval, 1);
            let shown = jiff::Timestamp::from_nanosecond(next).unwrap();
            let shown = shown.to_zoned_datetime(zone.clone());
            found.push((
                shown.strftime("%d %H:%M").to_string(),
                (next - time) / 60_000_000_000,
            ));
            assert_eq!(boundary(&zone, next, interval, 0), next);
            time = next;
        }
        found
    }

    fn assert_boundaries(from: &str, interval: u64, expected: &[(&str, i128)]) {
        let expected: Vec<_> = expected.iter().map(|&(t, m)| (t.to_owned(), m)).collect();
        assert_eq!(boundaries(from, interval, expected.len()), expected);
    }

    #[test]
    fn hours_keep_their_length_when_the_clock_is_changed() {
        let autumn = [("25 02:00", 60), ("25 02:00", 60), ("25 03:00", 60)];
        assert_boundaries("2026-10-24T23:00:00Z", 3600, &autumn);
        let spring = [("29 01:00", 60), ("29 03:00", 60), ("29 04:00", 60)];
        assert_boundaries("2026-03-28T23:00:00Z", 3600, &spring);
        let quarters = [("25 02:45", 15), ("25 02:00", 15), ("25 02:15", 15)];
        assert_boundaries("2026-10-25T00:30:00Z", 900, &quarters);
    }

    #[test]
    fn longer_intervals_follow_the_local_time() {
        let day = 86_400;
        let autumn = [("25 00:00", 1440), ("26 00:00", 1500), ("27 00:00", 1440)];
        assert_boundaries("2026-10-23T22:00:00Z", day, &autumn);
        let spring = [("29 00:00", 1440), ("30 00:00", 1380), ("31 00:00", 1440)];
        assert_boundaries("2026-03-27T23:00:00Z", day, &spring);
        let two = [("25 02:00", 120), ("25 04:00", 180), ("25 06:00", 120)];
        assert_boundaries("2026-10-24T22:00:00Z", 7200, &two);
        let two = [("29 03:00", 120), ("29 04:00", 60), ("29 06:00", 120)];
        assert_boundaries("2026-03-28T23:00:00Z", 7200, &two);
    }

    #[test]
    fn every_boundary_is_later_than_the_time() {
        let zone = TimeZone::get("Australia/Lord_Howe").unwrap();
        let start = 1_790_000_000_000_000_000;
        for interval in [1, 7, 60, 1800, 3600, 5400, 86_400, 604_800] {
            let interval = Duration::from_secs(interval);
            for step in 0..3000 {
                let time = start + step * 6_543_210_987_654;
                let next = boundary(&zone, time, interval, 1);
                assert!(next > time, "{time} {interval:?}");
                assert!(boundary(&zone, time, interval, 0) <= time, "{time}");
            }
        }
    }

    #[test]
    fn an_aligned_period_ends_when_the_clock_is_set_back() {
        let hour = Duration::from_secs(3600);
        let clock = Clock::new(TimeLimit::Aligned(hour), Instant::now());
        let minute = 60_000_000_000;
        let is_over = |minutes: i128| clock.is_aligned_over(clock.begin + minutes * minute, hour);
        assert!(!is_over(0) && !is_over(-1) && !is_over(-59));
        assert!(is_over(60) && is_over(-61) && is_over(-24 * 60));
    }

    #[test]
    fn periods_are_counted_from_the_start() {
        let start = Instant::now();
        let period = Duration::from_secs(10);
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut clock = Clock::new(TimeLimit::Period(period), start);
        assert!(!clock.is_over(at(9), None) && clock.is_over(at(10), None));
        clock.advance(at(35));
        assert_eq!(clock.period(), 3);
        assert!(!clock.is_over(at(39), None) && clock.is_over(at(40), None));
        let clock = Clock::new(TimeLimit::Age(period), start);
        assert!(!clock.is_over(at(99), None) && !clock.is_over(at(99), Some(at(90))));
        assert!(clock.is_over(at(99), Some(at(89))));
    }
}
