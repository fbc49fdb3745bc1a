//! `pcap-info`, compared with capinfos.

mod capinfos;
mod files;
mod selection;
mod text;

use std::path::Path;

use serde_json::Value;

use crate::common::{RunResult, path_arg, run_program};

/// Returns the description of a savefile, which may be incomplete.
fn describe(path: &Path) -> Value {
    description(&run_program("info", &["--json", "--hash", path_arg(path)]))
}

/// Returns the description that a program has printed.
fn description(ran: &RunResult) -> Value {
    let [line] = ran.lines()[..] else {
        panic!("expected a line: {}", ran.text());
    };
    let described: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(described["type"], "info", "{}", ran.stderr);
    described
}

/// Splits a line of CSV.
fn values(line: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.next_if_eq(&'"').is_some() => {
                values.last_mut().unwrap().push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => values.push(String::new()),
            other => values.last_mut().unwrap().push(other),
        }
    }
    values
}
