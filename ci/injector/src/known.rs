//! The lists of what may happen: defects of libpcap, and results that are documented.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Entries of a file: groups of lines `word: text`, separated by empty lines.
pub(crate) struct List {
    name: String,
    entries: Vec<Entry>,
}

/// An entry that applies to the libraries in use.
struct Entry {
    pattern: String,
    /// Whether the entry occurs only on some machines.
    depends: bool,
    seen: AtomicU64,
}

impl List {
    /// Reads a list, with the names and versions of the libraries in use. An entry that has a line with the name of a
    /// library, such as `glibc: 2.36`, counts only with these versions.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or an entry has no pattern or no reason.
    pub(crate) fn read(path: &Path, libraries: &[(&str, &str)]) -> Result<List, String> {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text =
            fs::read_to_string(path).map_err(|error| format!("cannot read {name}: {error}"))?;
        let mut entries = vec![];
        let without_comments: String = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| [line, "\n"])
            .collect();
        for group in without_comments
            .split("\n\n")
            .filter(|group| !group.trim().is_empty())
        {
            let field = |word: &str| {
                group
                    .lines()
                    .find_map(|line| line.strip_prefix(word)?.strip_prefix(": "))
                    .map(str::to_owned)
            };
            let pattern = field("pattern")
                .ok_or_else(|| format!("expected a pattern in {name}, found `{group}`"))?;
            if field("reason").is_none() {
                return Err(format!("expected a reason in {name}, found `{group}`"));
            }
            let applies = |&(library, version): &(&str, &str)| {
                let versions = field(library);
                versions.is_none_or(|all| all.split(' ').any(|known| matches(known, version)))
            };
            if libraries.iter().all(applies) {
                entries.push(Entry {
                    pattern,
                    depends: field("depends").is_some(),
                    seen: AtomicU64::new(0),
                });
            }
        }
        Ok(List { name, entries })
    }

    /// Returns whether an entry matches, and counts it.
    pub(crate) fn has(&self, finding: &str) -> bool {
        let mut found = false;
        for entry in &self.entries {
            if matches(&entry.pattern, finding) {
                entry.seen.fetch_add(1, Ordering::Relaxed);
                found = true;
            }
        }
        found
    }

    /// Returns the entries that have matched nothing, except those that depend on the machine.
    pub(crate) fn unseen(&self) -> Vec<String> {
        let unseen = self
            .entries
            .iter()
            .filter(|entry| !entry.depends && entry.seen.load(Ordering::Relaxed) == 0);
        unseen
            .map(|entry| format!("{}: `{}` does not occur", self.name, entry.pattern))
            .collect()
    }
}

/// Returns whether a text matches a pattern, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let Some(last) = pattern.contains('*').then(|| parts.next_back()).flatten() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text) in [
            ("a", "a"),
            ("a*", "abc"),
            ("*c", "abc"),
            ("a*c", "ac"),
            ("*b*", "abc"),
            ("*", ""),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", "ab"),
            ("b*", "abc"),
            ("*b", "abc"),
            ("a*bc*c", "abc"),
            ("", "a"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
