//! Creates the savefiles of a capture under one name after another.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use pcap_core::Timestamp;

use super::existing_folder_of;
use super::names::{NamePattern, append_number, create_first_free, insert_number};
use crate::exit::Outcome;
use crate::files::{creation_failure, folder_of, is_named_as_folder};
use crate::safe_files;

/// How the savefiles are named after the path on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// There is only one savefile, which has the path as its name and replaces an existing file.
    #[default]
    Single,
    /// With numbers at the end, as with tcpdump's `-C`: `a.pcap`, `a.pcap1`, ….
    Appended {
        /// The number of digits, with which the first file has a number, too: `a.pcap00`.
        digits: Option<usize>,
    },
    /// With the time, as with tcpdump's `-G`. A name that exists gets a number before the extension: `a-1.pcap`.
    Timed,
    /// With the time, and with numbers at the end.
    TimedAppended,
    /// With a number and the time, as dumpcap names them, unless the path has conversions of strftime(3).
    Dumpcap,
}

/// The names of the savefiles, and which of them were used.
#[derive(Debug)]
pub(super) struct Series {
    naming: Naming,
    pattern: NamePattern,
    /// Whether to create the folders whose names depend on the time.
    make_folders: bool,
    /// The name without a number that was used last, and the next number for it.
    last: (PathBuf, u64),
    /// The names of removed savefiles, which a ring with numbers uses again.
    free: BTreeSet<PathBuf>,
}

impl Series {
    pub(super) fn new(naming: Naming, path: &Path) -> Outcome<Series> {
        let is_literal = matches!(naming, Naming::Single | Naming::Appended { .. });
        let pattern = match is_literal {
            true => NamePattern::literal(path),
            false => NamePattern::new(path)?,
        };
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let make_folders = pattern.is_timed() && NamePattern::new(&folder)?.is_timed();
        let is_dumpcap = naming == Naming::Dumpcap && !pattern.is_timed();
        Ok(Series {
            naming: match naming {
                Naming::Dumpcap if !is_dumpcap => Naming::Timed,
                naming => naming,
            },
            // Without a conversion, a `%` of the path has no meaning.
            pattern: match is_dumpcap {
                true => NamePattern::literal(path),
                false => pattern,
            },
            make_folders,
            last: (PathBuf::new(), u64::from(is_dumpcap)),
            free: BTreeSet::new(),
        })
    }

    /// Checks whether savefiles can be created, without creating one.
    pub(super) fn check(&self, path: &Path) -> Outcome {
        let failure = |error: io::Error| creation_failure(path, &error);
        if is_named_as_folder(path) {
            return Err(failure(io::ErrorKind::IsADirectory.into()));
        }
        let folder = match self.make_folders {
            true => existing_folder_of(path),
            false => folder_of(path).to_owned(),
        };
        // The name of the file does not matter: an existing one is not replaced.
        safe_files::check_folder(&folder).map_err(failure)
    }

    /// Returns whether the names depend on the time.
    pub(super) fn is_timed(&self) -> bool {
        self.naming == Naming::Dumpcap || self.pattern.is_timed()
    }

    /// Notes that a savefile was removed, and its name can be used again.
    pub(super) fn reuse(&mut self, path: PathBuf) {
        if matches!(self.naming, Naming::Appended { .. }) {
            self.free.insert(path);
        }
    }

    /// Creates the next savefile. Never replaces a file.
    pub(super) fn create(&mut self, time: Timestamp) -> Outcome<(PathBuf, File)> {
        while let Some(path) = self.free.pop_first() {
            // If the file exists, another program has created it.
            if let Ok(created) = create_first_free([path], false) {
                return Ok(created);
            }
        }
        let base = match self.naming {
            Naming::Dumpcap => PathBuf::new(),
            _ => self.pattern.at(time)?,
        };
        let mut next = match base == self.last.0 {
            true => self.last.1,
            false => 0,
        };
        let mut outcome = Ok(());
        let names = std::iter::from_fn(|| {
            let number = next;
            next += 1;
            Some(match self.naming {
                Naming::Single | Naming::Timed => insert_number(&base, number),
                Naming::Appended { digits } => append_number(&base, number, digits),
                Naming::TimedAppended => append_number(&base, number, None),
                Naming::Dumpcap => match self.pattern.numbered_at(number, time) {
                    Ok(name) => name,
                    Err(failure) => {
                        outcome = Err(failure);
                        return None;
                    }
                },
            })
        });
        let created = create_first_free(names, self.make_folders);
        outcome?;
        self.last = (base, next);
        created
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates several savefiles in a folder where some files exist, and returns their names.
    fn names(naming: Naming, path: &str, existing: &[&str], count: usize) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for name in existing {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let mut series = Series::new(naming, &folder.path().join(path)).unwrap();
        let create = |_| series.create(Timestamp::new(0, 0)).unwrap().0;
        let names = (0..count).map(create);
        let relative = |path: PathBuf| {
            let path = path.strip_prefix(folder.path()).unwrap();
            path.display().to_string()
        };
        names.map(relative).collect()
    }

    #[test]
    fn names_are_those_of_tcpdump_and_dumpcap() {
        let appended = Naming::Appended { digits: None };
        assert_eq!(names(appended, "a", &[], 3), ["a", "a1", "a2"]);
        assert_eq!(names(appended, "a", &["a", "a2"], 2), ["a1", "a3"]);
        let padded = Naming::Appended { digits: Some(2) };
        assert_eq!(names(padded, "a%", &[], 2), ["a%00", "a%01"]);
        assert_eq!(names(Naming::Timed, "a.b", &[], 2), ["a.b", "a-1.b"]);
        assert_eq!(names(Naming::Timed, "%Y/a", &[], 1).len(), 1);
        let number = |name: &String| name.split('_').nth(1).unwrap().to_owned();
        let found = names(Naming::Dumpcap, "a.pcapng", &[], 2);
        assert_eq!(
            found.iter().map(number).collect::<Vec<_>>(),
            ["00001", "00002"]
        );
        let timed = names(Naming::Dumpcap, "%s.pcapng", &[], 2);
        assert_eq!(timed, ["0.pcapng", "0-1.pcapng"]);
    }

    #[test]
    fn a_ring_uses_its_names_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut series = Series::new(Naming::Appended { digits: Some(1) }, &path).unwrap();
        let time = Timestamp::new(0, 0);
        let first = series.create(time).unwrap().0;
        let second = series.create(time).unwrap().0;
        std::fs::remove_file(&first).unwrap();
        series.reuse(first.clone());
        assert_eq!(series.create(time).unwrap().0, first);
        // This name was taken by another program.
        series.reuse(second);
        let third = series.create(time).unwrap().0;
        assert_eq!(third, folder.path().join("a2"));
    }
}
