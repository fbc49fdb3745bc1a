//! Prints the coverage of crates and modules, and the uncovered lines.

use std::collections::BTreeMap;

use super::accepted::Compared;
use super::{File, Files};

/// Returns how many lines of these files are covered, and how many there are.
pub(super) fn sum<'a>(files: impl Iterator<Item = &'a File>) -> (usize, usize) {
    let mut sum = (0, 0);
    for is_covered in files.flat_map(|file| file.is_covered.values()) {
        sum.0 += usize::from(*is_covered);
        sum.1 += 1;
    }
    sum
}

/// Returns a sentence about all files.
pub(super) fn total(files: &Files) -> String {
    let (covered, lines) = sum(files.values());
    let percent = percent(covered, lines);
    format!(
        "{covered} of {lines} lines covered, {percent} %; {} not",
        lines - covered
    )
}

/// Returns the percentage with two digits, rounded down, so that only all are 100.00 %.
fn percent(covered: usize, lines: usize) -> String {
    let hundredths = covered * 10_000 / lines.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Prints the lines of each crate and of each folder of modules.
pub(super) fn print_table(files: &Files) {
    println!("{:44} {:>7} {:>7} {:>7}", "", "lines", "covered", "%");
    for (name, (covered, lines)) in rows(files) {
        println!(
            "{name:44} {lines:7} {covered:7} {:>7}",
            percent(covered, lines)
        );
    }
}

/// Returns the sums of crates and folders, in the order of their names.
fn rows(files: &Files) -> BTreeMap<String, (usize, usize)> {
    let mut rows: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (path, file) in files {
        let (folder, _) = path.rsplit_once('/').unwrap_or(("", path));
        let (package, _) = path.split_once('/').unwrap_or((path, ""));
        let (covered, lines) = sum([file].into_iter());
        for name in [package, folder] {
            let row = rows.entry(name.to_owned()).or_default();
            row.0 += covered;
            row.1 += lines;
        }
    }
    rows
}

/// Prints the lines that no test executes; first those that are listed.
pub(super) fn print_uncovered(files: &Files, compared: &Compared) {
    for is_listed in [true, false] {
        let title = if is_listed {
            "listed with a reason"
        } else {
            "not listed"
        };
        println!("\n== uncovered lines, {title}");
        let mut last = "";
        for (path, file) in files {
            for line in file
                .is_covered
                .iter()
                .filter(|(_, is_covered)| !**is_covered)
            {
                let number = *line.0;
                let reason = compared.reasons.get(&(path.clone(), number));
                if reason.is_some() != is_listed {
                    continue;
                }
                if let Some(reason) = reason.filter(|reason| **reason != last) {
                    println!("  ({reason})");
                    last = reason;
                }
                let text = file.text.get(number - 1).map_or("", |text| text.trim());
                println!("{path}:{number}: {text}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(covered: usize, uncovered: usize) -> File {
        File {
            text: Vec::new(),
            is_covered: (0..covered + uncovered)
                .map(|line| (line, line < covered))
                .collect(),
        }
    }

    #[test]
    fn percentages_are_rounded_down() {
        assert_eq!(percent(0, 7), "0.00");
        assert_eq!(percent(99_999, 100_000), "99.99");
        assert_eq!(percent(2, 3), "66.66");
        assert_eq!(percent(7, 7), "100.00");
    }

    #[test]
    fn crates_and_folders_are_added_up() {
        let files = Files::from([
            ("b/src/x/one.rs".to_owned(), counted(3, 1)),
            ("b/src/x/two.rs".to_owned(), counted(1, 2)),
            ("b/src/lib.rs".to_owned(), counted(0, 5)),
            ("c/src/lib.rs".to_owned(), counted(2, 0)),
        ]);
        let rows: Vec<_> = rows(&files).into_iter().collect();
        let expected = [
            ("b", (4, 12)),
            ("b/src", (0, 5)),
            ("b/src/x", (4, 7)),
            ("c", (2, 2)),
            ("c/src", (2, 2)),
        ];
        let expected = expected.map(|(name, sum)| (name.to_owned(), sum));
        assert_eq!(rows, expected);
        assert_eq!(total(&files), "6 of 14 lines covered, 42.85 %; 8 not");
    }
}
