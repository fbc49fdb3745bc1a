//! Keeps the last packets, in bounded memory.

use std::collections::VecDeque;

use pcap_core::{Dlt, Packet, Timestamp};

/// The maximum number of packets.
const MAX_PACKETS: usize = 4096;
/// The maximum number of their bytes, all together.
const MAX_BYTES: usize = 4 << 20;

/// A packet that is kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The number of its source.
    pub(crate) source: usize,
    pub(crate) linktype: Dlt,
    /// Packets of pcapng savefiles may have no time.
    pub(crate) time: Option<Timestamp>,
    wire_len: u32,
    data: Vec<u8>,
}

impl Kept {
    /// Returns the packet. If it has no time, that is 1970.
    pub(crate) fn packet(&self) -> Packet<'_> {
        Packet::new(self.time.unwrap_or_default(), self.wire_len, &self.data)
    }
}

/// The last packets.
#[derive(Clone, Debug, Default)]
pub(crate) struct PacketMemory {
    packets: VecDeque<Kept>,
    bytes: usize,
}

impl PacketMemory {
    /// Keeps a packet, and forgets the first ones if there are too many.
    pub(crate) fn keep(
        &mut self,
        source: usize,
        linktype: Dlt,
        time: Option<Timestamp>,
        packet: Packet<'_>,
    ) {
        let bytes = packet.data();
        let mut data = Vec::new();
        while self.packets.len() >= MAX_PACKETS || self.bytes + bytes.len() > MAX_BYTES {
            let Some(first) = self.packets.pop_front() else {
                // A packet that is longer than all of the memory is not kept.
                return;
            };
            self.bytes -= first.data.len();
            data = first.data;
        }
        data.clear();
        // The memory of a long packet would otherwise stay with a short one.
        if data.capacity() > 2 * bytes.len().max(256) {
            data = Vec::new();
        }
        data.extend_from_slice(bytes);
        self.bytes += bytes.len();
        self.packets.push_back(Kept {
            source,
            linktype,
            time,
            wire_len: packet.wire_len(),
            data,
        });
    }

    /// Returns the packets, the first one first.
    pub(crate) fn packets(&self) -> impl Iterator<Item = &Kept> {
        self.packets.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(memory: &mut PacketMemory, length: usize) {
        let data = vec![7; length];
        let packet = Packet::whole(Timestamp::default(), &data);
        memory.keep(0, Dlt::EN10MB, None, packet);
    }

    #[test]
    fn the_memory_is_bounded_in_packets_and_bytes() {
        let mut memory = PacketMemory::default();
        for length in 0..3 * MAX_PACKETS {
            keep(&mut memory, length % 100);
        }
        assert_eq!(memory.packets().count(), MAX_PACKETS);
        for _ in 0..100 {
            keep(&mut memory, 100_000);
        }
        assert!(memory.bytes <= MAX_BYTES && memory.packets().count() == MAX_BYTES / 100_000);
        let held: usize = memory.packets().map(|kept| kept.data.capacity()).sum();
        assert!(held <= 2 * MAX_BYTES, "{held}");
        keep(&mut memory, MAX_BYTES + 1);
        assert_eq!((memory.packets().count(), memory.bytes), (0, 0));
    }
}
