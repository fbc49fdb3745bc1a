//! What the programs have in common: a packet as a line, JSON, exit status, progress, Ctrl-C.
//!
//! The programs themselves are in `src/bin`, one per file, each to be read and copied by itself.

pub mod compressed;
pub mod decode;
pub mod device;
pub mod ending;
pub mod exit;
pub mod expression;
pub mod files;
pub mod flow;
pub mod group;
pub mod hex;
pub mod input;
pub mod interfaces;
pub mod json;
pub mod left_out;
pub mod line;
pub mod names;
pub mod output;
pub mod pace;
pub mod printer;
pub mod program;
pub mod progress;
pub mod relink;
pub mod savefile;
pub mod sink;
pub mod stop;
pub mod summary;
pub mod time;
pub mod units;
pub mod waiting;
