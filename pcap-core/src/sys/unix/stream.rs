//! stdio streams over savefiles, for Unix: libpcap reads from nothing else.

use std::any::Any;
use std::collections::VecDeque;
use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use libc::FILE;

use crate::sys::{ErrBuf, Failure, Frames, PANICKED, Reader, Sought, checked, pcap_t};

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
    /// The descriptor of the file that is read.
    fd: Option<RawFd>,
    /// The descriptor that the user's reader waits for, if we know it.
    waits_for: Option<RawFd>,
    buffer: *mut [u8],
}

// SAFETY: the stream is used by one thread at a time, that of the capture that owns it; the cookie's
// reader is `Send`.
unsafe impl Send for Stream {}

/// A stream over text, for what libpcap reads from streams only.
pub(crate) type TextStream = Stream;

/// A user's reader behind a stdio stream. C knows only its address.
struct Cookie {
    reader: Box<dyn Reader>,
    /// What comes before the rest of the reader: read by us, and not used.
    back: VecDeque<u8>,
    /// How many bytes stdio may have now, if not all. What it has is out of our reach.
    allowed: Option<usize>,
    /// The reader has said that it is at its end. For stdio that is so for ever, and it is not asked
    /// again, whoever asked it.
    ended: bool,
    /// The reader is being asked by us: if it is still so at the next time, it panicked.
    reading: bool,
    /// Where the stream's buffer is: its bytes are initialized.
    buffer: std::ops::Range<usize>,
    /// What stdio had, if it can be interrupted.
    frames: Option<Box<dyn Frames>>,
    /// Whether a break is pending.
    is_broken: Option<Box<dyn Fn() -> bool + Send>>,
    /// stdio got nothing because of a break.
    interrupted: bool,
    /// Something was read since: with many breaks, too, one gets on.
    fresh: bool,
    error: Option<io::Error>,
    panic: Option<Box<dyn Any + Send>>,
}

impl Stream {
    /// A stream over a file that can be read from any place. With `frames` it can be interrupted, which costs time
    /// where packets are short.
    pub(crate) fn from_file(file: File, frames: Option<Box<dyn Frames>>) -> io::Result<Stream> {
        if let Some(frames) = frames {
            let fd = file.as_raw_fd();
            let mut stream = Stream::from_reader(Box::new(file)).map_err(|(error, _)| error)?;
            // The cookie has it open.
            stream.fd = Some(fd);
            stream.track(frames);
            return Ok(stream);
        }
        let fd = file.into_raw_fd();
        // SAFETY: the descriptor is open and ours; the mode is a C string.
        let stream = unsafe { libc::fdopen(fd, c"rb".as_ptr()) };
        if stream.is_null() {
            let error = io::Error::last_os_error();
            // SAFETY: fdopen failed, so the descriptor is still ours alone.
            drop(unsafe { OwnedFd::from_raw_fd(fd) });
            return Err(error);
        }
        let mut stream = Stream::tuned(stream, None);
        stream.fd = Some(fd);
        Ok(stream)
    }

