//! Loads libraries on Unix, with `dlopen`.

use std::ffi::{CStr, CString, c_char, c_void};

/// The names of libpcap, the most probable ones first.
const PLACES: [&str; 3] = if cfg!(target_vendor = "apple") {
    [
        "/usr/lib/libpcap.A.dylib",
        "libpcap.A.dylib",
        "libpcap.dylib",
    ]
} else {
    ["libpcap.so.1", "libpcap.so.0.8", "libpcap.so"]
};

/// Returns the names by which the system may find libpcap.
pub(super) fn places() -> Vec<String> {
    PLACES.iter().map(|name| (*name).to_owned()).collect()
}

/// Loads a library. The error is the system's text.
pub(super) fn open(name: &str) -> Result<*mut c_void, String> {
    let name = CString::new(name).map_err(|error| error.to_string())?;
    // SAFETY: a C string; loading the library runs the code of the system's libpcap.
    let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if handle.is_null() {
        // SAFETY: takes no arguments; the result belongs to this thread until its next call.
        let text: *const c_char = unsafe { libc::dlerror() };
        // SAFETY: null or a C string.
        return Err(unsafe { words(text) });
    }
    Ok(handle)
}

/// Returns the address of a function, or null.
///
/// # Safety
///
/// The handle is of a library that is loaded.
pub(super) unsafe fn address(handle: *mut c_void, name: &CStr) -> *mut c_void {
    // SAFETY: the caller's promise, and a C string.
    unsafe { libc::dlsym(handle, name.as_ptr()) }
}

/// Copies a string from the system. The pointer may be null.
unsafe fn words(text: *const c_char) -> String {
    if text.is_null() {
        return "no reason given".to_owned();
    }
    // SAFETY: a C string, by the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_reason_is_no_error() {
        // SAFETY: null is permitted.
        assert_eq!(unsafe { words(std::ptr::null()) }, "no reason given");
        // SAFETY: a C string.
        let text = unsafe { words(c"no such file".as_ptr()) };
        assert_eq!(text, "no such file");
    }
}
