//! The non-blocking reads of asynchronous captures. An event loop waits between them.

use crate::capture::next::Patience;
use crate::capture::outcome::Next;
use crate::capture::wait::WaitsFor;
use crate::capture::{Awaitable, Capture};
use crate::error::Result;
use crate::packet::PacketBatch;

/// Returns whether there was a packet, and `None` if there may be one later.
#[inline]
fn found(next: Next<()>) -> Option<bool> {
    match next {
        Next::Packet(()) => Some(true),
        Next::Timeout => None,
        Next::End(_) => Some(false),
    }
}

impl<S: Awaitable> Capture<S> {
    /// Advances to the next packet and returns `Some(true)`, if a packet is available now. Returns `Some(false)` if the
    /// capture has ended, and `None` otherwise: the caller must wait for [the event](Self::waits_for) and try again.
    #[inline]
    pub(crate) fn try_advance(&mut self) -> Result<Option<bool>> {
        Ok(found(self.look(Patience::Outside)?))
    }

    /// Does the same with a batch, which contains the packets that are available.
    pub(crate) fn try_fill(&mut self, batch: &mut PacketBatch) -> Result<Option<bool>> {
        Ok(found(self.fill(batch, Patience::Outside)?))
    }

    /// Returns the event to wait for before the next try.
    pub(crate) fn waits_for(&mut self) -> WaitsFor {
        self.state.waits_for()
    }

    /// Returns whether that event has occurred.
    pub(crate) fn is_ready(&self) -> Result<bool> {
        self.state.is_ready()
    }
}
