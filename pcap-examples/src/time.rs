//! Timestamps for people: UTC, in the form of RFC 3339.

use std::io::Write;

use pcap_core::{Precision, Timestamp};

/// Adds `2023-11-14T22:13:20.123456789Z`, or six digits of the fraction for microseconds.
pub fn push(out: &mut Vec<u8>, time: Timestamp, precision: Precision) {
    let days = time.secs().div_euclid(86_400);
    let second = time.secs().rem_euclid(86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    // Writing to memory cannot fail.
    let _ = write!(
        out,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}."
    );
    let _ = match precision {
        Precision::Micro => write!(out, "{:06}Z", time.subsec_micros()),
        Precision::Nano => write!(out, "{:09}Z", time.subsec_nanos()),
    };
}

/// Year, month and day of a number of days since 1970, by the calendar that is in use today.
fn date(days: i64) -> (i64, i64, i64) {
    // Years that begin in March have their odd day at their end; 400 of them are an era.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(secs: i64, nanos: i64, precision: Precision) -> String {
        let mut out = Vec::new();
        push(&mut out, Timestamp::new(secs, nanos), precision);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn leap_years_and_times_before_1970() {
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
    fn no_time_is_too_far_away() {
        text(i64::MIN, 0, Precision::Nano);
        text(i64::MAX, 0, Precision::Nano);
    }
}
