//! The synchronization primitives of the code that `ci/loom` checks: that command compiles the same files with those of
//! the model checker instead.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};
pub(crate) use std::sync::{Arc, OnceLock};
pub(crate) use std::thread::yield_now;
