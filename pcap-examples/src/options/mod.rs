//! The options that several programs have. Each is defined here once, and means the same in every program.

pub mod accepted;
pub mod also;
pub mod device;
pub mod display;
pub mod duplicates;
pub mod filter;
pub mod input;
pub mod json;
pub mod plot;
pub mod range;
pub mod refused;
pub mod rewrite;
pub mod rotation;
pub mod stop;
pub mod table;
pub mod user;
