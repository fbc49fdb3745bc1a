//! `docs/libpcap.md` and `docs/parity.md` name the tests that show each of their lines; all of them
//! must be there, and the lines of the latter, too.
//!
//! In the last column of a table, what is in backticks is the name of a test, or words of an example
//! that does not compile; the file that holds all since the last file follows.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

const LIBPCAP: &str = "docs/libpcap.md";
const PARITY: &str = "docs/parity.md";

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
    Some(text.unwrap_or_else(|error| panic!("{path} is named: {error}")))
}

fn is_table(line: &str) -> bool {
    line.starts_with('|')
}

/// The cells of the rows of a page's tables, under the heading that each is under, without the names
/// of the columns.
fn tables(page: &str) -> Vec<(&str, Vec<Vec<&str>>)> {
    let mut tables: Vec<(&str, Vec<Vec<&str>>)> = Vec::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            tables.push((heading, Vec::new()));
        } else if is_table(line) {
            let inside = line.strip_prefix('|').and_then(|l| l.strip_suffix('|'));
            let inside = inside.unwrap_or_else(|| panic!("a row has two ends: {line}"));
            let cells: Vec<_> = inside.split('|').map(str::trim).collect();
            let (_, rows) = tables.last_mut().expect("a heading");
            rows.push(cells);
        }
    }
    for (heading, rows) in &mut tables {
        if let [names, line, ..] = &rows[..] {
            assert_eq!(names.last(), Some(&"shown by"), "{heading}");
            assert!(line.iter().all(|cell| *cell == "---"), "{heading}");
            assert!(rows.iter().all(|row| row.len() == rows[0].len()));
            rows.drain(..2);
        }
    }
    tables.retain(|(_, rows)| !rows.is_empty());
    tables
}

/// What a last column names, each with its file.
fn named(shown_by: &str) -> Vec<(&str, &str)> {
    let (mut named, mut before) = (Vec::new(), Vec::new());
    for quoted in shown_by.split('`').skip(1).step_by(2) {
        if quoted.ends_with(".rs") || quoted.ends_with(".md") {
            assert!(!before.is_empty(), "a file without a test: {shown_by}");
            named.extend(before.drain(..).map(|name| (name, quoted)));
        } else {
            before.push(quoted);
        }
    }
    assert!(before.is_empty(), "tests without a file: {shown_by}");
    named
}

