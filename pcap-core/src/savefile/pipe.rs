//! What libpcap is handed of a savefile that comes through a pipe: whole records and blocks only.
//!
//! libpcap waits inside a record for the rest of it, where nothing can end the wait, and what it has read
//! by then is lost. So it gets what is there whole, and its answer that nothing follows is not the end
//! but the place to wait.

use std::io::{self, Read};

use crate::linktype::Dlt;
use crate::savefile::{self, ByteOrder, LONGEST, RECORD_HEADER};
use crate::sys::checked;
use crate::sys::platform;

/// So many bytes are asked for at once: what a pipe holds.
const CHUNK: usize = 64 * 1024;

/// So often libpcap is handed more while its filter takes nothing: more than a pipe holds.
const TURNS: u32 = 16;

/// The longest block of a pcapng savefile; libpcap calls a longer one damage, unless its packets may be longer.
const LONGEST_BLOCK: usize = 16 << 20;
/// What there may be in a block beside a packet.
const BESIDE: usize = 256 * 1024;
/// The first and last fields of a block.
const SHORTEST_BLOCK: usize = 12;
/// Begins a section of a pcapng savefile, and tells its byte order in the third field.
const SECTION: u32 = super::MAGIC_PCAPNG;
const SECTION_ORDER: u32 = 0x1a2b_3c4d;
/// An interface, and the blocks of packets: libpcap opens a savefile up to the first of them.
const OPENED_AT: [u32; 4] = [1, 2, 3, 6];

/// What a savefile consists of behind its header.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Units {
    /// The records of a classic savefile.
    Records(ByteOrder),
    /// The blocks of a pcapng savefile.
    Blocks(ByteOrder),
}

/// What some bytes begin with.
pub(super) enum Unit {
    /// A whole record or block of this length, and the type of a block.
    Whole(usize, u32),
    /// Not all of one yet, and its length if that is known.
    Partial(Option<usize>),
    /// Nothing that is known here: libpcap says what it is.
    Unknown,
}

impl Units {
    /// How many bytes are whole records or blocks, as far as these are of the common kind: quickly.
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
            // A section may change the order of the bytes.
            let is_section = least > 0 && at(0) == SECTION;
            let left = bytes.len() - hopped;
            if length < least || is_section || length > left || length + beside > left {
                break;
            }
            hopped += length + beside;
        }
        hopped
    }

    /// What some bytes begin with, where packets are not longer than this.
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
                    caplen => (caplen.map(|caplen| RECORD_HEADER + caplen), 0),
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

/// What a pipe has given and libpcap has not.
#[derive(Debug)]
pub(crate) struct Feed {
    units: Units,
    /// The longest packet.
    longest: usize,
    bytes: Vec<u8>,
    /// How often libpcap has been handed more since it found a packet.
    turns: u32,
}

/// What libpcap was handed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fed {
    /// More.
    More,
    /// Nothing: no whole record is there, or it has had much and taken nothing.
    NotYet,
    /// All the rest: it reads on by itself.
    Rest,
}

impl Feed {
    /// Goes on behind what libpcap has, with these bytes first.
    pub(crate) fn new(units: Units, datalink: Dlt, bytes: Vec<u8>) -> Feed {
        Feed {
            units,
            longest: savefile::longest(datalink),
            bytes,
            turns: 0,
        }
    }

    /// libpcap found a packet that its filter takes.
    pub(crate) fn taken(&mut self) {
        self.turns = 0;
    }

    /// Hands libpcap's stream the whole records that are there now, of which it has none any more. From time to time
    /// it does not, where the filter takes nothing, so that one looks at the deadline and lets others have their turn.
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

    /// How many of the bytes are whole records or blocks; `None` if they begin with neither.
    fn whole(&mut self) -> Option<usize> {
        let mut length = 0;
        loop {
            match self.units.first(&self.bytes[length..], self.longest) {
                Unit::Whole(one, _) => length += one,
                Unit::Partial(_) => return Some(length),
                Unit::Unknown => return (length > 0).then_some(length),
            }
        }
    }
}

/// Reads on behind the first bytes of a pcapng savefile until all that libpcap needs to open it is there,
/// and waits for it. How many bytes that is, and what comes behind them; `None` if it is nothing known, or
/// the end comes before, which is then true.
pub(crate) fn read_head(
    reader: &mut dyn Read,
    bytes: &mut Vec<u8>,
) -> io::Result<(Option<(usize, Units)>, bool)> {
    let mut units = Units::Blocks(ByteOrder::Native);
    let mut length = 0;
    loop {
        match units.first(&bytes[length..], LONGEST) {
            Unit::Whole(one, kind) => {
                length += one;
                if OPENED_AT.contains(&kind) {
                    return Ok((Some((length, units)), false));
                }
            }
            Unit::Partial(_) if bytes.len() <= 2 * LONGEST_BLOCK => {
                let read = read_more(bytes, |free| {
                    loop {
                        match reader.read(free) {
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
            Unit::Partial(_) | Unit::Unknown => return Ok((None, false)),
        }
    }
}

/// Has more read behind some bytes.
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
