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

/// The size of the buffer when it first grows.
const SMALLEST: usize = 16 << 10;

/// Packets in one reused buffer, which needs no more allocations once it has grown.
#[derive(Debug)]
pub(crate) struct Batch {
    limit: Limit,
    /// The bytes of the packets, and room for more after the first `used`.
    bytes: Vec<u8>,
    used: usize,
    packets: Vec<Entry>,
    /// The next packet to lend.
    next: usize,
    /// Whether the packet before that is lent.
    lends: bool,
    /// An error that followed packets of the same read; it is returned after they are delivered.
    pending: Option<Error>,
}

/// A packet, and the index of its first byte.
#[derive(Clone, Copy, Debug)]
struct Entry {
    header: PacketHeader,
    start: usize,
}

impl Entry {
    #[inline]
    fn packet(self, bytes: &[u8]) -> Packet<'_> {
        let data = &bytes[self.start..][..self.header.caplen() as usize];
        Packet::from_parts(self.header, data)
    }
}

impl Batch {
    pub(crate) fn new(limit: Limit) -> Batch {
        Batch {
            limit,
            bytes: Vec::new(),
            used: 0,
            packets: Vec::new(),
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
        self.packets.clear();
        self.next = 0;
        self.lends = false;
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        match read(self) {
            Err(error) if !self.packets.is_empty() => self.pending = Some(error),
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

    /// Keeps an error for when the packets are delivered.
    pub(crate) fn defer(&mut self, error: Error) {
        self.pending.get_or_insert(error);
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
    ///
    /// The order of the steps keeps few values at a time, so that the callback which contains this saves few registers.
    #[inline]
    pub(crate) fn push(&mut self, packet: Packet<'_>) -> ControlFlow<()> {
        let (header, data) = (packet.header(), packet.data());
        let (secs, nanos, wire_len) = (header.raw_secs(), header.raw_nanos(), header.wire_len());
        if self.packets.len() == self.packets.capacity() {
            return self.push_slowly(secs, nanos, wire_len, data);
        }
        let start = self.used;
        self.packets.push(Entry {
            header: PacketHeader::from_raw(secs, nanos, data.len() as u32, wire_len),
            start,
        });
        let end = start.checked_add(data.len()); // so that the slice checks only its end
        let Some(room) = end.and_then(|end| self.bytes.get_mut(start..end)) else {
            return self.copy_slowly(data);
        };
        self.used = start + room.len();
        room.copy_from_slice(data);
        ControlFlow::Continue(())
    }

    /// Makes room for the headers of more packets, and copies a packet. Takes its header in parts, which fit into
    /// registers.
    #[cold]
    #[inline(never)]
    fn push_slowly(
        &mut self,
        secs: i64,
        nanos: i64,
        wire_len: u32,
        data: &[u8],
    ) -> ControlFlow<()> {
        self.packets.reserve(self.limit.packets as usize);
        self.packets.push(Entry {
            header: PacketHeader::from_raw(secs, nanos, data.len() as u32, wire_len),
            start: self.used,
        });
        self.copy_slowly(data)
    }

    /// Makes room for the bytes of a packet, and copies them. Returns `Break` if the packets exceed the limit.
    #[cold]
    #[inline(never)]
    fn copy_slowly(&mut self, data: &[u8]) -> ControlFlow<()> {
        let (start, end) = (self.used, self.used + data.len());
        self.used = end;
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
        self.lends = self.next < self.packets.len();
        self.next += usize::from(self.lends);
        self.lends
    }

    /// Lends the next packet, if there is one.
    #[inline(always)] // else the packet would be passed in memory
    pub(crate) fn ready(&mut self) -> Option<Packet<'_>> {
        let entry = self.packets.get(self.next)?;
        self.next += 1;
        self.lends = true;
        Some(entry.packet(&self.bytes))
    }

    /// Returns the lent packet.
    #[inline]
    pub(crate) fn current(&self) -> Option<Packet<'_>> {
        self.lends.then(|| self.packet(self.next - 1))
    }

    #[inline]
    fn packet(&self, index: usize) -> Packet<'_> {
        self.packets[index].packet(&self.bytes)
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
