//! The timestamps of packets: points in time in seconds and nanoseconds since the epoch.

// rustdoc lists the methods of `Timestamp` in the order of these modules.
mod value;

mod arithmetic;
mod precision;
mod rfc3339;
mod system_time;
mod text;

pub use precision::Precision;
pub use rfc3339::Rfc3339;

const NANOS_PER_SEC: u32 = 1_000_000_000;

/// A point in time: seconds and *nanoseconds* since 1970-01-01 00:00:00 UTC, regardless of the precision of the capture
/// or savefile.
///
/// The nanoseconds are always less than one second. A time before the epoch has negative seconds, from which the
/// nanoseconds count forward: −0.25 s is −1 s and 750 000 000 ns.
///
/// [`Duration`](std::time::Duration)s can be added and subtracted. Calculations never overflow: if the result is out of
/// range, the `checked_` methods return `None`, and all other operations return [`MIN`](Self::MIN) or
/// [`MAX`](Self::MAX).
///
/// `Display` writes the seconds with nine fractional digits. [`FromStr`](std::str::FromStr) parses seconds with up to
/// nine fractional digits. For dates, see [`rfc3339`](Self::rfc3339).
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

/// A deserialized time whose nanoseconds have not been checked yet.
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
            return Err("expected at most 999999999 nanoseconds");
        }
        Ok(Timestamp { secs, nanos })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        // 2⁶³. The precision of `powi` is unspecified.
        let limit = 9_223_372_036_854_775_808_f64;
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
