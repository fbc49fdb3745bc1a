//! Points in time in seconds and nanoseconds since the epoch, as packets carry them.

mod arithmetic;
mod precision;
mod rfc3339;
mod system_time;
mod text;

use std::time::{Duration, SystemTime};

pub use precision::Precision;
pub use rfc3339::Rfc3339;

const NANOS_PER_SEC: u32 = 1_000_000_000;

/// A point in time: seconds and *nanoseconds* since 1970-01-01 00:00:00 UTC, whatever the precision
/// of the capture or savefile.
///
/// The nanoseconds are always below one second. Times before the epoch have negative seconds, from
/// which the nanoseconds count forward.
///
/// Nothing overflows: a result out of range is [`MIN`](Self::MIN) or [`MAX`](Self::MAX), or `None`
/// from the `checked_` methods. `+` and `-` take a [`Duration`].
///
/// `Display` writes seconds with nine decimals. [`FromStr`](std::str::FromStr) parses seconds with at most nine.
///
/// # Examples
///
/// ```
/// use pcap_core::Timestamp;
/// use std::time::SystemTime;
///
/// let t = Timestamp::new(1_700_000_000, 1_500_000_000); // carried into the seconds
/// assert_eq!((t.secs(), t.subsec_nanos()), (1_700_000_001, 500_000_000));
/// assert_eq!(t.to_string(), "1700000001.500000000");
///
/// let clock = SystemTime::try_from(t)?;
/// assert_eq!(Timestamp::from(clock), t);
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Parts")
)]
pub struct Timestamp {
    secs: i64,
    nanos: u32,
}

impl Timestamp {
    /// The epoch, 1970-01-01 00:00:00 UTC.
    pub const EPOCH: Timestamp = Timestamp { secs: 0, nanos: 0 };

    /// The earliest time.
    pub const MIN: Timestamp = Timestamp {
        secs: i64::MIN,
        nanos: 0,
    };

    /// The latest time.
    pub const MAX: Timestamp = Timestamp {
        secs: i64::MAX,
        nanos: NANOS_PER_SEC - 1,
    };

    /// Creates a time from seconds and nanoseconds. Nanoseconds beyond a second, and negative ones,
    /// are carried into the seconds; a time out of range becomes [`MIN`](Self::MIN) or
    /// [`MAX`](Self::MAX).
    #[must_use]
    pub const fn new(secs: i64, nanos: i64) -> Timestamp {
        const BILLION: i64 = NANOS_PER_SEC as i64;
        if nanos >= 0 && nanos < BILLION {
            return Timestamp {
                secs,
                nanos: nanos as u32,
            };
        }
        Timestamp::carried(
            secs,
            nanos.div_euclid(BILLION),
            nanos.rem_euclid(BILLION) as u32,
        )
    }

    /// Creates a time from seconds and microseconds, carried as in [`new`](Timestamp::new).
    #[must_use]
    pub const fn from_micros(secs: i64, micros: i64) -> Timestamp {
        const MILLION: i64 = 1_000_000;
        Timestamp::carried(
            secs,
            micros.div_euclid(MILLION),
            micros.rem_euclid(MILLION) as u32 * 1000,
        )
    }

    const fn carried(secs: i64, more: i64, nanos: u32) -> Timestamp {
        match secs.checked_add(more) {
            Some(secs) => Timestamp { secs, nanos },
            None if more < 0 => Timestamp::MIN,
            None => Timestamp::MAX,
        }
    }

    /// Creates a time from seconds as a floating-point number. If the number is the nearest to a
    /// whole microsecond, the time is that microsecond; otherwise it is the nearest nanosecond.
    /// Returns `None` for a number that is not finite or out of range.
    ///
    /// A floating-point number resolves times of this century to about 0.2 µs. So the number
    /// nearest to 1 µs after a second is below that, and the time is nevertheless 1 µs after the
    /// second. [`as_secs_f64`](Self::as_secs_f64) returns the same number again, unless it is finer
    /// than nanoseconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::Timestamp;
    ///
    /// let t = Timestamp::from_secs_f64(0.999_999_999_9).unwrap();
    /// assert_eq!((t.secs(), t.subsec_nanos()), (1, 0));
    ///
    /// let t = Timestamp::from_secs_f64(1_700_000_000.000_001).unwrap(); // .000_000_954 as a number
    /// assert_eq!(t.subsec_nanos(), 1000);
    /// ```
    #[must_use]
    pub fn from_secs_f64(secs: f64) -> Option<Timestamp> {
        // 2⁶³, exact as a float: the first value beyond `i64`. Floats near it have no fraction.
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        if !(-LIMIT..LIMIT).contains(&secs) {
            return None;
        }
        let whole = secs.floor();
        let fraction = secs - whole;
        let micros = Timestamp::from_micros(whole as i64, (fraction * 1e6).round() as i64);
        if micros.as_secs_f64() == secs {
            return Some(micros);
        }
        let nanos = (fraction * f64::from(NANOS_PER_SEC)).round();
        Some(Timestamp::new(whole as i64, nanos as i64))
    }

