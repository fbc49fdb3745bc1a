//! `docs/libpcap.md` names the tests that show each of its lines; all of them must be there.
//!
//! In a table's third column, what is in backticks is the name of a test, or words of an example
//! that does not compile; the file that holds all since the last file follows.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

const PAGE: &str = "docs/libpcap.md";

/// The text of a file of this crate, or of another of the workspace if that begins its path; `None`
/// for one of a package that is not here, as where this crate alone was unpacked.
fn text(path: &str) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = path.split('/').next()?;
    let root = match package.starts_with("pcap-") {
        true => root.parent()?,
        false => root,
    };
    if package.starts_with("pcap-") && !root.join(package).is_dir() {
        return None;
    }
    let text = fs::read_to_string(root.join(path));
    Some(text.unwrap_or_else(|error| panic!("{PAGE} names {path}: {error}")))
}

fn is_table(line: &str) -> bool {
    line.starts_with('|')
}

/// Whether a file has a test of this name.
fn has_test(text: &str, name: &str) -> bool {
    let Some((before, _)) = text.split_once(&format!("fn {name}(")) else {
        return false;
    };
    // Its attributes and comments: back to where something else ends or begins.
    let start = ["}\n", "{\n", ";\n"].map(|end| before.rfind(end));
    let start = start.into_iter().flatten().max().unwrap_or(0);
    before[start..].contains("#[test]")
}

/// Whether a file has an example with these words that must not compile.
fn has_example(text: &str, words: &str) -> bool {
    // The page itself names them in its tables.
    let lines: Vec<_> = text.lines().filter(|line| !is_table(line)).collect();
    let text = lines.join("\n");
    text.match_indices(words).any(|(at, _)| {
        let fence = text[..at].rfind("```");
        fence.is_some_and(|fence| text[fence..].starts_with("```compile_fail"))
    })
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let page = text(PAGE).unwrap();
    let mut files: HashMap<String, Option<String>> = HashMap::new();
    let (mut rows, mut names, mut missing) = (0, 0, Vec::new());
    for line in page.lines().filter(|line| is_table(line)) {
        let cells: Vec<_> = line.trim_matches('|').split('|').collect();
        let [_, _, shown_by] = cells[..] else {
            panic!("three columns, and not: {line}");
        };
        if shown_by.contains("---") || shown_by.trim() == "shown by" {
            continue;
        }
        rows += 1;
        let mut before = Vec::new();
        for quoted in shown_by.split('`').skip(1).step_by(2) {
            if !quoted.ends_with(".rs") && !quoted.ends_with(".md") {
                before.push(quoted);
                continue;
            }
            assert!(!before.is_empty(), "a file without a test: {line}");
            let file = files
                .entry(quoted.to_owned())
                .or_insert_with(|| text(quoted));
            for name in before.drain(..) {
                names += 1;
                let is_name = name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
                let found = file.as_deref().is_none_or(|file| match is_name {
                    true => has_test(file, name),
                    false => has_example(file, name),
                });
                if !found {
                    missing.push(format!("`{name}` in {quoted}"));
                }
            }
        }
        assert!(before.is_empty(), "tests without a file: {line}");
    }
    assert!(
        missing.is_empty(),
        "{PAGE} names what is not there: {missing:#?}"
    );
    // The tables are read at all.
    assert!(rows > 50 && names > 100, "{rows} rows, {names} names");
}

#[test]
fn what_is_missing_would_be_noticed() {
    let text =
        "#[test]\nfn there() {\n}\n\nfn helper() {\n}\n\n#[test]\n#[cfg(unix)]\nfn too() {}\n";
    assert!(has_test(text, "there") && has_test(text, "too"));
    assert!(!has_test(text, "helper") && !has_test(text, "not_there") && !has_test(text, "here"));
    let text = "| `bad();` |\n```compile_fail\nbad();\n```\n```\ngood();\n```\n";
    assert!(has_example(text, "bad();") && !has_example(text, "good();"));
    assert!(!has_example("| `bad();` |", "bad();"));
}
