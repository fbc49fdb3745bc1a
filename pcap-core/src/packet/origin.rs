//! Where a packet comes from.

use crate::linktype::{Dlt, Linktype};

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

    /// Returns whether the packet is known to have another link type than this one.
    #[inline]
    pub(super) fn contradicts(self, linktype: Linktype) -> bool {
        self.interface != NO_INTERFACE
            && u32::from(self.linktype) != linktype.value()
            && self.is_other(linktype)
    }

    /// Returns whether the link types differ, of which some have several numbers.
    #[cold]
    fn is_other(self, linktype: Linktype) -> bool {
        Dlt::from(Linktype::new(self.linktype.into())) != Dlt::from(linktype)
    }
}
