//! Sizes and times on the command line.

use std::time::Duration;

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
    fn times_may_not_be_negative() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for text in ["-1", "nan", "1e99", "soon"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
