//! Checks the inputs of the fuzz targets in `tests/data`, and some random ones. `ci/fuzz` searches for more.
//!
//! This test program is not part of the published crate, and neither are the inputs.

#![allow(unreachable_pub)] // the fuzz targets use these modules as a library

mod files;
#[cfg(unix)]
mod inputs;
#[cfg(unix)]
mod planted;
#[cfg(unix)]
mod targets;

#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;

/// Returns the files with the inputs of a target.
fn inputs_of(target: &str) -> Vec<PathBuf> {
    let folder = format!("{}/tests/data/{target}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}
