//! libpcap's C interface: all of [`pcap_sys`], for functions that this crate does not wrap.
//!
//! [`Capture::as_ptr`](crate::Capture::as_ptr) returns the `pcap_t` of a capture, and
//! [`Capture::into_raw`](crate::Capture::into_raw) releases it. A new major version of `pcap-sys`
//! requires a new major version of `pcap-core`.

// Inside this crate, this is also the only module that uses `pcap_sys` and depends on the operating system.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(not(any(unix, windows)))]
compile_error!("pcap-core only supports Unix systems and Windows");

#[cfg(unix)]
#[path = "unix/mod.rs"]
pub(crate) mod platform;

#[cfg(windows)]
#[path = "windows/mod.rs"]
pub(crate) mod platform;

pub(crate) mod clock;
#[cfg(feature = "remote")]
pub(crate) mod compat;
pub(crate) mod library;
pub(crate) mod linux;
mod savefile_stream;
pub(crate) mod socket_address;
pub(crate) mod sync;
pub(crate) mod thread;
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(crate) mod waitset;

pub(crate) use linux::without_eventfd::without_eventfd;
#[doc(no_inline)]
pub use pcap_sys::*;
pub(crate) use savefile_stream::{Failure, Frames, PANICKED, Reader, Sought, checked};

/// Whether libpcap is Npcap.
pub(crate) const IS_WINDOWS: bool = cfg!(windows);
/// Whether the kernel is that of Linux.
pub(crate) const IS_LINUX: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// `DLT_HDLC`, defined here because the headers of libpcap 1.10.0 lack it.
pub(crate) const HDLC: i32 = if cfg!(target_os = "netbsd") { 16 } else { 112 };

/// The buffer for libpcap's error texts: zeroed, because libpcap leaves it untouched on success.
pub(crate) struct ErrBuf([c_char; PCAP_ERRBUF_SIZE as usize]);

impl ErrBuf {
    pub(crate) fn new() -> ErrBuf {
        ErrBuf([0; PCAP_ERRBUF_SIZE as usize])
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut c_char {
        self.0.as_mut_ptr()
    }

    pub(crate) fn text(&self) -> String {
        // SAFETY: the buffer is ours and was zeroed. libpcap writes at most its size, including a terminating NUL.
        let text = unsafe { CStr::from_ptr(self.0.as_ptr()) };
        text.to_string_lossy().into_owned()
    }
}

/// Returns the text of the last error of a handle.
///
/// # Safety
///
/// `pcap` is an open handle, and no other thread uses it.
pub(crate) unsafe fn geterr(pcap: *mut pcap_t) -> String {
    // SAFETY: the caller's promise.
    let text = unsafe { pcap_geterr(pcap) };
    // SAFETY: libpcap returns its NUL-terminated buffer inside the handle.
    unsafe { lossy(text) }.unwrap_or_default()
}

/// Borrows an array that libpcap has allocated, which may be null if it is empty.
///
/// # Safety
///
/// `first` is null or points to `count` values, which stay unchanged for `'a`.
pub(crate) unsafe fn slice_or_empty<'a, T>(first: *mut T, count: c_int) -> &'a [T] {
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: not null, and of that length by the caller's promise.
    let whole = |first: NonNull<T>| unsafe { std::slice::from_raw_parts(first.as_ptr(), count) };
    NonNull::new(first).map_or(&[], whole)
}

/// Returns libpcap's error text, or that there is none.
#[must_use]
pub(crate) fn or_no_reason(text: &str) -> &str {
    match text.is_empty() {
        true => "libpcap gave no reason",
        false => text,
    }
}

/// Copies a C string, which may be null and need not be UTF-8.
///
/// # Safety
///
/// `text` is null or points to a NUL-terminated string that stays unchanged during the call.
pub(crate) unsafe fn lossy(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, and NUL-terminated by the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_string_lossy().into_owned())
}

/// Locks the static buffers in which some of libpcap's functions return their result (before 1.10.5 these include
/// `bpf_image` and `pcap_statustostr`). Callers hold the lock until they have copied the text.
pub(crate) fn static_buffers() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the text of a status code, known or not.
pub(crate) fn statustostr(code: c_int) -> String {
    let _guard = static_buffers();
    // SAFETY: takes any number; the result is static and guarded by the lock.
    let text = unsafe { pcap_statustostr(code) };
    // SAFETY: NUL-terminated, unchanged while the lock is held.
    unsafe { lossy(text) }.unwrap_or_default()
}

/// Converts a string for C. The error is the reason why this is impossible.
pub(crate) fn cstring(text: impl Into<Vec<u8>>) -> Result<CString, Cow<'static, str>> {
    CString::new(text).map_err(|e| {
        Cow::Owned(format!(
            "it has a NUL byte at position {}",
            e.nul_position()
        ))
    })
}

/// The condition to wait for on a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    Readable,
    Writable,
}

/// The result of a wait. Both fields are false if the time has passed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub(crate) wake: bool,
    pub(crate) descriptor: bool,
}

/// Returns zeroed statistics for libpcap to fill in. Some platforms have more fields than others.
pub(crate) fn empty_stat() -> pcap_stat {
    // SAFETY: a structure of plain numbers, for which zero is a value.
    unsafe { std::mem::zeroed() }
}
