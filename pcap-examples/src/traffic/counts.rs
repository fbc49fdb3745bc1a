//! Counts of packets and bytes.

use std::ops::AddAssign;

/// A number of packets, and their bytes on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The number of packets.
    pub packets: u64,
    /// The sum of their lengths on the wire, in bytes.
    pub bytes: u64,
}

impl Counts {
    /// Adds a packet of this length.
    #[inline]
    pub(super) fn add_packet(&mut self, length: u32) {
        self.packets += 1;
        self.bytes += u64::from(length);
    }
}

impl AddAssign for Counts {
    #[inline]
    fn add_assign(&mut self, other: Counts) {
        self.packets += other.packets;
        self.bytes += other.bytes;
    }
}

/// The counts of all packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// The number of packets.
    pub packets: u64,
    /// The sum of their lengths on the wire, in bytes.
    pub bytes: u64,
    /// The number of captured bytes.
    pub captured_bytes: u64,
    /// The number of packets of which only a part was captured.
    pub truncated: u64,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Totals) {
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.captured_bytes += other.captured_bytes;
        self.truncated += other.truncated;
    }
}
