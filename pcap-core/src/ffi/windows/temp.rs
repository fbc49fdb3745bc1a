//! Temporary files, for what libpcap can read from a path only.
//!
//! May import: nothing of this crate.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A file of our own in the folder for such, deleted when this is dropped. Until then others can open it.
#[derive(Debug)]
pub(super) struct Temp(PathBuf);

impl Temp {
    /// A new one, open for writing.
    pub(super) fn new() -> io::Result<(Temp, File)> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let folder = std::env::temp_dir();
        loop {
            let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = folder.join(format!("pcap-core-{process}-{number}.tmp"));
            match File::create_new(&path) {
                Ok(file) => return Ok((Temp(path), file)),
                // Left by a process that was ended, and had the same number.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        // Nobody is left to tell; it is in the folder that is emptied.
        let _ = fs::remove_file(&self.0);
    }
}
