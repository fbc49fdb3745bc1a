//! The byte order of a section.

use crate::savefile::ByteOrder;

/// The byte order of the numbers in a section.
///
/// # Examples
///
/// ```
/// use pcap_core::pcapng::{Endian, Section};
///
/// let section = Section::new().with_endian(Endian::Big);
/// assert_eq!(section.endian(), Endian::Big);
/// assert_eq!(Section::new().endian(), Endian::NATIVE);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endian {
    /// The least significant byte comes first.
    Little,
    /// The most significant byte comes first.
    Big,
}

impl Endian {
    /// The byte order of this machine.
    pub const NATIVE: Endian = match cfg!(target_endian = "big") {
        true => Endian::Big,
        false => Endian::Little,
    };
}

impl From<ByteOrder> for Endian {
    fn from(order: ByteOrder) -> Endian {
        match (order, Endian::NATIVE) {
            (ByteOrder::Native, native) => native,
            (ByteOrder::Swapped, Endian::Little) => Endian::Big,
            (ByteOrder::Swapped, Endian::Big) => Endian::Little,
        }
    }
}

impl From<Endian> for ByteOrder {
    fn from(endian: Endian) -> ByteOrder {
        match endian == Endian::NATIVE {
            true => ByteOrder::Native,
            false => ByteOrder::Swapped,
        }
    }
}
