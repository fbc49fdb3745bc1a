//! Parses times.

use std::time::Duration;

use super::amount::{Default, Units};

/// The number of nanoseconds in a second.
pub(super) const NANOS_PER_SECOND: i128 = 1_000_000_000;

const UNITS: Units = Units {
    sizes: &[
        ("ns", 1),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", NANOS_PER_SECOND),
        ("m", 60 * NANOS_PER_SECOND),
        ("min", 60 * NANOS_PER_SECOND),
        ("h", 3600 * NANOS_PER_SECOND),
        ("d", 86_400 * NANOS_PER_SECOND),
    ],
    list: "ns, us, ms, s, m, h and d",
    examples: "60s, 5m, 1.5h, 500ms",
    noun: "time",
    smallest: "nanosecond",
    has_case: true,
};

/// The unit of most options.
pub(super) const SECONDS: Default = Default {
    size: NANOS_PER_SECOND,
    name: "seconds",
};

const MILLISECONDS: Default = Default {
    size: 1_000_000,
    name: "milliseconds",
};

/// Parses a time that may be negative, in nanoseconds.
pub(super) fn nanos(text: &str, default: &Default) -> Result<i128, String> {
    UNITS.parse(text, default)
}

/// Parses a time that is not negative.
fn duration(text: &str, default: &Default) -> Result<Duration, String> {
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
    duration(text, &SECONDS)
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
    duration(text, &MILLISECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
