//! The mutants that no test can notice, with reasons.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{Result, command};

/// The most entries.
const MOST: usize = 30;

/// Reads the list: the name of a mutant in each line, its reason below, indented.
pub(crate) fn read(path: &Path) -> Result<BTreeMap<String, String>> {
    let entries = parse(&command::read(path)?);
    let path = path.display();
    if let Some((name, _)) = entries.iter().find(|(_, reason)| reason.is_empty()) {
        return Err(format!("expected a reason below `{name}` in {path}"));
    }
    if entries.len() > MOST {
        let count = entries.len();
        return Err(format!(
            "expected at most {MOST} entries, found {count} in {path}"
        ));
    }
    Ok(entries)
}

/// Returns the reasons by name.
fn parse(text: &str) -> BTreeMap<String, String> {
    let mut entries = BTreeMap::<String, String>::new();
    let mut name = "";
    for line in text.lines() {
        let reason = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if reason == line {
            name = line;
            entries.insert(name.to_owned(), String::new());
        } else if let Some(entry) = entries.get_mut(name) {
            if !entry.is_empty() {
                entry.push(' ');
            }
            entry.push_str(reason);
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reasons_belong_to_the_name_above() {
        let entries = parse("# Comment.\n\na: b\n    It is\n    equal.\nc: d\n");
        let expected = [("a: b", "It is equal."), ("c: d", "")];
        let expected = expected.map(|(name, reason)| (name.to_owned(), reason.to_owned()));
        assert_eq!(entries.into_iter().collect::<Vec<_>>(), expected);
    }
}
