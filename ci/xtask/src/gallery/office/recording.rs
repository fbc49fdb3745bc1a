//! What a capture on the office's network records.

use super::host::{Host, Socket};
use super::packet;
use crate::programs::frames::Timed;

/// A microsecond in nanoseconds.
pub(super) const MICROSECOND: u64 = 1000;
/// A millisecond in nanoseconds.
pub(super) const MILLISECOND: u64 = 1_000_000;
/// A second in nanoseconds.
pub(super) const SECOND: u64 = 1_000_000_000;

/// The packets, in any order, and the numbers that vary.
pub(crate) struct Recording {
    packets: Vec<Timed>,
    /// The state of a generator of numbers that look random (xorshift).
    state: u64,
    id: u16,
}

impl Recording {
    /// Creates an empty recording. The seed must not be zero.
    pub(super) fn new(seed: u64) -> Recording {
        Recording {
            packets: Vec::new(),
            state: seed,
            id: 0x1a2b,
        }
    }

    /// Returns a number below the limit.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % limit
    }

    /// Returns bytes that look encrypted.
    pub(super) fn noise(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.below(256) as u8).collect()
    }

    /// Returns a time later by this, give or take a quarter, in whole microseconds.
    pub(super) fn later(&mut self, time: u64, by: u64) -> u64 {
        let by = by - by / 4 + self.below(by / 2 + 1);
        (time + by) / MICROSECOND * MICROSECOND
    }

    /// Records a frame.
    pub(super) fn frame(&mut self, time: u64, frame: Vec<u8>) {
        self.packets.push((time, frame));
    }

    /// Returns an IP packet with the next identification.
    pub(super) fn packet(
        &mut self,
        from: &Host,
        to: &Host,
        protocol: u8,
        payload: &[u8],
    ) -> Vec<u8> {
        self.id = self.id.wrapping_add(1);
        packet::ip(from, to, protocol, self.id, payload)
    }

    /// Records an IP packet.
    pub(super) fn ip(&mut self, time: u64, from: &Host, to: &Host, protocol: u8, payload: &[u8]) {
        let packet = self.packet(from, to, protocol, payload);
        self.frame(time, packet::frame(from, to, &packet));
    }

    /// Records a UDP datagram.
    pub(super) fn udp(&mut self, time: u64, from: &Socket, to: &Socket, data: &[u8]) {
        let datagram = packet::udp(from, to, data);
        self.ip(time, &from.0, &to.0, packet::UDP, &datagram);
    }

    /// Returns the packets in the order of their times.
    pub(super) fn sorted(mut self) -> Vec<Timed> {
        self.packets.sort_by_key(|(time, _)| *time);
        self.packets
    }
}
