//! What each fuzz target checks. `ci/fuzz` searches for inputs that fail; `cargo test` checks the committed ones.

pub mod any_of;
pub mod append;
pub mod changing;
#[cfg(feature = "remote")]
pub mod daemon;
pub mod expressions;
pub mod listings;
#[allow(dead_code)] // `files.rs` checks its inputs
pub mod pcapng_read;
#[allow(dead_code)] // `files.rs` checks its inputs
pub mod pcapng_write;
pub mod programs;
#[allow(dead_code)] // `files.rs` checks its inputs
pub mod savefiles;
pub mod sequences;
#[cfg(feature = "serde")]
pub mod serialized;
#[cfg(feature = "remote")]
pub mod sources;
