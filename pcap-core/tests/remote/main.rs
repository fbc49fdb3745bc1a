//! Remote captures.
#![cfg(feature = "remote")]

#[cfg(unix)]
mod hostile;
#[cfg(all(target_os = "linux", not(emulated)))]
mod live;
mod source;

#[path = "../support/mod.rs"]
mod support;
