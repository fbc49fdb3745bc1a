//! Formats numbers for narrow columns.

/// The unit prefixes of the SI, for each factor of 1000.
const PREFIXES: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];

/// Returns a number that has at most `width` characters: all digits if they fit, and else three or more of them with a
/// unit prefix. `width` must be at least 5.
pub(crate) fn fit(number: u64, width: usize) -> String {
    let exact = number.to_string();
    match exact.len() <= width {
        true => exact,
        false => short(number as f64),
    }
}

/// Returns a number with three digits, and a unit prefix if it is 1000 or more: `0`, `999`, `1.23k`, `45.6M`.
pub(crate) fn short(number: f64) -> String {
    let mut number = number.max(0.0);
    if number < 999.5 {
        return match number {
            _ if number == 0.0 || number >= 9.95 => format!("{number:.0}"),
            _ => format!("{number:.1}"),
        };
    }
    let mut prefix = 0;
    while number >= 999.5 && prefix + 1 < PREFIXES.len() {
        number /= 1000.0;
        prefix += 1;
    }
    let decimals = match number {
        _ if number < 9.995 => 2,
        _ if number < 99.95 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}{}", PREFIXES[prefix])
}

/// Returns a time such as `00:01:23` or `3d 04:05`.
pub(crate) fn clock(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    match days {
        0 => format!("{hours:02}:{minutes:02}:{seconds:02}"),
        _ => format!("{days}d {hours:02}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        for (number, text) in [
            (0.0, "0"),
            (0.04, "0.0"),
            (9.94, "9.9"),
            (12.3, "12"),
            (999.4, "999"),
            (999.6, "1.00k"),
            (12_345.0, "12.3k"),
            (999_499.0, "999k"),
            (999_999.0, "1.00M"),
            (1.5e9, "1.50G"),
            (u64::MAX as f64, "18.4E"),
        ] {
            assert_eq!(short(number), text);
        }
        assert_eq!(fit(123_456, 6), "123456");
        assert_eq!(fit(1_234_567, 6), "1.23M");
        assert!((0..64).all(|bit| fit(1 << bit, 5).len() <= 5));
    }

    #[test]
    fn times_have_days_if_they_are_long() {
        assert_eq!(clock(83), "00:01:23");
        assert_eq!(clock(3 * 86_400 + 4 * 3600 + 5 * 60 + 6), "3d 04:05");
    }
}
