//! What the headers of classic savefiles declare for the link types of a pcapng savefile.

use pcap_core::pcapng::Interface;
use pcap_core::{Capture, Dead, Linktype, Precision};

use crate::exit::Outcome;
use crate::stderr;

/// The longest packet that libpcap and Wireshark read, for most link types.
const LONGEST: u32 = 262_144;

/// What the header of a classic savefile declares.
#[derive(Clone, Copy, Debug)]
pub struct ClassicHeader {
    /// The link type of all packets.
    pub linktype: Linktype,
    /// The greatest snaplen of the interfaces.
    snaplen: u32,
    /// The length of the frame check sequence, if all interfaces declare the same.
    fcs: Option<u8>,
}

impl ClassicHeader {
    /// Returns a capture with these properties.
    ///
    /// # Errors
    ///
    /// Returns an error if libpcap rejects one of them.
    pub fn capture(&self, precision: Precision) -> Outcome<Capture<Dead>> {
        let dead = Capture::dead_with(self.linktype, self.snaplen, precision)?;
        Ok(dead.with_fcs_len(self.fcs.map(u32::from))?)
    }
}

/// The headers for the link types of the interfaces so far.
#[derive(Clone, Debug, Default)]
pub struct ClassicHeaders {
    headers: Vec<ClassicHeader>,
    /// Whether a header cannot declare the length of the frame check sequence of all its interfaces.
    has_undeclared_fcs: bool,
}

impl ClassicHeaders {
    /// Adds an interface.
    pub fn add(&mut self, interface: &Interface) {
        self.add_linktype(
            interface.linktype(),
            snaplen(interface),
            interface.fcs_len(),
        );
    }

    /// Adds a link type with a snaplen and the length of the frame check sequence.
    pub fn add_linktype(&mut self, linktype: Linktype, snaplen: u32, fcs: Option<u8>) {
        let possible = fcs.filter(|&bytes| is_classic_fcs_len(bytes));
        let mut headers = self.headers.iter_mut();
        let declared = match headers.find(|known| known.linktype == linktype) {
            Some(known) => {
                known.snaplen = known.snaplen.max(snaplen);
                known.fcs = known.fcs.filter(|_| known.fcs == possible);
                known.fcs
            }
            None => {
                self.headers.push(ClassicHeader {
                    linktype,
                    snaplen,
                    fcs: possible,
                });
                possible
            }
        };
        self.has_undeclared_fcs |= declared != fcs;
    }

    /// Returns the header for packets of a link type.
    #[must_use]
    pub fn of(&self, linktype: Linktype) -> ClassicHeader {
        let mut headers = self.headers.iter();
        let known = headers.find(|known| known.linktype == linktype);
        known.copied().unwrap_or(ClassicHeader {
            linktype,
            snaplen: LONGEST,
            fcs: None,
        })
    }

    /// Returns the first link type.
    #[must_use]
    pub fn first(&self) -> Option<Linktype> {
        Some(self.headers.first()?.linktype)
    }

    /// Returns the link type if there is exactly one.
    #[must_use]
    pub fn single(&self) -> Option<Linktype> {
        match self.headers[..] {
            [header] => Some(header.linktype),
            _ => None,
        }
    }

    /// Prints a warning if the length of a frame check sequence is lost.
    pub fn report_fcs(&self) {
        if self.has_undeclared_fcs {
            stderr::print_line(
                "warning: a classic savefile cannot declare the lengths of all frame check sequences",
            );
        }
    }
}

/// Returns whether a classic savefile can declare a frame check sequence of this length.
#[must_use]
pub const fn is_classic_fcs_len(bytes: u8) -> bool {
    bytes.is_multiple_of(2) && bytes <= 30
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_share_a_header() {
        let mut headers = ClassicHeaders::default();
        headers.add_linktype(Linktype::ETHERNET, 100, Some(4));
        headers.add_linktype(Linktype::ETHERNET, 200, Some(4));
        headers.add_linktype(Linktype::RAW, 50, None);
        let header = headers.of(Linktype::ETHERNET);
        assert_eq!((header.snaplen, header.fcs), (200, Some(4)));
        assert!(!headers.has_undeclared_fcs && headers.single().is_none());
        headers.add_linktype(Linktype::ETHERNET, 150, None);
        assert_eq!(headers.of(Linktype::ETHERNET).fcs, None);
    }

    #[test]
    fn a_lost_length_of_the_frame_check_sequence_is_noticed() {
        for lengths in [
            &[None, Some(4)][..],
            &[Some(4), Some(2)],
            &[Some(5)],
            &[Some(32)],
        ] {
            let mut headers = ClassicHeaders::default();
            for &fcs in lengths {
                headers.add_linktype(Linktype::ETHERNET, 100, fcs);
            }
            assert!(headers.has_undeclared_fcs, "{lengths:?}");
        }
    }
}
