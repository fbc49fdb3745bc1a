//! The recorded ratios, in `ratios.txt`: for each compiler a line with the versions, and then a line for each path, with
//! its name and the ratio to each of the others.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Failure;
use crate::peers::Peer;

/// The ratios recorded with one version of rustc.
pub(crate) struct Ratios {
    /// The versions of the tools that recorded them; that of rustc comes first.
    pub(crate) versions: String,
    lines: Vec<(String, Vec<(Peer, f64)>)>,
}

const INTRODUCTION: &str = "\
# Instructions per packet of pcap-core, divided by those of the bare system calls (floor) and of C in the same run.
# `ci/gate --update` writes this file; `ci/gate --help` explains when.
";

impl Ratios {
    pub(crate) fn new(versions: &str) -> Ratios {
        Ratios {
            versions: versions.to_owned(),
            lines: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, path: &str, ratios: Vec<(Peer, f64)>) {
        self.lines.push((path.to_owned(), ratios));
    }

    /// Returns the ratios of a path.
    pub(crate) fn of(&self, path: &str) -> Option<&[(Peer, f64)]> {
        let found = self.lines.iter().find(|(name, _)| name == path);
        found.map(|(_, ratios)| ratios.as_slice())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|(name, _)| name.as_str())
    }

    /// Returns the ratios of the compiler that is closest to the one in `versions`.
    pub(crate) fn closest(versions: &str) -> Result<Ratios, Failure> {
        let all = read()?.into_iter();
        let closest = all.min_by_key(|ratios| minor(&ratios.versions).abs_diff(minor(versions)));
        closest.ok_or_else(|| "nothing is recorded: see ci/gate --help".into())
    }

    /// Replaces those of the same compiler, and those that have other paths.
    pub(crate) fn record(self) -> Result<(), Failure> {
        let mut all = read()?;
        let is_other = |ratios: &Ratios| minor(&ratios.versions) != minor(&self.versions);
        all.retain(|ratios| is_other(ratios) && ratios.names().eq(self.names()));
        all.push(self);
        all.sort_by_key(|ratios| minor(&ratios.versions));
        Ok(fs::write(file(), text(&all))?)
    }
}

/// Returns the number of the minor version of rustc.
fn minor(versions: &str) -> u32 {
    let number = versions.split('.').nth(1);
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn read() -> Result<Vec<Ratios>, Failure> {
    let path = file();
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Ratios>, Failure> {
    let mut all: Vec<Ratios> = Vec::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(versions) = line.strip_prefix('[') {
            all.push(Ratios::new(versions.trim_end_matches(']')));
            continue;
        }
        let mut columns = line.split('|').map(str::trim);
        let name = columns.next().unwrap_or_default();
        let numbers = columns.map(|column| {
            let (peer, number) = column.split_once(' ')?;
            let peer = Peer::OTHERS
                .into_iter()
                .find(|known| known.name() == peer)?;
            Some((peer, number.trim().parse().ok()?))
        });
        let numbers: Option<Vec<_>> = numbers.collect();
        let last = all.last_mut().zip(numbers);
        let (ratios, numbers) = last.ok_or_else(|| format!("cannot read the line `{line}`"))?;
        ratios.add(name, numbers);
    }
    Ok(all)
}

fn text(all: &[Ratios]) -> String {
    let mut text = INTRODUCTION.to_owned();
    for ratios in all {
        text.push_str(&format!("\n[{}]\n", ratios.versions));
        for (name, ratios) in &ratios.lines {
            let ratios = ratios
                .iter()
                .map(|(peer, ratio)| format!(" | {} {ratio:.4}", peer.name()));
            text.push_str(&format!("{name:<42}{}\n", ratios.collect::<String>()));
        }
    }
    text
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ratios.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let mut ratios = Ratios::new("rustc 1.95.0 (hash), cc 1.2.3");
        ratios.add("read, for_each", vec![(Peer::Floor, 1.25), (Peer::C, 0.5)]);
        ratios.add("live", vec![(Peer::C, 1.0)]);
        let written = text(&[ratios, Ratios::new("rustc 1.96.0")]);
        let read = parse(&written).unwrap();
        assert_eq!(text(&read), written);
        assert_eq!(
            read.iter()
                .map(|it| minor(&it.versions))
                .collect::<Vec<_>>(),
            [95, 96]
        );
        let of = |path| read[0].of(path);
        assert_eq!(
            of("read, for_each"),
            Some(&[(Peer::Floor, 1.25), (Peer::C, 0.5)][..])
        );
        assert_eq!(of("write"), None);
        for bad in ["read | C 1.0", "[rustc 1.95]\nread | pcap 1.0"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_path_is_recorded() {
        for ratios in read().unwrap() {
            let paths = crate::paths::all();
            let paths: Vec<&str> = paths.iter().map(|path| path.name.as_str()).collect();
            assert_eq!(
                ratios.names().collect::<Vec<_>>(),
                paths,
                "{}",
                ratios.versions
            );
        }
    }
}
