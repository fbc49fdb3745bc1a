//! Formats and parses timestamps as RFC 3339 dates.

use std::fmt;

use super::Timestamp;
use crate::error::{Error, ErrorKind};

/// An object that prints a [`Timestamp`] as a date and time in UTC. Returned by [`Timestamp::rfc3339`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rfc3339(Timestamp);

/// # RFC 3339
impl Timestamp {
    /// Returns an object that prints the time in RFC 3339 format, in UTC:
    /// `2023-11-14T22:13:20.123456789Z`.
    ///
    /// The precision in the format string sets the number of fractional digits, up to the default of nine: `{:.6}`
    /// prints microseconds. The time is truncated, not rounded.
    ///
    /// RFC 3339 only supports the years 0000 to 9999. Other years are printed with a sign and as many digits as
    /// necessary.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::Timestamp;
    ///
    /// let time = Timestamp::new(1_700_000_000, 123_456_789);
    /// assert_eq!(format!("{:.6}", time.rfc3339()), "2023-11-14T22:13:20.123456Z");
    /// ```
    #[must_use]
    #[inline]
    pub fn rfc3339(self) -> Rfc3339 {
        Rfc3339(self)
    }

    /// Returns the time as a string in RFC 3339 format, with nanoseconds, in UTC. See [`rfc3339`](Self::rfc3339).
    #[must_use]
    #[inline]
    pub fn to_rfc3339(self) -> String {
        self.rfc3339().to_string()
    }

    /// Parses a time in RFC 3339 format, with any offset from UTC.
    ///
    /// A space may separate the date and the time, instead of the `T`. Digits beyond nanosecond precision are ignored.
    /// A leap second, `:60`, becomes the following second.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the string is not in this format, or if the date does not
    ///   exist.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::Timestamp;
    ///
    /// let time = Timestamp::from_rfc3339("2023-11-14T23:13:20.5+01:00")?;
    /// assert_eq!(time, Timestamp::new(1_700_000_000, 500_000_000));
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[inline]
    pub fn from_rfc3339(text: &str) -> Result<Timestamp, Error> {
        parse(text.as_bytes()).ok_or_else(|| {
            Error::cannot(
                ErrorKind::InvalidArgument,
                "parse time",
                text.to_owned(),
                "expected an RFC 3339 date such as 2023-11-14T22:13:20.123Z",
            )
        })
    }
}

impl fmt::Display for Rfc3339 {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0;
        let (days, second) = (time.secs().div_euclid(DAY), time.secs().rem_euclid(DAY));
        let (year, month, day) = date(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        match year {
            0..=9999 => write!(f, "{year:04}")?,
            _ => write!(f, "{year:+}")?,
        }
        write!(f, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        let digits = f.precision().unwrap_or(9).min(9);
        if digits > 0 {
            let fraction = time.subsec_nanos() / 10_u32.pow(9 - digits as u32);
            write!(f, ".{fraction:0digits$}")?;
        }
        f.write_str("Z")
    }
}

const DAY: i64 = 86_400;

/// Converts a number of days since 1970 to year, month and day, in the Gregorian calendar.
#[inline]
fn date(days: i64) -> (i64, i64, i64) {
    // Counted from March, a year has its leap day at the end. An era is 400 such years.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + next, month, day)
}

/// Converts a date to the number of days since 1970; `None` if there is no such date.
#[inline]
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year_of_march, month_of_march) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let era = year_of_march.div_euclid(400);
    let year_of_era = year_of_march.rem_euclid(400);
    let day_of_year = (153 * month_of_march + 2) / 5 + day - 1;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    // The 30th of February would become a day in March.
    (date(days) == (year, month, day)).then_some(days)
}

