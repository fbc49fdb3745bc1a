//! The list of lines that no test executes, and its comparison with the lines that were found.
//!
//! An entry begins with a path. Indented below it are uncovered lines, each after `| `, and the reason:
//!
//! ```text
//! pcap-core/src/device/list.rs fn open
//!     | None => {
//!     | ...
//!     | }
//!     libpcap always names a device.
//! ```
//!
//! The lines are found by their text, so that they may move. `...` stands for the uncovered lines between two others.
//! After `fn`, the path may be followed by a function that contains the lines. Without lines, the entry is about the
//! whole function, and no other function of that name may be uncovered. An empty line ends the entry.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{ACCEPTED, File, Files};
use crate::Result;

/// An entry of the list.
pub(super) struct Entry {
    /// The number of its first line in the list.
    at: usize,
    /// The path of the source file.
    path: String,
    /// The name of the function that contains the lines.
    function: Option<String>,
    /// The texts of the lines, without spaces around them; all lines of the function if empty.
    texts: Vec<String>,
    /// Why no test executes them.
    reason: String,
}

/// Result of the comparison.
#[derive(Default)]
pub(super) struct Compared {
    /// The reasons of the uncovered lines that are listed, by path and line.
    pub(super) reasons: BTreeMap<(String, usize), String>,
    /// How many uncovered lines are not listed.
    pub(super) unlisted: usize,
    /// Entries that do not apply, and why.
    pub(super) stale: Vec<String>,
}

/// Reads the list. Lines that begin with `#` are comments.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut entry: Option<Entry> = None;
    let end = [(usize::MAX, "")];
    for (number, line) in text.lines().enumerate().chain(end) {
        let at = number.saturating_add(1);
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            if let Some(entry) = entry.take() {
                entries.push(complete(entry)?);
            }
        } else if let Some(entry) = &mut entry {
            let line = line.trim();
            if let Some(text) = line.strip_prefix("| ") {
                entry.texts.push(text.trim().to_owned());
            } else {
                let space = if entry.reason.is_empty() { "" } else { " " };
                entry.reason += &format!("{space}{line}");
            }
        } else {
            let (path, function) = match line.split_once(" fn ") {
                Some((path, function)) => (path, Some(function.to_owned())),
                None => (line, None),
            };
            entry = Some(Entry {
                at,
                path: path.to_owned(),
                function,
                texts: Vec::new(),
                reason: String::new(),
            });
        }
    }
    Ok(entries)
}

fn complete(entry: Entry) -> Result<Entry> {
    let at = format!("{ACCEPTED}:{}", entry.at);
    if entry.reason.is_empty() {
        return Err(format!("{at}: expected a reason"));
    }
    if entry.texts.is_empty() && entry.function.is_none() {
        return Err(format!("{at}: expected lines or a function"));
    }
    let is_range = |text: &String| text == "...";
    if entry.texts.first().is_some_and(is_range) || entry.texts.last().is_some_and(is_range) {
        return Err(format!("{at}: expected a line before and after `...`"));
    }
    Ok(entry)
}

/// Compares the uncovered lines with the list.
pub(super) fn compare(files: &Files, entries: &[Entry]) -> Compared {
    let mut compared = Compared::default();
    for entry in entries {
        match find(files, entry, &compared) {
            Ok(lines) => {
                for line in lines {
                    let key = (entry.path.clone(), line);
                    compared.reasons.insert(key, entry.reason.clone());
                }
            }
            Err(why) => compared
                .stale
                .push(format!("{ACCEPTED}:{}: {why}", entry.at)),
        }
    }
    let covered = files.values().flat_map(|file| file.is_covered.values());
    let uncovered = covered.filter(|is_covered| !**is_covered).count();
    compared.unlisted = uncovered - compared.reasons.len();
    compared
}

