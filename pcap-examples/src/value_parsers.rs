//! Parses sizes, times, numbers and link types on the command line. The functions are value parsers for clap.

use std::time::Duration;

use pcap_core::{Dlt, Linktype, Timestamp};

/// Parses a size: a number of KiB, or a number with a unit (`64B`, `512K`, `4M`, `1G`, `4MiB`).
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "b" => 0,
        "" | "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        unit => {
            return Err(format!(
                "expected one of the units B, K, M and G, found `{unit}`"
            ));
        }
    };
    let number: usize = digits.parse().map_err(|_| {
        "expected a number with an optional unit (default: KiB), such as 64K or 8M".to_owned()
    })?;
    number
        .checked_mul(1 << shift)
        .filter(|&bytes| bytes > 0)
        .ok_or_else(|| "the size is out of range".to_owned())
}

/// The units of time with their lengths in nanoseconds.
const TIME_UNITS: [(&str, i128); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", NANOS_PER_SECOND),
    ("m", 60 * NANOS_PER_SECOND),
    ("h", 3600 * NANOS_PER_SECOND),
    ("d", 86_400 * NANOS_PER_SECOND),
];

/// The number of nanoseconds in a second.
const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// Parses a time in the syntax of all programs: a number with an optional sign, fraction and unit. `default` is the
/// unit if there is none. Returns nanoseconds; a value that would be rounded is an error.
fn nanos(text: &str, default: &str) -> Result<i128, String> {
    let number = text.trim_end_matches(|c: char| c.is_alphabetic());
    let unit = match &text[number.len()..] {
        "" => default,
        unit => unit,
    };
    let unit = match unit {
        _ if number.is_empty() => 0,
        name => match TIME_UNITS.iter().find(|unit| unit.0 == name) {
            Some(&(_, unit)) => unit,
            None => {
                return Err(format!(
                    "expected one of the units ns, us, ms, s, m, h and d, found `{name}`"
                ));
            }
        },
    };
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
        let unit = if default == "ms" {
            "milliseconds"
        } else {
            "seconds"
        };
        let text = format!("expected a number of {unit}, or one with a unit: 60s, 5m, 1h, 500ms");
        return Err(text);
    }
    let out_of_range = || "the time is out of range".to_owned();
    let fraction = fraction.trim_end_matches('0');
    // With more decimals than this, even a number of days has a fraction of a nanosecond.
    if fraction.len() > 14 {
        return Err(TOO_FINE.to_owned());
    }
    let number = |digits: &str| match digits.trim_start_matches('0') {
        "" => Ok(0),
        digits => digits.parse::<i128>().map_err(|_| out_of_range()),
    };
    let scale = 10_i128.pow(fraction.len() as u32);
    let parts = number(fraction)? * unit;
    if parts % scale != 0 {
        return Err(TOO_FINE.to_owned());
    }
    let whole = number(whole)?.checked_mul(unit);
    let nanos = whole.and_then(|nanos| nanos.checked_add(parts / scale));
    Ok(sign * nanos.ok_or_else(out_of_range)?)
}

/// The message for a time that would have to be rounded.
const TOO_FINE: &str = "expected a time without a fraction of a nanosecond";

/// Parses a time that is not negative.
fn duration(text: &str, default: &str) -> Result<Duration, String> {
    let nanos = nanos(text, default)?;
    if nanos < 0 {
        return Err("expected a time that is not negative".to_owned());
    }
    let secs = u64::try_from(nanos / NANOS_PER_SECOND)
        .map_err(|_| "the time is out of range".to_owned())?;
    Ok(Duration::new(secs, (nanos % NANOS_PER_SECOND) as u32))
}

/// Parses a time, in seconds unless it has a unit (`0.5`, `60s`, `5m`, `1h`, `500ms`).
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn seconds(text: &str) -> Result<Duration, String> {
    duration(text, "s")
}

/// Parses a time like [`seconds`], but rejects zero.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn nonzero_seconds(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        Duration::ZERO => Err("expected a time greater than 0".to_owned()),
        span => Ok(span),
    }
}

/// Parses a time, in milliseconds unless it has a unit.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn milliseconds(text: &str) -> Result<Duration, String> {
    duration(text, "ms")
}

/// A signed amount of time to add to packet times, with nanosecond precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeShift {
    secs: i64,
    nanos: i64,
}

