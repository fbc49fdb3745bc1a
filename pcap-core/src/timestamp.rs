//! Points in time as packets carry them: seconds and nanoseconds since the epoch.
//!
//! May import: `error`.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::error::{Error, ErrorKind};

const NANOS_PER_SEC: u32 = 1_000_000_000;

/// A point in time: seconds and *nanoseconds* since 1970-01-01 00:00:00 UTC, always, whatever the
/// precision of the capture or savefile it comes from.
///
/// The nanoseconds are always below one second. Times before the epoch have negative seconds and
/// nanoseconds that count forward from them.
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

    /// A time from seconds and nanoseconds. Nanoseconds beyond a second, or negative ones, are
    /// carried into the seconds; at the ends of the range the result stays there.
    #[must_use]
    pub const fn new(secs: i64, nanos: i64) -> Timestamp {
        const BILLION: i64 = NANOS_PER_SEC as i64;
        if nanos >= 0 && nanos < BILLION {
            return Timestamp {
                secs,
                nanos: nanos as u32,
            };
        }
        Timestamp {
            secs: secs.saturating_add(nanos.div_euclid(BILLION)),
            nanos: nanos.rem_euclid(BILLION) as u32,
        }
    }

    /// A time from seconds and microseconds, carried like [`new`](Timestamp::new).
    #[must_use]
    pub const fn from_micros(secs: i64, micros: i64) -> Timestamp {
        const MILLION: i64 = 1_000_000;
        Timestamp {
            secs: secs.saturating_add(micros.div_euclid(MILLION)),
            nanos: micros.rem_euclid(MILLION) as u32 * 1000,
        }
    }

    /// A time from seconds as a floating-point number, rounded to the nearest nanosecond: never
    /// a fraction of a whole second. A number that is not finite or out of range is `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::Timestamp;
    ///
    /// let t = Timestamp::from_secs_f64(0.999_999_999_9).unwrap();
    /// assert_eq!((t.secs(), t.subsec_nanos()), (1, 0));
    /// ```
    #[must_use]
    pub fn from_secs_f64(secs: f64) -> Option<Timestamp> {
        // 2^62 seconds: far inside i64, and exact as a float.
        const LIMIT: f64 = 4_611_686_018_427_387_904.0;
        if !secs.is_finite() || secs.abs() >= LIMIT {
            return None;
        }
        let whole = secs.floor();
        let nanos = ((secs - whole) * f64::from(NANOS_PER_SEC)).round();
        Some(Timestamp::new(whole as i64, nanos as i64))
    }

    /// The time as seconds in a floating-point number: convenient, and exact to about 0.2 µs for
    /// times of this century.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.secs as f64 + f64::from(self.nanos) / f64::from(NANOS_PER_SEC)
    }

    /// The time of the system's clock now.
    #[must_use]
    pub fn now() -> Timestamp {
        SystemTime::now().into()
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.secs
    }

    /// Nanoseconds beyond the whole seconds, 0 to 999 999 999.
    #[must_use]
    pub const fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// Microseconds beyond the whole seconds, 0 to 999 999: cut, not rounded.
    #[must_use]
    pub const fn subsec_micros(self) -> u32 {
        self.nanos / 1000
    }

    /// How long after `earlier` this is; `None` if it is before it.
    #[must_use]
    pub fn checked_duration_since(self, earlier: Timestamp) -> Option<Duration> {
        let borrow = self.nanos < earlier.nanos;
        let secs = self
            .secs
            .checked_sub(earlier.secs)?
            .checked_sub(i64::from(borrow))?;
        let nanos = self.nanos + if borrow { NANOS_PER_SEC } else { 0 } - earlier.nanos;
        Some(Duration::new(u64::try_from(secs).ok()?, nanos))
    }

    /// The time this long after; `None` beyond the range.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Timestamp> {
        let nanos = self.nanos + duration.subsec_nanos();
        let secs = self
            .secs
            .checked_add(i64::try_from(duration.as_secs()).ok()?)?
            .checked_add(i64::from(nanos >= NANOS_PER_SEC))?;
        Some(Timestamp {
            secs,
            nanos: nanos % NANOS_PER_SEC,
        })
    }
}

