//! Watches the length of a regular file while it is read: a file that shrinks has lost packets.

use std::fs::File;
use std::io;

use crate::sys::platform;

/// The greatest length seen of a regular file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Length {
    greatest: u64,
}

impl Length {
    /// Returns the length of an open file, or `None` if it is not a regular file.
    pub(crate) fn of(file: &File) -> Option<Length> {
        let data = file.metadata().ok().filter(|data| data.is_file())?;
        Some(Length {
            greatest: data.len(),
        })
    }

    /// Compares the current length of the file with the greatest one seen. Returns both, the greatest first, if the
    /// file shrank. `read` is the offset up to which the file has been read.
    pub(crate) fn shrunk(&mut self, file: &File, read: u64) -> io::Result<Option<(u64, u64)>> {
        let now = file.metadata()?.len();
        self.greatest = self.greatest.max(read).max(now);
        // Some file systems report a length of 0, or an outdated length, for files that contain more.
        let gone =
            now < self.greatest && platform::read_at(file, &mut [0], self.greatest - 1)? == 0;
        Ok(gone.then_some((self.greatest, now)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn only_a_file_that_became_shorter_is_shorter() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[7; 100]).unwrap();
        let mut length = Length::of(&file).unwrap();
        assert_eq!(length.shrunk(&file, 0).unwrap(), None);
        file.write_all(&[7; 100]).unwrap();
        assert_eq!(length.shrunk(&file, 150).unwrap(), None);
        file.set_len(180).unwrap();
        assert_eq!(length.shrunk(&file, 150).unwrap(), Some((200, 180)));
    }

    /// Linux reports a length of 0 for the files in `/proc`, which other systems do not have.
    #[test]
    fn a_file_without_a_length_is_not_shorter() {
        let Ok(file) = File::open("/proc/version") else {
            return;
        };
        let mut length = Length::of(&file).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 0);
        assert_eq!(length.shrunk(&file, 5).unwrap(), None);
    }
}
