//! Reads what `llvm-cov export -format=lcov` writes.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Folders with the lines that count.
const FOLDERS: [&str; 3] = ["pcap-core/src", "pcap-sys/src", "pcap-sys/build"];

/// How often each line of each file was executed.
pub(super) type Counts = BTreeMap<String, BTreeMap<usize, u64>>;

/// Returns the counts of the files in [`FOLDERS`]. Their paths are relative to `root`.
pub(super) fn parse(text: &str, root: &Path) -> Counts {
    let mut counts = Counts::new();
    let mut file: Option<String> = None;
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            file = relative(Path::new(path), root);
        } else if let (Some(data), Some(file)) = (line.strip_prefix("DA:"), &file) {
            let mut numbers = data.split(',').map(str::parse::<u64>);
            if let (Some(Ok(line)), Some(Ok(count))) = (numbers.next(), numbers.next()) {
                let lines = counts.entry(file.clone()).or_default();
                // A file may occur twice, as `build/env.rs` and `tests/../build/env.rs`.
                let sum = lines.entry(line as usize).or_default();
                *sum = sum.saturating_add(count);
            }
        }
    }
    counts
}

/// Returns the path from the root, without `..`, if the file is in one of the [`FOLDERS`].
fn relative(path: &Path, root: &Path) -> Option<String> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    let path = plain.strip_prefix(root).ok()?;
    let counts = FOLDERS.iter().any(|folder| path.starts_with(folder));
    counts.then(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_one_file_are_added() {
        let text = "SF:/a/pcap-sys/build/env.rs\nFN:1,x\nDA:1,2\nDA:2,0\nend_of_record\n\
            SF:/a/pcap-sys/tests/../build/env.rs\nDA:2,5\nDA:4,18446744073709551615\nDA:4,1\nend_of_record\n";
        let counts = parse(text, Path::new("/a"));
        let lines = BTreeMap::from([(1, 2), (2, 5), (4, u64::MAX)]);
        assert_eq!(
            counts,
            Counts::from([("pcap-sys/build/env.rs".to_owned(), lines)])
        );
    }

    #[test]
    fn other_files_do_not_count() {
        for path in [
            "/a/pcap-core/tests/misc/main.rs",
            "/a/pcap-core/srcs/lib.rs",
            "/b/pcap-core/src/lib.rs",
            "/a/target/pcap-core/src/lib.rs",
        ] {
            assert_eq!(relative(Path::new(path), Path::new("/a")), None, "{path}");
        }
    }
}
