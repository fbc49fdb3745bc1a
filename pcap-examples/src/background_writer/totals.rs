//! Counts of packets.

/// A number of packets, and their bytes on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// The number of packets.
    pub packets: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
}

impl Totals {
    /// Counts a packet, given its length on the wire.
    pub fn add(&mut self, length: u32) {
        self.packets += 1;
        self.bytes += u64::from(length);
    }
}

/// The end of a packet in the bytes of a background writer, and the packet's length on the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PacketEnd {
    pub(crate) end: u64,
    pub(crate) length: u32,
}
