//! Passes the records and blocks of a savefile from a pipe to libpcap, but only once they are complete.
//!
//! libpcap itself would block within an incomplete record. That wait cannot be interrupted, and the bytes read by then
//! would be lost. So libpcap only gets complete records, and when it reports the end of the file, more must be read.

use std::io;

use crate::linktype::Dlt;
use crate::savefile::{self, ByteOrder, RECORD_HEADER, pcapng};
use crate::sys::{Reader, checked, platform};

/// The size of each read: the capacity of a pipe.
const CHUNK: usize = 64 * 1024;

/// The maximum number of feeds in a row without an accepted packet: more than a pipe's capacity.
const TURNS: u32 = 16;

/// The length of the longest block of a pcapng savefile. libpcap reports a longer one as damage, unless the link type
/// allows longer packets.
const LONGEST_BLOCK: usize = 16 << 20;
/// The maximum number of bytes of a block in addition to its packet.
const BESIDE: usize = 256 * 1024;
/// The length of the shortest block: the fields at the start and end of every block.
const SHORTEST_BLOCK: usize = 12;
/// The type of the block that begins a section of a pcapng savefile; its third field gives the byte
/// order.
const SECTION: u32 = super::MAGIC_PCAPNG;
const SECTION_ORDER: u32 = 0x1a2b_3c4d;
/// The most bytes before the first interface of a pcapng savefile in a stream: they are kept until then.
pub(crate) const LONGEST_HEAD: usize = 2 * pcapng::LONGEST_BLOCK as usize;

/// The units of a savefile after its header.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Units {
    /// The records of a classic savefile.
    Records(ByteOrder),
    /// The blocks of a pcapng savefile.
    Blocks(ByteOrder),
}

/// The unit at the start of some bytes.
pub(super) enum Unit {
    /// A complete record or block: its length and, for a block, its type.
    Whole(usize, u32),
    /// An incomplete record or block, with its length if known.
    Partial(Option<usize>),
    /// Unknown data, which libpcap will report as an error.
    Unknown,
}

impl Units {
    /// Returns the number of leading bytes that are complete records or blocks of the common kind. This is the fast
    /// path.
    pub(super) fn hop(self, bytes: &[u8]) -> usize {
        let (order, field, beside, least) = match self {
            Units::Records(order) => (order, 8, RECORD_HEADER, 0),
            Units::Blocks(order) => (order, 4, 0, SHORTEST_BLOCK),
        };
        let mut hopped = 0;
        while let Some(head) = bytes[hopped..].first_chunk::<12>() {
            let at =
                |n: usize| u32::from_ne_bytes([head[n], head[n + 1], head[n + 2], head[n + 3]]);
            let length = match order {
                ByteOrder::Native => at(field),
                ByteOrder::Swapped => at(field).swap_bytes(),
            };
            let length = length as usize;
            // A new section may have another byte order.
            let is_section = least > 0 && at(0) == SECTION;
            let left = bytes.len() - hopped;
            let length = length.saturating_add(beside);
            if length < least || is_section || length > left {
                break;
            }
            hopped += length;
        }
        hopped
    }

    /// Returns the unit at the start of some bytes. Packets are at most `longest` bytes long.
    pub(super) fn first(&mut self, bytes: &[u8], longest: usize) -> Unit {
        let field = |order: ByteOrder, n: usize| {
            let four = bytes.get(4 * n..4 * n + 4)?;
            let number = u32::from_ne_bytes(four.try_into().ok()?);
            Some(match order {
                ByteOrder::Native => number,
                ByteOrder::Swapped => number.swap_bytes(),
            })
        };
        let (length, kind) = match self {
            Units::Records(order) => {
                let caplen = field(*order, 2).map(|caplen| caplen as usize);
                match caplen {
                    Some(caplen) if caplen > longest => return Unit::Unknown,
                    caplen => (caplen.map(|caplen| caplen.saturating_add(RECORD_HEADER)), 0),
                }
            }
            Units::Blocks(order) => {
                if field(*order, 0) == Some(SECTION) {
                    match field(ByteOrder::Native, 2) {
                        Some(SECTION_ORDER) => *order = ByteOrder::Native,
                        Some(other) if other.swap_bytes() == SECTION_ORDER => {
                            *order = ByteOrder::Swapped;
                        }
                        Some(_) => return Unit::Unknown,
                        None => return Unit::Partial(None),
                    }
                }
                let longest = LONGEST_BLOCK.max(longest.saturating_add(BESIDE));
                let length = field(*order, 1).map(|length| length as usize);
                match length {
                    Some(length) if !(SHORTEST_BLOCK..=longest).contains(&length) => {
                        return Unit::Unknown;
                    }
                    length => (length, field(*order, 0).unwrap_or(0)),
                }
            }
        };
        match length {
            Some(length) if length <= bytes.len() => Unit::Whole(length, kind),
            length => Unit::Partial(length),
        }
    }
}

