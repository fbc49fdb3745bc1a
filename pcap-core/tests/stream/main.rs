//! Asynchronous captures.
#![cfg(all(feature = "tokio", feature = "async-io"))]

#[cfg(all(target_os = "linux", not(emulated)))] // no packet sockets in qemu-user
mod devices;
mod savefiles;
#[cfg(all(target_os = "linux", not(emulated)))] // no packet sockets in qemu-user
mod sending;

#[path = "../support/mod.rs"]
mod support;
