//! What differs between operating systems, for Unix: errno, waiting, stdio streams, help texts.
//! `windows.rs` gives the same names there.
//!
//! May import: `ffi`.

use std::any::Any;
use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};
pub(crate) use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libc::FILE;

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

unsafe extern "C" {
    // In glibc and musl; the `libc` crate does not declare it.
    #[cfg(any(target_env = "gnu", target_env = "musl"))]
    fn __fsetlocking(stream: *mut FILE, kind: c_int) -> c_int;
}

/// `FSETLOCKING_BYCALLER` of `stdio_ext.h`.
#[cfg(any(target_env = "gnu", target_env = "musl"))]
const FSETLOCKING_BYCALLER: c_int = 2;

/// stdio's buffer for a savefile: libpcap reads record by record, and every refill is a system call.
const STREAM_BUFFER: usize = 256 * 1024;

/// A stdio stream over a savefile, with what must live as long as the stream.
///
/// libpcap owns the stream once a savefile is open and closes it with the handle, so this must be
/// dropped after the handle.
pub(crate) struct Stream {
    file: *mut FILE,
    /// Whether the stream is not ours to close: libpcap has taken it over, or it is closed.
    taken: bool,
    cookie: Option<*mut Cookie>,
    buffer: *mut [u8],
}

// SAFETY: the stream is used by one thread at a time, that of the capture that owns it; the cookie's
// reader is `Send`.
unsafe impl Send for Stream {}

/// A reader that can be given back as what it was.
pub(crate) trait Reader: Read + Send {
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<R: Read + Send + 'static> Reader for R {
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// A user's reader behind a stdio stream. C knows only its address.
struct Cookie {
    reader: Box<dyn Reader>,
    /// Where the stream's buffer is: its bytes are initialized.
    buffer: std::ops::Range<usize>,
    error: Option<io::Error>,
    panic: Option<Box<dyn Any + Send>>,
}

impl Stream {
    /// A stream over a file that can be read from any place.
    pub(crate) fn from_file(file: File) -> io::Result<Stream> {
        let fd = file.into_raw_fd();
        // SAFETY: the descriptor is open and ours; the mode is a C string.
        let stream = unsafe { libc::fdopen(fd, c"rb".as_ptr()) };
        if stream.is_null() {
            let error = io::Error::last_os_error();
            // SAFETY: fdopen failed, so the descriptor is still ours alone.
            drop(unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(fd) });
            return Err(error);
        }
        Ok(Stream::tuned(stream, None))
    }

    /// A stream over anything that can be read.
    pub(crate) fn from_reader(
        reader: Box<dyn Reader>,
    ) -> Result<Stream, (io::Error, Box<dyn Reader>)> {
        let cookie = Box::into_raw(Box::new(Cookie {
            reader,
            buffer: 0..0,
            error: None,
            panic: None,
        }));
        // SAFETY: the cookie is alive until the `Stream` is dropped, after the stream is closed.
        let stream = unsafe { open_cookie(cookie.cast()) };
        if stream.is_null() {
            let error = io::Error::last_os_error();
            // SAFETY: no stream refers to it.
            let cookie = unsafe { Box::from_raw(cookie) };
            return Err((error, cookie.reader));
        }
        Ok(Stream::tuned(stream, Some(cookie)))
    }

    /// A large buffer; and for a file no locking, since the stream is ours, and one thread uses it at a
    /// time. glibc's exit takes the buffer from a stream that is not a file, for which it needs the
    /// lock if another thread reads at that moment.
    fn tuned(file: *mut FILE, cookie: Option<*mut Cookie>) -> Stream {
        let buffer = Box::into_raw(vec![0u8; STREAM_BUFFER].into_boxed_slice());
        // SAFETY: nothing was read yet; the buffer outlives the stream, see the type. A failure
        // leaves the stream with its own buffer.
        let _ = unsafe { libc::setvbuf(file, buffer.cast(), libc::_IOFBF, STREAM_BUFFER) };
        if let Some(cookie) = cookie {
            let start = buffer.cast::<u8>().addr();
            // SAFETY: the cookie is alive, and no read is going on.
            unsafe { (*cookie).buffer = start..start + STREAM_BUFFER };
        }
        #[cfg(any(target_env = "gnu", target_env = "musl"))]
        if cookie.is_none() {
            // SAFETY: the stream is open and nobody else knows it.
            let _ = unsafe { __fsetlocking(file, FSETLOCKING_BYCALLER) };
        }
        Stream {
            file,
            taken: false,
            cookie,
            buffer,
        }
    }

    pub(crate) fn file(&self) -> *mut FILE {
        self.file
    }

    /// libpcap has opened the savefile: the stream is closed with its handle from now on.
    pub(crate) fn taken(&mut self) {
        self.taken = true;
    }

