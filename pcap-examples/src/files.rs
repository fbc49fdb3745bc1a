//! Properties of files on the command line: their lengths, kinds and identities.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use pcap_core::{Capture, Offline, Packet, SavefileFormat};

use crate::exit::Failure;

/// The usage error of a program that would write a savefile to a terminal.
pub const TERMINAL_ERROR: &str =
    "cannot write a savefile to a terminal: name a file, or redirect standard output";

/// Returns a function that computes the length of a packet's record in the savefile, in bytes, for the progress bar.
pub fn record_length(capture: &Capture<Offline>) -> fn(Packet<'_>) -> u64 {
    match capture.savefile_format() {
        SavefileFormat::Pcapng => |packet| 32 + u64::from(packet.caplen()).next_multiple_of(4),
        _ => |packet| 16 + u64::from(packet.caplen()),
    }
}

/// Returns the length of a regular file, in bytes. Returns `None` for a pipe and for standard input, `-`.
#[must_use]
pub fn length(path: &Path) -> Option<u64> {
    if path == Path::new("-") {
        return None;
    }
    let metadata = fs::metadata(path).ok()?;
    metadata.is_file().then_some(metadata.len())
}

/// Reads a list of paths from a file, one per line. The path `-` means standard input. On Unix, paths may contain any
/// bytes except line feeds.
///
/// # Errors
///
/// Returns an error if the file cannot be read. On systems other than Unix, also returns one if a path is not UTF-8.
pub fn read_path_list(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = fs::read(path)?;
    }
    let lines = bytes.split(|&byte| byte == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let names = lines.filter(|line| !line.is_empty()).map(name);
    names.map(|name| Ok(name?.into())).collect()
}

#[cfg(unix)]
fn name(bytes: &[u8]) -> io::Result<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Ok(OsString::from_vec(bytes.to_vec()))
}

#[cfg(not(unix))]
fn name(bytes: &[u8]) -> io::Result<OsString> {
    let text = String::from_utf8(bytes.to_vec());
    Ok(text.map_err(io::Error::other)?.into())
}

/// Returns the outermost folder of a path that does not exist.
fn missing_folder(path: &Path) -> Option<&Path> {
    let folder = path.parent()?;
    let missing = folder.ancestors().take_while(|folder| {
        let is_missing = |e: io::Error| e.kind() == io::ErrorKind::NotFound;
        !folder.as_os_str().is_empty() && fs::metadata(folder).is_err_and(is_missing)
    });
    missing.last()
}

/// Describes why a file could not be created: the system's error, and the name of the missing folder, if that is the
/// reason. If the path is a folder, says so instead.
#[must_use]
pub fn creation_error(path: &Path, error: &io::Error) -> String {
    if is_named_as_folder(path) {
        let file = path.join("a.pcap");
        return format!(
            "it is a folder; add the name of a file, as in `{}`",
            file.display()
        );
    }
    match missing_folder(path) {
        Some(folder) => format!("{error}: the folder `{}` does not exist", folder.display()),
        None => error.to_string(),
    }
}

/// Returns whether a path is a folder, or ends as only the path of a folder does.
#[must_use]
pub fn is_named_as_folder(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// Returns the folder that contains a file.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Returns the failure for a file that could not be created.
#[must_use]
pub fn creation_failure(path: &Path, error: &io::Error) -> Failure {
    let why = creation_error(path, error);
    Failure::Text(format!("cannot create `{}`: {why}", path.display()))
}

/// Returns whether an error means that the process or the system has too many open files.
#[must_use]
pub fn is_too_many_open(error: &io::Error) -> bool {
    match error.raw_os_error() {
        // EMFILE and ENFILE have the same numbers on every Unix.
        Some(number) if cfg!(unix) => matches!(number, 23 | 24),
        Some(number) => cfg!(windows) && number == 4,
        None => false,
    }
}

/// Returns whether two paths are the same file, so that writing `output` would destroy `input`. The path `-` means
/// standard input or standard output, which may be files.
#[cfg(unix)]
#[must_use]
pub fn is_same_file(input: &Path, output: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |metadata: fs::Metadata| metadata.is_file().then(|| (metadata.dev(), metadata.ino()));
    let input = metadata(input, io::stdin()).and_then(id);
    input.is_some() && input == metadata(output, io::stdout()).and_then(id)
}

/// What identifies a file, whatever its name.
#[cfg(unix)]
pub(crate) type FileId = (u64, u64);
/// What identifies a file, whatever its name.
#[cfg(not(unix))]
pub(crate) type FileId = PathBuf;

/// Returns what identifies an output, if it exists and is no device. The path `-` means standard output, which may be
/// a device.
#[cfg(unix)]
pub(crate) fn output_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let metadata = metadata(path, io::stdout())?;
    let is_device = metadata.file_type().is_char_device() && path != Path::new("-");
    (!is_device).then(|| (metadata.dev(), metadata.ino()))
}

/// Returns what identifies an output, if it exists.
#[cfg(not(unix))]
pub(crate) fn output_id(path: &Path) -> Option<FileId> {
    fs::canonicalize(path).ok()
}

/// Returns the metadata of a path, or of a standard stream if the path is `-`.
#[cfg(unix)]
fn metadata(path: &Path, standard: impl std::os::fd::AsFd) -> Option<fs::Metadata> {
    if path != Path::new("-") {
        return fs::metadata(path).ok();
    }
    duplicate(standard)?.metadata().ok()
}

/// Duplicates a file descriptor.
#[cfg(unix)]
fn duplicate(descriptor: impl std::os::fd::AsFd) -> Option<File> {
    Some(descriptor.as_fd().try_clone_to_owned().ok()?.into())
}

/// Returns standard input as a `File`. Returns `None` if it is closed, and always on systems other than Unix.
#[must_use]
pub fn stdin() -> Option<File> {
    #[cfg(unix)]
    return duplicate(io::stdin());
    #[cfg(not(unix))]
    None
}

/// Returns whether an open file is a regular file, which is seekable.
#[must_use]
pub fn is_regular(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file())
}

/// Returns whether an open file is a folder. Only Unix can open folders.
#[must_use]
pub fn is_folder(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_dir())
}

/// Returns whether two paths are the same file, so that writing `output` would destroy `input`.
#[cfg(not(unix))]
#[must_use]
pub fn is_same_file(input: &Path, output: &Path) -> bool {
    input != Path::new("-")
        && output != Path::new("-")
        && fs::canonicalize(input).is_ok_and(|i| fs::canonicalize(output).is_ok_and(|o| i == o))
}

/// Makes the names in a folder survive a crash of the system.
///
/// # Errors
///
/// Returns the error of the system.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        // Other systems cannot open folders.
        false => Ok(()),
    }
}

/// Closes a file. Some file systems report a failed write only then.
///
/// # Errors
///
/// Returns the error of the system.
#[cfg(unix)]
pub fn close(file: File) -> io::Result<()> {
    use std::os::fd::IntoRawFd;
    // SAFETY: this function owns the open descriptor and gives up its ownership here.
    match unsafe { libc::close(file.into_raw_fd()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Closes a file. Only Unix reports errors.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub fn close(file: File) -> io::Result<()> {
    drop(file);
    Ok(())
}
