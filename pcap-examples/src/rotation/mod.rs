//! Writes one savefile after another: limits, names, rings of savefiles, and what happens to each finished one.

pub mod names;
