//! Parses lists of packet numbers.

/// A list of packet numbers: `5`, `1-100`, `200-`, `-50`, joined by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberRanges {
    /// The first and the last number of each range, which ascend and neither overlap nor touch.
    ranges: Vec<(u64, u64)>,
}

impl NumberRanges {
    /// Returns whether a number is in the list.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        let after = self.ranges.partition_point(|&(first, _)| first <= number);
        after > 0 && number <= self.ranges[after - 1].1
    }

    /// Returns the greatest number in the list. `u64::MAX` means that it has no end.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.ranges.last().map_or(0, |&(_, last)| last)
    }

    /// Returns the number from which on the list contains all numbers, if there is one.
    #[must_use]
    pub fn open_from(&self) -> Option<u64> {
        let &(first, last) = self.ranges.last()?;
        (last == u64::MAX).then_some(first)
    }
}

/// Parses a list of packet numbers, which start at 1: `5`, `1-100,200-`, `-50`.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn number_ranges(text: &str) -> Result<NumberRanges, String> {
    let mut ranges = Vec::new();
    for part in text.split(',') {
        ranges.push(range(part)?);
    }
    ranges.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (first, last) in ranges {
        match joined.last_mut() {
            Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    Ok(NumberRanges { ranges: joined })
}

/// Parses a number or a range.
fn range(text: &str) -> Result<(u64, u64), String> {
    let (first, last) = match text.split_once('-') {
        Some(("", "")) => return Err(expected(text)),
        Some((first, last)) => (first, last),
        None => (text, text),
    };
    let number = |digits: &str, default: u64| match digits.is_empty() {
        true => Ok(default),
        false if digits.bytes().all(|b| b.is_ascii_digit()) => digits
            .parse()
            .ok()
            .filter(|&number| number > 0)
            .ok_or_else(|| expected(text)),
        false => Err(expected(text)),
    };
    if text.is_empty() {
        return Err(expected(text));
    }
    match (number(first, 1)?, number(last, u64::MAX)?) {
        (first, last) if first > last => Err(format!(
            "expected a range from a lower to a higher number, found `{text}`"
        )),
        range => Ok(range),
    }
}

fn expected(found: &str) -> String {
    format!("expected packet numbers from 1 on (7, 1-100, 200-), joined by commas, found `{found}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_joined() {
        let parsed = |text: &str| number_ranges(text).map(|list| list.ranges);
        assert_eq!(parsed("7"), Ok(vec![(7, 7)]));
        assert_eq!(parsed("200-,1-100"), Ok(vec![(1, 100), (200, u64::MAX)]));
        assert_eq!(parsed("5,1-3,4,9-12,10"), Ok(vec![(1, 5), (9, 12)]));
        assert_eq!(parsed("-3,2-"), Ok(vec![(1, u64::MAX)]));
        for wrong in [
            "",
            "-",
            "0",
            "0-3",
            "3-1",
            "1,,2",
            "1-2-3",
            "x",
            "1..3",
            "+1",
            "1,",
            "99999999999999999999",
        ] {
            assert!(number_ranges(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_found() {
        let list = number_ranges("2-3,7,10-").unwrap();
        let found: Vec<u64> = (0..13).filter(|&number| list.contains(number)).collect();
        assert_eq!(found, [2, 3, 7, 10, 11, 12]);
        assert_eq!((list.last(), list.open_from()), (u64::MAX, Some(10)));
        let list = number_ranges("4,2").unwrap();
        assert_eq!((list.last(), list.open_from()), (4, None));
        assert!(!NumberRanges::default().contains(1));
    }
}
