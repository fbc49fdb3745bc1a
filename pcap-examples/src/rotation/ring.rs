//! A ring of savefiles: the oldest are removed, so that a number of files or of bytes is not exceeded.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// The savefiles that a capture has created and not removed, oldest first.
#[derive(Debug, Default)]
pub(super) struct Ring {
    files: VecDeque<RingFile>,
    /// The names of removed savefiles, until they are taken.
    removed: Vec<PathBuf>,
}

#[derive(Debug)]
struct RingFile {
    path: PathBuf,
    identity: Option<Identity>,
    bytes: u64,
    /// Whether the savefile is closed. Others are not removed.
    is_finished: bool,
    /// Whether a command for the savefile waits or runs. Until it has ended, the savefile is not removed.
    is_in_use: bool,
}

/// A savefile that was removed from the ring.
#[derive(Debug)]
pub(super) struct Removed {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// While the file is open, the system keeps its data. Releasing that of a large file takes a while.
    pub(super) open: Option<File>,
    /// Whether it could be removed.
    pub(super) outcome: Result<(), Failure>,
}

impl Ring {
    /// Adds a savefile that was just created.
    pub(super) fn add(&mut self, path: &Path, file: &File) {
        self.files.push_back(RingFile {
            path: path.to_owned(),
            identity: Identity::of(file),
            bytes: 0,
            is_finished: false,
            is_in_use: false,
        });
    }

    /// Notes that a savefile is closed, its length, and whether a command will use it.
    pub(super) fn finish(&mut self, path: &Path, bytes: u64, is_in_use: bool) {
        let mut files = self.files.iter_mut();
        if let Some(file) = files.find(|file| file.path == path && !file.is_finished) {
            (file.bytes, file.is_finished, file.is_in_use) = (bytes, true, is_in_use);
        }
    }

    /// Notes that the command for a savefile has ended.
    pub(super) fn release(&mut self, path: &Path) {
        if let Some(file) = self.files.iter_mut().find(|file| file.path == path) {
            file.is_in_use = false;
        }
    }

    /// Returns whether a command uses the oldest savefile, which therefore stays.
    pub(super) fn is_oldest_in_use(&self) -> bool {
        self.files.front().is_some_and(|file| file.is_in_use)
    }

    /// Notes that a savefile is not complete. The ring leaves it alone, but removes it if it is empty.
    pub(super) fn fail(&mut self, path: &Path, is_empty: bool) {
        let found = self.files.iter().rposition(|file| file.path == path);
        if let Some(file) = found.and_then(|index| self.files.remove(index))
            && is_empty
        {
            file.remove_empty();
        }
    }

    /// Removes a savefile that is closed and has no packets.
    pub(super) fn discard(&mut self, path: &Path) {
        if let Some(file) = self.files.pop_back().filter(|file| file.path == path) {
            file.remove_empty();
        }
    }

    /// Notes the length that a savefile will have at most when it is closed.
    pub(super) fn expect(&mut self, path: &Path, bytes: u64) {
        if let Some(file) = self.files.iter_mut().rfind(|file| file.path == path) {
            file.bytes = bytes;
        }
    }

    /// Returns the number of savefiles.
    pub(super) fn len(&self) -> u64 {
        self.files.len() as u64
    }

    /// Returns the number of bytes of all savefiles except those that are being written.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Takes the names of the savefiles removed since the last call, which can be used again.
    pub(super) fn take_removed(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.removed)
    }

    /// Removes the oldest savefile. Returns `None` if it is not closed yet, or in use.
    ///
    /// Removes only the file that this capture has created. If another file has its name by now, that is left alone.
    pub(super) fn remove_oldest(&mut self) -> Option<Removed> {
        let oldest = self.files.front()?;
        if !oldest.is_finished || oldest.is_in_use {
            return None;
        }
        let file = self.files.pop_front()?;
        self.removed.push(file.path.clone());
        let mut removed = Removed {
            path: file.path,
            bytes: file.bytes,
            open: None,
            outcome: Ok(()),
        };
        match open(&removed.path) {
            Ok(open) if Identity::of(&open) == file.identity => removed.open = Some(open),
            Ok(_) => return Some(removed),
            Err(e) if is_another_file(&e) => return Some(removed),
            // It may be unreadable but removable.
            Err(_) if Identity::at(&removed.path) == file.identity => {}
            Err(_) => return Some(removed),
        }
        removed.outcome = match fs::remove_file(&removed.path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                let path = removed.path.display();
                Err(Failure::Text(format!("cannot remove `{path}`: {e}")))
            }
            _ => Ok(()),
        };
        Some(removed)
    }
}