impl TimeShift {
    /// Adds the amount to a time, saturating at the bounds of [`Timestamp`].
    #[must_use]
    pub fn apply(self, time: Timestamp) -> Timestamp {
        let secs = time.secs().saturating_add(self.secs);
        Timestamp::new(secs, i64::from(time.subsec_nanos()) + self.nanos)
    }

    /// Returns the amount in nanoseconds.
    #[must_use]
    pub fn nanos(self) -> i128 {
        i128::from(self.secs) * NANOS_PER_SECOND + i128::from(self.nanos)
    }

    /// Returns whether the amount is a whole number of microseconds.
    #[must_use]
    pub fn is_micros(self) -> bool {
        self.nanos % 1000 == 0
    }
}

/// Parses a signed time, in seconds unless it has a unit: `3600`, `-0.000000001`, `+1h`.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn time_shift(text: &str) -> Result<TimeShift, String> {
    let nanos = nanos(text, "s")?;
    let secs = i64::try_from(nanos / NANOS_PER_SECOND)
        .map_err(|_| "the time is out of range".to_owned())?;
    Ok(TimeShift {
        secs,
        nanos: (nanos % NANOS_PER_SECOND) as i64,
    })
}

/// Parses a number greater than 0, which may have a fraction.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn positive_number(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("expected a number greater than 0".to_owned()),
    }
}

/// Parses a link type: the name of a LINKTYPE or DLT, or the number of a LINKTYPE.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn linktype(text: &str) -> Result<Linktype, String> {
    let found = match text.parse::<Linktype>() {
        Ok(linktype) => linktype,
        Err(error) => Dlt::from_name(text).ok_or(error.to_string())?.into(),
    };
    match found.value() {
        0..=0xffff => Ok(found),
        number => Err(format!("expected at most 65535, found {number}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_without_a_unit_are_in_kib() {
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
    fn times_without_a_unit_are_in_seconds() {
        for (text, millis) in [
            ("60s", 60_000),
            ("0.5", 500),
            (".5", 500),
            ("250ms", 250),
            ("250000us", 250),
            ("2m", 120_000),
            ("1.5h", 5_400_000),
            ("1d", 86_400_000),
            ("0.00001d", 864),
        ] {
            assert_eq!(
                nonzero_seconds(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for text in [
            "",
            "s",
            "0",
            "-1s",
            "nan",
            "inf",
            "1e99",
            "5 m",
            "1w",
            "1M",
            "1e-12",
            "0.5ns",
            "0.0000000000000000001d",
            "99999999999999999999",
            "9999999999999999999999999999999999999999999h",
        ] {
            assert!(nonzero_seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn all_times_have_the_same_syntax() {
        let day = Duration::from_secs(86_400);
        for read in [seconds, nonzero_seconds, milliseconds] {
            assert_eq!(read("1d"), Ok(day));
            assert_eq!(read("+0.25s"), Ok(Duration::from_millis(250)));
        }
        assert_eq!(
            time_shift("1d").unwrap().apply(Timestamp::EPOCH).secs(),
            86_400
        );
        assert_eq!(milliseconds("1.5"), Ok(Duration::from_micros(1500)));
        assert_eq!(milliseconds("0"), Ok(Duration::ZERO));
    }

    #[test]
    fn negative_times_are_rejected() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for text in ["-1", "nan", "1e99", "soon"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shifts_are_exact() {
        let shifted = |text: &str| time_shift(text).map(|by| by.apply(Timestamp::new(10, 5)));
        for (text, secs, nanos) in [
            ("0", 10, 5),
            ("+1.5", 11, 500_000_005),
            ("-1.5", 8, 500_000_005),
            ("-0.000000006", 9, 999_999_999),
            (".1", 10, 100_000_005),
            ("-3600.", -3590, 5),
            ("0.1000000000000", 10, 100_000_005),
            ("9223372036854775807", i64::MAX, 5),
            ("-1h", -3590, 5),
            ("+1ns", 10, 6),
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
            assert!(time_shift(text).is_err(), "{text}");
        }
        assert!(time_shift("1.000001").unwrap().is_micros());
        assert!(!time_shift("1.0000011").unwrap().is_micros());
    }

    #[test]
    fn link_types_are_parsed_by_both_names_and_by_number() {
        for text in ["RAW", "linktype_raw", "DLT_RAW", "101"] {
            assert_eq!(linktype(text), Ok(Linktype::RAW), "{text}");
        }
        assert_eq!(linktype("EN10MB"), Ok(Linktype::ETHERNET));
        for text in ["", "pigeon", "-1", "65536"] {
            assert!(linktype(text).is_err(), "{text}");
        }
    }
}
