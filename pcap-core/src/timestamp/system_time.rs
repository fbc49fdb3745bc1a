//! Conversion to and from `SystemTime`.

use std::time::{Duration, SystemTime};

use super::Timestamp;
use crate::error::{Error, ErrorKind};

impl From<SystemTime> for Timestamp {
    #[inline]
    fn from(time: SystemTime) -> Timestamp {
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Timestamp::EPOCH + after,
            Err(before) => Timestamp::EPOCH - before.duration(),
        }
    }
}

impl TryFrom<Timestamp> for SystemTime {
    type Error = Error;

    /// Converts the time. On Windows, it is truncated to a multiple of 100 nanoseconds, the resolution of `SystemTime`.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the time is out of range for the platform's `SystemTime`,
    ///   as in damaged savefiles.
    #[inline]
    fn try_from(t: Timestamp) -> Result<SystemTime, Error> {
        let whole = Duration::from_secs(t.secs.unsigned_abs());
        let base = if t.secs < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(whole)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(whole)
        };
        base.and_then(|base| base.checked_add(Duration::from_nanos(u64::from(t.nanos))))
            .ok_or_else(|| {
                let why = "the time is out of range for this system's clock";
                Error::cannot(ErrorKind::InvalidArgument, "convert", t.to_string(), why)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
