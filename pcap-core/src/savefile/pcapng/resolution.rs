//! The resolution of timestamps.

use std::fmt;

/// The bit of `if_tsresol` that makes the resolution a power of two.
const BINARY: u8 = 0x80;

/// The resolution of an interface's timestamps (`if_tsresol`): the length of a tick, as a negative power of ten or of
/// two seconds.
///
/// # Examples
///
/// ```
/// use pcap_core::pcapng::Resolution;
///
/// assert_eq!(Resolution::NANO.to_string(), "10^-9 s");
/// assert_eq!(Resolution::binary(10).ticks_per_second(), Some(1024));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resolution(u8);

impl Resolution {
    /// Seconds.
    pub const SECOND: Resolution = Resolution(0);
    /// Milliseconds.
    pub const MILLI: Resolution = Resolution(3);
    /// Microseconds, the default of the format.
    pub const MICRO: Resolution = Resolution(6);
    /// Nanoseconds.
    pub const NANO: Resolution = Resolution(9);

    /// Creates a resolution from the value of `if_tsresol`.
    #[must_use]
    pub const fn from_value(value: u8) -> Resolution {
        Resolution(value)
    }

    /// Creates a resolution of 10 to the power of `-digits` seconds. Readers know at most 19 digits, and the format has
    /// at most 127: more count as 127.
    #[must_use]
    pub const fn decimal(digits: u8) -> Resolution {
        Resolution(if digits < BINARY { digits } else { !BINARY })
    }

    /// Creates a resolution of 2 to the power of `-digits` seconds. Readers know at most 63 digits, and the format has
    /// at most 127: more count as 127.
    #[must_use]
    pub const fn binary(digits: u8) -> Resolution {
        Resolution(BINARY | Resolution::decimal(digits).0)
    }

    /// Returns the value of `if_tsresol`.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }

    /// Returns the number of ticks in a second, or `None` if it exceeds 64 bits. The times of such an interface are
    /// unknown to this crate.
    #[must_use]
    #[inline]
    pub fn ticks_per_second(self) -> Option<u64> {
        let digits = u32::from(self.0 & !BINARY);
        match self.0 & BINARY {
            0 => 10_u64.checked_pow(digits),
            _ => 1_u64.checked_shl(digits),
        }
    }
}

impl fmt::Display for Resolution {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = if self.0 & BINARY == 0 { 10 } else { 2 };
        match self.0 & !BINARY {
            0 => f.pad("1 s"),
            digits => f.pad(&format!("{base}^-{digits} s")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_digits_panics() {
        for digits in 0..=u8::MAX {
            let most = digits.min(127);
            assert_eq!(Resolution::decimal(digits).value(), most);
            assert_eq!(Resolution::binary(digits).value(), 128 + most);
        }
        assert_eq!(Resolution::decimal(255).ticks_per_second(), None);
    }
}
