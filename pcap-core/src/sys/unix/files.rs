//! Open files, and the standard streams.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, RawFd};
use std::os::unix::fs::FileExt;

/// Reads bytes at the current position of a file, without moving the position. Returns `None` if the file is not
/// seekable, such as a pipe.
pub(crate) fn peek(file: &mut File, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    let Ok(start) = file.stream_position() else {
        return Ok(None);
    };
    let mut length = 0;
    while length < buffer.len() {
        match read_at(file, &mut buffer[length..], start + length as u64)? {
            0 => break,
            n => length += n,
        }
    }
    Ok(Some(length))
}

/// Reads from an offset in a file, without moving its position.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, position) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Returns a descriptor that can be polled, for a file. It is valid while the file is open.
#[allow(clippy::unnecessary_wraps)] // as on Windows
pub(crate) fn descriptor(file: &File) -> Option<RawFd> {
    Some(file.as_raw_fd())
}

/// Returns whether a file is a socket that preserves message boundaries. A read that is too short discards the rest of
/// a message.
pub(crate) fn keeps_messages(file: &File) -> bool {
    let (fd, mut kind) = (file.as_raw_fd(), libc::SOCK_STREAM);
    let mut size = size_of_val(&kind) as libc::socklen_t;
    let pointer = (&raw mut kind).cast();
    // SAFETY: the descriptor is open, and the option is a number, for which the buffer has space. If the call fails,
    // the number stays the same.
    unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_TYPE, pointer, &mut size) };
    kind != libc::SOCK_STREAM
}

/// Duplicates the descriptor of standard input.
pub(crate) fn stdin() -> io::Result<File> {
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

/// Duplicates the descriptor of standard output, after flushing the buffer of `print!`.
pub(crate) fn stdout() -> io::Result<File> {
    io::stdout().flush()?;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

/// Closes a file and returns the operating system's error. On some file systems, a failed write is only reported here.
pub(crate) fn close(file: File) -> io::Result<()> {
    // SAFETY: the descriptor is open and ours, and nothing uses it afterwards.
    match unsafe { libc::close(file.into_raw_fd()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
