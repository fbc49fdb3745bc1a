//! The functions that some versions of libpcap lack, under the same names whichever library is linked.
//!
//! A header may declare functions that its library lacks, so a program that refers to them may fail to link. Only this
//! file depends on the library's functions: `build.rs` sets `have_<function>` for each function that the library
//! exports. With the `load-dynamically` feature, the loaded library is queried at run time. For a missing function,
//! callers get `None` and return an error. To add a function, add a line here and one in `build.rs`.

use std::ffi::{c_char, c_int};

use super::{pcap_if_t, pcap_rmtauth, pcap_t};

macro_rules! optional {
    ($($(#[$about:meta])* $name:ident: $have:ident, fn($($argument:ty),*) $(-> $answer:ty)?;)*) => {$(
        $(#[$about])*
        pub(crate) fn $name() -> Option<unsafe extern "C" fn($($argument),*) $(-> $answer)?> {
            #[cfg(feature = "load-dynamically")]
            let function = pcap_sys::has(stringify!($name)).then_some(pcap_sys::$name as _);
            #[cfg(all(not(feature = "load-dynamically"), $have))]
            let function = Some(pcap_sys::$name as _);
            #[cfg(all(not(feature = "load-dynamically"), not($have)))]
            let function = None;
            function
        }
    )*};
}

optional! {
    /// Lists the devices of another host. On failure, libpcap frees the list.
    pcap_findalldevs_ex: have_pcap_findalldevs_ex,
        fn(*const c_char, *mut pcap_rmtauth, *mut *mut pcap_if_t, *mut c_char) -> c_int;
    /// Opens a device of another host: source, snaplen, flags, timeout in milliseconds,
    /// credentials.
    pcap_open: have_pcap_open,
        fn(*const c_char, c_int, c_int, c_int, *mut pcap_rmtauth, *mut c_char) -> *mut pcap_t;
}

/// Returns whether libpcap was built with remote capture. Newer versions that were built without it still export some
/// of its functions, which report that it is not supported, but not the function checked here.
pub(crate) fn has_remote() -> bool {
    #[cfg(feature = "load-dynamically")]
    let has = pcap_sys::has("pcap_remoteact_list");
    #[cfg(not(feature = "load-dynamically"))]
    let has = cfg!(have_pcap_remoteact_list);
    has
}
