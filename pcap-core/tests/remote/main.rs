//! Remote captures.
#![cfg(feature = "remote")]

#[cfg(unix)]
mod answers;
#[cfg(unix)]
mod counters;
#[cfg(unix)]
mod hostile;
#[cfg(all(target_os = "linux", not(emulated)))]
mod live;
#[cfg(unix)]
mod protocol;
mod source;

#[path = "../support/mod.rs"]
mod support;
