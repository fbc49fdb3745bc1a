//! What a device is known to drop.

use crate::sys::sync::{AtomicUsize, Ordering};

/// The length of the shortest packet that the device was found to drop, until it accepts one of that length.
#[derive(Debug)]
pub(crate) struct ShortestDropped(AtomicUsize);

impl Default for ShortestDropped {
    fn default() -> ShortestDropped {
        ShortestDropped(AtomicUsize::new(usize::MAX))
    }
}

impl ShortestDropped {
    /// Returns whether packets of this length are probably dropped.
    #[inline]
    pub(crate) fn may_drop(&self, length: usize) -> bool {
        length >= self.0.load(Ordering::Relaxed)
    }

    /// Notes that a packet of this length was dropped.
    pub(crate) fn dropped(&self, length: usize) {
        self.0.fetch_min(length, Ordering::Relaxed);
    }

    /// Notes that a packet of this length was sent.
    #[inline]
    pub(crate) fn sent(&self, length: usize) {
        if self.may_drop(length) {
            self.0.store(usize::MAX, Ordering::Relaxed);
        }
    }
}
