//! Creates numbered savefiles.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf, is_separator};

use pcap_core::SavefileFormat;

use crate::compression::{Compression, Recognized};
use crate::exit::{Failure, Outcome};
use crate::files::{creation_error, is_same_file, is_too_many_open};
use crate::safe_files;

/// The savefiles `PREFIX-00000.pcap`, `PREFIX-00001.pcap`, …, or the same with `.pcapng` and the extension of a
/// compression.
#[derive(Debug)]
pub struct NumberedFiles {
    prefix: PathBuf,
    digits: usize,
    force: bool,
    input: PathBuf,
    format: SavefileFormat,
    compression: Option<Compression>,
}

impl NumberedFiles {
    /// Sets the start of the names. Creates no file.
    ///
    /// If `prefix` is a folder, the savefiles are created in it. Their names then begin with the name of the input, or
    /// with `packets` for standard input. If `prefix` ends in `.pcap` or `.pcapng`, optionally followed by
    /// the extension of a compression, the number comes before that.
    /// Existing files are replaced only with `force`; the input is never replaced.
    #[must_use]
    pub fn new(
        prefix: &Path,
        input: &Path,
        digits: usize,
        force: bool,
        format: SavefileFormat,
        compression: Option<Compression>,
    ) -> NumberedFiles {
        // If the folder does not exist, creating the first savefile fails.
        let is_folder = prefix.to_string_lossy().ends_with(is_separator);
        let prefix = if is_folder || prefix.is_dir() {
            let stem = match without_compression(input).file_stem() {
                Some(stem) if stem != "-" => stem.to_owned(),
                _ => OsString::from("packets"),
            };
            prefix.join(stem)
        } else {
            let prefix = without_compression(prefix);
            match has_extension(&prefix) {
                true => prefix.with_extension(""),
                false => prefix,
            }
        };
        NumberedFiles {
            prefix,
            digits,
            force,
            input: input.to_owned(),
            format,
            compression,
        }
    }

    /// Returns how the savefiles are compressed.
    #[must_use]
    pub fn compression(&self) -> Option<Compression> {
        self.compression
    }

    /// Returns the path of the savefile with this number.
    #[must_use]
    pub fn path(&self, number: usize) -> PathBuf {
        let mut name = self.prefix.clone().into_os_string();
        let (digits, format) = (self.digits, self.format);
        name.push(format!("-{number:0digits$}.{format}"));
        if let Some(compression) = self.compression {
            name.push(format!(".{}", compression.format.extension()));
        }
        name.into()
    }

    /// Creates a savefile. The closure creates its dumper from the file and its name.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be created, or if it exists and `force` is not set. With `force`, also
    /// returns one if the file is the input or is not a regular file. Returns the errors of the closure.
    pub fn create<D>(
        &self,
        path: &Path,
        dumper: impl FnOnce(File, String) -> Outcome<D>,
    ) -> Outcome<D> {
        let fail =
            |why: String| Failure::Text(format!("cannot create `{}`: {why}", path.display()));
        let name = path.display().to_string();
        if self.force {
            if is_same_file(&self.input, path) {
                return Err(fail("it is also the input".to_owned()));
            }
            // Opening a FIFO may block forever.
            if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
                return Err(fail("it is not a regular file".to_owned()));
            }
            let file = safe_files::create(path).map_err(|e| creation_failure(path, &e))?;
            return dumper(file, name);
        }
        // The system rejects an existing file, even one that was created a moment ago.
        let created = safe_files::create_new(path, &mut OpenOptions::new());
        let file = created.map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => fail("it exists; --force replaces it".to_owned()),
            _ => creation_failure(path, &e),
        })?;
        dumper(file, name).inspect_err(|_| {
            // The file is empty, and this call created it.
            let _ = fs::remove_file(path);
        })
    }
}

/// Removes a savefile that is still empty after an error, because no byte of it could be written.
pub fn remove_if_empty(path: &Path) {
    let metadata = fs::symlink_metadata(path);
    if metadata.is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0) {
        // If it stays, it counts as incomplete.
        let _ = fs::remove_file(path);
    }
}

/// Returns a path without the extension of a compression that the programs support.
fn without_compression(path: &Path) -> PathBuf {
    match Recognized::from_name(path) {
        Some(Recognized::Supported(_)) => path.with_extension(""),
        _ => path.to_owned(),
    }
}

/// Returns whether a name ends in `.pcap` or `.pcapng`, optionally followed by the extension of a compression.
#[must_use]
pub fn has_extension(prefix: &Path) -> bool {
    let prefix = without_compression(prefix);
    let extension = prefix.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("pcap") || extension.eq_ignore_ascii_case("pcapng")
}

/// Creates the failure for a file that the system could not create.
fn creation_failure(path: &Path, error: &io::Error) -> Failure {
    let why = creation_error(path, error);
    let text = format!("cannot create `{}`: {why}", path.display());
    if is_too_many_open(error) {
        Failure::TooManyOpen(text)
    } else {
        Failure::Text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_like_their_numbers() {
        let (input, format) = (Path::new("x.pcap"), SavefileFormat::Pcap);
        let names = NumberedFiles::new(Path::new("a/b.c"), input, 3, false, format, None);
        assert_eq!(names.path(7), Path::new("a/b.c-007.pcap"));
        let format = SavefileFormat::Pcapng;
        let named = NumberedFiles::new(Path::new("b.pcapng"), input, 3, false, format, None);
        assert_eq!(named.path(7), Path::new("b-007.pcapng"));
        assert!(names.path(99) < names.path(100));
        let zstd = Some(crate::compression::CompressionFormat::Zstd.into());
        let named = NumberedFiles::new(Path::new("b.pcapng.zst"), input, 3, false, format, zstd);
        assert_eq!(named.path(7), Path::new("b-007.pcapng.zst"));
    }

    #[test]
    fn in_a_folder_names_begin_with_the_name_of_the_input() {
        let folder = tempfile::tempdir().unwrap();
        let name = |input: &str| {
            let path = NumberedFiles::new(
                folder.path(),
                Path::new(input),
                5,
                false,
                SavefileFormat::Pcap,
                None,
            )
            .path(0);
            path.file_name().unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(name("/x/day.1.pcapng"), "day.1-00000.pcap");
        assert_eq!(name("/x/day.1.pcap.gz"), "day.1-00000.pcap");
        assert_eq!(name("/x/day.1.pcap.GZ"), "day.1-00000.pcap");
        assert_eq!(name("/x/day.1.pcap.lz4"), "day.1-00000.pcap");
        assert_eq!(name("-"), "packets-00000.pcap");
    }
}
