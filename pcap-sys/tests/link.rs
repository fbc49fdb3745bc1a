//! Every bound function that libpcap exports can be linked, and the others are known.
#![cfg(not(feature = "load-dynamically"))]

mod common;

use std::collections::BTreeSet;

/// That this program exists at all is the proof: the table names each function.
// Shows: libpcap/debians-library-lacks-ten, parity/every-function-pcap-h
#[test]
fn every_exported_function_links() {
    let exported = common::exported();
    assert!(exported.len() > 60, "{} functions", exported.len());
    for (name, address) in &exported {
        assert!(!address.is_null(), "{name} has no address");
    }
    let addresses: BTreeSet<_> = exported.iter().map(|(_, address)| address).collect();
    assert_eq!(addresses.len(), exported.len(), "two functions are one");
    println!("linked: {} functions", exported.len());
    println!(
        "declared, but not exported by this libpcap: {:?}",
        common::not_exported()
    );
}

/// API that vanishes with the library's version: what every supported version has is never left out.
// Shows: libpcap/calls-vanish-librarys-version, parity/api-vanishes-librarys-version
#[test]
fn what_is_not_exported_is_optional() {
    // Whoever lacks one of these is no libpcap 1.10.
    for name in [
        "pcap_create",
        "pcap_activate",
        "pcap_open_offline",
        "pcap_compile",
        "pcap_dispatch",
        "pcap_dump_open",
        "pcap_findalldevs",
    ] {
        assert!(!common::not_exported().contains(&name), "{name}");
    }
}

/// The dynamic linker knows another way whether a function is there.
#[cfg(all(unix, not(target_feature = "crt-static")))]
// Shows: libpcap/debians-library-lacks-ten
#[test]
fn what_is_not_exported_is_really_not_there() {
    for name in common::not_exported() {
        let c_name = std::ffi::CString::new(name).expect("a name holds no zero byte");
        // SAFETY: the name is a C text that outlives the call; nothing is called through the answer.
        let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c_name.as_ptr()) };
        assert!(address.is_null(), "{name} is there after all");
    }
}