/// Returns the lines that an entry is about, without those of earlier entries.
fn find(files: &Files, entry: &Entry, earlier: &Compared) -> Result<Vec<usize>> {
    let path = &entry.path;
    let file = files
        .get(path)
        .ok_or_else(|| format!("there is no code in {path}"))?;
    let Some(name) = &entry.function else {
        let whole = 1..file.text.len() + 1;
        return find_texts(file, entry, &[whole], earlier);
    };
    let scopes = functions(file, name);
    if scopes.is_empty() {
        return Err(format!("there is no function {name} in {path}"));
    }
    if !entry.texts.is_empty() {
        return find_texts(file, entry, &scopes, earlier);
    }
    let mut uncovered = Vec::new();
    for scope in scopes {
        let lines: Vec<_> = file.is_covered.range(scope).collect();
        if !lines.is_empty() && lines.iter().all(|(_, is_covered)| !**is_covered) {
            uncovered.push(lines.iter().map(|(line, _)| **line).collect());
        }
    }
    match uncovered.len() {
        0 => Err(format!("a test executes {name} of {path}, at least partly")),
        1 => Ok(uncovered.remove(0)),
        count => Err(format!(
            "no test executes {count} functions {name} of {path}: list their lines"
        )),
    }
}

/// Finds the texts of an entry, one after the other.
fn find_texts(
    file: &File,
    entry: &Entry,
    scopes: &[Range<usize>],
    earlier: &Compared,
) -> Result<Vec<usize>> {
    let is_free = |line: usize| !earlier.reasons.contains_key(&(entry.path.clone(), line));
    let lines: Vec<usize> = scopes
        .iter()
        .flat_map(|scope| file.is_covered.range(scope.clone()))
        .filter(|(line, is_covered)| !**is_covered && is_free(**line))
        .map(|(line, _)| *line)
        .collect();
    let mut found = Vec::new();
    let mut next = 0;
    let mut takes_all = false;
    for text in &entry.texts {
        if text == "..." {
            takes_all = true;
            continue;
        }
        let is_it = |line: &usize| file.text.get(line - 1).is_some_and(|it| it.trim() == text);
        let position = lines[next..].iter().position(is_it).ok_or_else(|| {
            let after = if found.is_empty() {
                ""
            } else {
                " after the lines before it"
            };
            format!("no uncovered line of {} is `{text}`{after}", entry.path)
        })?;
        let at = next + position;
        found.extend_from_slice(&lines[if takes_all { next } else { at }..=at]);
        takes_all = false;
        next = at + 1;
    }
    Ok(found)
}

