//! Watches the free space of a file system.

use std::io;
use std::path::Path;

use crate::value_parsers;

/// The free space that must remain on the file system of the savefiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MinFree {
    /// A number of bytes.
    Bytes(u64),
    /// A part of the size of the file system, in percent.
    Percent(f64),
}

impl MinFree {
    /// Parses a size in bytes or with a unit, or a percentage: `500MB`, `2GiB`, `5%`.
    ///
    /// # Errors
    ///
    /// Returns a message for clap to print if the text is invalid or out of range.
    pub fn parse(text: &str) -> Result<MinFree, String> {
        let Some(number) = text.strip_suffix('%') else {
            return value_parsers::bytes(text).map(MinFree::Bytes);
        };
        match number.parse::<f64>() {
            Ok(percent) if percent > 0.0 && percent < 100.0 => Ok(MinFree::Percent(percent)),
            _ => Err("expected a percentage between 0 and 100".to_owned()),
        }
    }

    /// Returns the free space on the file system of a file or folder, and how much must remain, in bytes.
    pub(super) fn compare(self, path: &Path) -> io::Result<(u64, u64)> {
        let Space { free, size } = Space::of(path)?;
        let min = match self {
            MinFree::Bytes(bytes) => bytes,
            MinFree::Percent(percent) => (size as f64 * percent / 100.0) as u64,
        };
        Ok((free, min))
    }
}

/// The size of a file system and its free space, in bytes.
struct Space {
    /// The space that is free for users other than root.
    free: u64,
    size: u64,
}

#[cfg(unix)]
impl Space {
    fn of(path: &Path) -> io::Result<Space> {
        use std::ffi::CString;
        use std::mem::MaybeUninit;
        use std::os::unix::ffi::OsStrExt;
        let path = CString::new(path.as_os_str().as_bytes())?;
        let mut stats = MaybeUninit::<libc::statvfs>::zeroed();
        // SAFETY: the path ends with a NUL, and the other pointer is valid for writing the statistics.
        if unsafe { libc::statvfs(path.as_ptr(), stats.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call has succeeded, and zeros are valid in any case.
        let stats = unsafe { stats.assume_init() };
        // The types of the fields depend on the system.
        #[allow(clippy::unnecessary_cast)]
        let (unit, free, size) = (
            stats.f_frsize as u64,
            stats.f_bavail as u64,
            stats.f_blocks as u64,
        );
        Ok(Space {
            free: free.saturating_mul(unit),
            size: size.saturating_mul(unit),
        })
    }
}

#[cfg(not(unix))]
impl Space {
    fn of(_: &Path) -> io::Result<Space> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_percentages_are_parsed() {
        assert_eq!(MinFree::parse("500MB"), Ok(MinFree::Bytes(500_000_000)));
        assert_eq!(MinFree::parse("2.5%"), Ok(MinFree::Percent(2.5)));
        for text in ["", "%", "0%", "100%", "-1%", "nan%", "x", "5 %"] {
            assert!(MinFree::parse(text).is_err(), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn free_space_is_measured() {
        let path = Path::new("/");
        let (free, min) = MinFree::Bytes(1).compare(path).unwrap();
        assert!(free > min && min == 1);
        let (free, min) = MinFree::Percent(99.999).compare(path).unwrap();
        assert!(free < min);
        assert!(MinFree::Bytes(1).compare(Path::new("/none")).is_err());
    }
}
