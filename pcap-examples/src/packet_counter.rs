//! A packet count that several threads share.

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

    /// Adds one, and returns the new number.
    pub fn increment(&self) -> u64 {
        #[cfg(target_has_atomic = "64")]
        return self.packets.fetch_add(1, Ordering::Relaxed) + 1;
        #[cfg(not(target_has_atomic = "64"))]
        {
            let mut packets = self.packets.lock().unwrap_or_else(PoisonError::into_inner);
            *packets += 1;
            *packets
        }
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
