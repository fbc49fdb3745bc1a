//! Makes room in the ring of savefiles.

use std::sync::{MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Output;
use crate::background_writer::Waiting;
use crate::rotation::ring::Ring;

/// How long to wait until the oldest savefile is closed and can be removed.
const MAX_WAIT: Duration = Duration::from_millis(50);

impl Output {
    /// Removes the oldest savefiles until the current one can have another packet with this length. Waits until they are
    /// closed if necessary, because their total is a promise, but not until the command for one has ended.
    #[cold]
    pub(super) fn make_ring_room(&mut self, length: u64) {
        let mut waiting = None;
        while self.length() + length + self.statistics_length() > self.ring_room {
            if self.remove_oldest().is_some() {
                continue;
            }
            if self.ring().len() < 2 || self.ring().is_oldest_in_use() {
                return;
            }
            waiting.get_or_insert_with(Waiting::begin);
            thread::sleep(Duration::from_millis(1));
            self.estimate_length(true);
            self.find_ring_room();
        }
    }

    /// Removes the oldest savefiles until there may be another one.
    pub(super) fn make_ring_place(&mut self) {
        let Some(max) = self.rotation.ring_files else {
            return;
        };
        let start = Instant::now();
        let mut waiting = None;
        while self.ring().len() >= max {
            if self.remove_oldest().is_none() {
                // If the disk or a command is slow, the ring has more savefiles for a while. Losing packets would be
                // worse.
                if self.ring().is_oldest_in_use() || start.elapsed() > MAX_WAIT {
                    return;
                }
                waiting.get_or_insert_with(Waiting::begin);
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Removes the oldest savefiles of a ring that is too large after all savefiles are closed and the commands for them
    /// have ended.
    pub(super) fn complete_ring(&mut self) {
        loop {
            let files = self.ring().len();
            let bytes = self.ring().bytes();
            let is_too_large = self.rotation.ring_files.is_some_and(|max| files > max)
                || self.rotation.ring_bytes.is_some_and(|max| bytes > max);
            // The newest file stays, whatever its length.
            if files < 2 || !is_too_large || self.remove_oldest().is_none() {
                return;
            }
        }
    }

    /// Determines how many bytes the ring leaves for the current savefile.
    pub(super) fn find_ring_room(&mut self) {
        if let Some(max) = self.rotation.ring_bytes {
            let bytes = self.ring().bytes();
            self.ring_room = max.saturating_sub(bytes);
        }
    }

    /// Removes the oldest savefile of the ring. Returns `None` if it is still being closed or in use.
    fn remove_oldest(&mut self) -> Option<()> {
        let removed = self.ring().remove_oldest()?;
        if let Err(failure) = removed.outcome {
            self.has_unremoved = true;
            failure.report(self.rotation.program);
        }
        if let (Some(file), Some(finisher)) = (removed.open, &self.finisher) {
            finisher.release(file);
        }
        self.find_ring_room();
        Some(())
    }

    pub(super) fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
