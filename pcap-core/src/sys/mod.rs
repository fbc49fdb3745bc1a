//! libpcap's C interface: all of [`pcap_sys`], for functions that this crate does not wrap.
//!
//! [`Capture::as_ptr`](crate::Capture::as_ptr) returns the `pcap_t` of a capture, and
//! [`Capture::into_raw`](crate::Capture::into_raw) gives it away. A new major version of `pcap-sys` is a new major version
//! of `pcap-core`.

// Inside the crate this is also the seam to the system: no other module names `pcap_sys`.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char, c_int};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(not(any(unix, windows)))]
compile_error!("pcap-core does not build for this system: it needs a Unix or Windows");

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
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(crate) mod waitset;

pub(crate) use linux::without_eventfd::without_eventfd;
#[doc(no_inline)]
pub use pcap_sys::*;
pub(crate) use savefile_stream::{Failure, Frames, PANICKED, Reader, Sought, checked};

/// `DLT_HDLC`, not taken from the headers, because those of libpcap 1.10.0 lack it.
pub(crate) const HDLC: i32 = if cfg!(target_os = "netbsd") { 16 } else { 112 };

/// The buffer that libpcap writes an error's text into: zeroed, because libpcap leaves it untouched
/// when all went well.
pub(crate) struct ErrBuf([c_char; PCAP_ERRBUF_SIZE as usize]);

impl ErrBuf {
    pub(crate) fn new() -> ErrBuf {
        ErrBuf([0; PCAP_ERRBUF_SIZE as usize])
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut c_char {
        self.0.as_mut_ptr()
    }

    pub(crate) fn text(&self) -> String {
        // SAFETY: the buffer is ours, was zeroed, and libpcap writes at most its size with a
        // terminating NUL.
        let text = unsafe { CStr::from_ptr(self.0.as_ptr()) };
        text.to_string_lossy().into_owned()
    }
}

/// The text of the last failure on a handle.
///
/// # Safety
///
/// `pcap` is a live handle, and no other thread uses it.
pub(crate) unsafe fn geterr(pcap: *mut pcap_t) -> String {
    // SAFETY: the caller's promise.
    let text = unsafe { pcap_geterr(pcap) };
    // SAFETY: libpcap returns its NUL-terminated buffer inside the handle.
    unsafe { lossy(text) }.unwrap_or_default()
}

/// A copy of a C string that may be absent and need not be UTF-8.
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

/// Some of libpcap's functions answer in a static buffer (until 1.10.5 even `bpf_image` and
/// `pcap_statustostr`): whoever calls one holds this lock until the text is copied.
pub(crate) fn static_buffers() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The text of a status code, known or not.
pub(crate) fn statustostr(code: c_int) -> String {
    if !library::is_there() {
        return format!("status {code} of libpcap");
    }
    let _guard = static_buffers();
    // SAFETY: takes any number; the answer is static and guarded by the lock.
    let text = unsafe { pcap_statustostr(code) };
    // SAFETY: NUL-terminated, unchanged while the lock is held.
    unsafe { lossy(text) }.unwrap_or_default()
}

/// A string for C, or the words that say why it cannot be one.
pub(crate) fn cstring(text: impl Into<Vec<u8>>) -> Result<CString, Cow<'static, str>> {
    CString::new(text).map_err(|e| {
        Cow::Owned(format!(
            "it has a NUL byte at position {}",
            e.nul_position()
        ))
    })
}

/// What to wait for on a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    Readable,
    Writable,
}

/// What a wait ended for: neither if the time is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub(crate) wake: bool,
    pub(crate) descriptor: bool,
}

/// Statistics to be filled in; some platforms have more fields than others.
pub(crate) fn empty_stat() -> pcap_stat {
    // SAFETY: a structure of plain numbers, for which zero is a value.
    unsafe { std::mem::zeroed() }
}
