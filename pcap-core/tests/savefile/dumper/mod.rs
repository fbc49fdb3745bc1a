//! Dumpers.

mod append;
mod copies;
mod errors;
mod flushing;
mod headers;
mod pcapng;
mod writing;
