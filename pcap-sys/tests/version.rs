//! The library that is linked answers, and is the one that was found.

use std::ffi::CStr;

/// No header holds the library's version: it is found by the build, and told by the library.
#[test]
fn the_library_tells_its_version() {
    // SAFETY: the function takes nothing and may be called at any time.
    let text = unsafe { pcap_sys::pcap_lib_version() };
    // SAFETY: the answer is a C text that lives as long as the program.
    let text = unsafe { CStr::from_ptr(text) };
    let text = text.to_str().expect("the text is plain ASCII");
    assert!(text.contains("libpcap"), "{text}");
    let version = env!("PCAP_SYS_VERSION");
    println!("found: {version}, linked: {text}");
    if version != "unknown" {
        assert!(text.contains(version), "found {version}, linked {text}");
    }
}
