//! Formats timestamps in UTC, as in RFC 3339.

use std::io::Write;

use pcap_core::{Precision, Timestamp};

/// Appends a time such as `2023-11-14T22:13:20.123456789Z`. Microsecond precision has six decimals.
pub fn push(out: &mut Vec<u8>, time: Timestamp, precision: Precision) {
    let digits = match precision {
        Precision::Micro => 6,
        Precision::Nano => 9,
    };
    // Writing to memory cannot fail.
    let _ = write!(out, "{:.digits$}", time.rfc3339());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(secs: i64, nanos: i64, precision: Precision) -> String {
        let mut out = Vec::new();
        push(&mut out, Timestamp::new(secs, nanos), precision);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn leap_years_and_times_before_1970_are_correct() {
        for (secs, expected) in [
            (0, "1970-01-01T00:00:00.000000005Z"),
            (951_782_400, "2000-02-29T00:00:00.000000005Z"),
            (1_700_000_000, "2023-11-14T22:13:20.000000005Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000000005Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000005Z"),
            (-1, "1969-12-31T23:59:59.000000005Z"),
        ] {
            assert_eq!(text(secs, 5, Precision::Nano), expected);
        }
        assert_eq!(
            text(0, 999_999_999, Precision::Micro),
            "1970-01-01T00:00:00.999999Z"
        );
    }

    #[test]
    fn extreme_times_cause_no_panic() {
        text(i64::MIN, 0, Precision::Nano);
        text(i64::MAX, 0, Precision::Nano);
    }
}
