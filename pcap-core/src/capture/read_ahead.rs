//! Packets read ahead: copied from libpcap, many at a time, and lent one by one.

use std::ops::ControlFlow;

use crate::breakloop::Breaker;
use crate::callback::Dispatched;
use crate::capture::phase::{BatchResult, Found};
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::packet::{Packet, PacketHeader};

/// The limit of the packets read ahead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    packets: u32,
    /// Beyond this many bytes no more packets are read ahead.
    bytes: usize,
}

impl Limit {
    /// For a live capture: enough packets to share the cost of a `pcap_dispatch`. More small packets would displace
    /// each other from the processor's first-level cache, through which libpcap's buffer also passes.
    pub(crate) const LIVE: Limit = Limit {
        packets: 64,
        bytes: 1 << 20,
    };
    /// For a file: as much as fits into the processor's first-level cache.
    pub(crate) const FILE: Limit = Limit {
        packets: 128,
        bytes: 16 << 10,
    };
    /// For a pipe, where reading ahead would wait for packets that may not arrive for a long time.
    pub(crate) const PIPE: Limit = Limit {
        packets: 1,
        bytes: 0,
    };
}

/// The size of the buffer for long packets when it first grows.
const SMALLEST: usize = 16 << 10;

/// The maximum length of a packet that is stored in its slot. A slot then takes two cache lines.
const SHORT: usize = 96;

/// Packets in reused memory, which needs no more allocations once it has grown.
#[derive(Debug)]
pub(crate) struct Batch {
    limit: Limit,
    /// As many as the limit allows, allocated for the first packet. The first `filled` contain packets.
    slots: Vec<Slot>,
    filled: usize,
    /// The bytes of the long packets, and room for more after the first `used`.
    bytes: Vec<u8>,
    used: usize,
    /// The next packet to lend.
    next: usize,
    /// Whether the packet before that is lent.
    lends: bool,
    /// An error that followed packets of the same read; it is returned after they are delivered.
    pending: Option<Error>,
}

/// A packet.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))] // of a cache line
struct Slot {
    header: PacketHeader,
    /// The bytes of a packet of at most [`SHORT`] bytes.
    short: [u8; SHORT],
    /// The index of the first byte of a longer one.
    start: usize,
}

impl Slot {
    const EMPTY: Slot = Slot {
        header: PacketHeader::from_raw(0, 0, 0, 0),
        short: [0; SHORT],
        start: 0,
    };

    #[inline(always)] // else the packet would be passed in memory
    fn packet<'a>(&'a self, bytes: &'a [u8]) -> Packet<'a> {
        let length = self.header.caplen() as usize;
        let data = match self.short.get(..length) {
            Some(data) => data,
            None => &bytes[self.start..][..length],
        };
        Packet::from_parts(self.header, data)
    }
}

impl Batch {
    pub(crate) fn new(limit: Limit) -> Batch {
        Batch {
            limit,
            slots: Vec::new(),
            filled: 0,
            bytes: Vec::new(),
            used: 0,
            next: 0,
            lends: false,
            pending: None,
        }
    }

    /// Takes this batch out, so that the caller can fill it and put it back.
    pub(crate) fn take(&mut self) -> Batch {
        std::mem::replace(self, Batch::new(self.limit))
    }

    /// Reads a new batch with `read`, which calls [`push`](Self::push) for at most as many packets as the
    /// [`limit`](Self::limit).
    #[inline]
    pub(crate) fn fill(
        &mut self,
        read: impl FnOnce(&mut Batch) -> Result<Dispatched>,
    ) -> Result<()> {
        self.used = 0;
        self.bytes.truncate(self.limit.bytes);
        self.filled = 0;
        self.next = 0;
        self.lends = false;
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        match read(self) {
            Err(error) if self.filled > 0 => self.pending = Some(error),
            other => {
                other?;
            }
        }
        Ok(())
    }

    /// Ends the loan of a packet.
    pub(crate) fn lend_none(&mut self) {
        self.lends = false;
    }

    /// Returns whether there is no packet left to lend, and no error.
    pub(crate) fn is_used_up(&self) -> bool {
        self.next >= self.filled && self.pending.is_none()
    }

    /// Keeps an error for when the packets are delivered.
    pub(crate) fn defer(&mut self, error: Error) {
        if self.pending.is_none() {
            self.pending = Some(error);
        }
    }

    /// Returns whether an error is pending after the packets.
    pub(crate) fn has_error(&self) -> bool {
        self.pending.is_some()
    }

    /// Returns the maximum number of packets to read ahead.
    pub(crate) fn limit(&self) -> u32 {
        self.limit.packets
    }

    /// Copies a packet into the batch. Returns `Break` if the batch is full.
    #[inline]
    pub(crate) fn push(&mut self, packet: Packet<'_>) -> ControlFlow<()> {
        let (header, data) = (packet.header(), packet.data());
        let (secs, nanos, wire_len) = (header.raw_secs(), header.raw_nanos(), header.wire_len());
        let length = data.len();
        if length <= SHORT {
            if let Some(slot) = self.slots.get_mut(self.filled) {
                slot.header = PacketHeader::from_raw(secs, nanos, length as u32, wire_len);
                self.filled += 1;
                slot.short[..length].copy_from_slice(data);
                return ControlFlow::Continue(());
            }
        }
        self.push_slowly(secs, nanos, wire_len, data)
    }

