//! Asynchronous captures.
#![cfg(all(feature = "tokio", feature = "async-io"))]

#[cfg(target_os = "linux")]
mod devices;
mod savefiles;
#[cfg(target_os = "linux")]
mod sending;

#[path = "../support/mod.rs"]
mod support;
