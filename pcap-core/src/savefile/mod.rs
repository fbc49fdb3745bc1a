//! What this crate itself knows of the savefile formats; libpcap is the authority on everything else.
//!
//! May import: `timestamp`.

use crate::timestamp::Precision;

/// Length of a classic savefile's header.
pub(crate) const FILE_HEADER: usize = 24;
/// Length of a classic savefile's record header.
pub(crate) const RECORD_HEADER: usize = 16;

/// The first number of a classic savefile with microseconds.
pub(crate) const MAGIC_MICRO: u32 = 0xa1b2_c3d4;
/// The first number of a classic savefile with nanoseconds.
pub(crate) const MAGIC_NANO: u32 = 0xa1b2_3c4d;
/// The first number of a pcapng savefile, the same in both byte orders.
const MAGIC_PCAPNG: u32 = 0x0a0d_0d0a;

/// The format of a savefile, by its first four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SavefileFormat {
    /// The classic format, `.pcap`, and its old variants.
    Pcap,
    /// The newer format, `.pcapng`.
    Pcapng,
}

/// What the first four bytes say: the format, and the precision its timestamps are kept with.
///
/// A pcapng file has a precision for each interface, nanoseconds at best that matter here, so
/// nothing is lost by calling it that. Bytes that are no known magic are left to libpcap to refuse.
pub(crate) fn sniff(magic: &[u8]) -> (SavefileFormat, Precision) {
    let magic = match magic.try_into() {
        Ok(bytes) => u32::from_ne_bytes(bytes),
        Err(_) => 0,
    };
    match magic {
        MAGIC_PCAPNG => (SavefileFormat::Pcapng, Precision::Nano),
        m if m == MAGIC_NANO || m.swap_bytes() == MAGIC_NANO => {
            (SavefileFormat::Pcap, Precision::Nano)
        }
        _ => (SavefileFormat::Pcap, Precision::Micro),
    }
}
