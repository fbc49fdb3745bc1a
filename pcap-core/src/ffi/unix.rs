//! What differs between operating systems, for Unix: errno, waiting, files, help texts.
//! `windows.rs` gives the same names there.
//!
//! May import: `ffi`.

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd};
pub(crate) use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libc::FILE;

mod stream;

pub(crate) use stream::{Reader, Stream};

/// Whether this is Linux, which libpcap treats in ways of its own.
pub(crate) const IS_LINUX: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// How to get the right to capture on this system.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) const RIGHTS_HELP: &str = "run as root, or give the program the right with \
     `sudo setcap cap_net_raw,cap_net_admin+eip PROGRAM`";
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) const RIGHTS_HELP: &str = "run as root, or let your user read the /dev/bpf* devices \
     (on macOS install ChmodBPF)";

/// Sets the protocol to capture, where the system has that.
pub(crate) fn set_protocol(pcap: *mut super::pcap_t, protocol: u16) -> Option<c_int> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the callers pass a handle that is open and not activated.
    return Some(unsafe { super::pcap_set_protocol_linux(pcap, protocol.into()) });
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (pcap, protocol);
        None
    }
}

/// A lock for libpcap's look-ups of networks, protocols and Ethernet hosts by name, by
/// `pcap_compile` too, on systems whose tables are not made for several threads. `None` on those where
/// they are: there libpcap asks in ways that have no static answer, or one for each thread.
pub(crate) fn name_tables() -> Option<MutexGuard<'static, ()>> {
    static LOCK: Mutex<()> = Mutex::new(());
    let needed = cfg!(not(any(
        all(target_os = "linux", target_env = "gnu"),
        target_vendor = "apple",
        target_os = "freebsd"
    )));
    needed.then(|| LOCK.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Frees a resolver's list.
///
/// # Safety
///
/// `list` is null, or a list that the resolver made, which nothing uses any more.
pub(crate) unsafe fn free_addrinfo(list: *mut libc::addrinfo) {
    if !list.is_null() {
        // SAFETY: the caller's promise; not every C library takes null.
        unsafe { libc::freeaddrinfo(list) };
    }
}

/// Frees what libpcap allocated for its caller.
///
/// # Safety
///
/// `memory` is null, or from C's `malloc`, and nothing uses it any more.
pub(crate) unsafe fn free(memory: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { libc::free(memory) };
}

/// This thread's errno.
fn errno() -> *mut c_int {
    #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
    use libc::__errno as location;
    #[cfg(any(target_os = "linux", target_os = "emscripten", target_os = "hurd"))]
    use libc::__errno_location as location;
    #[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
    use libc::__error as location;
    // SAFETY: takes nothing, and returns a pointer that is valid for this thread.
    unsafe { location() }
}

/// Sets errno to 0, so that afterwards it tells of the call in between and of nothing older.
pub(crate) fn clear_errno() {
    // SAFETY: valid for this thread, and nothing else refers to it.
    unsafe { *errno() = 0 };
}

/// Does something and leaves errno as it was, as a signal handler must.
pub(crate) fn keep_errno(f: impl FnOnce()) {
    // SAFETY: valid for this thread, and nothing else refers to it.
    let before = unsafe { *errno() };
    f();
    // SAFETY: as above.
    unsafe { *errno() = before };
}

/// Whether the last call on this thread found nothing to do without waiting.
pub(crate) fn would_block() -> bool {
    io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock
}

/// Whether the last call on this thread failed because a queue was full.
pub(crate) fn queue_full() -> bool {
    io::Error::last_os_error().raw_os_error() == Some(libc::ENOBUFS)
}

/// What C says of a number of errno.
pub(crate) fn strerror(number: c_int) -> String {
    let text = io::Error::from_raw_os_error(number).to_string();
    // Rust puts the number behind it.
    match text.rsplit_once(" (os error ") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

/// Keeps a descriptor from the programs that this one starts.
pub(crate) fn close_on_exec(fd: RawFd) {
    // SAFETY: takes numbers; on a descriptor that is not open it fails and changes nothing.
    unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
}

/// Waits until one of the descriptors is ready or the time has passed; `None` is for ever. A signal
/// ends the wait early, as if nothing had come.
pub(crate) fn poll(fds: &mut [libc::pollfd], timeout: Option<Duration>) -> io::Result<()> {
    let count = fds.len() as libc::nfds_t;
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    let status = {
        let timeout = timeout.map(|t| libc::timespec {
            tv_sec: libc::time_t::try_from(t.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: t.subsec_nanos() as _,
        });
        let timeout = timeout.as_ref().map_or(std::ptr::null(), |t| t as *const _);
        // SAFETY: `fds` is ours and `count` long; `timeout` is null or lives in this frame.
        unsafe { libc::ppoll(fds.as_mut_ptr(), count, timeout, std::ptr::null()) }
    };
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    let status = {
        // Rounded up: a wait must not end before its time.
        let millis = timeout.map_or(-1, |t| {
            c_int::try_from(t.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX)
        });
        // SAFETY: `fds` is ours and `count` long.
        unsafe { libc::poll(fds.as_mut_ptr(), count, millis) }
    };
    if status >= 0 {
        return Ok(());
    }
    match io::Error::last_os_error() {
        e if e.kind() == io::ErrorKind::Interrupted => {
            // What poll left in `revents` after an error is not an answer.
            fds.iter_mut().for_each(|fd| fd.revents = 0);
            Ok(())
        }
        e => Err(e),
    }
}

/// Whether a read of a descriptor would not wait.
pub(crate) fn is_readable(fd: RawFd) -> io::Result<bool> {
    let mut fds = [libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    }];
    poll(&mut fds, Some(Duration::ZERO))?;
    Ok(fds[0].revents != 0)
}

/// A descriptor to wait on beside the capture's, made readable from any thread or signal handler.
#[derive(Debug)]
pub(crate) struct Wake {
    reader: UnixStream,
    writer: UnixStream,
}

impl Wake {
    pub(crate) fn new() -> io::Result<Wake> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok(Wake { reader, writer })
    }

    /// Only a `send`: fit for a signal handler. A full buffer means that it is readable already.
    pub(crate) fn wake(&self) {
        let _ = (&self.writer).write(&[1]);
    }

    pub(crate) fn drain(&self) {
        let mut buffer = [0; 64];
        while matches!((&self.reader).read(&mut buffer), Ok(n) if n == buffer.len()) {}
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.reader.as_raw_fd()
    }
}

/// A stream that writes into `buffer`, for what libpcap can only write to a stream.
pub(crate) fn memory_stream(buffer: &mut [u8]) -> *mut FILE {
    // SAFETY: the buffer is that long; the callers close the stream before the buffer goes.
    unsafe { libc::fmemopen(buffer.as_mut_ptr().cast(), buffer.len(), c"w".as_ptr()) }
}

/// The first bytes of a file from where it stands, without moving it; `None` if it cannot be read
/// from any place, as a pipe.
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

/// Reads from a place in a file, without moving it.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, position) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// The number of a file's descriptor, which is its as long as the file is there.
pub(crate) fn descriptor(file: &File) -> RawFd {
    file.as_raw_fd()
}

/// A descriptor of our own for standard input.
pub(crate) fn stdin() -> io::Result<File> {
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

/// A descriptor of our own for standard output, after what `print!` still holds back.
pub(crate) fn stdout() -> io::Result<File> {
    io::stdout().flush()?;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

/// Closes a file and says what the system said: on some file systems a write fails only here.
pub(crate) fn close(file: File) -> io::Result<()> {
    // SAFETY: the descriptor is open and ours, and given away here.
    match unsafe { libc::close(file.into_raw_fd()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