/// Returns the lines of all functions of a name, as rustfmt indents them.
fn functions(file: &File, name: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (index, line) in file.text.iter().enumerate() {
        let Some((before, after)) = line.split_once("fn ") else {
            continue;
        };
        let is_it = after
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(['(', '<']));
        if !is_it || before.contains("//") {
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let is_last = |line: &String| {
            let rest = line.strip_prefix(indent).unwrap_or_default();
            rest.starts_with('}') || rest.starts_with(')') && rest.ends_with('}')
        };
        let others = &file.text[index + 1..];
        let length = if line.ends_with(['}', ';']) {
            0
        } else {
            others.iter().position(is_last).map_or(0, |last| last + 1)
        };
        found.push(index + 1..index + length + 2);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::file;
    use super::*;

    const SOURCE: &str = concat!(
        "+fn one() {\n",
        "+    call();\n",
        "-    return;\n",
        "-}\n",
        " \n",
        "-fn two<T>(\n",
        "     t: T,\n",
        " ) {\n",
        "-    call();\n",
        "-    return;\n",
        "-}\n",
        " \n",
        "+fn three() {}\n",
    );

    fn compared(list: &str) -> (Vec<usize>, usize, Vec<String>) {
        let entries = parse(list).unwrap();
        let compared = compare(&file(SOURCE), &entries);
        let lines = compared.reasons.keys().map(|key| key.1).collect();
        (lines, compared.unlisted, compared.stale)
    }

    #[test]
    fn lines_are_found_by_their_text() {
        let list = "# why\na.rs\n    | return;\n    No one\n    returns.\n";
        assert_eq!(compared(list), (vec![3], 5, vec![]));
        assert_eq!(parse(list).unwrap()[0].reason, "No one returns.");
        // A second entry is about the next such line.
        let twice = format!("{list}\n{list}");
        assert_eq!(compared(&twice), (vec![3, 10], 4, vec![]));
        let thrice = format!("{twice}\n{list}");
        let (lines, unlisted, stale) = compared(&thrice);
        assert_eq!((lines, unlisted), (vec![3, 10], 4));
        assert_eq!(
            stale,
            ["ci/uncovered.txt:14: no uncovered line of a.rs is `return;`"]
        );
    }

    #[test]
    fn a_function_limits_the_search() {
        let list = "a.rs fn two\n    | return;\n    | }\n    So.\n";
        assert_eq!(compared(list), (vec![10, 11], 4, vec![]));
        let stale = compared("a.rs fn one\n    | call();\n    So.\n").2;
        assert_eq!(
            stale,
            ["ci/uncovered.txt:1: no uncovered line of a.rs is `call();`"]
        );
    }

    #[test]
    fn dots_stand_for_the_lines_between() {
        let list = "a.rs\n    | fn two<T>(\n    | ...\n    | }\n    So.\n";
        assert_eq!(compared(list), (vec![6, 9, 10, 11], 2, vec![]));
        assert!(parse("a.rs\n    | ...\n    | }\n    So.\n").is_err());
        assert!(parse("a.rs\n    | }\n    | ...\n    So.\n").is_err());
    }

    #[test]
    fn a_function_without_lines_is_uncovered_as_a_whole() {
        assert_eq!(
            compared("a.rs fn two\n    So.\n"),
            (vec![6, 9, 10, 11], 2, vec![])
        );
        for name in ["one", "three"] {
            let (lines, unlisted, stale) = compared(&format!("a.rs fn {name}\n    So.\n"));
            assert_eq!((lines, unlisted), (vec![], 6));
            let expected =
                format!("ci/uncovered.txt:1: a test executes {name} of a.rs, at least partly");
            assert_eq!(stale, [expected]);
        }
    }

    #[test]
    fn only_one_function_of_a_name_may_be_uncovered_as_a_whole() {
        let check = |marked: &str| {
            let entries = parse("a.rs fn new\n    So.\n").unwrap();
            let compared = compare(&file(marked), &entries);
            (compared.unlisted, compared.stale.concat())
        };
        let stale =
            "ci/uncovered.txt:1: no test executes 2 functions new of a.rs: list their lines";
        assert_eq!(check("-fn new() {}\n+fn new() {}\n"), (0, String::new()));
        assert_eq!(check(" fn new() {}\n-fn new() {}\n"), (0, String::new()));
        assert_eq!(check("-fn new() {}\n-fn new() {}\n"), (2, stale.to_owned()));
    }

    #[test]
    fn entries_that_do_not_exist_are_stale() {
        let stale = |list: &str| compared(list).2.concat();
        assert_eq!(
            stale("b.rs\n    | }\n    So.\n"),
            "ci/uncovered.txt:1: there is no code in b.rs"
        );
        assert_eq!(
            stale("a.rs fn four\n    So.\n"),
            "ci/uncovered.txt:1: there is no function four in a.rs"
        );
        assert_eq!(
            stale("a.rs\n    | return;\n    | call();\n    | call();\n    So.\n"),
            "ci/uncovered.txt:1: no uncovered line of a.rs is `call();` after the lines before it"
        );
        // A covered line does not match.
        assert!(stale("a.rs\n    | fn three() {}\n    So.\n").contains("no uncovered line"));
    }

    #[test]
    fn incomplete_entries_are_errors() {
        let error = |list: &str| parse(list).map(drop).unwrap_err();
        assert_eq!(
            error("\na.rs\n    | }\n"),
            "ci/uncovered.txt:2: expected a reason"
        );
        assert_eq!(
            error("a.rs\n    So.\n"),
            "ci/uncovered.txt:1: expected lines or a function"
        );
    }

    #[test]
    fn a_method_ends_at_its_own_brace() {
        let files = file(concat!(
            " impl A {\n",
            "+    fn new(a: u8) -> Self {\n",
            "+        match a {\n",
            "-            0 => {\n",
            "-            }\n",
            "+        }\n",
            "+    }\n",
            "-    fn old() {}\n",
            " }\n",
        ));
        let lines = |name: &str| {
            let functions = functions(&files["a.rs"], name).into_iter();
            functions.flatten().collect::<Vec<usize>>()
        };
        assert_eq!(lines("new"), [2, 3, 4, 5, 6, 7]);
        assert_eq!(lines("old"), [8]);
        assert_eq!(lines("ne"), [0; 0]);
    }
}
