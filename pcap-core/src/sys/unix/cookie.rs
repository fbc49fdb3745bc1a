//! A user's reader behind a stdio stream.

use std::any::Any;
#[cfg(not(any(target_env = "gnu", target_env = "musl")))]
use std::ffi::c_int;
use std::ffi::c_void;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use libc::FILE;

use crate::sys::{Frames, Reader, checked};

/// A user's reader behind a stdio stream. C code only has its address.
pub(super) struct Cookie {
    pub(super) reader: Box<dyn Reader>,
    /// Bytes that we have read but not used, which precede the rest of the reader.
    pub(super) back: Back,
    /// The number of bytes that stdio may read now, if limited. Bytes that stdio has read are out of our reach.
    pub(super) allowed: Option<usize>,
    /// Whether the reader has reported its end. stdio treats this as final, and so do we: the reader is not called
    /// again.
    pub(super) ended: bool,
    /// Whether we are calling the reader. If still set at the next call, the reader panicked.
    pub(super) reading: bool,
    /// The address range of the stream's buffer, whose bytes are initialized.
    pub(super) buffer: std::ops::Range<usize>,
    /// Tracks what stdio has read, if its reads can be interrupted.
    pub(super) frames: Option<Box<dyn Frames>>,
    /// Whether a break is pending.
    pub(super) is_broken: Option<Box<dyn Fn() -> bool + Send>>,
    /// Whether a break prevented stdio from reading.
    pub(super) interrupted: bool,
    /// Whether bytes were read since then. This ensures progress even with many breaks.
    pub(super) fresh: bool,
    pub(super) error: Option<io::Error>,
    pub(super) panic: Option<Box<dyn Any + Send>>,
}

/// Bytes to read again, of which some may have been read.
#[derive(Default)]
pub(super) struct Back {
    bytes: Vec<u8>,
    read: usize,
}

impl Back {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Inserts bytes before the others.
    pub(super) fn prepend(&mut self, mut bytes: Vec<u8>) {
        bytes.extend_from_slice(&self.bytes[self.read..]);
        *self = Back { bytes, read: 0 };
    }

    /// Moves bytes to a buffer. Returns their number.
    fn take(&mut self, buffer: &mut [u8]) -> usize {
        let left = &self.bytes[self.read..];
        let length = left.len().min(buffer.len());
        buffer[..length].copy_from_slice(&left[..length]);
        self.read += length;
        if self.read == self.bytes.len() {
            self.bytes.clear();
            self.read = 0;
        }
        length
    }
}

impl Cookie {
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.as_ref().is_some_and(|is_broken| is_broken())
    }

    /// Returns whether a read by libpcap can be interrupted and resumed.
    fn is_tracked(&self) -> bool {
        self.frames.as_ref().is_some_and(|frames| frames.is_known())
    }

    /// Reads once and retries after signals, except if `for_breaks` is set and a break is pending.
    /// The length that the reader returns is checked.
    pub(super) fn read_on(&mut self, buffer: &mut [u8], for_breaks: bool) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.reader.read_bytes(buffer) {
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

/// Reads at most `size` bytes for stdio, without unwinding into C. A buffer that is not our own is zeroed first,
/// because a `Read` may read from it.
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
    // SAFETY: just initialized.
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer, size) };
    let buffer = &mut buffer[..cookie.allowed.map_or(size, |allowed| allowed.min(size))];
    let read = catch_unwind(AssertUnwindSafe(|| match cookie.back.is_empty() {
        false => Ok(cookie.back.take(buffer)),
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
pub(super) unsafe fn open_cookie(cookie: *mut c_void) -> *mut FILE {
    #[repr(C)]
    struct Functions {
        read: Option<unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> isize>,
        write: Option<unsafe extern "C" fn()>,
        seek: Option<unsafe extern "C" fn()>,
        close: Option<unsafe extern "C" fn()>,
    }
    unsafe extern "C" {
        // glibc and musl have this function, but the `libc` crate does not declare it.
        fn fopencookie(
            cookie: *mut c_void,
            mode: *const std::ffi::c_char,
            functions: Functions,
        ) -> *mut FILE;
    }
    unsafe extern "C" fn read(cookie: *mut c_void, buffer: *mut u8, size: usize) -> isize {
        // SAFETY: stdio passes our cookie and a buffer of that size.
        unsafe { read_cookie(cookie, buffer, size) }
    }
    let functions = Functions {
        read: Some(read),
        write: None,
        seek: None,
        close: None,
    };
    // SAFETY: the functions have the types that stdio expects, which accepts missing ones.
    unsafe { fopencookie(cookie, c"rb".as_ptr(), functions) }
}

/// # Safety
///
/// `cookie` is a `Cookie` that lives until the stream is closed.
#[cfg(not(any(target_env = "gnu", target_env = "musl")))]
pub(super) unsafe fn open_cookie(cookie: *mut c_void) -> *mut FILE {
    unsafe extern "C" {
        // The BSDs, macOS and Android have this function, but the `libc` crate does not declare it for all of them.
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
        // SAFETY: stdio passes our cookie and a buffer of that size, which is not negative.
        unsafe { read_cookie(cookie, buffer.cast(), size as usize) as c_int }
    }
    // SAFETY: the function has the type that stdio expects, which accepts missing ones.
    unsafe { funopen(cookie, Some(read), None, None, None) }
}