impl RingFile {
    /// Removes the file, unless another one has its name by now.
    fn remove_empty(&self) {
        if Identity::at(&self.path) == self.identity {
            // If it stays, it has no packets.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Identifies a file, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u64, u64);

#[cfg(unix)]
impl Identity {
    fn of(file: &File) -> Option<Identity> {
        Identity::from_metadata(&file.metadata().ok()?)
    }

    /// Returns the identity of a file by its name, without following a symbolic link.
    fn at(path: &Path) -> Option<Identity> {
        Identity::from_metadata(&fs::symlink_metadata(path).ok()?)
    }

    #[allow(clippy::unnecessary_wraps)] // it is None on other systems
    fn from_metadata(metadata: &fs::Metadata) -> Option<Identity> {
        use std::os::unix::fs::MetadataExt;
        Some(Identity(metadata.dev(), metadata.ino()))
    }
}

#[cfg(not(unix))]
impl Identity {
    fn of(file: &File) -> Option<Identity> {
        Identity::from_metadata(&file.metadata().ok()?)
    }

    fn at(path: &Path) -> Option<Identity> {
        Identity::from_metadata(&fs::symlink_metadata(path).ok()?)
    }

    /// The standard library does not tell the number of a file, but the time of its creation.
    fn from_metadata(metadata: &fs::Metadata) -> Option<Identity> {
        let created = metadata.created().ok()?;
        let since = created.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(Identity(since.as_secs(), since.subsec_nanos().into()))
    }
}

/// Opens a file without following a symbolic link or waiting for the other end of a FIFO.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let mut options = fs::OpenOptions::new();
    options.read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Returns whether an error of [`open`] means that the file is gone, or a symbolic link has its name.
fn is_another_file(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::ELOOP) {
        return true;
    }
    error.kind() == io::ErrorKind::NotFound
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(ring: &mut Ring, path: &Path, bytes: u64) {
        ring.add(path, &File::create(path).unwrap());
        ring.finish(path, bytes, false);
    }

    #[test]
    fn a_file_in_use_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut ring = Ring::default();
        ring.add(&path, &File::create(&path).unwrap());
        ring.finish(&path, 1, true);
        assert!(ring.is_oldest_in_use() && ring.remove_oldest().is_none());
        ring.release(&path);
        assert!(!ring.is_oldest_in_use() && ring.remove_oldest().is_some());
    }

    #[test]
    fn the_oldest_files_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut ring = Ring::default();
        add(&mut ring, &path("a"), 3);
        add(&mut ring, &path("b"), 4);
        ring.add(&path("c"), &File::create(path("c")).unwrap());
        assert_eq!((ring.len(), ring.bytes()), (3, 7));
        let removed = ring.remove_oldest().unwrap();
        assert_eq!((removed.path, removed.bytes), (path("a"), 3));
        assert!(removed.open.is_some() && !path("a").exists());
        assert!(ring.remove_oldest().is_some());
        // This one is not closed yet.
        assert!(ring.remove_oldest().is_none() && path("c").exists());
    }

    // Windows gives a new file the creation time of a removed one with the same name.
    #[cfg(unix)]
    #[test]
    fn files_of_others_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut ring = Ring::default();
        for name in ["gone", "replaced", "link"] {
            add(&mut ring, &path(name), 1);
        }
        fs::remove_file(path("gone")).unwrap();
        fs::write(path("new"), "new").unwrap();
        fs::rename(path("new"), path("replaced")).unwrap();
        fs::rename(path("link"), path("target")).unwrap();
        std::os::unix::fs::symlink(path("target"), path("link")).unwrap();
        for _ in 0..3 {
            assert!(ring.remove_oldest().unwrap().outcome.is_ok());
        }
        assert!(path("replaced").exists());
        assert!(path("target").exists() && path("link").symlink_metadata().is_ok());
        assert_eq!(ring.len(), 0);
    }
}
