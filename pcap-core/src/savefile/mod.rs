//! What this crate itself knows of the savefile formats; libpcap is the authority on everything else.

mod length;
mod pipe;
mod place;
mod records;

pub(crate) use length::Length;
pub(crate) use pipe::{Fed, Feed, Units, read_head};
pub(crate) use place::Place;
pub(crate) use records::{LONGEST, Record, Records};

use crate::linktype::Dlt;
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

/// What the first four bytes of a savefile say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Magic {
    pub(crate) format: SavefileFormat,
    /// The precision that timestamps are kept with. A pcapng file has one for each interface,
    /// nanoseconds at best that matter here, so nothing is lost by calling it that.
    pub(crate) precision: Precision,
    /// The classic format as it is written today, in the byte order of this machine or the other.
    pub(crate) classic: Option<ByteOrder>,
    /// What the file is compressed by.
    pub(crate) compressed: Option<&'static str>,
}

/// A savefile's byte order, seen from this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Native,
    Swapped,
}

impl Magic {
    /// Bytes that are no known magic are left to libpcap to refuse.
    pub(crate) fn new(start: &[u8]) -> Magic {
        let magic = start.try_into().map_or(0, u32::from_ne_bytes);
        let (format, precision) = if magic == MAGIC_PCAPNG {
            (SavefileFormat::Pcapng, Precision::Nano)
        } else if [magic, magic.swap_bytes()].contains(&MAGIC_NANO) {
            (SavefileFormat::Pcap, Precision::Nano)
        } else {
            (SavefileFormat::Pcap, Precision::Micro)
        };
        Magic {
            format,
            precision,
            compressed: compressed(start),
            classic: if [MAGIC_MICRO, MAGIC_NANO].contains(&magic) {
                Some(ByteOrder::Native)
            } else if [MAGIC_MICRO, MAGIC_NANO].contains(&magic.swap_bytes()) {
                Some(ByteOrder::Swapped)
            } else {
                None
            },
        }
    }
}

/// What compresses files that begin with these bytes.
fn compressed(start: &[u8]) -> Option<&'static str> {
    const STARTS: [(&str, &[u8]); 5] = [
        ("gzip", &[0x1f, 0x8b]),
        ("zstd", &[0x28, 0xb5, 0x2f, 0xfd]),
        ("lz4", &[0x04, 0x22, 0x4d, 0x18]),
        ("xz", &[0xfd, b'7', b'z', b'X']),
        ("bzip2", b"BZh"),
    ];
    let mut starts = STARTS.iter();
    starts.find_map(|(name, magic)| start.starts_with(magic).then_some(*name))
}

/// The longest packet of a link type; libpcap calls a longer one damage.
pub(crate) fn longest(datalink: Dlt) -> usize {
    match datalink {
        Dlt::USBPCAP => 1 << 20,
        Dlt::EBHSCR => 8 << 20,
        Dlt::DBUS => 128 << 20,
        _ => LONGEST,
    }
}

/// Whether libpcap hands the packets of a link type on as they lie in a classic savefile of this byte
/// order, and takes them up to the common length.
pub(crate) fn is_plain(datalink: Dlt, order: ByteOrder) -> bool {
    match order {
        // The others are changed, or have limits of their own.
        ByteOrder::Native => !matches!(
            datalink,
            Dlt::USB_LINUX | Dlt::USB_LINUX_MMAPPED | Dlt::USBPCAP | Dlt::DBUS | Dlt::EBHSCR
        ),
        // More are changed, and newer libpcaps may change others: these have nothing to be swapped.
        ByteOrder::Swapped => matches!(
            datalink,
            Dlt::EN10MB
                | Dlt::RAW
                | Dlt::IPV4
                | Dlt::IPV6
                | Dlt::NULL
                | Dlt::LOOP
                | Dlt::PPP
                | Dlt::IEEE802_11
                | Dlt::IEEE802_11_RADIO
        ),
    }
}
