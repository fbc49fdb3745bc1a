//! The library that is linked answers, and is the one that was found.

use std::ffi::CStr;

/// No header holds the library's version: it is found by the build, and told by the library.
// Shows: libpcap/header-holds-librarys-version, parity/librarys-version
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
    // Which one it has to be, where that was chosen: ci/test-versions says so.
    if let Ok(chosen) = std::env::var("PCAP_TEST_LIBPCAP_VERSION") {
        let number = text.split_whitespace().nth(2);
        assert_eq!(number, Some(chosen.as_str()), "linked {text}");
    }
}
