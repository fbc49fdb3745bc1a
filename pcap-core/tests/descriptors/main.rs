//! File descriptors that stay open, and what happens without free ones. A separate program, because they belong to the
//! process.
#![cfg(target_os = "linux")]

#[cfg(not(emulated))] // no packet sockets in qemu-user
mod fanout;
#[cfg(not(emulated))]
mod live;
#[cfg(all(feature = "remote", not(emulated)))]
mod remote;
mod savefile;
#[cfg(all(feature = "tokio", feature = "async-io", not(emulated)))]
mod stream;

#[path = "../support/mod.rs"]
mod support;
