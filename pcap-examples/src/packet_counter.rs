//! A packet count that one thread sets and others read.

#[cfg(target_has_atomic = "64")]
use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(target_has_atomic = "64"))]
use std::sync::{Mutex, PoisonError};

/// A number of packets, of 64 bits also on processors that have no atomic numbers of this size.
#[derive(Debug, Default)]
pub struct PacketCounter {
    #[cfg(target_has_atomic = "64")]
    packets: AtomicU64,
    #[cfg(not(target_has_atomic = "64"))]
    packets: Mutex<u64>,
}

impl PacketCounter {
    /// Returns the number.
    #[must_use]
    pub fn get(&self) -> u64 {
        #[cfg(target_has_atomic = "64")]
        return self.packets.load(Ordering::Relaxed);
        #[cfg(not(target_has_atomic = "64"))]
        return *self.packets.lock().unwrap_or_else(PoisonError::into_inner);
    }

    /// Sets the number.
    pub fn set(&self, packets: u64) {
        #[cfg(target_has_atomic = "64")]
        self.packets.store(packets, Ordering::Relaxed);
        #[cfg(not(target_has_atomic = "64"))]
        {
            *self.packets.lock().unwrap_or_else(PoisonError::into_inner) = packets;
        }
    }
}
