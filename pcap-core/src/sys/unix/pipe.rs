//! Reading from pipes and sockets without waiting.

use std::io;
use std::os::fd::RawFd;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::os::fd::{AsRawFd, OwnedFd};

use super::is_readable;

/// A pipe, a socket or a terminal, from which reads do not wait.
///
/// The descriptor may belong to other processes, too, so it cannot be made non-blocking. A poll before each read would
/// take as long as one tenth of the read.
pub(super) struct Pipe {
    fd: RawFd,
    call: Call,
}

/// The call that reads without waiting.
enum Call {
    /// `recv`, for a socket.
    Recv,
    /// `preadv2` with `RWF_NOWAIT`, for a pipe of Linux 6.5 or later.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    NoWait,
    /// `read`, from a second descriptor of the same FIFO, which is non-blocking.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    NonBlocking(OwnedFd),
    /// `read`, after `poll`.
    PollFirst,
}

impl Pipe {
    /// Creates a reader of a descriptor, which must stay open.
    pub(super) fn new(fd: RawFd) -> Pipe {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        enlarge(fd);
        Pipe {
            fd,
            call: Call::Recv,
        }
    }

    /// Returns the descriptor to poll when there is no data.
    pub(super) fn fd(&self) -> RawFd {
        self.fd
    }

    /// Reads what is available, and returns [`WouldBlock`](io::ErrorKind::WouldBlock) if there is nothing yet.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.try_read(buffer) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if self.is_refused(&e) => self.call = self.next_call(),
                other => return other,
            }
        }
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let (start, length) = (buffer.as_mut_ptr().cast(), buffer.len());
        let read = match &self.call {
            // SAFETY: the buffer is ours and has this length.
            Call::Recv => unsafe { libc::recv(self.fd, start, length, libc::MSG_DONTWAIT) },
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Call::NoWait => read_now(self.fd, buffer),
            #[cfg(any(target_os = "linux", target_os = "android"))]
            // SAFETY: as above.
            Call::NonBlocking(fd) => unsafe { libc::read(fd.as_raw_fd(), start, length) },
            Call::PollFirst if !is_readable(self.fd)? => {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            // SAFETY: as above.
            Call::PollFirst => unsafe { libc::read(self.fd, start, length) },
        };
        usize::try_from(read).map_err(|_| io::Error::last_os_error())
    }

    /// Returns whether an error means that the descriptor or the system does not support the call.
    fn is_refused(&self, error: &io::Error) -> bool {
        match &self.call {
            Call::Recv => error.raw_os_error() == Some(libc::ENOTSOCK),
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Call::NoWait => {
                let number = error.raw_os_error().unwrap_or(0);
                matches!(
                    number,
                    libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL | libc::EPERM
                )
            }
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Call::NonBlocking(_) => false,
            Call::PollFirst => false,
        }
    }

    /// Returns the call to try after one that is not supported.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn next_call(&self) -> Call {
        match &self.call {
            Call::Recv => Call::NoWait,
            _ => reopen(self.fd).map_or(Call::PollFirst, Call::NonBlocking),
        }
    }

    /// Returns the call to try after one that is not supported.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn next_call(&self) -> Call {
        Call::PollFirst
    }
}

/// Enlarges a pipe, so that its writer and its reader wait for each other less often. Does nothing if the pipe is large
/// enough, or if the system does not permit it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn enlarge(fd: RawFd) {
    const ENOUGH: libc::c_int = 256 * 1024;
    // SAFETY: the command takes no argument.
    let size = unsafe { libc::fcntl(fd, libc::F_GETPIPE_SZ) };
    if (1..ENOUGH).contains(&size) {
        // SAFETY: the command takes a number.
        let _ = unsafe { libc::fcntl(fd, libc::F_SETPIPE_SZ, ENOUGH) };
    }
}

/// Reads from a pipe without waiting.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn read_now(fd: RawFd, buffer: &mut [u8]) -> isize {
    const RWF_NOWAIT: libc::c_long = 8;
    let part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let (fd, parts, position) = (libc::c_long::from(fd), 1_usize, -1 as libc::c_long);
    // SAFETY: the vector has one part, which is ours. The position, in two halves, stands for the current one.
    let read = unsafe {
        let part: *const libc::iovec = &part;
        libc::syscall(
            libc::SYS_preadv2,
            fd,
            part,
            parts,
            position,
            position,
            RWF_NOWAIT,
        )
    };
    read as isize
}

/// Opens a FIFO again, without waiting for a writer, so that only this process uses the new descriptor. Returns `None`
/// if the descriptor is something else, or if that fails.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn reopen(fd: RawFd) -> Option<OwnedFd> {
    use std::fs::OpenOptions;
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

    let path = format!("/proc/self/fd/{fd}");
    let kind = std::fs::metadata(&path).ok()?.file_type();
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK);
    let file = kind.is_fifo().then(|| options.open(path).ok())??;
    Some(file.into())
}
