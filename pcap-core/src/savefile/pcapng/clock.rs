//! The times of an interface: ticks of its resolution, and an offset.

/// How the ticks of an interface's packets become times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    unit: Unit,
    /// Seconds to add to each time.
    offset: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Micro,
    Nano,
    /// This many ticks in a second, a power of ten.
    Decimal(u64),
    /// As many ticks in a second as two to this power.
    Binary(u32),
}

/// The default of `if_tsresol`: microseconds.
pub(crate) const MICROSECONDS: u8 = 6;
/// The bit of `if_tsresol` that makes the resolution a power of two.
const BINARY: u8 = 0x80;

impl Clock {
    /// Creates a clock from the values of `if_tsresol` and `if_tsoffset`. `None` if a second has more ticks than
    /// 64 bits count.
    pub(crate) fn new(resolution: u8, offset: i64) -> Option<Clock> {
        let exponent = u32::from(resolution & !BINARY);
        let unit = match resolution {
            6 => Unit::Micro,
            9 => Unit::Nano,
            _ if resolution & BINARY == 0 => Unit::Decimal(10_u64.checked_pow(exponent)?),
            _ if exponent < u64::BITS => Unit::Binary(exponent),
            _ => return None,
        };
        Some(Clock { unit, offset })
    }

    /// Returns the ticks as seconds and nanoseconds since the epoch. Digits below the nanosecond are cut off. `None` if
    /// the seconds exceed 64 bits.
    #[inline]
    pub(crate) fn time(self, ticks: u64) -> Option<(i64, u32)> {
        // Constants make the divisions multiplications.
        let (secs, nanos) = match self.unit {
            Unit::Micro => (ticks / 1_000_000, (ticks % 1_000_000) as u32 * 1000),
            Unit::Nano => (ticks / 1_000_000_000, (ticks % 1_000_000_000) as u32),
            unit => unit.split(ticks),
        };
        // Most times fit in 63 bits.
        let secs = match i64::try_from(secs) {
            Ok(secs) => secs.checked_add(self.offset)?,
            Err(_) => i64::try_from(i128::from(secs) + i128::from(self.offset)).ok()?,
        };
        Some((secs, nanos))
    }
}

const NANOS: u128 = 1_000_000_000;

impl Unit {
    #[cold]
    fn split(self, ticks: u64) -> (u64, u32) {
        let (secs, rest, per_second) = match self {
            Unit::Micro => return Unit::Decimal(1_000_000).split(ticks),
            Unit::Nano => return Unit::Decimal(1_000_000_000).split(ticks),
            Unit::Decimal(unit) => (ticks / unit, ticks % unit, u128::from(unit)),
            Unit::Binary(exponent) => {
                let per_second = 1_u64 << exponent;
                (
                    ticks >> exponent,
                    ticks & (per_second - 1),
                    u128::from(per_second),
                )
            }
        };
        // Below a second, so it fits.
        (secs, (u128::from(rest) * NANOS / per_second) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolutions_are_powers_of_ten_and_two() {
        let clock = |resolution| Clock::new(resolution, 0).unwrap();
        assert_eq!(clock(0).time(5), Some((5, 0)));
        assert_eq!(clock(0x80).time(5), Some((5, 0)));
        assert_eq!(clock(3).time(1500), Some((1, 500_000_000)));
        assert_eq!(clock(6).time(1_500_001), Some((1, 500_001_000)));
        assert_eq!(clock(9).time(1_500_000_001), Some((1, 500_000_001)));
        assert_eq!(clock(12).time(1_999_999_999_999), Some((1, 999_999_999)));
        assert_eq!(clock(19).time(u64::MAX), Some((1, 844_674_407)));
        assert_eq!(clock(0x80 | 32).time(3 << 31), Some((1, 500_000_000)));
        assert_eq!(clock(0x80 | 63).time(u64::MAX), Some((1, 999_999_999)));
        assert_eq!(Clock::new(20, 0), None);
        assert_eq!(Clock::new(0x80 | 64, 0), None);
    }

    #[test]
    fn offsets_reach_before_the_epoch_and_not_too_far() {
        let clock = |offset| Clock::new(0, offset).unwrap();
        assert_eq!(clock(-10).time(3), Some((-7, 0)));
        assert_eq!(clock(i64::MIN).time(u64::MAX), Some((i64::MAX, 0)));
        assert_eq!(clock(i64::MIN).time(0), Some((i64::MIN, 0)));
        assert_eq!(clock(0).time(u64::MAX), None);
        assert_eq!(clock(i64::MAX).time(1), None);
    }
}
