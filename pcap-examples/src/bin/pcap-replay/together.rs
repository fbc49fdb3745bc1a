//! Packets that are sent with one call.

use pcap_core::{Error, Packet, SendQueue};

/// At top speed so many packets, or so many bytes of them, are sent with one call.
const TOGETHER: (usize, usize) = (256, 256 << 10);

/// Packets that wait to be sent with one call.
#[derive(Default)]
pub(crate) struct Together {
    pub(crate) queue: SendQueue,
    /// Which of them a snaplen had cut.
    pub(crate) cut: Vec<bool>,
}

impl Together {
    /// Puts one more in, and says whether they are enough.
    pub(crate) fn push(&mut self, packet: Packet<'_>) -> Result<bool, Error> {
        self.queue.push(packet.data())?;
        self.cut.push(packet.header().is_truncated());
        Ok(self.queue.len() >= TOGETHER.0 || self.queue.bytes() >= TOGETHER.1)
    }
}
