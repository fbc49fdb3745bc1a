//! Counts instructions, with valgrind's callgrind.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::peers::Peer;
use crate::work::{Task, jobs};

/// The number of instructions per packet for each task.
pub(crate) struct Counts(Vec<((Peer, Task), f64)>);

impl Counts {
    pub(crate) fn of(&self, job: (Peer, Task)) -> Option<f64> {
        let found = self.0.iter().find(|(known, _)| *known == job);
        found.map(|(_, count)| *count)
    }

    pub(crate) fn extend(&mut self, other: Counts) {
        self.0.extend(other.0);
    }
}

/// Counts all work that needs no network, or the rest, for which this thread must be in a private network.
pub(crate) fn count(live: bool) -> Result<Counts, Failure> {
    let what = if live { "live" } else { "files" };
    let folder = Folder::new(what)?;
    let folder = folder.0.as_path();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--dump-before=gate_mark"])
        .arg(format!("--callgrind-out-file={}/part", folder.display()))
        .arg(env::current_exe()?)
        .args(["--work", what])
        .output()
        .map_err(|error| format!("cannot run valgrind: {error}"))?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(format!("valgrind: {}: {error}", output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut lines = text.lines();
    // Each work is done three times, and each time has two marks. A part ends with the mark of its number.
    let mut tallies = HashMap::new();
    let mut counts = Vec::new();
    for (number, (peer, task)) in jobs(live).into_iter().enumerate() {
        let mut sizes = [(0, 0); 2];
        for (size, (instructions, packets)) in sizes.iter_mut().enumerate() {
            let part = 6 * number + 2 * size + 4;
            *instructions = total(&folder.join(format!("part.{part}")))?;
            let line = lines.next().ok_or("a work has printed nothing")?;
            let (first, rest) = line.split_once(' ').ok_or("expected three numbers")?;
            *packets = first.parse::<u64>()?;
            // All peers must read the same; live, the kernel may have dropped packets.
            let known = tallies
                .entry(same(task, size))
                .or_insert_with(|| rest.to_owned());
            if !live && known != rest {
                return Err(
                    format!("{peer:?} {task:?}: it read {rest}, and others {known}").into(),
                );
            }
        }
        let [(few, packets), (many, more)] = sizes;
        let count = (many as f64 - few as f64) / (more as f64 - packets as f64);
        counts.push(((peer, task), count));
    }
    Ok(Counts(counts))
}

/// Returns a text: all work with the same one must read the same.
fn same(task: Task, size: usize) -> String {
    match task {
        Task::Read(layout, _) => format!("{layout:?} {size}"),
        Task::Pipe(_) => format!("pipe {size}"),
        Task::Reader(_) => format!("reader {size}"),
        other => format!("{other:?} {size}"),
    }
}

/// The directory that contains the counts of this process. Dropping it removes the directory.
struct Folder(PathBuf);

impl Folder {
    fn new(what: &str) -> io::Result<Folder> {
        let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/gate");
        let folder = all.join(format!("{what}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Folder(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What remains takes little space.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Reads the sum of all instructions from one of callgrind's files.
fn total(path: &Path) -> Result<u64, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let line = text.lines().rev().find_map(|line| {
        let number = line
            .strip_prefix("totals: ")
            .or(line.strip_prefix("summary: "))?;
        number.split_whitespace().next()?.parse().ok()
    });
    line.ok_or_else(|| format!("{} has no sum", path.display()).into())
}
