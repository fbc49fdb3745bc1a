//! Temporary files, for data that libpcap only reads from a path.

use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use windows_sys::Win32::Storage::FileSystem::{FILE_ATTRIBUTE_TEMPORARY, FILE_SHARE_READ};

/// A temporary file, which is deleted on drop. Until then, other programs can read it if the permissions of the
/// directory allow it, but can neither write to it nor replace it.
#[derive(Debug)]
pub(super) struct Temp {
    path: PathBuf,
    /// Always open, which prevents other programs from changing the file.
    file: Option<File>,
}

impl Temp {
    /// Creates a file, open for writing, with an unpredictable name.
    pub(super) fn new() -> io::Result<Temp> {
        let folder = std::env::temp_dir();
        loop {
            // The hasher derives the number from random keys of the system.
            let number = RandomState::new().build_hasher().finish();
            let path = folder.join(format!("pcap-core-{number:016x}.tmp"));
            let file = File::options()
                .read(true)
                .write(true)
                .create_new(true)
                // libpcap opens the file for reading, and permits other programs to write.
                .share_mode(FILE_SHARE_READ)
                .attributes(FILE_ATTRIBUTE_TEMPORARY)
                .open(&path);
            match file {
                Ok(file) => {
                    let file = Some(file);
                    return Ok(Temp { path, file });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl io::Write for Temp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Ok(0),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        self.file = None;
        // An error cannot be reported here. The system eventually empties the directory.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn nobody_else_changes_it_and_nothing_is_left() {
        let mut temp = Temp::new().unwrap();
        temp.write_all(b"some bytes").unwrap();
        let path = temp.path().to_owned();
        assert_eq!(fs::read(&path).unwrap(), b"some bytes");
        // Other programs cannot write to it, delete it, or move another file there.
        File::options().write(true).open(&path).unwrap_err();
        fs::remove_file(&path).unwrap_err();
        let other = Temp::new().unwrap();
        fs::rename(other.path(), &path).unwrap_err();
        fs::rename(&path, other.path()).unwrap_err();
        assert_ne!(other.path(), path);
        drop((temp, other));
        assert!(!path.exists());
    }
}
