//! Parses whole numbers on the command line.

use std::fmt::Display;
use std::ops::{Bound, RangeBounds};
use std::str::FromStr;

/// Returns a parser for whole numbers in a range. Its errors state the range.
pub fn number<T>(range: impl RangeBounds<T> + Clone) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + Display + PartialOrd,
{
    move |text| {
        let number = text.parse().ok();
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let bounds = match (range.start_bound(), range.end_bound()) {
                    (Bound::Included(first), Bound::Included(last)) => {
                        format!(" from {first} to {last}")
                    }
                    (Bound::Included(first), _) => format!(" of at least {first}"),
                    _ => String::new(),
                };
                format!("expected a whole number{bounds}")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_of_the_range_are_rejected_with_it() {
        let digits = number(1_u8..=18);
        assert_eq!((digits("1"), digits("18")), (Ok(1), Ok(18)));
        for text in ["", "0", "19", "300", "-1", "x", "1e3", "1.5"] {
            let expected = "expected a whole number from 1 to 18".to_owned();
            assert_eq!(digits(text), Err(expected), "{text}");
        }
        let count = number(1_u64..);
        assert_eq!(count("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(
            count("0"),
            Err("expected a whole number of at least 1".to_owned())
        );
    }
}
