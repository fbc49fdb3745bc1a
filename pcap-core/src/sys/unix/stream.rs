//! stdio streams over savefiles, for Unix, because libpcap only reads from such streams.

use std::fs::File;
use std::io::{self, Seek};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::ptr::NonNull;

use libc::FILE;

use super::cookie::{Back, Cookie, open_cookie};
use super::pipe::Pipe;
use crate::sys::{ErrBuf, Failure, Frames, PANICKED, Reader, Sought, pcap_t};

unsafe extern "C" {
    // glibc and musl have this function, but the `libc` crate does not declare it.
    #[cfg(any(target_env = "gnu", target_env = "musl"))]
    fn __fsetlocking(stream: *mut FILE, kind: libc::c_int) -> libc::c_int;
}

/// `FSETLOCKING_BYCALLER` of `stdio_ext.h`.
#[cfg(any(target_env = "gnu", target_env = "musl"))]
const FSETLOCKING_BYCALLER: libc::c_int = 2;

/// The size of stdio's buffer for a savefile. libpcap reads record by record, and every refill costs a system call.
const STREAM_BUFFER: usize = 256 * 1024;

/// A stdio stream over a savefile, and the objects that must live as long as the stream.
///
/// Once a savefile is open, libpcap owns the stream and closes it with the handle. So this object must be dropped after
/// the handle.
pub(crate) struct Stream {
    file: *mut FILE,
    /// Whether we must not close the stream, because libpcap owns it or it is already closed.
    taken: bool,
    cookie: Option<*mut Cookie>,
    /// The descriptor of the file.
    fd: Option<RawFd>,
    /// The reader, if it is a pipe, a socket or a terminal.
    pipe: Option<Pipe>,
    buffer: *mut [u8],
}

// SAFETY: only one thread at a time uses the stream: the thread that uses the capture. The cookie's reader is `Send`.
unsafe impl Send for Stream {}

/// A stream over a text, for data that libpcap only reads from streams.
pub(crate) type TextStream = Stream;

impl Stream {
    /// Creates a stream over a seekable file. With `frames`, reads can be interrupted, which costs time for short
    /// packets.
    pub(crate) fn from_file(file: File, frames: Option<Box<dyn Frames>>) -> io::Result<Stream> {
        if let Some(frames) = frames {
            let fd = file.as_raw_fd();
            let mut stream = Stream::from_reader(Box::new(file)).map_err(|(error, _)| error)?;
            // The cookie keeps the descriptor open.
            stream.fd = Some(fd);
            stream.track(frames);
            return Ok(stream);
        }
        let fd = file.into_raw_fd();
        // SAFETY: the descriptor is open and ours; the mode is a C string.
        let stream = unsafe { libc::fdopen(fd, c"rb".as_ptr()) };
        if stream.is_null() {
            let error = io::Error::last_os_error();
            // SAFETY: fdopen failed, so we still own the descriptor.
            drop(unsafe { OwnedFd::from_raw_fd(fd) });
            return Err(error);
        }
        let mut stream = Stream::tuned(stream, None);
        stream.fd = Some(fd);
        Ok(stream)
    }

