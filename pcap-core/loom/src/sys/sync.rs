//! Loom's primitives, in place of `pcap_core::sys::sync`.

use std::sync::OnceLock as Storage;

pub(crate) use loom::sync::Arc;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};
pub(crate) use loom::thread::yield_now;

/// Promises what `std::sync::OnceLock` promises: whoever gets the value sees what happened before it was set. Loom has
/// none.
pub(crate) struct OnceLock<T> {
    value: Storage<T>,
    is_set: AtomicBool,
}

impl<T> OnceLock<T> {
    pub(crate) fn get(&self) -> Option<&T> {
        match self.is_set.load(Ordering::Acquire) {
            true => self.value.get(),
            false => None,
        }
    }

    /// One thread only calls this.
    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        self.value.set(value)?;
        self.is_set.store(true, Ordering::Release);
        Ok(())
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        OnceLock {
            value: Storage::new(),
            is_set: AtomicBool::new(false),
        }
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        OnceLock {
            value: Storage::from(value),
            is_set: AtomicBool::new(true),
        }
    }
}
