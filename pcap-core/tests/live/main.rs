//! Live captures: opening, reading, filters and sending, on devices that the tests create.

#![cfg(not(emulated))] // qemu-user has neither packet sockets nor namespaces

#[cfg(target_os = "linux")]
mod activation;
#[cfg(target_os = "linux")]
mod breaks;
#[cfg(target_os = "linux")]
mod compile;
#[cfg(target_os = "linux")]
mod dbus;
#[cfg(target_os = "linux")]
mod dispatch;
#[cfg(target_os = "linux")]
mod fanout;
#[cfg(target_os = "linux")]
mod filters;
#[cfg(target_os = "linux")]
mod queries;
#[cfg(target_os = "linux")]
mod reading;
// C libraries of 32 bits make other system calls.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod refused;
#[cfg(target_os = "linux")]
mod sender;
#[cfg(target_os = "linux")]
mod sending;
#[cfg(target_os = "linux")]
mod sending_waits;
#[cfg(target_os = "linux")]
mod socket_filter;
#[cfg(target_os = "linux")]
mod stopping;
#[cfg(target_os = "linux")]
mod vanishing;
#[cfg(windows)]
mod windows;

#[path = "../support/mod.rs"]
mod support;
