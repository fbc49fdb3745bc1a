//! Adds durations to times and subtracts them.

use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

use super::{NANOS_PER_SEC, Timestamp};

/// # Durations
impl Timestamp {
    /// Adds a duration. Returns `None` if the result is out of range.
    #[must_use]
    #[inline]
    pub fn checked_add(self, duration: Duration) -> Option<Timestamp> {
        let nanos = self.nanos + duration.subsec_nanos();
        let secs = self
            .secs
            .checked_add_unsigned(duration.as_secs())?
            .checked_add(i64::from(nanos >= NANOS_PER_SEC))?;
        Some(Timestamp {
            secs,
            nanos: nanos % NANOS_PER_SEC,
        })
    }

    /// Subtracts a duration. Returns `None` if the result is out of range.
    #[must_use]
    #[inline]
    pub fn checked_sub(self, duration: Duration) -> Option<Timestamp> {
        let nanos = self.nanos + NANOS_PER_SEC - duration.subsec_nanos();
        let secs = self
            .secs
            .checked_sub_unsigned(duration.as_secs())?
            .checked_sub(i64::from(nanos < NANOS_PER_SEC))?;
        Some(Timestamp {
            secs,
            nanos: nanos % NANOS_PER_SEC,
        })
    }
}

/// Adds a duration. A result that is out of range becomes [`MAX`](Timestamp::MAX).
impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    #[inline]
    fn add(self, duration: Duration) -> Timestamp {
        self.checked_add(duration).unwrap_or(Timestamp::MAX)
    }
}

/// Subtracts a duration. A result that is out of range becomes [`MIN`](Timestamp::MIN).
impl Sub<Duration> for Timestamp {
    type Output = Timestamp;

    #[inline]
    fn sub(self, duration: Duration) -> Timestamp {
        self.checked_sub(duration).unwrap_or(Timestamp::MIN)
    }
}

impl AddAssign<Duration> for Timestamp {
    #[inline]
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl SubAssign<Duration> for Timestamp {
    #[inline]
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}