    /// Goes on reading from this place in the file.
    pub(crate) fn seek(&mut self, position: u64) -> io::Result<()> {
        // 64 bits, on 32-bit systems too.
        #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
        use libc::{fseeko, off_t};
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        use libc::{fseeko64 as fseeko, off64_t as off_t};
        let position = off_t::try_from(position).map_err(io::Error::other)?;
        // SAFETY: the stream is open, and no read is going on.
        match unsafe { fseeko(self.file, position, libc::SEEK_SET) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Where in the file the stream is.
    pub(crate) fn position(&self) -> io::Result<u64> {
        #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
        use libc::ftello;
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        use libc::ftello64 as ftello;
        // SAFETY: the stream is open, and no read is going on.
        let position = unsafe { ftello(self.file) };
        u64::try_from(position).map_err(|_| io::Error::last_os_error())
    }

    /// Gives the user's reader back, of a stream that libpcap did not take over.
    pub(crate) fn into_reader(mut self) -> Box<dyn Reader> {
        self.close();
        match self.cookie.take() {
            // SAFETY: made by `Box::into_raw`; the stream that knew it is closed.
            Some(cookie) => unsafe { Box::from_raw(cookie) }.reader,
            None => Box::new(io::empty()),
        }
    }

    /// Closes the stream, unless that is libpcap's to do or done.
    fn close(&mut self) {
        if !std::mem::replace(&mut self.taken, true) {
            // SAFETY: libpcap did not take it, so it is open and ours. It is only read from.
            let _ = unsafe { libc::fclose(self.file) };
        }
    }

    /// What the user's reader failed with, if that is why libpcap could not read. Goes on with its
    /// panic if it panicked.
    pub(crate) fn failure(&mut self) -> Option<io::Error> {
        let cookie = self.cookie?;
        // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
        let cookie = unsafe { &mut *cookie };
        if let Some(panic) = cookie.panic.take() {
            // Part of a record may be lost with it: nothing is read from here on.
            cookie.error = Some(io::Error::other("the reader panicked"));
            std::panic::resume_unwind(panic);
        }
        cookie.error.take()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close();
        // SAFETY: made by `Box::into_raw`; the stream that used it is closed.
        drop(unsafe { Box::from_raw(self.buffer) });
        // Last: it is the user's, and may panic.
        if let Some(cookie) = self.cookie {
            // SAFETY: made by `Box::into_raw`; the stream that knew it is closed.
            drop(unsafe { Box::from_raw(cookie) });
        }
    }
}

/// Reads for stdio: never more than asked, no panic into C, and a buffer that is not our own is zeroed
/// first because a `Read` may look at it.
///
/// # Safety
///
/// `cookie` is a `Cookie` that nothing else refers to during the call; `buffer` is `size` bytes.
unsafe fn read_cookie(cookie: *mut c_void, buffer: *mut u8, size: usize) -> isize {
    // SAFETY: the caller's promise.
    let cookie = unsafe { &mut *cookie.cast::<Cookie>() };
    if cookie.panic.is_some() || cookie.error.is_some() {
        return -1;
    }
    if !cookie.buffer.contains(&buffer.addr()) {
        // SAFETY: the caller's promise.
        unsafe { buffer.write_bytes(0, size) };
    }
    // SAFETY: initialised just now.
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer, size) };
    let reader = &mut cookie.reader;
    let read = catch_unwind(AssertUnwindSafe(|| {
        loop {
            match reader.read(buffer) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }));
    match read {
        Ok(Ok(n)) => n.min(size) as isize,
        Ok(Err(error)) => {
            cookie.error = Some(error);
            -1
        }
        Err(panic) => {
            cookie.panic = Some(panic);
            -1
        }
    }
}

/// # Safety
///
/// `cookie` is a `Cookie` that lives until the stream is closed.
#[cfg(any(target_env = "gnu", target_env = "musl"))]
unsafe fn open_cookie(cookie: *mut c_void) -> *mut FILE {
    #[repr(C)]
    struct Functions {
        read: Option<unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> isize>,
        write: Option<unsafe extern "C" fn()>,
        seek: Option<unsafe extern "C" fn()>,
        close: Option<unsafe extern "C" fn()>,
    }
    unsafe extern "C" {
        // In glibc and musl; the `libc` crate does not declare it.
        fn fopencookie(
            cookie: *mut c_void,
            mode: *const std::ffi::c_char,
            functions: Functions,
        ) -> *mut FILE;
    }
    unsafe extern "C" fn read(cookie: *mut c_void, buffer: *mut u8, size: usize) -> isize {
        // SAFETY: stdio hands on our cookie and a buffer of that size.
        unsafe { read_cookie(cookie, buffer, size) }
    }
    let functions = Functions {
        read: Some(read),
        write: None,
        seek: None,
        close: None,
    };
    // SAFETY: the functions have the types that stdio calls them by; absent ones may be absent.
    unsafe { fopencookie(cookie, c"rb".as_ptr(), functions) }
}

/// # Safety
///
/// `cookie` is a `Cookie` that lives until the stream is closed.
#[cfg(not(any(target_env = "gnu", target_env = "musl")))]
unsafe fn open_cookie(cookie: *mut c_void) -> *mut FILE {
    unsafe extern "C" {
        // In the BSDs, macOS and Android; the `libc` crate does not declare it everywhere.
        fn funopen(
            cookie: *const c_void,
            read: Option<unsafe extern "C" fn(*mut c_void, *mut std::ffi::c_char, c_int) -> c_int>,
            write: Option<unsafe extern "C" fn()>,
            seek: Option<unsafe extern "C" fn()>,
            close: Option<unsafe extern "C" fn()>,
        ) -> *mut FILE;
    }
    unsafe extern "C" fn read(
        cookie: *mut c_void,
        buffer: *mut std::ffi::c_char,
        size: c_int,
    ) -> c_int {
        // SAFETY: stdio hands on our cookie and a buffer of that size, which is not negative.
        unsafe { read_cookie(cookie, buffer.cast(), size as usize) as c_int }
    }
    // SAFETY: the function has the type that stdio calls it by; absent ones may be absent.
    unsafe { funopen(cookie, Some(read), None, None, None) }
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
