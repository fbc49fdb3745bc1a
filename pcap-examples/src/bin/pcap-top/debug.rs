//! Panics on purpose, so that tests can check what a panic leaves behind. Only in builds for development.

/// Panics if the environment variable `PCAP_TOP_PANIC` has this value.
pub(crate) fn panic_if_wanted(place: &str) {
    if cfg!(debug_assertions) && std::env::var("PCAP_TOP_PANIC").is_ok_and(|value| value == place) {
        panic!("the environment variable PCAP_TOP_PANIC is set");
    }
}
