//! The state of a live capture that only sending uses.

use std::cell::OnceCell;

use crate::capture::active::lent::Lent;
use crate::capture::active::shortest_dropped::ShortestDropped;
use crate::sys::platform::RawFd;

/// What a live capture has learned about sending on its device.
#[derive(Default)]
pub(super) struct SendState {
    /// The descriptor, if it is a packet socket that sends whole frames on one device. It belongs to the handle.
    pub(super) socket: OnceCell<Option<RawFd>>,
    pub(super) shortest_dropped: ShortestDropped,
    /// The socket of the capture's senders.
    pub(super) lent: Lent,
}
