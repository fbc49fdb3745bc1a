//! Dumpers.

mod append;
mod copies;
mod errors;
mod flushing;
mod headers;
mod linktypes;
mod pcapng;
mod writing;