#[inline]
fn parse(text: &[u8]) -> Option<Timestamp> {
    let mut rest = text;
    let byte = |rest: &mut &[u8]| -> Option<u8> {
        let (&first, others) = rest.split_first()?;
        *rest = others;
        Some(first)
    };
    let number = |rest: &mut &[u8], digits: usize| -> Option<i64> {
        let (first, others) = rest.split_at_checked(digits)?;
        *rest = others;
        first.iter().try_fold(0, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let year = number(&mut rest, 4)?;
    (byte(&mut rest)? == b'-').then_some(())?;
    let month = number(&mut rest, 2)?;
    (byte(&mut rest)? == b'-').then_some(())?;
    let day = number(&mut rest, 2)?;
    matches!(byte(&mut rest)?, b'T' | b't' | b' ').then_some(())?;
    let hour = number(&mut rest, 2).filter(|hour| *hour < 24)?;
    (byte(&mut rest)? == b':').then_some(())?;
    let minute = number(&mut rest, 2).filter(|minute| *minute < 60)?;
    (byte(&mut rest)? == b':').then_some(())?;
    let second = number(&mut rest, 2).filter(|second| *second <= 60)?;
    let mut nanos = 0;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        (digits > 0).then_some(())?;
        for place in 0..9 {
            let digit = fraction[..digits]
                .get(place)
                .map_or(0, |b| i64::from(b - b'0'));
            nanos = nanos * 10 + digit;
        }
        rest = &fraction[digits..];
    }
    let offset = match byte(&mut rest)? {
        b'Z' | b'z' => 0,
        sign @ (b'+' | b'-') => {
            let hours = number(&mut rest, 2).filter(|hours| *hours < 24)?;
            (byte(&mut rest)? == b':').then_some(())?;
            let minutes = number(&mut rest, 2).filter(|minutes| *minutes < 60)?;
            let offset = hours * 3600 + minutes * 60;
            if sign == b'+' { offset } else { -offset }
        }
        _ => return None,
    };
    rest.is_empty().then_some(())?;
    let secs = days(year, month, day)? * DAY + hour * 3600 + minute * 60 + second - offset;
    Some(Timestamp::new(secs, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        for (secs, nanos, text) in [
            (0, 0, "1970-01-01T00:00:00.000000000Z"),
            (951_782_400, 5, "2000-02-29T00:00:00.000000005Z"),
            (1_700_000_000, 123_456_789, "2023-11-14T22:13:20.123456789Z"),
            (4_107_542_399, 0, "2100-02-28T23:59:59.000000000Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000000000Z"),
            (-1, 999_999_999, "1969-12-31T23:59:59.999999999Z"),
            (-62_167_219_200, 0, "0000-01-01T00:00:00.000000000Z"),
            (253_402_300_799, 0, "9999-12-31T23:59:59.000000000Z"),
        ] {
            let time = Timestamp::new(secs, nanos);
            assert_eq!(time.to_rfc3339(), text);
            assert_eq!(Timestamp::from_rfc3339(text).unwrap(), time);
        }
        // Every day of 800 years, and the calendar's neighbours.
        let mut last = (1600, 1, 1);
        for n in days(1600, 1, 2).unwrap()..days(2400, 1, 1).unwrap() {
            let (year, month, day) = date(n);
            assert_eq!(days(year, month, day), Some(n));
            assert!((year, month, day) > last, "{last:?} {year}-{month}-{day}");
            last = (year, month, day);
        }
    }

    #[test]
    fn other_forms_of_a_time_are_read() {
        let noon = Timestamp::new(1_700_049_600, 0);
        for text in [
            "2023-11-15T12:00:00Z",
            "2023-11-15t12:00:00.000z",
            "2023-11-15 12:00:00-00:00",
            "2023-11-15T13:30:00.0+01:30",
            "2023-11-14T14:00:00-22:00",
            "2023-11-15T11:59:60Z",
        ] {
            assert_eq!(Timestamp::from_rfc3339(text).unwrap(), noon, "{text}");
        }
        let cut = Timestamp::from_rfc3339("2023-11-15T12:00:00.1234567899Z").unwrap();
        assert_eq!(cut.subsec_nanos(), 123_456_789);
    }

    #[test]
    fn what_is_no_time_is_an_error() {
        for text in [
            "",
            "now",
            "2023-11-15",
            "2023-11-15T12:00:00",
            "2023-11-15T12:00Z",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-00-01T00:00:00Z",
            "2023-01-00T00:00:00Z",
            "2023-04-31T00:00:00Z",
            "2023-11-15T24:00:00Z",
            "2023-11-15T12:60:00Z",
            "2023-11-15T12:00:61Z",
            "2023-11-15T12:00:00.Z",
            "2023-11-15T12:00:00Z ",
            "2023-11-15T12:00:00+1:00",
            "2023-11-15T12:00:00+01",
            "+023-11-15T12:00:00Z",
            "2023-11-15T12:00:00\u{661}",
            "2023-1\u{e9}-15T12:00:00Z",
        ] {
            let error = Timestamp::from_rfc3339(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text}");
        }
    }

    #[test]
    fn any_time_prints() {
        assert_eq!(
            format!("{:.0}", Timestamp::EPOCH.rfc3339()),
            "1970-01-01T00:00:00Z"
        );
        let text = Timestamp::MAX.to_rfc3339();
        assert_eq!(text, "+292277026596-12-04T15:30:07.999999999Z");
        assert!(
            Timestamp::MIN
                .to_rfc3339()
                .starts_with("-292277022657-01-27T08:29:52.")
        );
    }
}
