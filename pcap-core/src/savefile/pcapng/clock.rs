//! The times of an interface: ticks of its resolution, and an offset.

/// How the ticks of an interface's packets become times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Clock {
    unit: Unit,
    /// Seconds to add to each time.
    offset: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Unit {
    /// Microseconds without an offset.
    Micro,
    /// Nanoseconds without an offset.
    Nano,
    /// This many ticks in a second, a power of ten.
    Decimal(u64),
    /// As many ticks in a second as two to this power.
    Binary(u32),
    /// A number of ticks that 64 bits cannot count.
    Unknown,
}

/// The bit of `if_tsresol` that makes the resolution a power of two.
const BINARY: u8 = 0x80;

impl Clock {
    /// The clock of an interface with a resolution that this crate does not know: it shows no time.
    pub(crate) const UNKNOWN: Clock = Clock {
        unit: Unit::Unknown,
        offset: 0,
    };

    /// Creates a clock from the values of `if_tsresol` and `if_tsoffset`. `None` if a second has more ticks than
    /// 64 bits count.
    pub(crate) fn new(resolution: u8, offset: i64) -> Option<Clock> {
        let exponent = u32::from(resolution & !BINARY);
        let unit = match resolution {
            6 if offset == 0 => Unit::Micro,
            9 if offset == 0 => Unit::Nano,
            _ if resolution & BINARY == 0 => Unit::Decimal(10_u64.checked_pow(exponent)?),
            _ if exponent < u64::BITS => Unit::Binary(exponent),
            _ => return None,
        };
        Some(Clock { unit, offset })
    }

    /// Returns the ticks as seconds and nanoseconds since the epoch. Digits below the nanosecond are cut off. `None` if
    /// the seconds exceed 64 bits.
    #[inline(always)] // so that a program that does not use the time does not pay for it
    pub(crate) fn time(&self, ticks: u64) -> Option<(i64, u32)> {
        // Constants make the divisions multiplications, and the seconds fit.
        match self.unit {
            Unit::Micro => Some((
                (ticks / 1_000_000) as i64,
                (ticks % 1_000_000) as u32 * 1000,
            )),
            Unit::Nano => Some((
                (ticks / 1_000_000_000) as i64,
                (ticks % 1_000_000_000) as u32,
            )),
            _ => self.any_time(ticks),
        }
    }

    fn any_time(&self, ticks: u64) -> Option<(i64, u32)> {
        let (secs, nanos) = self.unit.split(ticks)?;
        let secs = i64::try_from(i128::from(secs) + i128::from(self.offset)).ok()?;
        Some((secs, nanos))
    }

    /// Returns the ticks of a time, with digits below the resolution cut off. `None` if no ticks count it.
    #[inline]
    pub(crate) fn ticks(&self, secs: i64, nanos: u32) -> Option<u64> {
        // A constant makes the division a multiplication.
        let (per_second, fraction) = match self.unit {
            Unit::Micro => (1_000_000, u64::from(nanos / 1000)),
            Unit::Nano => (1_000_000_000, u64::from(nanos)),
            _ => return self.any_ticks(secs, nanos),
        };
        let secs = u64::try_from(secs).ok()?;
        secs.checked_mul(per_second)?.checked_add(fraction)
    }

    #[cold]
    fn any_ticks(&self, secs: i64, nanos: u32) -> Option<u64> {
        let secs = u128::try_from(i128::from(secs) - i128::from(self.offset)).ok()?;
        let nanos = u128::from(nanos);
        let ticks = match self.unit {
            Unit::Decimal(ticks) => secs * u128::from(ticks) + nanos * u128::from(ticks) / NANOS,
            Unit::Binary(exponent) => (secs << exponent) + (nanos << exponent) / NANOS,
            // `ticks` counts the first two.
            Unit::Micro | Unit::Nano | Unit::Unknown => return None,
        };
        u64::try_from(ticks).ok()
    }
}

const NANOS: u128 = 1_000_000_000;

impl Unit {
    fn split(self, ticks: u64) -> Option<(u64, u32)> {
        let (secs, rest, per_second) = match self {
            Unit::Decimal(unit) => (ticks / unit, ticks % unit, u128::from(unit)),
            Unit::Binary(exponent) => {
                let per_second = 1_u64 << exponent;
                (
                    ticks >> exponent,
                    ticks & (per_second - 1),
                    u128::from(per_second),
                )
            }
            // `Clock::time` splits the first two.
            Unit::Micro | Unit::Nano | Unit::Unknown => return None,
        };
        // Below a second, so it fits.
        Some((secs, (u128::from(rest) * NANOS / per_second) as u32))
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

    #[test]
    fn ticks_are_the_inverse_of_times() {
        for resolution in (0..20).chain(0x80..0x80 + 64) {
            for offset in [0, -1_000_000_000, 1_700_000_000] {
                let clock = Clock::new(resolution, offset).unwrap();
                for ticks in [0, 1, 999, 1_000_000_007, u64::MAX / 3] {
                    let (secs, nanos) = clock.time(ticks).unwrap();
                    let back = clock.ticks(secs, nanos).unwrap();
                    assert_eq!(clock.time(back).map(|t| t.0), Some(secs), "{resolution}");
                    assert!(back <= ticks);
                }
                assert_eq!(clock.ticks(offset - 1, 0), None);
            }
        }
    }

    #[test]
    fn an_unknown_clock_counts_nothing() {
        assert_eq!(Clock::UNKNOWN.ticks(1, 5), None);
        assert_eq!(Clock::UNKNOWN.time(1), None);
    }
}
