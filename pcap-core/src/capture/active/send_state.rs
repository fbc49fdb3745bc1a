//! The state of a live capture that only sending uses.

use std::cell::OnceCell;

use crate::capture::active::give_up::ShortestDropped;
use crate::capture::active::sender::Lent;

/// What a live capture has learned about sending on its device.
#[derive(Default)]
pub(super) struct SendState {
    /// Whether the descriptor is a packet socket, which accepts many packets per call.
    pub(super) many: OnceCell<bool>,
    pub(super) shortest_dropped: ShortestDropped,
    /// The socket of the capture's senders.
    pub(super) lent: Lent,
}
