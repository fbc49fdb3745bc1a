//! Keeps the packets of small savefiles in memory for further loops.

use pcap_core::{Packet, Timestamp};

use crate::input::Outgoing;
use crate::sides::Side;

/// The largest size of the packets in memory, in bytes. Larger savefiles are read again for each loop.
const MAX_CACHE_SIZE: usize = 64 << 20;

/// The packets of the savefiles for the loops after the first.
#[derive(Default)]
pub(crate) struct PacketCache {
    packets: Vec<Cached>,
    bytes: Vec<u8>,
}

/// A packet, except for its bytes.
struct Cached {
    time: Timestamp,
    wire_len: u32,
    /// Where its bytes end.
    end: usize,
    side: Side,
    begins_file: bool,
}

impl PacketCache {
    /// Adds a packet. Returns `None` if there are too many packets or not enough memory. The savefile is then read
    /// again.
    pub(crate) fn with_packet(mut self, outgoing: Outgoing<'_>) -> Option<PacketCache> {
        let packet = outgoing.packet;
        let data = packet.data();
        self.packets.try_reserve(1).ok()?;
        self.bytes.try_reserve(data.len()).ok()?;
        self.bytes.extend_from_slice(data);
        let end = self.bytes.len();
        self.packets.push(Cached {
            time: packet.timestamp(),
            wire_len: packet.wire_len(),
            end,
            side: outgoing.side,
            begins_file: outgoing.begins_file,
        });
        (size_of_val(&self.packets[..]) + end <= MAX_CACHE_SIZE).then_some(self)
    }

    /// Returns the packets in their order.
    pub(crate) fn packets(&self) -> impl ExactSizeIterator<Item = Outgoing<'_>> {
        let mut start = 0;
        self.packets.iter().map(move |cached| {
            let data = &self.bytes[start..cached.end];
            start = cached.end;
            Outgoing {
                packet: Packet::new(cached.time, cached.wire_len, data),
                side: cached.side,
                begins_file: cached.begins_file,
            }
        })
    }
}
