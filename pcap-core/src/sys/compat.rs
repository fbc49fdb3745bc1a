//! The functions that not every libpcap has: the same names always, whatever is linked.
//!
//! A header may declare what its library lacks, so naming such a function could leave a program unlinked. This is the
//! only place with conditions on the library: `build.rs` sets `have_<function>` for what it exports, and with the feature
//! `load-dynamically` it is asked when the program runs. Elsewhere each is asked for, and `None` is an error that says what is missing. A further one needs a line here and one in `build.rs`.

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
    /// Lists the devices of another host. On failure the list is not to be freed: libpcap has done so.
    pcap_findalldevs_ex: have_pcap_findalldevs_ex,
        fn(*const c_char, *mut pcap_rmtauth, *mut *mut pcap_if_t, *mut c_char) -> c_int;
    /// Opens a device of another host: source, snaplen, flags, timeout in milliseconds, who asks.
    pcap_open: have_pcap_open,
        fn(*const c_char, c_int, c_int, c_int, *mut pcap_rmtauth, *mut c_char) -> *mut pcap_t;
}

/// Whether libpcap was built with remote capture. Newer ones that were not export some of its functions all the same,
/// which then say that it is not supported; this one they do not.
pub(crate) fn has_remote() -> bool {
    #[cfg(feature = "load-dynamically")]
    let has = pcap_sys::has("pcap_remoteact_list");
    #[cfg(not(feature = "load-dynamically"))]
    let has = cfg!(have_pcap_remoteact_list);
    has
}
