//! Keeps the packets of a small savefile in memory for further loops.

use pcap_core::{Packet, Timestamp};

/// The largest size of the packets in memory, in bytes. Larger savefiles are read again for each loop.
const MAX_CACHE_SIZE: usize = 64 << 20;

/// The packets of a savefile for the loops after the first.
#[derive(Default)]
pub(crate) struct PacketCache {
    /// The time, the length on the wire and the end in `bytes` of each packet.
    packets: Vec<(Timestamp, u32, usize)>,
    bytes: Vec<u8>,
}

impl PacketCache {
    /// Adds a packet. Returns `None` if there are too many packets or not enough memory. The savefile is then read
    /// again.
    pub(crate) fn with_packet(mut self, packet: Packet<'_>) -> Option<PacketCache> {
        let data = packet.data();
        self.packets.try_reserve(1).ok()?;
        self.bytes.try_reserve(data.len()).ok()?;
        self.bytes.extend_from_slice(data);
        let end = self.bytes.len();
        self.packets
            .push((packet.timestamp(), packet.wire_len(), end));
        (size_of_val(&self.packets[..]) + end <= MAX_CACHE_SIZE).then_some(self)
    }

    /// Returns the packets in their order.
    pub(crate) fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        let mut start = 0;
        self.packets.iter().map(move |&(time, len, end)| {
            let data = &self.bytes[start..end];
            start = end;
            Packet::new(time, len, data)
        })
    }
}
