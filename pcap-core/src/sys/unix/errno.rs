//! The error number of the last call.

use std::ffi::c_int;
use std::io;

use crate::text::rfind;

/// Returns the location of this thread's errno.
fn errno() -> *mut c_int {
    #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
    use libc::__errno as location;
    #[cfg(any(target_os = "linux", target_os = "emscripten", target_os = "hurd"))]
    use libc::__errno_location as location;
    #[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
    use libc::__error as location;
    // SAFETY: takes no arguments, and returns a pointer that is valid for this thread.
    unsafe { location() }
}

/// Sets errno to 0, so that it cannot contain the error of an earlier call.
pub(crate) fn clear_errno() {
    // SAFETY: valid for this thread, and nothing else refers to it.
    unsafe { *errno() = 0 };
}

/// Runs a closure and restores errno, as a signal handler must.
pub(crate) fn keep_errno(f: impl FnOnce()) {
    // SAFETY: valid for this thread, and nothing else refers to it.
    let before = unsafe { *errno() };
    f();
    // SAFETY: as above.
    unsafe { *errno() = before };
}

/// Returns whether the last call on this thread failed because it would have blocked.
pub(crate) fn would_block() -> bool {
    io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock
}

/// Returns whether the last call on this thread failed because a queue was full (`ENOBUFS`).
pub(crate) fn queue_full() -> bool {
    io::Error::last_os_error().raw_os_error() == Some(libc::ENOBUFS)
}

/// Returns C's text for an error number.
pub(crate) fn strerror(number: c_int) -> String {
    let mut text = io::Error::from_raw_os_error(number).to_string();
    // Rust appends the number.
    text.truncate(rfind(&text, " (os error ").unwrap_or(text.len()));
    text
}
