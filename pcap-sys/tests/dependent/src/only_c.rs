//! Calls functions of libpcap only in C code.

use std::ffi::CStr;

// Otherwise nothing would use the crate, and libpcap would not be linked.
use pcap_sys as _;

unsafe extern "C" {
    safe fn version_in_c() -> *const std::ffi::c_char;
}

fn main() {
    // SAFETY: the pointer is to a C text that lives as long as the program.
    let version = unsafe { CStr::from_ptr(version_in_c()) };
    println!("{}", version.to_string_lossy());
}
