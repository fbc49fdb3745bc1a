//! Dumpers.

mod append;
mod copies;
mod errors;
mod flushing;
mod headers;
#[cfg(feature = "pcapng")]
mod pcapng;
mod writing;