    /// Returns the time as seconds in a floating-point number, which is exact to about 0.2 µs for
    /// times of this century.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.secs as f64 + f64::from(self.nanos) / f64::from(NANOS_PER_SEC)
    }

    /// Returns the current time of the system's clock.
    #[must_use]
    pub fn now() -> Timestamp {
        SystemTime::now().into()
    }

    /// Returns the whole seconds since the epoch.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.secs
    }

    /// Returns the nanoseconds beyond the whole seconds, 0 to 999 999 999.
    #[must_use]
    pub const fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// Returns the microseconds beyond the whole seconds, 0 to 999 999: truncated, not rounded. To
    /// round, call [`rounded`](Self::rounded) first.
    #[must_use]
    pub const fn subsec_micros(self) -> u32 {
        self.nanos / 1000
    }

    /// Rounds to the nearest time of a precision; half a microsecond rounds up. Truncates if the
    /// next microsecond is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Precision, Timestamp};
    ///
    /// let t = Timestamp::new(1, 999_999_500);
    /// assert_eq!(t.rounded(Precision::Micro), Timestamp::new(2, 0));
    /// assert_eq!(t.rounded(Precision::Nano), t);
    /// ```
    #[must_use]
    pub const fn rounded(self, precision: Precision) -> Timestamp {
        let unit = precision.nanos() as u32;
        let nanos = (self.nanos + unit / 2) / unit * unit;
        if nanos < NANOS_PER_SEC {
            return Timestamp {
                secs: self.secs,
                nanos,
            };
        }
        match self.secs.checked_add(1) {
            Some(secs) => Timestamp { secs, nanos: 0 },
            None => Timestamp {
                secs: self.secs,
                nanos: NANOS_PER_SEC - unit,
            },
        }
    }

    /// Returns the duration since `earlier`; `None` if this time is before it.
    #[must_use]
    pub fn checked_duration_since(self, earlier: Timestamp) -> Option<Duration> {
        if self < earlier {
            return None;
        }
        let mut secs = self.secs.abs_diff(earlier.secs);
        let mut nanos = self.nanos;
        if nanos < earlier.nanos {
            secs -= 1;
            nanos += NANOS_PER_SEC;
        }
        Some(Duration::new(secs, nanos - earlier.nanos))
    }

    /// Returns the duration since `earlier`; [`Duration::ZERO`] if this time is before it.
    #[must_use]
    pub fn saturating_duration_since(self, earlier: Timestamp) -> Duration {
        self.checked_duration_since(earlier).unwrap_or_default()
    }
}