/// Whether this is the name of a test, and not words of an example.
fn is_name(name: &str) -> bool {
    name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
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

/// The names of all tests of a file.
fn tests(text: &str) -> Vec<&str> {
    let functions = text.match_indices("fn ").filter_map(|(at, _)| {
        let (name, _) = text[at + 3..].split_once('(')?;
        is_name(name).then_some(name)
    });
    functions.filter(|name| has_test(text, name)).collect()
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

/// Checks that all that a page names is there; at least so many rows and names.
fn all_there(page: &str, at_least: (usize, usize)) {
    let mut files: HashMap<String, Option<String>> = HashMap::new();
    let (mut rows, mut names, mut missing) = (0, 0, Vec::new());
    let page_text = text(page).unwrap();
    for row in tables(&page_text).iter().flat_map(|(_, rows)| rows) {
        rows += 1;
        for (name, file) in named(row.last().unwrap()) {
            names += 1;
            let text = files.entry(file.to_owned()).or_insert_with(|| text(file));
            let found = text.as_deref().is_none_or(|text| match is_name(name) {
                true => has_test(text, name),
                false => has_example(text, name),
            });
            if !found {
                missing.push(format!("`{name}` in {file}"));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "{page} names what is not there: {missing:#?}"
    );
    // The tables are read at all.
    assert!(
        rows >= at_least.0 && names >= at_least.1,
        "{rows} rows, {names} names"
    );
}

#[test]
fn every_test_that_the_page_names_is_there() {
    all_there(LIBPCAP, (50, 100));
}

#[test]
fn every_test_that_the_page_of_parity_names_is_there() {
    all_there(PARITY, (95, 180));
}

/// What the rows of the first table of the page of parity begin with: none may be lost.
const CAPABILITIES: [&str; 39] = [
    "every function of `pcap.h`",
    "list devices",
    "the default device; `any`",
    "network number and netmask",
    "open a device in one call",
    "an inactive handle",
    "ask for monitor mode; timestamp types",
    "tell warnings of an activation",
    "wait for ever",
    "read a savefile",
    "a savefile's version, byte order",
    "a handle without a device",
    "hand packets to a closure",
    "loop to a count or for ever",
    "an error or a panic of the closure",
    "one packet",
    "reads that copy and reads that do not",
    "iterate as the language does; a channel",
    "non-blocking mode",
    "a descriptor for select",
    "break a loop from elsewhere",
    "set a filter, optimized or not",
    "go on without a filter that fails",
    "compile without a device",
    "a filter from instructions",
    "compile from many threads",
    "get, set and list link types",
    "direction",
    "statistics",
    "send bytes",
    "open a dump",
    "dump bytes with a time or now",
    "dump what a read returned",
    "flush and close",
    "seconds to and from",
    "the library's version",
    "classes of errors",
    "Windows",
    "programs",
];

#[test]
fn the_page_of_parity_has_every_row_and_no_empty_cell() {
    let page = text(PARITY).unwrap();
    let tables = tables(&page);
    let headings: Vec<_> = tables.iter().map(|(heading, _)| *heading).collect();
    let expected = [
        "Capabilities",
        "Promises",
        "Behaviours",
        "Faults of other bindings that are not here",
    ];
    assert_eq!(headings, expected);
    let mut without = Vec::new();
    for row in tables.iter().flat_map(|(_, rows)| rows) {
        assert!(!row.iter().any(|cell| cell.is_empty()), "{row:?}");
        if named(row.last().unwrap()).is_empty() {
            without.push(row[0]);
        }
    }
    assert_eq!(without, [] as [&str; 0], "no test shows it");

    let (_, rows) = &tables[0];
    assert_eq!(rows.len(), CAPABILITIES.len());
    for (row, begins) in rows.iter().zip(CAPABILITIES) {
        assert!(row[0].starts_with(begins), "{} is not {begins}", row[0]);
        // Who has it, and a call, a program or a crate that has it here.
        assert!(row[2].contains('`'), "{row:?}");
    }
    assert_eq!(tables[1].1.len(), 17);
    assert_eq!(tables[3].1.len(), 31);
}

#[test]
fn the_names_of_tests_say_which_promise_or_behaviour_they_show() {
    let page = text(PARITY).unwrap();
    let tables = tables(&page);
    for row in &tables[1].1 {
        let prefix = format!("{}_", row[1].replace('-', "_"));
        let whose = ["plokami_", "pcapy_", "pcap_lua_", "gopacket_"];
        assert!(whose.contains(&&*prefix), "{row:?}");
        let names = named(row[2]);
        assert!(
            names.iter().any(|(name, _)| name.starts_with(&prefix)),
            "{row:?}"
        );
    }
    let behaviours = &tables[2].1;
    assert_eq!(behaviours.len(), 8);
    for (number, row) in (1..).zip(behaviours) {
        assert!(row[0].starts_with(&format!("{number}: ")), "{row:?}");
        let prefix = format!("behaviour_{number}_");
        for (name, _) in named(row[1]) {
            // That something does not compile has no name.
            assert_eq!(name.starts_with(&prefix), number != 7, "{name}");
        }
    }
    // And none of these tests is left out.
    let all: Vec<_> = tables.iter().flat_map(|(_, rows)| rows).collect();
    let all: Vec<_> = all
        .iter()
        .flat_map(|row| named(row[row.len() - 1]))
        .collect();
    for name in [
        "savefile/parity_promises",
        "live/parity_promises",
        "savefile/parity_behaviours",
        "live/parity_behaviours",
    ] {
        let file = format!("tests/{name}.rs");
        let text = text(&file).unwrap();
        let there = tests(&text);
        assert!(there.len() >= 5, "{file} has {there:?}");
        for test in there {
            assert!(all.contains(&(test, &*file)), "{test} of {file} is nowhere");
        }
    }
}

#[test]
fn what_is_missing_would_be_noticed() {
    let text =
        "#[test]\nfn there() {\n}\n\nfn helper() {\n}\n\n#[test]\n#[cfg(unix)]\nfn too() {}\n";
    assert!(has_test(text, "there") && has_test(text, "too"));
    assert!(!has_test(text, "helper") && !has_test(text, "not_there") && !has_test(text, "here"));
    assert_eq!(tests(text), ["there", "too"]);
    let text = "| `bad();` |\n```compile_fail\nbad();\n```\n```\ngood();\n```\n";
    assert!(has_example(text, "bad();") && !has_example(text, "good();"));
    assert!(!has_example("| `bad();` |", "bad();"));
    let page = "## One\n| a | shown by |\n|---|---|\n| | `x`, `y`, `f.rs` |\n## Two\n";
    let read = tables(page);
    assert_eq!(read, [("One", vec![vec!["", "`x`, `y`, `f.rs`"]])]);
    assert_eq!(named(read[0].1[0][1]), [("x", "f.rs"), ("y", "f.rs")]);
}