    /// Creates a stream over any reader.
    pub(crate) fn from_reader(
        reader: Box<dyn Reader>,
    ) -> Result<Stream, (io::Error, Box<dyn Reader>)> {
        let cookie = Box::into_raw(Box::new(Cookie {
            reader,
            back: Back::default(),
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
        // SAFETY: the cookie lives until the `Stream` is dropped, after the stream is closed.
        let stream = unsafe { open_cookie(cookie.cast()) };
        if stream.is_null() {
            let error = io::Error::last_os_error();
            // SAFETY: no stream refers to the cookie.
            let cookie = unsafe { Box::from_raw(cookie) };
            return Err((error, cookie.reader));
        }
        Ok(Stream::tuned(stream, Some(cookie)))
    }

    /// Creates a stream over a text.
    pub(crate) fn from_text(text: Vec<u8>) -> io::Result<TextStream> {
        Stream::from_reader(Box::new(io::Cursor::new(text))).map_err(|(error, _)| error)
    }

    /// Sets a large buffer. For a file, also turns locking off, because only one thread at a time uses the stream. For
    /// a stream that is not a file, glibc's `exit` removes the buffer, and needs the lock in case another thread is
    /// reading.
    fn tuned(file: *mut FILE, cookie: Option<*mut Cookie>) -> Stream {
        let buffer = Box::into_raw(vec![0u8; STREAM_BUFFER].into_boxed_slice());
        // SAFETY: nothing has been read yet, and the buffer outlives the stream: see the type. On failure, the stream
        // keeps its own buffer.
        let _ = unsafe { libc::setvbuf(file, buffer.cast(), libc::_IOFBF, STREAM_BUFFER) };
        if let Some(cookie) = cookie {
            let start = buffer.cast::<u8>().addr();
            // SAFETY: the cookie is alive, and no read is going on.
            unsafe { (*cookie).buffer = start..start + STREAM_BUFFER };
        }
        #[cfg(any(target_env = "gnu", target_env = "musl"))]
        if cookie.is_none() {
            // SAFETY: the stream is open, and nothing else uses it.
            let _ = unsafe { __fsetlocking(file, FSETLOCKING_BYCALLER) };
        }
        Stream {
            file,
            taken: false,
            cookie,
            fd: None,
            pipe: None,
            buffer,
        }
    }

    pub(crate) fn file(&self) -> *mut FILE {
        self.file
    }

    /// Makes libpcap open the savefile with timestamps in nanoseconds. On success, libpcap closes the stream with its
    /// handle, and this object must outlive the handle.
    pub(crate) fn open(&mut self, errbuf: &mut ErrBuf) -> Option<NonNull<pcap_t>> {
        // SAFETY: the stream is open and at the start of the data; the buffer has the size that
        // libpcap requires.
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

    /// Continues reading from an offset in the file.
    pub(crate) fn seek(&mut self, position: u64) -> io::Result<Sought> {
        // Use 64 bits, even on 32-bit systems.
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

    /// Returns the stream's position in the file, or the position of the read-ahead if reads can be interrupted.
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

    /// Calls a closure with the stream's file. Returns `None` if the stream reads from a user's reader.
    pub(crate) fn with_file<T>(&self, closure: impl FnOnce(&File) -> T) -> Option<T> {
        let fd = self.fd?;
        // SAFETY: the stream is open, and so is its descriptor: libpcap closes it with the handle,
        // which is dropped before this, or the cookie owns it. The `ManuallyDrop` never closes it.
        let file = ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
        Some(closure(&file))
    }

    /// Tracks what stdio reads from now on, so that its reads can be interrupted.
    pub(crate) fn track(&mut self, frames: Box<dyn Frames>) {
        if let Some(cookie) = self.cookie {
            // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
            unsafe { (*cookie).frames = Some(frames) };
        }
    }

    /// Sets the check for a pending break. While a break is pending, stdio reads nothing more.
    pub(crate) fn broken_by(&mut self, is_broken: impl Fn() -> bool + Send + 'static) {
        if let Some(cookie) = self.cookie {
            // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
            unsafe { (*cookie).is_broken = Some(Box::new(is_broken)) };
        }
    }

    /// Returns whether a failed read of libpcap was interrupted by a break. If so, libpcap can repeat the read from its
    /// beginning.
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
            cookie.back.prepend(frames.part());
        }
        self.clear_eof();
        true
    }

    /// Limits the number of bytes that stdio may read, until [`give_back`](Self::give_back).
    pub(crate) fn hold_back(&mut self, allowed: usize) {
        if let Some(cookie) = self.cookie {
            // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
            unsafe { (*cookie).allowed = Some(allowed) };
        }
    }

    /// Makes [`read`](Self::read) nonblocking from now on. The descriptor is that of the reader, which does nothing but
    /// read from it.
    pub(crate) fn wait_for(&mut self, fd: RawFd) {
        self.pipe = Some(Pipe::new(fd));
    }

    /// Returns the descriptor to poll when no data is available.
    pub(crate) fn waits_for(&self) -> Option<RawFd> {
        self.pipe.as_ref().map(Pipe::fd)
    }

    /// Reads from the user's reader, after the bytes that stdio may read. If the descriptor to poll is known, the call
    /// returns [`WouldBlock`](io::ErrorKind::WouldBlock) instead of blocking. It returns
    /// [`Interrupted`](io::ErrorKind::Interrupted) only for a break.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let cookie = self.cookie;
        let Some(cookie) = cookie else { return Ok(0) };
        // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
        let cookie = unsafe { &mut *cookie };
        if let Some(pipe) = &mut self.pipe {
            if cookie.ended || buffer.is_empty() {
                return Ok(0);
            }
            let read = pipe.read(buffer)?;
            cookie.ended = read == 0;
            return Ok(read);
        }
        if std::mem::replace(&mut cookie.reading, true) {
            return Err(io::Error::other(PANICKED));
        }
        let read = cookie.read_on(buffer, true);
        cookie.reading = false;
        read
    }

    /// Notes that the reader was at its end before the stream was created.
    pub(crate) fn ended(&mut self) {
        if let Some(cookie) = self.cookie {
            // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
            unsafe { (*cookie).ended = true };
        }
    }

    /// Lets stdio read these bytes and no more, even if it has reached the end of the file before.
    pub(crate) fn give(&mut self, bytes: &[u8]) {
        if let Some(cookie) = self.cookie {
            // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
            let cookie = unsafe { &mut *cookie };
            cookie.back.append(bytes);
            cookie.allowed = Some(cookie.allowed.unwrap_or(0) + bytes.len());
        }
        self.clear_eof();
    }

    fn clear_eof(&mut self) {
        unsafe extern "C" {
            // Every C library has this function, but the `libc` crate does not declare it for all of them.
            fn clearerr(stream: *mut FILE);
        }
        // SAFETY: the stream is open, and no read is going on.
        unsafe { clearerr(self.file) };
    }

    /// Does nothing: libpcap keeps the same stream.
    pub(crate) fn forget_older(&mut self) {}

    /// Lets libpcap read these bytes first, and then the whole reader.
    pub(crate) fn release(&mut self, bytes: &[u8]) -> io::Result<Sought> {
        self.give_back(bytes);
        Ok(Sought::There)
    }

    /// Lets stdio read these bytes first, and then the whole reader.
    pub(crate) fn give_back(&mut self, bytes: &[u8]) {
        if let Some(cookie) = self.cookie {
            // SAFETY: alive until drop; C uses it only inside a read, and none is going on.
            let cookie = unsafe { &mut *cookie };
            cookie.back.append(bytes);
            cookie.allowed = None;
        }
        self.clear_eof();
    }

    /// Returns the user's reader of a stream that libpcap does not own.
    pub(crate) fn into_reader(mut self) -> Box<dyn Reader> {
        self.close();
        let cookie = self.cookie.take();
        // SAFETY: the pointer is from `Box::into_raw`, and the stream that used it is closed.
        let cookie = cookie.map(|cookie| unsafe { Box::from_raw(cookie) });
        let empty = || -> Box<dyn Reader> { Box::new(io::empty()) };
        cookie.map_or_else(empty, |cookie| cookie.reader)
    }

    /// Closes the stream, unless libpcap closes it or it is already closed.
    fn close(&mut self) {
        if !std::mem::replace(&mut self.taken, true) {
            // SAFETY: libpcap does not own the stream, so it is open and ours. It was opened for reading only.
            let _ = unsafe { libc::fclose(self.file) };
        }
    }

    /// Returns why the user's reader failed, if libpcap could not read for that reason. Returns each failure only once.
    /// The reader is not called again.
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
        // SAFETY: the pointer is from `Box::into_raw`, and the stream that used it is closed.
        drop(unsafe { Box::from_raw(self.buffer) });
        // Drop the reader last, because it is the user's and its `drop` may panic.
        if let Some(cookie) = self.cookie {
            // SAFETY: the pointer is from `Box::into_raw`, and the stream that used it is closed.
            drop(unsafe { Box::from_raw(cookie) });
        }
    }
}
