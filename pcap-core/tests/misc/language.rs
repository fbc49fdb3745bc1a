//! The rules for the text of the sources that a scan can check.

use std::fs;
use std::path::{Path, PathBuf};

/// The longest line of a comment, in characters.
const WIDTH: usize = 120;

/// Words that end like a verb in the third person, but are none.
const NO_VERBS: [&str; 6] = ["as", "has", "is", "its", "this", "whereas"];

/// A source file without its unit tests.
struct Source {
    path: PathBuf,
    lines: Vec<String>,
}

/// Reads the sources of this crate, and those of pcap-sys in a checkout.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "../pcap-sys/src", "../pcap-sys/build"].map(|folder| root.join(folder));
    let mut open: Vec<PathBuf> = folders.into_iter().filter(|path| path.is_dir()).collect();
    let mut sources = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_tests = path.file_stem().is_some_and(|name| name == "tests");
            if is_tests {
                continue;
            }
            if path.is_dir() && !path.ends_with("src/bindings") {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !path.ends_with("tests.rs")
            {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.lines().take_while(|line| *line != "mod tests {");
                let lines = code.map(str::to_owned).collect();
                sources.push(Source { path, lines });
            }
        }
    }
    assert!(sources.len() > 100, "only {} files", sources.len());
    sources
}

/// Fails with the lines for which the check returns true.
fn none_of(what: &str, mut is_wrong: impl FnMut(&Source, usize) -> bool) {
    let mut wrong = Vec::new();
    for source in sources() {
        for (index, line) in source.lines.iter().enumerate() {
            if is_wrong(&source, index) {
                wrong.push(format!("{}:{}: {line}", source.path.display(), index + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

/// Returns whether the item after the comments and attributes at the beginning of some lines is a function.
fn documents_a_function(lines: &[String]) -> bool {
    const BEFORE: [&str; 8] = [
        "pub",
        "pub(crate)",
        "pub(super)",
        "const",
        "async",
        "unsafe",
        "extern",
        "\"C\"",
    ];
    let mut code = lines
        .iter()
        .map(|line| line.trim())
        .skip_while(|line| line.starts_with("//") || line.starts_with("#["));
    let mut words = code.next().unwrap_or_default().split(' ');
    words.find(|word| !BEFORE.contains(word)) == Some("fn")
}

/// Returns whether a line is the first of a doc comment.
fn begins_a_doc_comment(source: &Source, index: usize) -> bool {
    let is_doc = |line: &String| {
        let line = line.trim_start();
        line.starts_with("///") || line.starts_with("#[doc = manual!")
    };
    is_doc(&source.lines[index]) && (index == 0 || !is_doc(&source.lines[index - 1]))
}

/// "Returns …", "Opens …": a plural noun passes, too. A comment that begins with a heading has no summary.
#[test]
fn summaries_of_functions_begin_with_a_verb() {
    none_of("expected a verb in the third person", |source, index| {
        if !begins_a_doc_comment(source, index) || !documents_a_function(&source.lines[index..]) {
            return false;
        }
        let summary = source.lines[index].trim_start_matches([' ', '/']);
        let word = summary.split([' ', ',', ':', '.']).next().unwrap();
        let is_verb = word.ends_with('s') && !NO_VERBS.contains(&word.to_lowercase().as_str());
        !is_verb && !summary.starts_with('#')
    });
}

/// Rows of tables and addresses cannot be wrapped.
#[test]
fn comments_are_wrapped() {
    none_of("longer than 120 characters", |source, index| {
        let line = &source.lines[index];
        let can_be_wrapped = !line.contains("| ") && !line.contains("://");
        line.trim_start().starts_with("//") && can_be_wrapped && line.chars().count() > WIDTH
    });
}

/// `{:?}` prints names of Rust's types and quotes; in this crate only `Debug` itself does.
#[test]
fn no_text_is_formatted_with_debug() {
    let mut debug = None;
    none_of("formatted with `Debug`", |source, index| {
        let line = source.lines[index].as_str();
        let indent = line.len() - line.trim_start().len();
        if index == 0 {
            debug = None;
        }
        let is_impl = line.trim_start().starts_with("impl") && line.contains("Debug for ");
        if is_impl && !line.ends_with("{}") {
            debug = Some(indent);
        }
        let is_inside = debug.is_some();
        if debug == Some(indent) && line.trim_start().starts_with('}') {
            debug = None;
        }
        let is_code = !line.trim_start().starts_with("//") && !line.contains("assert");
        is_code && !is_inside && (line.contains(":?}") || line.contains(":#?}"))
    });
}
