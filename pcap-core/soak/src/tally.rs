//! What a reader has received.

use anyhow::{Result, ensure};
use pcap_core::{Packet, Stats};

use crate::numbered;

/// The packets that a reader has received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) packets: u64,
    pub(crate) latest: Option<u64>,
    /// Packets that were changed, repeated or in another order.
    wrong: u64,
}

impl Tally {
    /// Counts a packet. Returns its number.
    pub(crate) fn add(&mut self, packet: Packet<'_>) -> Option<u64> {
        self.packets += 1;
        let number = numbered::of(packet);
        let is_next = number.is_some() && number > self.latest;
        self.wrong += u64::from(!is_next);
        self.latest = number.or(self.latest);
        number
    }

    /// Adds what another capture received.
    pub(crate) fn merge(&mut self, other: Tally) {
        self.packets += other.packets;
        self.wrong += other.wrong;
    }

    /// Checks that the packets were received once and in order.
    pub(crate) fn check_order(&self) -> Result<()> {
        let wrong = self.wrong;
        ensure!(
            wrong == 0,
            "{wrong} packets are damaged or in a wrong order"
        );
        Ok(())
    }

    /// Checks that each packet was received once and in order, or is counted as lost.
    pub(crate) fn check(&self, stats: Stats) -> Result<()> {
        self.check_order()?;
        let packets = self.packets;
        let Stats {
            received,
            dropped,
            discarded,
            ..
        } = stats;
        ensure!(
            packets + dropped + discarded == received,
            "{received} packets received, but {packets} delivered + {dropped} dropped + {discarded} discarded"
        );
        Ok(())
    }
}
