//! Files that the command line names: how long they are, which are one and the same.

use std::error;
use std::fs;
use std::io;
use std::path::Path;

use pcap_core::{Capture, Error, Offline, Packet, SavefileFormat};

/// How many bytes of the savefile a packet takes, for the bar.
pub fn record_length(capture: &Capture<Offline>) -> fn(Packet<'_>) -> u64 {
    match capture.savefile_format() {
        SavefileFormat::Pcapng => |packet| 32 + u64::from(packet.caplen()).next_multiple_of(4),
        _ => |packet| 16 + u64::from(packet.caplen()),
    }
}

/// How long a file is; of a pipe and of standard input, `-`, nobody knows.
#[must_use]
pub fn length(path: &Path) -> Option<u64> {
    if path == Path::new("-") {
        return None;
    }
    let metadata = fs::metadata(path).ok()?;
    metadata.is_file().then_some(metadata.len())
}

/// Whether a file could not be opened because the process, or the system, has too many open.
#[must_use]
pub fn is_too_many_open(error: &Error) -> bool {
    let source = error::Error::source(error).and_then(|source| source.downcast_ref());
    let number = source.and_then(io::Error::raw_os_error);
    // EMFILE and ENFILE have the same numbers on all kinds of Unix.
    match number {
        Some(number) if cfg!(unix) => matches!(number, 23 | 24),
        Some(number) => cfg!(windows) && number == 4,
        None => false,
    }
}

/// Whether writing one would destroy the other.
#[cfg(unix)]
#[must_use]
pub fn is_same_file(input: &Path, output: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |path| {
        let metadata = fs::metadata(path).ok()?;
        metadata.is_file().then(|| (metadata.dev(), metadata.ino()))
    };
    input != Path::new("-")
        && output != Path::new("-")
        && id(input).is_some_and(|i| Some(i) == id(output))
}

/// Whether writing one would destroy the other.
#[cfg(not(unix))]
#[must_use]
pub fn is_same_file(input: &Path, output: &Path) -> bool {
    input != Path::new("-")
        && output != Path::new("-")
        && fs::canonicalize(input).is_ok_and(|i| fs::canonicalize(output).is_ok_and(|o| i == o))
}
