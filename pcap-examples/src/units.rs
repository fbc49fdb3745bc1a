//! Sizes, times and link types on the command line.

use std::time::Duration;

use pcap_core::{Dlt, Linktype, Timestamp};

/// A size: a number of KiB, or of what is written behind it (`64B`, `512K`, `4M`, `1G`, `4MiB`).
///
/// # Errors
///
/// A sentence for clap to print.
pub fn size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "b" => 0,
        "" | "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        unit => return Err(format!("`{unit}` is not a unit: B, K, M or G")),
    };
    let number: usize = digits
        .parse()
        .map_err(|_| "a number is wanted, and a unit if it is not KiB".to_owned())?;
    number
        .checked_mul(1 << shift)
        .filter(|&bytes| bytes > 0)
        .ok_or_else(|| "the size is out of range".to_owned())
}

/// Seconds, with a fraction if wanted.
///
/// # Errors
///
/// A sentence for clap to print.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text
        .parse()
        .map_err(|_| "a number of seconds is wanted".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|e| e.to_string())
}

/// A span of time: seconds, or what is written behind the number (`500ms`, `60s`, `5m`, `1.5h`).
///
/// # Errors
///
/// A sentence for clap to print.
pub fn span(text: &str) -> Result<Duration, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[number.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        unit => return Err(format!("`{unit}` is not a unit: ms, s, m or h")),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "a number is wanted, and a unit if it is not seconds".to_owned())?;
    let span = Duration::try_from_secs_f64(number * unit).map_err(|e| e.to_string())?;
    if span.is_zero() {
        return Err("the time is too short".to_owned());
    }
    Ok(span)
}

/// Whole milliseconds.
///
/// # Errors
///
/// A sentence for clap to print.
pub fn milliseconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .map(Duration::from_millis)
        .map_err(|_| "a whole number of milliseconds is wanted".to_owned())
}

/// A time to shift by, forward or back, exact to the nanosecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    secs: i64,
    nanos: i64,
}

impl Shift {
    /// A time, shifted; at the ends of the range it stays there.
    #[must_use]
    pub fn apply(self, time: Timestamp) -> Timestamp {
        let secs = time.secs().saturating_add(self.secs);
        Timestamp::new(secs, i64::from(time.subsec_nanos()) + self.nanos)
    }

    /// Whether it is a whole number of microseconds.
    #[must_use]
    pub fn is_micros(self) -> bool {
        self.nanos % 1000 == 0
    }
}

/// Seconds to shift by: `3600`, `-0.000000001`, `+1.5`.
///
/// # Errors
///
/// A sentence for clap to print.
pub fn shift(text: &str) -> Result<Shift, String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
        return Err("a number of seconds is wanted".to_owned());
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 9 {
        return Err("nothing is finer than a nanosecond, nine digits".to_owned());
    }
    let number = |digits: &str| match digits {
        "" => Ok(0),
        digits => digits.parse::<i64>().map_err(|e| e.to_string()),
    };
    Ok(Shift {
        secs: sign * number(whole)?,
        nanos: sign * number(&format!("{fraction:0<9}"))?,
    })
}

/// A number of something that there can be a fraction of, and not less than none.
///
/// # Errors
///
/// A sentence for clap to print.
pub fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("a number above 0 is wanted".to_owned()),
    }
}

/// A link type by the name that savefiles or libpcap have for it, or by its number in savefiles.
///
/// # Errors
///
/// A sentence for clap to print.
pub fn linktype(text: &str) -> Result<Linktype, String> {
    let found = match text.parse::<Linktype>() {
        Ok(linktype) => linktype,
        Err(error) => Dlt::from_name(text).ok_or(error.to_string())?.into(),
    };
    match found.value() {
        0..=0xffff => Ok(found),
        number => Err(format!("{number} is above 65535")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_kib_unless_they_say() {
        for (text, bytes) in [("4", 4096), ("64B", 64), ("2m", 2 << 20), ("1GiB", 1 << 30)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "M",
            "4 apples",
            "0",
            "99999999999999999999",
            "-1",
            "1.5M",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn spans_are_in_seconds_unless_they_say() {
        for (text, millis) in [
            ("60s", 60_000),
            ("0.5", 500),
            ("250ms", 250),
            ("2m", 120_000),
            ("1.5h", 5_400_000),
        ] {
            assert_eq!(span(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "", "s", "0", "-1s", "nan", "inf", "1e99", "5 m", "1d", "1e-12",
        ] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_may_not_be_negative() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for text in ["-1", "nan", "1e99", "soon"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
    #[test]
    fn shifts_are_exact() {
        let shifted = |text: &str| shift(text).map(|by| by.apply(Timestamp::new(10, 5)));
        for (text, secs, nanos) in [
            ("0", 10, 5),
            ("+1.5", 11, 500_000_005),
            ("-1.5", 8, 500_000_005),
            ("-0.000000006", 9, 999_999_999),
            (".1", 10, 100_000_005),
            ("-3600.", -3590, 5),
            ("0.1000000000000", 10, 100_000_005),
            ("9223372036854775807", i64::MAX, 5),
        ] {
            assert_eq!(shifted(text), Ok(Timestamp::new(secs, nanos)), "{text}");
        }
        for text in [
            "",
            "-",
            ".",
            "1e3",
            "1.0000000001",
            "--1",
            "9223372036854775808",
            "1,5",
        ] {
            assert!(shift(text).is_err(), "{text}");
        }
        assert!(shift("1.000001").unwrap().is_micros());
        assert!(!shift("1.0000011").unwrap().is_micros());
    }

    #[test]
    fn link_types_have_names_of_both_kinds_and_numbers() {
        for text in ["RAW", "linktype_raw", "DLT_RAW", "101"] {
            assert_eq!(linktype(text), Ok(Linktype::RAW), "{text}");
        }
        assert_eq!(linktype("EN10MB"), Ok(Linktype::ETHERNET));
        for text in ["", "pigeon", "-1", "65536"] {
            assert!(linktype(text).is_err(), "{text}");
        }
    }
}
