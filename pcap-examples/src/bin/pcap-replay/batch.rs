//! Packets that are sent with one call.

use pcap_core::{Error, Packet, SendQueue};

/// At full speed, this many packets or this many bytes are sent with one call.
const TOGETHER: (usize, usize) = (256, 256 << 10);

/// The packets to send with the next call.
#[derive(Default)]
pub(crate) struct Together {
    pub(crate) queue: SendQueue,
    /// Whether each of them is truncated.
    pub(crate) cut: Vec<bool>,
}

impl Together {
    /// Adds a packet. Returns whether there are enough.
    pub(crate) fn push(&mut self, packet: Packet<'_>) -> Result<bool, Error> {
        self.queue.push(packet.data())?;
        self.cut.push(packet.header().is_truncated());
        Ok(self.queue.len() >= TOGETHER.0 || self.queue.bytes() >= TOGETHER.1)
    }
}
