//! Creates times from numbers and the clock, and returns their parts.

use std::time::{Duration, SystemTime};

use super::{NANOS_PER_SEC, Precision, Timestamp};

/// # Values
impl Timestamp {
    /// The epoch, 1970-01-01 00:00:00 UTC.
    pub const EPOCH: Timestamp = Timestamp { secs: 0, nanos: 0 };

    /// The earliest time that a `Timestamp` can represent.
    pub const MIN: Timestamp = Timestamp {
        secs: i64::MIN,
        nanos: 0,
    };

    /// The latest time that a `Timestamp` can represent.
    pub const MAX: Timestamp = Timestamp {
        secs: i64::MAX,
        nanos: NANOS_PER_SEC - 1,
    };

    /// Creates a time from seconds and nanoseconds since the epoch.
    ///
    /// If the nanoseconds are negative or amount to at least one second, they are carried into the seconds. A time that
    /// is out of range becomes [`MIN`](Self::MIN) or [`MAX`](Self::MAX).
    #[must_use]
    #[inline]
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

    /// Creates a time from seconds and microseconds since the epoch. Microseconds outside the range of one second are
    /// carried into the seconds, as in [`new`](Timestamp::new).
    #[must_use]
    #[inline]
    pub const fn from_micros(secs: i64, micros: i64) -> Timestamp {
        const MILLION: i64 = 1_000_000;
        Timestamp::carried(
            secs,
            micros.div_euclid(MILLION),
            micros.rem_euclid(MILLION) as u32 * 1000,
        )
    }

    #[inline]
    const fn carried(secs: i64, more: i64, nanos: u32) -> Timestamp {
        match secs.checked_add(more) {
            Some(secs) => Timestamp { secs, nanos },
            None if more < 0 => Timestamp::MIN,
            None => Timestamp::MAX,
        }
    }

    /// Creates a time from a floating-point number of seconds since the epoch. Returns `None` if the number is not
    /// finite or is out of range.
    ///
    /// If the number is the closest floating-point number to a whole microsecond, the time is that microsecond;
    /// otherwise, the number is rounded to nanoseconds. Without this rule, microseconds would not survive the
    /// conversion to `f64` and back, because for times in this century, an `f64` has a resolution of only about 0.2 µs.
    ///
    /// [`as_secs_f64`](Self::as_secs_f64) returns the same number again, unless the number is more precise than
    /// nanoseconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::Timestamp;
    ///
    /// let t = Timestamp::from_secs_f64(0.999_999_999_9).unwrap();
    /// assert_eq!((t.secs(), t.subsec_nanos()), (1, 0));
    ///
    /// let t = Timestamp::from_secs_f64(1_700_000_000.000_001).unwrap(); // stored as .000_000_954
    /// assert_eq!(t.subsec_nanos(), 1000);
    /// ```
    #[must_use]
    #[inline]
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

    /// Returns the seconds since the epoch as a floating-point number. For times in this century, its resolution is
    /// about 0.2 µs.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.secs as f64 + f64::from(self.nanos) / f64::from(NANOS_PER_SEC)
    }

    /// Returns the current time of the system clock.
    #[must_use]
    pub fn now() -> Timestamp {
        SystemTime::now().into()
    }

    /// Returns the whole seconds since the epoch, negative for times before it.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.secs
    }

    /// Returns the nanoseconds beyond the whole seconds, from 0 to 999 999 999.
    #[must_use]
    pub const fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// Returns the microseconds beyond the whole seconds, from 0 to 999 999. The nanoseconds are truncated, not
    /// rounded; to round, call [`rounded`](Self::rounded) first.
    #[must_use]
    pub const fn subsec_micros(self) -> u32 {
        self.nanos / 1000
    }

    /// Rounds the time to the given precision. Half a microsecond is rounded up. If the rounded time would be out of
    /// range, the time is truncated instead.
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

    /// Returns the duration since `earlier`, or `None` if this time is before `earlier`.
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

    /// Returns the duration since `earlier`, or [`Duration::ZERO`] if this time is before `earlier`.
    #[must_use]
    pub fn saturating_duration_since(self, earlier: Timestamp) -> Duration {
        self.checked_duration_since(earlier).unwrap_or_default()
    }
}
