//! A device that packets are sent on.

use pcap_core::{Active, Capture};

use crate::batch::Batch;

/// A device that packets are sent on, and what was sent on it.
pub(crate) struct Outlet {
    pub(crate) device: Capture<Active>,
    /// The packets that wait to be sent together. `None` if packets are sent one by one.
    pub(crate) batch: Option<Batch>,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

impl Outlet {
    pub(crate) fn new(device: Capture<Active>, uses_batches: bool) -> Outlet {
        Outlet {
            device,
            batch: uses_batches.then(Batch::default),
            packets: 0,
            bytes: 0,
        }
    }

    /// Returns the number of packets in the batch.
    pub(crate) fn waiting(&self) -> u64 {
        self.batch
            .as_ref()
            .map_or(0, |batch| batch.queue.len() as u64)
    }
}
