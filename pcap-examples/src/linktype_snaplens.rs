//! The link types of a savefile's interfaces, with their snaplens.

use pcap_core::Linktype;
use pcap_core::pcapng::Interface;

/// The longest packet that libpcap and Wireshark read, for most link types.
const LONGEST: u32 = 262_144;

/// The link types of the interfaces so far, with the greatest snaplen of each.
#[derive(Clone, Debug, Default)]
pub struct LinktypeSnaplens(Vec<(Linktype, u32)>);

impl LinktypeSnaplens {
    /// Adds an interface.
    pub fn add(&mut self, interface: &Interface) {
        self.add_linktype(interface.linktype(), snaplen(interface));
    }

    /// Adds a link type with a snaplen.
    pub fn add_linktype(&mut self, linktype: Linktype, snaplen: u32) {
        match self.0.iter_mut().find(|(known, _)| *known == linktype) {
            Some((_, greatest)) => *greatest = snaplen.max(*greatest),
            None => self.0.push((linktype, snaplen)),
        }
    }

    /// Returns the snaplen for packets of a link type.
    #[must_use]
    pub fn of(&self, linktype: Linktype) -> u32 {
        let known = self.0.iter().find(|(known, _)| *known == linktype);
        known.map_or(LONGEST, |(_, snaplen)| *snaplen)
    }

    /// Returns the first link type.
    #[must_use]
    pub fn first(&self) -> Option<Linktype> {
        Some(self.0.first()?.0)
    }

    /// Returns the link type if there is exactly one.
    #[must_use]
    pub fn single(&self) -> Option<Linktype> {
        match self.0[..] {
            [(linktype, _)] => Some(linktype),
            _ => None,
        }
    }
}

/// Returns the snaplen that libpcap uses for an interface.
#[must_use]
pub fn snaplen(interface: &Interface) -> u32 {
    match (interface.snaplen(), interface.linktype()) {
        (snaplen @ 1..0x8000_0000, _) => snaplen,
        (_, Linktype::DBUS) => 128 << 20,
        (_, Linktype::EBHSCR) => 8 << 20,
        (_, Linktype::USBPCAP) => 1 << 20,
        _ => LONGEST,
    }
}
