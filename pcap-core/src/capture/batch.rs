//! Packets read ahead: copied out of the kernel's ring many at a time, to be lent one by one.
//!
//! May import: `packet`.

use crate::packet::{Packet, PacketHeader};

/// The most packets that are read ahead. One `pcap_dispatch` for this many costs next to nothing
/// each, and packets of usual size still fit the processor's cache.
pub(crate) const PACKETS: u32 = 128;

/// Beyond this many bytes no more packets are read ahead.
const BYTES: usize = 1 << 20;

/// Packets in one buffer that is used again and again: no allocation once it has grown.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    packets: Vec<Entry>,
    /// The next packet to lend.
    next: usize,
    /// The packet that is lent.
    current: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    header: PacketHeader,
    start: usize,
}

impl Batch {
    /// Forgets all packets, the lent one too.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.packets.clear();
        self.next = 0;
        self.current = None;
    }

    /// Copies a packet in, and says whether there is room for more.
    #[inline]
    pub(crate) fn push(&mut self, packet: Packet<'_>) -> bool {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(packet.data());
        self.packets.push(Entry {
            header: *packet.header(),
            start,
        });
        self.bytes.len() < BYTES
    }

    /// Makes the next packet the lent one, if there is one.
    #[inline]
    pub(crate) fn step(&mut self) -> bool {
        let there = self.next < self.packets.len();
        self.current = there.then_some(self.next);
        self.next += usize::from(there);
        there
    }

    /// No packet is lent any more.
    pub(crate) fn lend_none(&mut self) {
        self.current = None;
    }

    pub(crate) fn unread(&self) -> usize {
        self.packets.len() - self.next
    }

    #[inline]
    pub(crate) fn current(&self) -> Option<Packet<'_>> {
        self.current.map(|index| self.packet(index))
    }

    #[inline]
    fn packet(&self, index: usize) -> Packet<'_> {
        let Entry { header, start } = self.packets[index];
        let end = start + header.caplen() as usize;
        Packet::from_parts(header, &self.bytes[start..end])
    }

    /// Drops the unread packets that do not pass.
    pub(crate) fn retain_unread(&mut self, mut pass: impl FnMut(Packet<'_>) -> bool) {
        let mut kept = self.next;
        for index in self.next..self.packets.len() {
            if pass(self.packet(index)) {
                self.packets[kept] = self.packets[index];
                kept += 1;
            }
        }
        self.packets.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    #[test]
    fn packets_read_ahead_are_filtered_again_and_keep_their_order() {
        let mut batch = Batch::default();
        for n in 0..6u8 {
            assert!(batch.push(Packet::new(Timestamp::EPOCH, 9, &[n; 3])));
        }
        assert!(batch.step());
        batch.retain_unread(|packet| packet.data()[0] % 2 == 1);
        assert_eq!(batch.current().unwrap().data(), [0; 3]);
        let mut rest = Vec::new();
        while batch.step() {
            rest.push(batch.current().unwrap().data()[0]);
        }
        assert_eq!(rest, [1, 3, 5]);
        assert!(batch.current().is_none());
    }
}
