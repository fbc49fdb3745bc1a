//! Prints what the build script was told, and what libpcap says of itself.

use std::ffi::{CStr, CString};

fn main() {
    println!("{}", env!("METADATA"));
    // SAFETY: the function takes nothing and may be called at any time.
    let version = unsafe { pcap_sys::pcap_lib_version() };
    // SAFETY: the answer is a C text that lives as long as the program.
    let version = unsafe { CStr::from_ptr(version) };
    println!("{}", version.to_string_lossy());

    told_of_the_optional();
    #[cfg(feature = "c")]
    compare_with_c();

    // A device that is not there: this goes through every kind of device that libpcap was built with.
    let name = CString::new("no-such-device").expect("no zero byte");
    let mut errbuf = [0; pcap_sys::PCAP_ERRBUF_SIZE as usize];
    // SAFETY: both point to what the function expects, and outlive the call.
    let handle = unsafe { pcap_sys::pcap_create(name.as_ptr(), errbuf.as_mut_ptr()) };
    assert!(!handle.is_null());
    // SAFETY: the handle was just made, and is used by nobody else.
    let status = unsafe { pcap_sys::pcap_activate(handle) };
    println!("activate: {status}");
    // SAFETY: the handle was just made, and is not used again.
    unsafe { pcap_sys::pcap_close(handle) };
}

/// A use of each function that not every libpcap has, where this one has it: the program links either way.
fn told_of_the_optional() {
    #[cfg(has_pcap_open)]
    println!("pcap_open: there, {:p}", pcap_sys::pcap_open as *const ());
    #[cfg(not(has_pcap_open))]
    println!("pcap_open: not exported");
    #[cfg(has_pcap_findalldevs_ex)]
    println!(
        "pcap_findalldevs_ex: there, {:p}",
        pcap_sys::pcap_findalldevs_ex as *const ()
    );
    #[cfg(not(has_pcap_findalldevs_ex))]
    println!("pcap_findalldevs_ex: not exported");
    #[cfg(has_pcap_remoteact_list)]
    println!(
        "pcap_remoteact_list: there, {:p}",
        pcap_sys::pcap_remoteact_list as *const ()
    );
    #[cfg(not(has_pcap_remoteact_list))]
    println!("pcap_remoteact_list: not exported");
}

/// Prints what C code beside Rust's says, and what Rust says.
#[cfg(feature = "c")]
fn compare_with_c() {
    unsafe extern "C" {
        safe fn size_in_c() -> std::ffi::c_ulong;
        safe fn version_in_c() -> *const std::ffi::c_char;
    }
    let size = std::mem::size_of::<pcap_sys::pcap_pkthdr>();
    println!("sizes: {} in C, {size} in Rust", size_in_c());
    // SAFETY: the function takes nothing and may be called at any time.
    let version = unsafe { pcap_sys::pcap_lib_version() };
    println!("same library: {}", std::ptr::eq(version, version_in_c()));
}
