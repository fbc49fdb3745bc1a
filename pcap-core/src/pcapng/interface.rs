//! Interfaces of captures and of dumpers.

use crate::capture::{Activated, Capture};
use crate::linktype::Linktype;
use crate::pcapng::Interface;
use crate::savefile::pcapng::Clock;

impl Interface {
    /// Creates an interface for the packets of a capture, with the capture's link type, snaplen, precision and length
    /// of the frame check sequence. To add the device name of a live capture, call `.with_name(capture.name())`.
    #[must_use]
    pub fn for_capture<S: Activated>(capture: &Capture<S>) -> Interface {
        let interface = Interface::new(capture.linktype())
            .with_snaplen(capture.snaplen())
            .with_precision(capture.precision());
        match capture.fcs_len().and_then(|bytes| u8::try_from(bytes).ok()) {
            Some(bytes) => interface.with_fcs_len(bytes),
            None => interface,
        }
    }
}

/// The identifier of an interface in a [`PcapngDumper`](super::PcapngDumper). Only the dumper that returned it accepts
/// it. Returned by [`add_interface`](super::PcapngDumper::add_interface).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InterfaceId {
    pub(super) dumper: u64,
    /// The index of the dumper's slot, which has the number of the interface in the section.
    pub(super) slot: u32,
    pub(super) number: u32,
}

impl InterfaceId {
    /// Returns the number of the interface in its section, starting at 0. If a dumper that
    /// [appends](super::PcapngDumper::append) has begun a new section since, this is the number in the section before.
    #[must_use]
    #[inline]
    pub fn index(self) -> u32 {
        self.number
    }
}

/// What the packets of an interface in a dumper depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct InterfaceState {
    /// The length of the longest packet; `u32::MAX` if there is no limit.
    pub(super) snaplen: u32,
    pub(super) linktype: Linktype,
    pub(super) clock: Clock,
    /// The slot of its identifier, if that was returned.
    pub(super) slot: Option<u32>,
}

impl InterfaceState {
    #[inline]
    pub(super) fn new(interface: &Interface) -> InterfaceState {
        InterfaceState {
            snaplen: match interface.snaplen() {
                0 => u32::MAX,
                snaplen => snaplen,
            },
            linktype: interface.linktype(),
            clock: interface.clock(),
            slot: None,
        }
    }
}
