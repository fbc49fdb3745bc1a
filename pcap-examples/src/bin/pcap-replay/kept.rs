//! The packets of a savefile, in memory.

use pcap_core::{Packet, Timestamp};

/// Savefiles with packets of so many bytes are read once, and sent from memory in further loops,
/// if there is so much.
const MEMORY: usize = 64 << 20;

/// The packets of a savefile for the loops after the first.
#[derive(Default)]
pub(crate) struct Kept {
    /// Their times, their lengths on the wire, and where their bytes end.
    packets: Vec<(Timestamp, u32, usize)>,
    bytes: Vec<u8>,
}

impl Kept {
    /// With one more; `None` if they are too many, or there is no memory for them: the savefile is
    /// read again then.
    pub(crate) fn with(mut self, packet: Packet<'_>) -> Option<Kept> {
        let data = packet.data();
        self.packets.try_reserve(1).ok()?;
        self.bytes.try_reserve(data.len()).ok()?;
        self.bytes.extend_from_slice(data);
        let end = self.bytes.len();
        self.packets
            .push((packet.timestamp(), packet.wire_len(), end));
        (size_of_val(&self.packets[..]) + end <= MEMORY).then_some(self)
    }

    pub(crate) fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        let mut start = 0;
        self.packets.iter().map(move |&(time, len, end)| {
            let data = &self.bytes[start..end];
            start = end;
            Packet::new(time, len, data)
        })
    }
}