    /// A stream over anything that can be read.
    pub(crate) fn from_reader(
        reader: Box<dyn Reader>,
    ) -> Result<Stream, (io::Error, Box<dyn Reader>)> {
        let cookie = Box::into_raw(Box::new(Cookie {
            reader,
            back: VecDeque::new(),
            allowed: None,
            ended: false,
            reading: false,
            buffer: 0..0,
            frames: None,
            is_broken: None,
            interrupted: false,
            fresh: true,
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

    /// A stream over a text.
    pub(crate) fn from_text(text: Vec<u8>) -> io::Result<TextStream> {
        Stream::from_reader(Box::new(io::Cursor::new(text))).map_err(|(error, _)| error)
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
            fd: None,
            waits_for: None,
            buffer,
        }
    }

    pub(crate) fn file(&self) -> *mut FILE {
        self.file
    }

    /// Has libpcap open the savefile, with nanoseconds. If it does, the stream is closed with its handle
    /// from now on, and lives longer than that.
    pub(crate) fn open(&mut self, errbuf: &mut ErrBuf) -> Option<NonNull<pcap_t>> {
        // SAFETY: the stream is open and at the start of what is to be read; the buffer has the size
        // that libpcap asks for.
        let pcap = unsafe {
            crate::sys::pcap_fopen_offline_with_tstamp_precision(
                self.file.cast(),
                crate::sys::PCAP_TSTAMP_PRECISION_NANO as _,
                errbuf.as_mut_ptr(),
            )
        };
        let pcap = NonNull::new(pcap)?;
        self.taken = true;
        Some(pcap)
    }

    /// Goes on reading from this place in the file.
    pub(crate) fn seek(&mut self, position: u64) -> io::Result<Sought> {
        // 64 bits, on 32-bit systems too.
        #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
        use libc::{fseeko, off_t};
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        use libc::{fseeko64 as fseeko, off64_t as off_t};
        let position = off_t::try_from(position).map_err(io::Error::other)?;
        // SAFETY: the stream is open, and no read is going on.
        match unsafe { fseeko(self.file, position, libc::SEEK_SET) } {
            0 => Ok(Sought::There),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Where in the file the stream is; if it can be interrupted, how far it has read ahead.
    pub(crate) fn position(&self) -> io::Result<u64> {
        if self.cookie.is_some() {
            let position = self.with_file(|mut file| file.stream_position());
            return position.unwrap_or(Ok(0));
        }
        #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
        use libc::ftello;
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        use libc::ftello64 as ftello;
        // SAFETY: the stream is open, and no read is going on.
        let position = unsafe { ftello(self.file) };
        u64::try_from(position).map_err(|_| io::Error::last_os_error())
    }

    /// Calls a closure with the file that the stream reads; returns `None` if it reads from a user's reader.
    pub(crate) fn with_file<T>(&self, closure: impl FnOnce(&File) -> T) -> Option<T> {
        let fd = self.fd?;
        // SAFETY: the stream is open, with its descriptor: libpcap closes it with the handle, which is dropped before
        // this, or it is the cookie's. The `ManuallyDrop` never closes it.
        let file = ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
        Some(closure(&file))
    }

    /// Takes note from now on of what stdio gets, so that it can be interrupted.
    pub(crate) fn track(&mut self, frames: Box<dyn Frames>) {
        if let Some(cookie) = self.cookie {
            // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
            unsafe { (*cookie).frames = Some(frames) };
        }
    }

    /// How to find out whether a break is pending: then nothing more is read.
    pub(crate) fn broken_by(&mut self, is_broken: impl Fn() -> bool + Send + 'static) {
        if let Some(cookie) = self.cookie {
            // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
            unsafe { (*cookie).is_broken = Some(Box::new(is_broken)) };
        }
    }

    /// After a failed read of libpcap: whether a break interrupted it. Then libpcap can read on, as if it had not begun.
    pub(crate) fn was_interrupted(&mut self) -> bool {
        let Some(cookie) = self.cookie else {
            return false;
        };
        // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
        let cookie = unsafe { &mut *cookie };
        if !std::mem::take(&mut cookie.interrupted) {
            return false;
        }
        cookie.fresh = false;
        if let Some(frames) = &mut cookie.frames {
            let mut back = VecDeque::from(frames.part());
            back.append(&mut cookie.back);
            cookie.back = back;
        }
        self.go_on();
        true
    }

    /// Lets stdio take no more than so many bytes, until [`give_back`](Self::give_back).
    pub(crate) fn hold_back(&mut self, allowed: usize) {
        if let Some(cookie) = self.cookie {
            // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
            unsafe { (*cookie).allowed = Some(allowed) };
        }
    }

    /// From now on [`read`](Self::read) does not wait for the reader, whose descriptor this is.
    pub(crate) fn wait_for(&mut self, fd: RawFd) {
        self.waits_for = Some(fd);
    }

    /// The descriptor to wait for when there is nothing to read now.
    pub(crate) fn waits_for(&self) -> Option<RawFd> {
        self.waits_for
    }

    /// Reads from the user's reader, behind what stdio was allowed to take. If the descriptor to wait for
    /// is known, it does not wait, and is [`WouldBlock`](io::ErrorKind::WouldBlock) then. It is
    /// [`Interrupted`](io::ErrorKind::Interrupted) only for a break.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(cookie) = self.cookie else {
            return Ok(0);
        };
        if !self.waits_for.map_or(Ok(true), super::is_readable)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
        let cookie = unsafe { &mut *cookie };
        if std::mem::replace(&mut cookie.reading, true) {
            return Err(io::Error::other(PANICKED));
        }
        let read = cookie.read_on(buffer, true);
        cookie.reading = false;
        read
    }

    /// The reader was at its end before the stream was made of it.
    pub(crate) fn ended(&mut self) {
        if let Some(cookie) = self.cookie {
            // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
            unsafe { (*cookie).ended = true };
        }
    }

    /// Hands stdio these bytes, and no more; that it was told of an end is forgotten.
    pub(crate) fn give(&mut self, bytes: &[u8]) {
        if let Some(cookie) = self.cookie {
            // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
            let cookie = unsafe { &mut *cookie };
            cookie.back.extend(bytes);
            cookie.allowed = Some(cookie.allowed.unwrap_or(0) + bytes.len());
        }
        self.go_on();
    }

    fn go_on(&mut self) {
        unsafe extern "C" {
            // In every C library; the `libc` crate does not declare it everywhere.
            fn clearerr(stream: *mut FILE);
        }
        // SAFETY: the stream is open, and no read is going on.
        unsafe { clearerr(self.file) };
    }

    /// What libpcap had before is not needed any more: its handle is closed.
    pub(crate) fn forget_older(&mut self) {}

    /// From now on libpcap reads: first these bytes, then all that the reader has.
    pub(crate) fn release(&mut self, bytes: &[u8]) -> io::Result<Sought> {
        self.give_back(bytes);
        Ok(Sought::There)
    }

    /// From now on stdio reads: first these bytes, then all that the reader has.
    pub(crate) fn give_back(&mut self, bytes: &[u8]) {
        if let Some(cookie) = self.cookie {
            // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
            let cookie = unsafe { &mut *cookie };
            cookie.back.extend(bytes);
            cookie.allowed = None;
        }
        self.go_on();
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

    /// Returns why the user's reader failed, once, if that is why libpcap could not read. The reader is not read
    /// again.
    pub(crate) fn failure(&mut self) -> Option<Failure> {
        let cookie = self.cookie?;
        // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
        let cookie = unsafe { &mut *cookie };
        let failure = match cookie.panic.take() {
            Some(panic) => Some(Failure::Panic(panic)),
            None => cookie.error.take().map(Failure::Error),
        };
        cookie.ended |= failure.is_some();
        failure
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

impl Cookie {
    fn is_broken(&self) -> bool {
        self.is_broken.as_ref().is_some_and(|is_broken| is_broken())
    }

    /// Whether a read of libpcap can be interrupted, and go on later.
    fn is_tracked(&self) -> bool {
        self.frames.as_ref().is_some_and(|frames| frames.is_known())
    }

    /// Reads once, whatever signals come, unless it is to end at one if a break is pending; and not more than there is
    /// room for, whatever the reader says.
    fn read_on(&mut self, buffer: &mut [u8], for_breaks: bool) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.reader.read(buffer) {
                Ok(n) => {
                    self.ended = n == 0;
                    return checked(n, buffer);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {
                    if for_breaks && self.is_broken() {
                        return Err(e);
                    }
                }
                Err(e) => return Err(e),
            }
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
    let tracked = cookie.is_tracked();
    let may_break = tracked && cookie.fresh && cookie.back.is_empty();
    cookie.interrupted |= may_break && cookie.is_broken();
    if cookie.panic.is_some() || cookie.error.is_some() || cookie.interrupted {
        return -1;
    }
    if !cookie.buffer.contains(&buffer.addr()) {
        // SAFETY: the caller's promise.
        unsafe { buffer.write_bytes(0, size) };
    }
    // SAFETY: initialised just now.
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer, size) };
    let buffer = &mut buffer[..cookie.allowed.map_or(size, |allowed| allowed.min(size))];
    let read = catch_unwind(AssertUnwindSafe(|| match cookie.back.is_empty() {
        false => cookie.back.read(buffer),
        true => {
            cookie.fresh = true;
            cookie.read_on(buffer, tracked)
        }
    }));
    match read {
        Ok(Ok(n)) => {
            if let Some(allowed) = &mut cookie.allowed {
                *allowed -= n;
            }
            if let Some(frames) = &mut cookie.frames {
                frames.passed(&buffer[..n]);
            }
            n as isize
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted && tracked => {
            cookie.interrupted = true;
            -1
        }
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
