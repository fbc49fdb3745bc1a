//! Collects packets to send with one call.

use pcap_core::{Error, Packet, SendQueue};

/// The number of packets and the number of bytes at which a batch is sent.
const BATCH_LIMITS: (usize, usize) = (256, 256 << 10);

/// The packets to send with the next call.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) queue: SendQueue,
    /// Whether each packet is truncated.
    pub(crate) truncated: Vec<bool>,
}

impl Batch {
    /// Adds a packet. Returns whether the batch is large enough to be sent.
    pub(crate) fn push(&mut self, packet: Packet<'_>) -> Result<bool, Error> {
        self.queue.push(packet.data())?;
        self.truncated.push(packet.header().is_truncated());
        Ok(self.queue.len() >= BATCH_LIMITS.0 || self.queue.bytes() >= BATCH_LIMITS.1)
    }
}