/// A time as it is read, which may have any number of nanoseconds.
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
            return Err("the nanoseconds are a second or more");
        }
        Ok(Timestamp { secs, nanos })
    }
}

/// `SECONDS.NANOSECONDS`, with nine digits of nanoseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secs < 0 && self.nanos > 0 {
            // -1 s + 750 000 000 ns is written as the number it is: -0.25.
            let nanos = NANOS_PER_SEC - self.nanos;
            return write!(f, "-{}.{nanos:09}", (self.secs + 1).unsigned_abs());
        }
        write!(f, "{}.{:09}", self.secs, self.nanos)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Timestamp {
        // A system clock cannot be further than i64 seconds from the epoch on any platform.
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Timestamp::EPOCH
                .checked_add(after)
                .unwrap_or(Timestamp::new(i64::MAX, 0)),
            Err(before) => {
                let before = before.duration();
                let secs = 0_i64.saturating_sub_unsigned(before.as_secs());
                Timestamp::new(secs, -i64::from(before.subsec_nanos()))
            }
        }
    }
}

impl TryFrom<Timestamp> for SystemTime {
    type Error = Error;

    /// On Windows `SystemTime` counts in 100 nanoseconds, and what is between is cut off.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if the platform's `SystemTime` cannot hold the time, as it may
    /// happen with damaged savefiles.
    fn try_from(t: Timestamp) -> Result<SystemTime, Error> {
        let whole = Duration::from_secs(t.secs.unsigned_abs());
        let base = if t.secs < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(whole)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(whole)
        };
        base.and_then(|base| base.checked_add(Duration::from_nanos(u64::from(t.nanos))))
            .ok_or_else(|| {
                let why = "it is outside of the range of this system's clock";
                Error::cannot(ErrorKind::InvalidArgument, "convert", t.to_string(), why)
            })
    }
}

/// The precision of the timestamps that a capture delivers or a savefile holds.
///
/// [`Timestamp`] is in nanoseconds in either case; with [`Micro`](Precision::Micro) the last three
/// digits are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Precision {
    /// Microseconds.
    Micro,
    /// Nanoseconds.
    #[default]
    Nano,
}

impl Precision {
    /// Nanoseconds in one unit of this precision.
    pub(crate) const fn nanos(self) -> i64 {
        match self {
            Precision::Micro => 1000,
            Precision::Nano => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_both_ways_and_saturates() {
        assert_eq!(Timestamp::new(1, -1), Timestamp::new(0, 999_999_999));
        assert_eq!(Timestamp::from_micros(0, 1_000_000), Timestamp::new(1, 0));
        assert_eq!(
            Timestamp::from_micros(0, -1),
            Timestamp::new(-1, 999_999_000)
        );
        assert_eq!(Timestamp::new(i64::MAX, i64::MAX).secs(), i64::MAX);
        assert_eq!(Timestamp::new(i64::MIN, i64::MIN).secs(), i64::MIN);
    }

    #[test]
    fn converts_to_and_from_the_system_clock() {
        // Some systems' clocks count in 100 ns.
        let nano = SystemTime::UNIX_EPOCH + Duration::from_nanos(1);
        let unit = if nano > SystemTime::UNIX_EPOCH {
            1
        } else {
            100
        };
        for t in [
            Timestamp::new(-1, unit),
            Timestamp::new(0, 0),
            Timestamp::new(4_026_531_840, 1_000_000_000 - unit),
        ] {
            assert_eq!(Timestamp::from(SystemTime::try_from(t).unwrap()), t);
        }
        // Some systems' clocks hold these, others do not: neither may panic.
        for t in [
            Timestamp::new(i64::MAX, 999_999_999),
            Timestamp::new(i64::MIN, 0),
        ] {
            if let Ok(clock) = SystemTime::try_from(t) {
                assert_eq!(Timestamp::from(clock), t);
            }
        }
    }

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