    /// Copies a long packet, or allocates the slots. Takes the header in parts, which fit into registers.
    #[inline(never)]
    fn push_slowly(
        &mut self,
        secs: i64,
        nanos: i64,
        wire_len: u32,
        data: &[u8],
    ) -> ControlFlow<()> {
        if self.filled == self.slots.len() {
            let more = self.filled + self.limit.packets as usize;
            self.slots.resize(more, Slot::EMPTY);
        }
        let start = self.used;
        let slot = &mut self.slots[self.filled];
        slot.header = PacketHeader::from_raw(secs, nanos, data.len() as u32, wire_len);
        slot.start = start;
        self.filled += 1;
        if let Some(room) = slot.short.get_mut(..data.len()) {
            room.copy_from_slice(data);
            return ControlFlow::Continue(());
        }
        self.used = start + data.len();
        match self.bytes.get_mut(start..self.used) {
            Some(room) => {
                room.copy_from_slice(data);
                ControlFlow::Continue(())
            }
            None => self.grow(start, data),
        }
    }

    /// Makes room for the bytes of a packet, and copies them. Returns `Break` if the packets exceed the limit.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, start: usize, data: &[u8]) -> ControlFlow<()> {
        let end = start + data.len();
        let more = end.max(2 * self.bytes.len()).max(SMALLEST);
        let room = more.min(self.limit.bytes).max(self.bytes.len());
        self.bytes.resize(room, 0);
        match self.bytes.get_mut(start..end) {
            Some(room) => {
                room.copy_from_slice(data);
                ControlFlow::Continue(())
            }
            None => {
                self.bytes.truncate(start);
                self.bytes.extend_from_slice(data);
                ControlFlow::Break(())
            }
        }
    }

    /// Lends the next packet. Returns whether there was one.
    #[inline]
    pub(crate) fn step(&mut self) -> bool {
        self.lends = self.next < self.filled;
        self.next += usize::from(self.lends);
        self.lends
    }

    /// Lends the next packet, if there is one.
    #[inline(always)] // else the packet would be passed in memory
    pub(crate) fn ready(&mut self) -> Option<Packet<'_>> {
        if self.next >= self.filled {
            return None;
        }
        let slot = self.slots.get(self.next)?;
        self.next += 1;
        self.lends = true;
        Some(slot.packet(&self.bytes))
    }

    /// Returns the lent packet.
    #[inline]
    pub(crate) fn current(&self) -> Option<Packet<'_>> {
        self.lends.then(|| self.packet(self.next - 1))
    }

    #[inline]
    fn packet(&self, index: usize) -> Packet<'_> {
        self.slots[index].packet(&self.bytes)
    }

    /// Calls a closure for the packets that were read ahead and pass the filter, at most `max` and until a break.
    /// Returns `None` if there are no such packets and no pending error.
    pub(crate) fn read_batch<F>(
        &mut self,
        max: u64,
        filter: Option<&Filter>,
        breaker: &Breaker,
        closure: &mut F,
    ) -> Option<Result<BatchResult>>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        let mut packets = 0;
        let mut stopped = false;
        while packets < max && !stopped && self.step() {
            let Some(packet) = self.current() else { break };
            if filter.is_some_and(|filter| !filter.matches_packet(packet)) {
                continue;
            }
            packets += 1;
            stopped = closure(packet).is_break();
            if breaker.is_pending() {
                break;
            }
        }
        self.lends = false;
        if packets > 0 {
            return Some(Ok(BatchResult {
                packets,
                stopped,
                found: Found::Packet,
            }));
        }
        self.pending.take().map(Err)
    }

    /// Removes the unread packets that do not pass.
    pub(crate) fn retain_unread(&mut self, mut pass: impl FnMut(Packet<'_>) -> bool) {
        let mut kept = self.next;
        for index in self.next..self.filled {
            if pass(self.packet(index)) {
                self.slots[kept] = self.slots[index];
                kept += 1;
            }
        }
        self.filled = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    #[test]
    fn short_and_long_packets_keep_their_bytes_up_to_the_limit() {
        let mut batch = Batch::new(Limit::FILE);
        let lengths = [0, 1, SHORT, SHORT + 1, 9000, 60, 8000, 2];
        for (number, &length) in (1..).zip(&lengths) {
            let data = vec![number; length];
            let flow = batch.push(Packet::new(Timestamp::EPOCH, 1, &data));
            assert_eq!(flow.is_break(), number == 7, "{number}");
        }
        for (number, &length) in (1..).zip(&lengths) {
            let packet = batch.ready().unwrap();
            assert_eq!(packet.data(), vec![number; length]);
            assert_eq!(packet.caplen() as usize, length);
            assert_eq!(batch.current().unwrap().data().len(), length);
        }
        assert!(batch.is_used_up());
        assert!(batch.ready().is_none());
    }

    #[test]
    fn packets_read_ahead_are_filtered_again_and_keep_their_order() {
        let mut batch = Batch::new(Limit::LIVE);
        for n in 0..6u8 {
            let data = [n; 3];
            let packet = Packet::new(Timestamp::EPOCH, 9, &data);
            assert!(batch.push(packet).is_continue());
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