/// A time as deserialized, with any number of nanoseconds.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(rename = "Timestamp")]
struct Parts {
    secs: i64,
    nanos: u32,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for Timestamp {
    type Error = &'static str;

    fn try_from(Parts { secs, nanos }: Parts) -> Result<Timestamp, &'static str> {
        if nanos >= NANOS_PER_SEC {
            return Err("expected less than a second of nanoseconds");
        }
        Ok(Timestamp { secs, nanos })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn carries_both_ways_and_saturates() {
        assert_eq!(Timestamp::new(1, -1), Timestamp::new(0, 999_999_999));
        assert_eq!(Timestamp::from_micros(0, 1_000_000), Timestamp::new(1, 0));
        assert_eq!(
            Timestamp::from_micros(0, -1),
            Timestamp::new(-1, 999_999_000)
        );
        assert_eq!(Timestamp::new(i64::MAX, i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::new(i64::MIN, i64::MIN), Timestamp::MIN);
    }

    /// Numbers at which the arithmetic may wrap, carry or stop.
    const EDGES: [i64; 17] = [
        i64::MIN,
        i64::MIN + 1,
        -(1 << 62),
        -1_000_000_001,
        -1_000_000_000,
        -999_999_999,
        -1_000_000,
        -1,
        0,
        1,
        999_999,
        1_000_000,
        999_999_999,
        1_000_000_000,
        1 << 62,
        i64::MAX - 1,
        i64::MAX,
    ];

    /// Returns a time in nanoseconds.
    fn total(t: Timestamp) -> i128 {
        assert!(t.nanos < NANOS_PER_SEC);
        i128::from(t.secs) * 1_000_000_000 + i128::from(t.nanos)
    }

    /// Returns the time at a number of nanoseconds, if it is in range.
    fn checked(nanos: i128) -> Option<Timestamp> {
        let secs = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
        Some(Timestamp::new(secs, nanos.rem_euclid(1_000_000_000) as i64))
    }

    fn saturated(nanos: i128) -> Timestamp {
        let end = [Timestamp::MAX, Timestamp::MIN][usize::from(nanos < 0)];
        checked(nanos).unwrap_or(end)
    }

    fn times() -> impl Iterator<Item = Timestamp> {
        let nanos = [0, 1, 499, 500, 999, 999_999_499, 999_999_500, 999_999_999];
        let pairs = EDGES.iter().flat_map(move |s| nanos.map(|n| (*s, n)));
        pairs.map(|(secs, nanos)| Timestamp::new(secs, nanos))
    }

    #[test]
    fn constructors_are_right_at_all_edges() {
        let exact = |secs: i64, unit: i64, n: i64| {
            i128::from(secs) * 1_000_000_000 + i128::from(unit) * i128::from(n)
        };
        for secs in EDGES {
            for n in EDGES {
                assert_eq!(Timestamp::new(secs, n), saturated(exact(secs, 1, n)));
                let micros = Timestamp::from_micros(secs, n);
                assert_eq!(micros, saturated(exact(secs, 1000, n)), "{secs} {n}");
            }
        }
        for (a, b) in times().flat_map(|a| times().map(move |b| (a, b))) {
            assert_eq!(a.cmp(&b), total(a).cmp(&total(b)));
        }
    }

    #[test]
    fn arithmetic_is_right_at_all_edges() {
        let secs = [0, 1, 1 << 62, (1 << 63) - 1, 1 << 63, u64::MAX];
        let nanos = [0, 1, 500_000_000, 999_999_999];
        for time in times() {
            for duration in secs
                .iter()
                .flat_map(|s| nanos.map(|n| Duration::new(*s, n)))
            {
                let length = duration.as_nanos() as i128;
                let (sum, difference) = (total(time) + length, total(time) - length);
                assert_eq!(time.checked_add(duration), checked(sum), "{time} {length}");
                assert_eq!(
                    time.checked_sub(duration),
                    checked(difference),
                    "{time} {length}"
                );
                assert_eq!(time + duration, saturated(sum));
                assert_eq!(time - duration, saturated(difference));
                let (mut later, mut earlier) = (time, time);
                later += duration;
                earlier -= duration;
                assert_eq!((later, earlier), (time + duration, time - duration));
            }
            for other in times() {
                let since = total(time) - total(other);
                let found = time.checked_duration_since(other);
                assert_eq!(found.is_some(), since >= 0);
                let found = time.saturating_duration_since(other);
                assert_eq!(found.as_nanos() as i128, since.max(0), "{time} {other}");
            }
        }
    }

    #[test]
    fn rounding_is_to_the_nearest_microsecond() {
        for time in times() {
            assert_eq!(time.rounded(Precision::Nano), time);
            let rounded = time.rounded(Precision::Micro);
            assert_eq!(rounded.nanos % 1000, 0);
            let nearest = (total(time) + 500).div_euclid(1000) * 1000;
            let last = total(Timestamp::MAX) - 999;
            assert_eq!(total(rounded), nearest.min(last), "{time}");
        }
    }

    #[test]
    fn floats_reach_to_the_ends_of_the_range() {
        let limit = 2_f64.powi(63);
        assert_eq!(Timestamp::from_secs_f64(-limit), Some(Timestamp::MIN));
        let last = f64::from_bits(limit.to_bits() - 1);
        let time = Timestamp::from_secs_f64(last).unwrap();
        assert_eq!((time.as_secs_f64(), time.nanos), (last, 0));
        for beyond in [
            limit,
            -f64::from_bits(limit.to_bits() + 1),
            f64::MAX,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ] {
            assert_eq!(Timestamp::from_secs_f64(beyond), None, "{beyond}");
        }
    }

    #[test]
    fn what_prints_is_read() {
        for time in times() {
            assert_eq!(
                time.to_string().parse::<Timestamp>().unwrap(),
                time,
                "{time}"
            );
        }
        for (text, time) in [
            ("0", Timestamp::EPOCH),
            ("-0", Timestamp::EPOCH),
            ("+1.5", Timestamp::new(1, 500_000_000)),
            ("-0.000000001", Timestamp::new(-1, 999_999_999)),
            ("00000000000000000000007.000000007", Timestamp::new(7, 7)),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap(), time, "{text}");
        }
        for text in [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "1.0000000001",
            " 1",
            "1 ",
            "--1",
            "+-1",
            "1e3",
            "\u{0661}",
            "9223372036854775808",
            "-9223372036854775808.000000001",
            "18446744073709551616",
        ] {
            let error = text.parse::<Timestamp>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text}");
        }
    }

    // Shows: parity/seconds-seconds-microseconds-never
    #[test]
    fn lost_meaning_no_slip_of_1_000_000_microseconds() {
        let t = Timestamp::from_secs_f64(5.999_999_999_99).unwrap();
        assert_eq!((t.secs(), t.subsec_micros()), (6, 0));
        assert_eq!(Timestamp::from_secs_f64(f64::NAN), None);
        assert_eq!(Timestamp::from_secs_f64(1e300), None);
    }

    #[test]
    fn prints_negative_times_as_numbers() {
        assert_eq!(Timestamp::new(-1, 750_000_000).to_string(), "-0.250000000");
        assert_eq!(Timestamp::new(-2, 0).to_string(), "-2.000000000");
        assert_eq!(Timestamp::new(i64::MIN, 1).to_string().len(), 30);
    }

    #[test]
    fn differences_and_sums() {
        let a = Timestamp::new(10, 900_000_000);
        let b = a.checked_add(Duration::from_millis(200)).unwrap();
        assert_eq!(b, Timestamp::new(11, 100_000_000));
        assert_eq!(
            b.checked_duration_since(a),
            Some(Duration::from_millis(200))
        );
        assert_eq!(a.checked_duration_since(b), None);
    }
}
