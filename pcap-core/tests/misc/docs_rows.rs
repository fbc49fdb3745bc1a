//! Each row of the tables in `docs/libpcap.md` and `docs/parity.md` is shown by a test.
//!
//! A row begins with its name in a comment, `<!-- parity/stop-twice-harmless -->`. A test that shows it says so above
//! `#[test]`: `// Shows: parity/stop-twice-harmless`. So does an example that must not compile, above its fence.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const SHOWS: &str = "Shows: ";

/// The rows under each heading of a page: their names and first cells.
type Tables = Vec<(String, Vec<(String, String)>)>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).expect("the page")
}

/// Reads the tables of a page. Every row except the headings has a name and no empty cell.
fn tables(page: &str) -> Tables {
    let mut tables: Tables = Vec::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix("## ") {
            tables.push((heading.to_owned(), Vec::new()));
        }
        let is_header = lines.peek().is_some_and(|next| next.starts_with("|---"));
        if !line.starts_with('|') || line.starts_with("|---") || is_header {
            continue;
        }
        let inside = line.strip_prefix('|').and_then(|l| l.strip_suffix('|'));
        let inside = inside.unwrap_or_else(|| panic!("a row has two ends: {line}"));
        let name = inside.trim().strip_prefix("<!-- ");
        let (name, rest) = name
            .and_then(|name| name.split_once(" --> "))
            .unwrap_or_else(|| panic!("a row begins with its name: {line}"));
        assert!(
            rest.split('|').all(|cell| !cell.trim().is_empty()),
            "{line}"
        );
        let first = rest.split('|').next().unwrap().trim().to_owned();
        let (_, rows) = tables.last_mut().expect("a heading");
        rows.push((name.to_owned(), first));
    }
    tables.retain(|(_, rows)| !rows.is_empty());
    tables
}

/// Returns the rows that the tests and examples of a file show. Panics if such a line is not above a test or above an
/// example that must not compile.
fn shown(path: &str, text: &str) -> Vec<String> {
    let mut shown = Vec::new();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for (number, line) in lines.iter().enumerate() {
        let comment = line.strip_prefix("// ").or(line.strip_prefix("<!-- "));
        let Some(names) = comment.and_then(|text| text.strip_prefix(SHOWS)) else {
            continue;
        };
        let names = names.trim_end_matches("-->").split(',').map(str::trim);
        shown.extend(names.map(str::to_owned));
        let mut below = lines[number + 1..]
            .iter()
            .skip_while(|line| line.contains(SHOWS));
        let next = below.next().unwrap_or(&"");
        let is_example = next
            .trim_start_matches(['/', '!', ' '])
            .starts_with("```compile_fail");
        assert!(
            *next == "#[test]" || is_example,
            "{path}: what shows this? {line}"
        );
    }
    shown
}

/// Collects the files with tests and examples.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| end == "rs" || end == "md")
        {
            found.push(path);
        }
    }
}

#[test]
fn every_row_is_shown_by_a_test() {
    let mut rows = BTreeMap::new();
    for name in ["libpcap.md", "parity.md"] {
        for (_, table) in tables(&page(name)) {
            for (row, text) in table {
                assert_eq!(rows.insert(row, text), None, "two rows with the same name");
            }
        }
    }
    assert!(rows.len() >= 195, "{} rows", rows.len());

    let folder = |name: &str| root().parent().map(|folder| folder.join(name));
    let others = ["pcap-sys/tests", "pcap-examples/tests"].map(folder);
    let others: Vec<_> = others
        .into_iter()
        .flatten()
        .filter(|folder| folder.is_dir())
        .collect();
    let is_alone = others.len() < 2;
    let own = ["docs", "src", "tests"].map(|name| root().join(name));
    let mut paths = Vec::new();
    own.iter()
        .chain(&others)
        .for_each(|folder| files(folder, &mut paths));
    let mut all = BTreeSet::new();
    for path in paths.iter().filter(|path| !path.ends_with("docs_rows.rs")) {
        let text = fs::read_to_string(path).unwrap();
        let path = path.display().to_string();
        for row in shown(&path, &text) {
            assert!(
                rows.contains_key(&row),
                "{path} shows {row}, which is no row"
            );
            all.insert(row);
        }
    }
    // In an unpacked crate, the tests of the other crates are missing.
    if !is_alone {
        rows.retain(|row, _| !all.contains(row));
        assert!(rows.is_empty(), "no test shows {rows:#?}");
    }
}

/// How the rows of the first table of the parity page begin: none may be lost.
const CAPABILITIES: [&str; 39] = [
    "every function of `pcap.h`",
    "list devices",
    "the default device; `any`",
    "network number and netmask",
    "open a device in one call",
    "an inactive handle",
    "query whether monitor mode is supported",
    "distinguish warnings of an activation",
    "wait without a limit",
    "read a savefile",
    "a savefile's version, byte order",
    "a handle without a device",
    "pass packets to a closure",
    "loop up to a count",
    "an error or a panic of the closure",
    "one packet",
    "reads that copy and reads that do not",
    "iterate with the language's own loops",
    "non-blocking mode",
    "a file descriptor for select",
    "break a loop from another thread",
    "set a filter, optimized or not",
    "continue without a filter that fails",
    "compile without a device",
    "a filter from instructions",
    "compile filters in many threads",
    "get, set and list link types",
    "direction",
    "statistics",
    "send bytes",
    "open a dump",
    "dump bytes with a given or the current time",
    "dump a packet as a read returned it",
    "flush and close",
    "convert floating-point seconds",
    "the library's version",
    "classes of errors",
    "Windows",
    "programs",
];

#[test]
fn the_page_of_parity_has_every_row() {
    let tables = tables(&page("parity.md"));
    let counts: Vec<_> = tables
        .iter()
        .map(|(heading, rows)| (heading.as_str(), rows.len()))
        .collect();
    let expected = [
        ("Capabilities", CAPABILITIES.len()),
        ("Promises", 17),
        ("Behaviors", 8),
        ("Faults of other bindings that this crate does not have", 31),
    ];
    assert_eq!(counts, expected);
    for ((_, text), begins) in tables[0].1.iter().zip(CAPABILITIES) {
        assert!(text.starts_with(begins), "{text} is not {begins}");
    }
    for (number, (_, text)) in (1..).zip(&tables[2].1) {
        assert!(text.starts_with(&format!("{number}: ")), "{text}");
    }
}

#[test]
fn what_shows_nothing_is_noticed() {
    let text = "// Shows: a/b, a/c\n// Shows: a/d\n#[test]\n/// // Shows\n// Shows: a/e\n/// ```compile_fail\n";
    assert_eq!(shown("a", text), ["a/b", "a/c", "a/d", "a/e"]);
    assert_eq!(
        shown("a", "<!-- Shows: a/b -->\n```compile_fail\n"),
        ["a/b"]
    );
    for bad in [
        "// Shows: a/b\nfn helper() {}\n",
        "// Shows: a/b\n/// ```\n",
        "// Shows: a/b",
    ] {
        std::panic::catch_unwind(|| shown("a", bad)).expect_err(bad);
    }
    let page = "## One\n| a | b |\n|---|---|\n| <!-- x/y --> one | two |\n## Two\n";
    let row = ("x/y".to_owned(), "one".to_owned());
    assert_eq!(tables(page), [("One".to_owned(), vec![row])]);
    for bad in [
        "## One\n| one | two |",
        "## One\n| <!-- x/y --> one | |",
        "## One\n| <!-- x/y --> one | two",
    ] {
        std::panic::catch_unwind(|| tables(bad)).expect_err(bad);
    }
}
