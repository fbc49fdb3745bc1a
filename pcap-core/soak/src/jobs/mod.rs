//! What readers do while packets are sent.

pub(crate) mod breaking;
pub(crate) mod fanout;
pub(crate) mod filtering;
pub(crate) mod reopening;
pub(crate) mod steady;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use pcap_core::{Capture, Inactive};

use crate::device::DEVICE;

/// What the readers know of the sender.
pub(crate) struct Shared {
    is_over: AtomicBool,
    /// Packets with greater numbers have not been given to the kernel.
    pub(crate) begun: AtomicU64,
    /// The number of the latest packet that the kernel has certainly sent.
    pub(crate) sent: AtomicU64,
}

impl Shared {
    /// Returns the state before the packet with this number.
    pub(crate) fn before(next: u64) -> Shared {
        Shared {
            is_over: AtomicBool::new(false),
            begun: AtomicU64::new(next - 1),
            sent: AtomicU64::new(next - 1),
        }
    }

    /// Returns whether all packets of the round have been sent.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }
}

/// Returns a capture whose small buffer is full soon.
pub(crate) fn capture() -> Capture<Inactive> {
    Capture::from_device(DEVICE)
        .snaplen(256)
        .buffer_size(1 << 20)
}
