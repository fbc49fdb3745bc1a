//! The parts of the savefile formats that this crate parses itself; libpcap parses everything else.

mod length;
pub(crate) mod pcapng;
mod pipe;
mod position;
mod records;
#[cfg(test)]
mod tests;
mod walk;
mod window;

pub(crate) use length::Length;
pub(crate) use pipe::{Fed, Feed, LONGEST_HEAD, Units, read_head};
pub(crate) use position::Place;
pub(crate) use records::{LONGEST, Record, Records};
pub(crate) use walk::{Step, Walk};

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};
use crate::linktype::Dlt;
use crate::timestamp::Precision;

/// The length of a classic savefile's header.
pub(crate) const FILE_HEADER: usize = 24;
/// The length of a classic savefile's record header.
pub(crate) const RECORD_HEADER: usize = 16;

/// The version of the classic format, major and minor.
pub(crate) const VERSION: [u16; 2] = [2, 4];
/// The magic number of a classic savefile with microseconds.
pub(crate) const MAGIC_MICRO: u32 = 0xa1b2_c3d4;
/// The magic number of a classic savefile with nanoseconds.
pub(crate) const MAGIC_NANO: u32 = 0xa1b2_3c4d;
/// The magic number of a pcapng savefile, the same in both byte orders.
const MAGIC_PCAPNG: u32 = 0x0a0d_0d0a;

/// Returns the header of a classic savefile with microseconds.
pub(crate) fn header(linktype: u16, snaplen: u32, order: ByteOrder) -> [u8; FILE_HEADER] {
    // The time zone and the accuracy of the timestamps are always 0.
    let numbers = [MAGIC_MICRO, 0, 0, 0, snaplen, linktype.into()];
    let mut header = [0; FILE_HEADER];
    for (number, bytes) in numbers.iter().zip(header.chunks_exact_mut(4)) {
        bytes.copy_from_slice(&order.of_u32(*number).to_ne_bytes());
    }
    for (number, bytes) in VERSION.iter().zip(header[4..8].chunks_exact_mut(2)) {
        bytes.copy_from_slice(&order.of_u16(*number).to_ne_bytes());
    }
    header
}

/// The format of a savefile, as determined by its first four bytes.
///
/// # Examples
///
/// ```
/// use pcap_core::SavefileFormat;
///
/// assert_eq!("pcapng".parse::<SavefileFormat>()?, SavefileFormat::Pcapng);
/// assert_eq!(SavefileFormat::Pcap.to_string(), "pcap");
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SavefileFormat {
    /// The classic format (`.pcap`), including its old variants.
    Pcap,
    /// The newer format (`.pcapng`).
    Pcapng,
}

/// Prints the usual file extension of the format: `pcap` or `pcapng`.
impl fmt::Display for SavefileFormat {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            SavefileFormat::Pcap => "pcap",
            SavefileFormat::Pcapng => "pcapng",
        })
    }
}

/// Parses `pcap` or `pcapng`, ignoring case.
impl FromStr for SavefileFormat {
    type Err = Error;

    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the string is neither `pcap` nor `pcapng`.
    #[inline]
    fn from_str(name: &str) -> Result<SavefileFormat, Error> {
        [SavefileFormat::Pcap, SavefileFormat::Pcapng]
            .into_iter()
            .find(|format| format.to_string().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                Error::cannot(
                    ErrorKind::InvalidArgument,
                    "parse savefile format",
                    name.to_owned(),
                    "expected `pcap` or `pcapng`",
                )
            })
    }
}

/// The information in the first four bytes of a savefile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Magic {
    pub(crate) format: SavefileFormat,
    /// The precision of the timestamps. In a pcapng file, each interface has its own; nanoseconds lose nothing, because
    /// this crate delivers nothing finer.
    pub(crate) precision: Precision,
    /// The byte order, if the file has the current classic format.
    pub(crate) classic: Option<ByteOrder>,
    /// The name of the compression format, if the file is compressed.
    pub(crate) compressed: Option<&'static str>,
}

/// A savefile's byte order, relative to this machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ByteOrder {
    Native,
    Swapped,
}

impl ByteOrder {
    /// Converts a number from this machine's order to this one, or back.
    pub(crate) fn of_u16(self, number: u16) -> u16 {
        match self {
            ByteOrder::Native => number,
            ByteOrder::Swapped => number.swap_bytes(),
        }
    }

    /// Converts a number from this machine's order to this one, or back.
    pub(crate) fn of_u32(self, number: u32) -> u32 {
        match self {
            ByteOrder::Native => number,
            ByteOrder::Swapped => number.swap_bytes(),
        }
    }

    /// Converts a number from this machine's order to this one, or back.
    pub(crate) fn of_u64(self, number: u64) -> u64 {
        match self {
            ByteOrder::Native => number,
            ByteOrder::Swapped => number.swap_bytes(),
        }
    }
}

impl Magic {
    /// Parses the first bytes. libpcap will reject an unknown magic number.
    pub(crate) fn new(start: &[u8]) -> Magic {
        let magic = start.try_into().map_or(0, u32::from_ne_bytes);
        let (format, precision) = if magic == MAGIC_PCAPNG {
            (SavefileFormat::Pcapng, Precision::Nano)
        } else if magic == MAGIC_NANO || magic.swap_bytes() == MAGIC_NANO {
            (SavefileFormat::Pcap, Precision::Nano)
        } else {
            (SavefileFormat::Pcap, Precision::Micro)
        };
        Magic {
            format,
            precision,
            compressed: compressed(start),
            classic: if matches!(magic, MAGIC_MICRO | MAGIC_NANO) {
                Some(ByteOrder::Native)
            } else if matches!(magic.swap_bytes(), MAGIC_MICRO | MAGIC_NANO) {
                Some(ByteOrder::Swapped)
            } else {
                None
            },
        }
    }
}

/// Returns the compression format of a file that begins with these bytes.
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

/// Returns the length of the longest packet of a link type; libpcap reports a longer one as damage.
pub(crate) fn longest(datalink: Dlt) -> usize {
    match datalink {
        Dlt::USBPCAP => 1 << 20,
        Dlt::EBHSCR => 8 << 20,
        Dlt::DBUS => 128 << 20,
        _ => LONGEST,
    }
}

/// Returns whether libpcap delivers the packets of a link type unchanged from a classic savefile of
/// this byte order, and with the common limit on their length.
pub(crate) fn is_plain(datalink: Dlt, order: ByteOrder) -> bool {
    match order {
        // libpcap changes the others, or has different limits for them.
        ByteOrder::Native => !matches!(
            datalink,
            Dlt::USB_LINUX | Dlt::USB_LINUX_MMAPPED | Dlt::USBPCAP | Dlt::DBUS | Dlt::EBHSCR
        ),
        // libpcap swaps bytes of more link types, and newer versions may add others: these have no
        // bytes to swap.
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
