//! Checks that libpcap is available. A program that is linked with libpcap always has it; with the `load-dynamically`
//! feature, it may be missing.

use super::platform;

/// The help text if libpcap is missing.
pub(crate) const HELP: &str = if cfg!(windows) {
    "install Npcap, from https://npcap.com"
} else if cfg!(target_vendor = "apple") {
    "libpcap is part of the system; something prevents the program from loading it"
} else {
    "install libpcap (package libpcap0.8 on Debian and Ubuntu, libpcap0.8t64 on newer ones, libpcap elsewhere)"
};

/// Finds and initializes libpcap, unless this has already been done. The error is the reason why libpcap is not
/// available. No function of libpcap may be called before this call has succeeded.
#[cfg(feature = "load-dynamically")]
pub(crate) fn library() -> Result<(), String> {
    pcap_sys::load().map_err(|error| error.to_string())?;
    platform::init();
    Ok(())
}

/// Initializes libpcap, which is linked.
#[cfg(not(feature = "load-dynamically"))]
#[inline]
#[allow(clippy::unnecessary_wraps)]
pub(crate) fn library() -> Result<(), String> {
    platform::init();
    Ok(())
}

/// Returns whether functions of libpcap may be called. Used by infallible calls.
#[inline]
pub(crate) fn is_available() -> bool {
    library().is_ok()
}
