//! Dumpers.

mod append;
mod errors;
mod flushing;
#[cfg(feature = "pcapng")]
mod pcapng;
mod writing;
