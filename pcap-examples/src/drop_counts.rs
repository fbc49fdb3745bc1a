//! Moves the drop counts of removed packets to the packets after them.

use std::collections::HashMap;

use pcap_core::pcapng::{BlockBuf, Endian, PacketBlock};

use crate::exit::Outcome;

/// The code of the drop count of a packet (`epb_dropcount`).
const DROPPED: u16 = 4;

/// The packets that were dropped before packets which were then removed, by interface of the section.
///
/// The drop count of a packet counts from the previous packet of its interface, so that of a removed packet belongs to
/// the next one.
#[derive(Clone, Debug, Default)]
pub struct DropCounts {
    pending: HashMap<u32, u64>,
}

impl DropCounts {
    /// Begins a section, whose interfaces are different ones.
    pub fn begin_section(&mut self) {
        self.pending.clear();
    }

    /// Notes a packet that is removed.
    #[inline]
    pub fn remove(&mut self, packet: &PacketBlock<'_>) {
        if let Some(dropped @ 1..) = packet.dropped() {
            let pending = self.pending.entry(packet.interface_id()).or_default();
            *pending = pending.saturating_add(dropped);
        }
    }

    /// Returns whether the drop count of a packet must change. A simple packet block has none.
    #[inline]
    #[must_use]
    pub fn concern(&self, packet: &PacketBlock<'_>) -> bool {
        !self.pending.is_empty()
            && packet.ticks().is_some()
            && self.pending.contains_key(&packet.interface_id())
    }

    /// Adds the counts of removed packets to a packet. `block` must be that of [`PacketBlock::to_enhanced`].
    ///
    /// # Errors
    ///
    /// Returns an error if the block is too long.
    pub fn add(&mut self, packet: &PacketBlock<'_>, block: &mut BlockBuf) -> Outcome {
        if let Some(removed) = self.pending.remove(&packet.interface_id()) {
            let dropped = packet.dropped().unwrap_or(0).saturating_add(removed);
            let value = match packet.as_raw().endian() {
                Endian::Little => dropped.to_le_bytes(),
                Endian::Big => dropped.to_be_bytes(),
            };
            block.set_option(DROPPED, &value)?;
        }
        Ok(())
    }
}
