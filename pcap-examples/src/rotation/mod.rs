//! Writes one savefile after another: limits, names, rings of savefiles, and what happens to each finished one.
//!
//! An [`Output`] is one savefile, or a series of them as a [`Rotation`] says. Create it with the
//! [head](crate::format_dumper::SavefileHead) of its savefiles, call [`write`](Output::write) for each packet and
//! [`tick`](Output::tick) a few times per second, and [`close`](Output::close) it at the end.

mod clock;
mod compression_ratio;
mod file_lines;
mod finisher;
mod free_space;
mod guard;
mod hook;
pub mod names;
mod output;
mod ring;
mod series;

use std::path::{Path, PathBuf};

pub use self::clock::{TimeLimit, boundary};
pub(crate) use self::compression_ratio::CompressionRatio;
pub use self::file_lines::FileLines;
pub use self::free_space::MinFree;
pub use self::hook::Hooks;
pub use self::output::Output;
pub use self::series::Naming;
use self::series::Series;
use crate::background_writer::Sync;
use crate::exit::Outcome;
use crate::files::folder_of;

/// When a savefile ends and the next one begins, and what happens to finished ones. The default is a single savefile.
#[derive(Clone, Debug, Default)]
pub struct Rotation {
    /// The name of the program, for messages.
    pub program: &'static str,
    /// How the savefiles are named.
    pub naming: Naming,
    /// The maximum length of a savefile, in bytes. With compression, this is that of the compressed file.
    pub max_size: Option<u64>,
    /// The maximum number of packets in a savefile.
    pub max_packets: Option<u64>,
    /// When a savefile ends by time.
    pub time: Option<TimeLimit>,
    /// The number of savefiles after which the capture ends.
    pub max_files: Option<u64>,
    /// The number of periods of [`TimeLimit::Period`] after which the capture ends.
    pub max_periods: Option<u64>,
    /// The maximum number of savefiles. The oldest are removed.
    pub ring_files: Option<u64>,
    /// The maximum number of bytes in all savefiles together. The oldest are removed.
    pub ring_bytes: Option<u64>,
    /// The free space to keep.
    pub min_free: Option<MinFree>,
    /// When to call fdatasync(2).
    pub sync: Sync,
    /// Where to print a line for each finished savefile.
    pub lines: Vec<FileLines>,
    /// The command to run for each finished savefile.
    pub hooks: Option<Hooks>,
}

impl Rotation {
    /// Returns whether there may be more than one savefile.
    #[must_use]
    pub fn changes_files(&self) -> bool {
        self.max_size.is_some() || self.max_packets.is_some() || self.time.is_some()
    }

    /// Returns the rotation of a further output: its savefiles change in the same way, in a ring of their own, but only
    /// those of the first output end the capture.
    #[must_use]
    pub fn of_further_output(&self) -> Rotation {
        let has_one_file = self.naming == Naming::Single;
        Rotation {
            max_size: self.max_size.filter(|_| !has_one_file),
            max_files: None,
            max_periods: None,
            ..self.clone()
        }
    }

    /// Checks whether the savefiles of a path can be created, without creating one.
    ///
    /// # Errors
    ///
    /// Returns an error if the path is a folder, if its folder is missing or not writable, or if its conversions are
    /// wrong.
    pub fn check_path(&self, path: &Path) -> Outcome {
        if self.naming == Naming::Single {
            return Ok(());
        }
        Series::new(self.naming, path)?.check(path)
    }

    fn is_ring(&self) -> bool {
        self.ring_files.is_some() || self.ring_bytes.is_some()
    }
}

/// Returns the innermost folder of a path that exists. Folders whose names depend on the time may not exist yet.
fn existing_folder_of(path: &Path) -> PathBuf {
    let mut folders = folder_of(path).ancestors();
    let existing = folders.find(|folder| folder.is_dir());
    existing.unwrap_or(Path::new(".")).to_owned()
}
