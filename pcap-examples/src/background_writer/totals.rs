//! Totals of packets, and the ends of packets in the output.

/// A number of packets and the sum of their lengths on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// The number of packets.
    pub packets: u64,
    /// The sum of their lengths on the wire, in bytes.
    pub bytes: u64,
}

impl Totals {
    /// Adds a packet with this length on the wire.
    pub fn add(&mut self, length: u32) {
        self.packets += 1;
        self.bytes += u64::from(length);
    }
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Totals) {
        self.packets += other.packets;
        self.bytes += other.bytes;
    }
}

/// The end of a packet in the appended bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PacketEnd {
    /// The number of bytes appended up to the end of the packet.
    pub(crate) end: u64,
    /// The packet's length on the wire.
    pub(crate) length: u32,
}
