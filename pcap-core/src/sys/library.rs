//! Whether there is a libpcap: always where it is linked; with the feature `load-dynamically`, if it was found.

use super::platform;

/// What to install where there is none.
pub(crate) const HELP: &str = if cfg!(windows) {
    "install Npcap, from https://npcap.com"
} else if cfg!(target_vendor = "apple") {
    "libpcap is part of the system: the program may be kept from loading it"
} else {
    "install libpcap: the package is libpcap0.8 on Debian and Ubuntu (newer: libpcap0.8t64), libpcap elsewhere"
};

/// Finds libpcap and prepares it, if that has not been done yet; the error is the text why there is none. Before this
/// has succeeded no function of libpcap may be called.
#[cfg(feature = "load-dynamically")]
pub(crate) fn library() -> Result<(), String> {
    pcap_sys::load().map_err(|error| error.to_string())?;
    platform::init();
    Ok(())
}

/// It is linked.
#[cfg(not(feature = "load-dynamically"))]
#[inline]
#[allow(clippy::unnecessary_wraps)]
pub(crate) fn library() -> Result<(), String> {
    platform::init();
    Ok(())
}

/// Whether functions of libpcap may be called: for calls that have no error.
#[inline]
pub(crate) fn is_there() -> bool {
    library().is_ok()
}
