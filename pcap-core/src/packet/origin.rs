//! Where a packet comes from.

use crate::linktype::Linktype;

/// The interface of a packet in a pcapng savefile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// The number of the interface; [`NO_INTERFACE`] for packets from elsewhere.
    pub(super) interface: u32,
    pub(super) linktype: u16,
}

/// More interfaces than a section has.
const NO_INTERFACE: u32 = u32::MAX;

impl Origin {
    pub(super) const UNKNOWN: Origin = Origin {
        interface: NO_INTERFACE,
        linktype: 0,
    };

    pub(super) const fn interface(self) -> Option<u32> {
        match self.interface {
            NO_INTERFACE => None,
            number => Some(number),
        }
    }

    pub(super) fn linktype(self) -> Option<Linktype> {
        self.interface()?;
        Some(Linktype::new(self.linktype.into()))
    }
}
