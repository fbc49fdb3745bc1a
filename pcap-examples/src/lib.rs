//! The parts that the programs share: packets as lines and as JSON, exit status, progress, signals.
//!
//! The programs are in `src/bin`.

pub mod compressed;
pub mod copying;
pub mod decode;
pub mod device;
pub mod drain;
pub mod ending;
pub mod escape;
pub mod exit;
pub mod expression;
pub mod files;
pub mod flow;
pub mod group;
pub mod hex;
pub mod input;
pub mod interfaces;
pub mod json;
pub mod line;
pub mod names;
pub mod outlet;
pub mod output;
pub mod pace;
pub mod printer;
pub mod program;
pub mod progress;
pub mod relink;
pub mod savefile;
mod signals;
pub mod sink;
pub mod skipped;
mod standard;
pub mod statistics;
pub mod stop;
pub mod summary;
mod target;
pub mod time;
pub mod units;
pub mod waiting;
