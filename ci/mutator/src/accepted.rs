//! The mutants that no test can notice, with reasons.

use std::collections::BTreeMap;
use std::path::Path;

use crate::list::Mutant;
use crate::tree::Untested;
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

/// Returns the names that are of no mutant that can be tried, with the reason.
pub(crate) fn stale<'a>(
    accepted: &'a BTreeMap<String, String>,
    mutants: &[Mutant],
    untested: &BTreeMap<usize, Untested>,
) -> Vec<(&'a str, &'static str)> {
    let numbers: BTreeMap<&str, usize> = mutants
        .iter()
        .enumerate()
        .map(|(number, mutant)| (mutant.name.as_str(), number))
        .collect();
    let reason = |name: &str| match numbers.get(name) {
        None => Some("no longer exists"),
        Some(number) => match untested.get(number)? {
            Untested::Elsewhere => Some("is of another system"),
            Untested::Unviable => Some("does not build"),
            Untested::Fixed => Some("cannot be chosen at run time"),
        },
    };
    accepted
        .keys()
        .filter_map(|name| Some((name.as_str(), reason(name)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{parse, stale};
    use crate::list::{Genre, Mutant};
    use crate::tree::Untested;

    #[test]
    fn what_cannot_be_tried_is_stale() {
        let mutant = |name: &str| Mutant {
            id: 0,
            file: String::new(),
            name: name.to_owned(),
            line: 1,
            column: 1,
            genre: Genre::FnValue,
            replacement: String::new(),
            function: String::new(),
        };
        let mutants = ["a", "b", "c", "d"].map(mutant);
        let untested = BTreeMap::from([
            (1, Untested::Unviable),
            (2, Untested::Fixed),
            (3, Untested::Elsewhere),
        ]);
        let accepted = parse("a\n .\nb\n .\nc\n .\nd\n .\ne\n .\n");
        let expected = [
            ("b", "does not build"),
            ("c", "cannot be chosen at run time"),
            ("d", "is of another system"),
            ("e", "no longer exists"),
        ];
        assert_eq!(stale(&accepted, &mutants, &untested), expected);
    }

    #[test]
    fn reasons_belong_to_the_name_above() {
        let entries = parse("# Comment.\n\na: b\n    It is\n    equal.\nc: d\n");
        let expected = [("a: b", "It is equal."), ("c: d", "")];
        let expected = expected.map(|(name, reason)| (name.to_owned(), reason.to_owned()));
        assert_eq!(entries.into_iter().collect::<Vec<_>>(), expected);
    }
}
