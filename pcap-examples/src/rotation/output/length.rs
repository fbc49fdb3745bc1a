//! The length of the current savefile, which ends at a limit.

use super::Output;
use crate::statistics_block;

/// The number of bytes after which the length of a compressed savefile is determined again.
const LENGTH_INTERVAL: u64 = 32 << 10;

impl Output {
    /// Returns whether a packet with this length in the savefile must be in another one.
    pub(super) fn is_full(&self, length: u64) -> bool {
        let (max_packets, is_compressed) = (self.rotation.max_packets, self.compression.is_some());
        let Some(current) = &self.current else {
            return false;
        };
        let packets = current.summary.packets;
        if packets == 0 {
            return false;
        }
        if max_packets.is_some_and(|max| packets >= max) {
            return true;
        }
        let Some(max_size) = self.rotation.max_size else {
            return false;
        };
        match is_compressed {
            true => self.length() >= max_size,
            false => self.length() + length + self.statistics_length() > max_size,
        }
    }

    /// Returns the length of the current savefile with all its packets, if it is not compressed. Otherwise, returns the
    /// last estimate.
    pub(super) fn length(&self) -> u64 {
        match (&self.current, self.compression) {
            (None, _) => 0,
            (Some(current), None) => current.savefile.position(),
            (Some(current), Some(_)) => current.expected_length,
        }
    }

    /// Estimates the length of a compressed savefile, if that is due.
    pub(super) fn estimate_length(&mut self, is_due: bool) {
        let (Some(current), Some(_)) = (&mut self.current, self.compression) else {
            return;
        };
        let position = current.savefile.position();
        if is_due || position - current.estimated_at > LENGTH_INTERVAL {
            let background_writer = current.savefile.background_writer();
            let unappended = position.saturating_sub(background_writer.appended_bytes());
            current.expected_length = background_writer.expected_length(unappended, &self.ratio);
            current.estimated_at = position;
            // Closed savefiles may have other lengths than expected.
            self.find_ring_room();
        }
    }

    /// Returns the length of the statistics at the end of a savefile.
    pub(super) fn statistics_length(&self) -> u64 {
        self.statistics.len() as u64 * statistics_block::LENGTH
    }
}
