//! Where the parts of a block are.

use std::borrow::Cow;

use crate::savefile::pcapng::{Fields, Kind, Options, RawBlock, code};

/// The numbers of an enhanced packet block, and of an obsolete one, before the data.
pub(crate) const PACKET: usize = 20;
/// The numbers of interface statistics before their options.
pub(crate) const STATISTICS: usize = 12;
/// The numbers of an interface description before its options.
pub(crate) const INTERFACE: usize = 8;
/// The numbers of a section header after the length of the block, before its options.
pub(crate) const SECTION: usize = 16;
/// The numbers of decryption secrets before the secrets.
pub(crate) const SECRETS: usize = 8;

/// The flags of a packet that speak of its checksums: the length of the frame check sequence, and whether the checksum
/// is ready and valid.
pub(crate) const CHECKSUM_FLAGS: u32 = 0b1111 << 5 | 1 << 9 | 1 << 10;

impl<'a> RawBlock<'a> {
    /// Returns the options. Returns `None` if the block is damaged, or has a type without options or of which this
    /// crate does not know where they are: custom blocks, for example.
    #[must_use]
    pub fn options(self) -> Option<Options<'a>> {
        let body = self.content();
        let start = match self.kind() {
            Kind::SECTION => SECTION,
            Kind::INTERFACE => INTERFACE,
            Kind::STATISTICS => STATISTICS,
            Kind::ENHANCED_PACKET | Kind::PACKET => PACKET.checked_add(padded(body.u32(12)?)?)?,
            Kind::SECRETS => SECRETS.checked_add(padded(body.u32(4)?)?)?,
            Kind::NAMES => end_of_names(body)?.0,
            _ => return None,
        };
        (start <= body.bytes().len()).then(|| Options::new(body.from(start)))
    }

    /// Returns whether a reader would parse options at the end of the block as records of names, because no record ends
    /// those.
    pub(crate) fn lacks_end_of_names(self) -> bool {
        self.kind() == Kind::NAMES
            && end_of_names(self.content()).is_some_and(|(_, has_end)| !has_end)
    }

    /// Returns the comments.
    pub fn comments(self) -> impl Iterator<Item = Cow<'a, str>> {
        let none = Options::new(self.content().from(usize::MAX));
        self.options().unwrap_or(none).texts(code::COMMENT)
    }
}

/// Returns a length with its padding. Returns `None` if it exceeds this machine's numbers.
fn padded(length: u32) -> Option<usize> {
    usize::try_from(length).ok()?.checked_next_multiple_of(4)
}

/// Returns where the records of a name resolution block end, and whether a record says so. `None` if one reaches beyond
/// the block.
fn end_of_names(body: Fields<'_>) -> Option<(usize, bool)> {
    let mut at = 0;
    loop {
        let rest = body.from(at);
        let (Some(kind), Some(length)) = (rest.u16(0), rest.u16(2)) else {
            return Some((at, false));
        };
        at += 4 + usize::from(length).next_multiple_of(4);
        if at > body.bytes().len() {
            return None;
        }
        if kind == 0 {
            return Some((at, true));
        }
    }
}
