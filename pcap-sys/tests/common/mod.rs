//! The build script's table of everything that is bound, with what rustc makes of it.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::all)]

include!(concat!(env!("OUT_DIR"), "/surface.rs"));
