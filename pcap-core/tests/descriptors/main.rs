//! Descriptors that are left open, and what happens when there are none. A program of its own, because they are the
//! whole process's.
#![cfg(target_os = "linux")]

#[cfg(not(emulated))] // no packet sockets in qemu-user
mod fanout;
#[cfg(not(emulated))]
mod live;
#[cfg(all(feature = "remote", have_pcap_remoteact_list))]
mod remote;
mod savefile;
#[cfg(all(feature = "tokio", feature = "async-io", not(emulated)))]
mod stream;

#[path = "../support/mod.rs"]
mod support;