/// The data that was read from a pipe but not passed to libpcap yet.
#[derive(Debug)]
pub(crate) struct Feed {
    units: Units,
    /// The length of the longest packet.
    longest: usize,
    bytes: Vec<u8>,
    /// The number of feeds since libpcap found a packet.
    turns: u32,
}

/// The result of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fed {
    /// libpcap has received more data.
    More,
    /// libpcap has received nothing: no complete record is available, or the filter rejected many records in a row.
    NotYet,
    /// libpcap has received all remaining data, and reads the rest of the pipe itself.
    Rest,
}

impl Feed {
    /// Creates a feed that continues after the data that libpcap has, beginning with these bytes.
    pub(crate) fn new(units: Units, datalink: Dlt, bytes: Vec<u8>) -> Feed {
        Feed {
            units,
            longest: savefile::longest(datalink),
            bytes,
            turns: 0,
        }
    }

    /// Records that libpcap found a packet that its filter accepts.
    pub(crate) fn taken(&mut self) {
        self.turns = 0;
    }

    /// Feeds the complete records that are available into libpcap's stream, which must be empty. While the filter
    /// rejects everything, the call returns `NotYet` from time to time, so that the caller can check the deadline and
    /// yield.
    pub(crate) fn fill(&mut self, stream: &mut platform::Stream) -> io::Result<Fed> {
        if self.turns >= TURNS {
            self.turns = 0;
            return Ok(Fed::NotYet);
        }
        self.turns += 1;
        loop {
            match self.whole() {
                Some(0) => {}
                Some(length) => {
                    stream.give(&self.bytes[..length]);
                    self.bytes.drain(..length);
                    return Ok(Fed::More);
                }
                None => break,
            }
            match read_more(&mut self.bytes, |free| stream.read(free)) {
                Ok(0) => break,
                Ok(_) => {}
                Err(e)
                    if matches!(
                        e.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                    ) =>
                {
                    return Ok(Fed::NotYet);
                }
                Err(e) => return Err(e),
            }
        }
        stream.give_back(&self.bytes);
        self.bytes = Vec::new();
        Ok(Fed::Rest)
    }

    /// Returns the number of leading bytes that are complete records or blocks. Returns `None` if something else
    /// follows them: libpcap reads all of it then.
    fn whole(&mut self) -> Option<usize> {
        let mut length = 0;
        loop {
            match self.units.first(&self.bytes[length..], self.longest) {
                Unit::Whole(one, _) => length += one,
                Unit::Partial(_) => return Some(length),
                Unit::Unknown => return None,
            }
        }
    }
}

/// Reads the beginning of a pcapng savefile, of which some bytes have been read, until libpcap can open it. Blocks
/// until then. Returns the length of that part and the units after it, or `None` if the data is unknown, too long or
/// ends early. The second value is whether the data ended.
pub(crate) fn read_head(
    reader: &mut dyn Reader,
    bytes: &mut Vec<u8>,
) -> io::Result<(Option<(usize, Units)>, bool)> {
    let mut units = Units::Blocks(ByteOrder::Native);
    let mut length = 0;
    loop {
        match units.first(&bytes[length..], pcapng::LONGEST_BLOCK as usize) {
            Unit::Whole(one, kind) => {
                length += one;
                // An interface block or a packet block: libpcap reads up to the first of them to open a savefile.
                if matches!(kind, 1 | 2 | 3 | 6) {
                    return Ok((Some((length, units)), false));
                }
            }
            Unit::Partial(_) if bytes.len() > LONGEST_HEAD => return Ok((None, false)),
            Unit::Partial(_) => {
                let read = read_more(bytes, |free| {
                    loop {
                        match reader.read_bytes(free) {
                            Ok(length) => return checked(length, free),
                            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                            Err(e) => return Err(e),
                        }
                    }
                });
                if read? == 0 {
                    return Ok((None, true));
                }
            }
            Unit::Unknown => return Ok((None, false)),
        }
    }
}

/// Appends the result of one read to some bytes.
fn read_more(
    bytes: &mut Vec<u8>,
    read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
) -> io::Result<usize> {
    let start = bytes.len();
    bytes.resize(start + CHUNK, 0);
    let read = read(&mut bytes[start..]).map(|read| read.min(CHUNK));
    bytes.truncate(start + *read.as_ref().unwrap_or(&0));
    read
}
