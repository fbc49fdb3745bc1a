//! Remote captures.
#![cfg(feature = "remote")]

#[cfg(all(unix, have_pcap_remoteact_list))]
mod hostile;
#[cfg(all(target_os = "linux", have_pcap_remoteact_list))]
mod live;
mod source;

#[path = "../support/mod.rs"]
mod support;
