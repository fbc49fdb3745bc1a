//! What the writer thread does for a file besides writing.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// When to call fdatasync(2), so that data survives a crash of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// Never.
    #[default]
    Never,
    /// Before the file is closed.
    AtEnd,
    /// Before the file is closed, and whenever this time has passed since the last call.
    Every(Duration),
}

/// Called by the writer thread before it writes. Returns how many bytes it may write until the next call.
pub type SpaceCheck = Arc<dyn Fn() -> u64 + Send + std::marker::Sync>;

/// What the writer thread does besides writing.
#[derive(Clone, Default)]
pub struct FileCare {
    /// When to call fdatasync(2).
    pub sync: Sync,
    /// The folder of a new file, in which its name survives a crash only after fsync(2).
    pub folder: Option<PathBuf>,
    /// Checks the free space, if that is limited.
    pub space_check: Option<SpaceCheck>,
}

impl fmt::Debug for FileCare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("FileCare");
        debug.field("sync", &self.sync).finish_non_exhaustive()
    }
}
