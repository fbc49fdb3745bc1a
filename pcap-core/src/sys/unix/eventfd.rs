//! Waking a thread that waits, on Linux: an eventfd costs less than a pair of sockets.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};

/// A descriptor to wait on in addition to the capture's. Any thread or signal handler can make it
/// readable.
#[derive(Debug)]
pub(crate) struct Wake(File);

impl Wake {
    pub(crate) fn new() -> io::Result<Wake> {
        // SAFETY: takes only numbers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just opened, and has no other owner.
        Ok(Wake(unsafe { File::from_raw_fd(fd) }))
    }

    /// Makes the descriptor readable. The call only uses `write`, so signal handlers may make it. If the counter is at
    /// its maximum, the descriptor is already readable.
    pub(crate) fn wake(&self) {
        let _ = (&self.0).write(&1u64.to_ne_bytes());
    }

    pub(crate) fn drain(&self) {
        // Fails if there is nothing to drain.
        let _ = (&self.0).read(&mut [0; 8]);
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
