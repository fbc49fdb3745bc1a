//! Reports which lines of the libraries the tests execute, and compares the others with `ci/uncovered.txt`.

mod accepted;
mod lcov;
mod report;

use std::collections::BTreeMap;
use std::path::Path;

use crate::Result;
use crate::{command, unexpected};

/// Lines that no test executes, with reasons.
const ACCEPTED: &str = "ci/uncovered.txt";

/// The most entries that this file may have.
const MOST_ENTRIES: usize = 60;

/// The least part of the lines that the tests must execute, in thousandths.
const LEAST: usize = 990;

/// A source file.
struct File {
    /// Its text.
    text: Vec<String>,
    /// The lines that contain code, counted from 1, and whether a test executes them.
    is_covered: BTreeMap<usize, bool>,
}

/// Source files by their path from the root.
type Files = BTreeMap<String, File>;

/// Runs the last step of `ci/coverage`. The arguments are two files that `llvm-cov export -format=lcov` wrote: one
/// without the unit tests, which determines the lines, and one with all tests, which has their counts.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [lines, counts] = arguments else {
        let extra = arguments.last().map_or("", String::as_str);
        return Err(unexpected(extra));
    };
    let root = command::root()?;
    let read = |path: &str| command::read(Path::new(path)).map(|text| lcov::parse(&text, &root));
    let files = files(&root, &read(lines)?, &read(counts)?)?;
    let entries = accepted::parse(&command::read(&root.join(ACCEPTED))?)?;
    let compared = accepted::compare(&files, &entries);
    report::print_table(&files);
    report::print_uncovered(&files, &compared);
    let failures = failures(&files, entries.len(), &compared);
    println!("\n== summary");
    for failure in &failures {
        println!("{failure}");
    }
    println!(
        "{}; {} of them listed, in {} entries",
        report::total(&files),
        compared.reasons.len(),
        entries.len()
    );
    if failures.is_empty() {
        Ok(())
    } else {
        Err("the lines above differ from what is expected".to_owned())
    }
}

/// Reads the source files, and combines lines with counts.
fn files(root: &Path, lines: &lcov::Counts, counts: &lcov::Counts) -> Result<Files> {
    let mut files = Files::new();
    for (path, lines) in lines {
        let text = command::read(&root.join(path))?;
        let counts = counts.get(path);
        let count_of = |line: &usize| counts.and_then(|counts| counts.get(line)).copied();
        let is_covered = lines
            .keys()
            .map(|line| (*line, count_of(line).unwrap_or(0) > 0))
            .collect();
        let text = text.lines().map(str::to_owned).collect();
        files.insert(path.clone(), File { text, is_covered });
    }
    if files.is_empty() {
        return Err("the profiles contain no lines of the libraries".to_owned());
    }
    Ok(files)
}

/// Returns why the check fails, if it does.
fn failures(files: &Files, entries: usize, compared: &accepted::Compared) -> Vec<String> {
    let mut failures = compared.stale.clone();
    if compared.unlisted > 0 {
        let count = compared.unlisted;
        failures.push(format!(
            "{count} uncovered lines are not listed in {ACCEPTED}"
        ));
    }
    if entries > MOST_ENTRIES {
        failures.push(format!(
            "expected at most {MOST_ENTRIES} entries in {ACCEPTED}, found {entries}"
        ));
    }
    let (covered, lines) = report::sum(files.values());
    if covered * 1000 < lines * LEAST {
        failures.push(format!("less than {} % of lines are covered", LEAST / 10));
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a file `a.rs`, whose lines begin with `+` if a test executes them, and with `-` if none does.
    pub(super) fn file(marked: &str) -> Files {
        let is_covered = |(number, line): (usize, &str)| match line.as_bytes().first()? {
            b'+' => Some((number + 1, true)),
            b'-' => Some((number + 1, false)),
            _ => None,
        };
        let file = File {
            text: marked.lines().map(|line| line[1..].to_owned()).collect(),
            is_covered: marked.lines().enumerate().filter_map(is_covered).collect(),
        };
        BTreeMap::from([("a.rs".to_owned(), file)])
    }

    #[test]
    fn unit_tests_count_but_their_lines_do_not() {
        let root = std::env::temp_dir().join(format!("xtask-coverage-{}", std::process::id()));
        std::fs::create_dir_all(root.join("pcap-core/src")).unwrap();
        let path = "pcap-core/src/lib.rs";
        std::fs::write(root.join(path), "fn a() {}\nfn b() {}\nfn test() {}\n").unwrap();
        let parse = |lines: &str| {
            let text = format!("SF:{}\n{lines}end_of_record\n", root.join(path).display());
            lcov::parse(&text, &root)
        };
        let lines = parse("DA:1,0\nDA:2,0\n");
        let counts = parse("DA:1,7\nDA:2,0\nDA:3,1\n");
        let found = files(&root, &lines, &counts).unwrap();
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(
            found[path].is_covered,
            BTreeMap::from([(1, true), (2, false)])
        );
        assert!(files(&root, &lcov::Counts::new(), &counts).is_err());
    }

    #[test]
    fn each_failure_is_reported() {
        let check = |marked: &str, list: &str| {
            let files = file(marked);
            let entries = accepted::parse(list).unwrap();
            failures(&files, entries.len(), &accepted::compare(&files, &entries))
        };
        let many = |first: &str| format!("{first}\n{}", "+x\n".repeat(199));
        let listed = "a.rs\n    | y\n    Because.\n";
        assert_eq!(check(&many("+y"), ""), [""; 0]);
        assert_eq!(check(&many("-y"), listed), [""; 0]);
        assert_eq!(
            check(&many("-y"), ""),
            ["1 uncovered lines are not listed in ci/uncovered.txt"]
        );
        assert_eq!(
            check(&many("+y"), listed),
            ["ci/uncovered.txt:1: no uncovered line of a.rs is `y`"]
        );
        assert_eq!(
            check("-y\n+x\n", listed),
            ["less than 99 % of lines are covered"]
        );
        let text = format!("{}{}", "-y\n".repeat(61), "+x\n".repeat(9000));
        assert_eq!(
            check(&text, &format!("{listed}\n").repeat(61)),
            ["expected at most 60 entries in ci/uncovered.txt, found 61"]
        );
    }
}
