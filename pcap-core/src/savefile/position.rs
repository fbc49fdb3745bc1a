//! Tracks libpcap's position in a savefile through the bytes that it was given, so that it can be interrupted anywhere
//! and resumed.

use crate::savefile::pipe::{Unit, Units};
use crate::savefile::{ByteOrder, SavefileFormat};
use crate::sys::Frames;

/// The number of leading bytes of a record or block that determine its length. No record or block is shorter.
const TELLING: usize = 12;

/// The initial capacity for a partial record. It suffices for most records, so that reading packets does not allocate.
const ROOM: usize = 4096;

/// The record or block that libpcap has read partially.
#[derive(Debug)]
pub(crate) struct Place {
    units: Units,
    /// The bytes of the record that have been read, which are passed to libpcap again.
    part: Vec<u8>,
    /// Whether the data is neither a record nor a block.
    lost: bool,
}

impl Place {
    /// Creates a place at the beginning of a pcapng savefile. Returns `None` for other formats.
    pub(crate) fn of_pcapng(format: SavefileFormat) -> Option<Box<dyn Frames>> {
        match format {
            SavefileFormat::Pcapng => Some(Box::new(Place::new(Units::Blocks(ByteOrder::Native)))),
            SavefileFormat::Pcap => None,
        }
    }

    /// Creates a place at the beginning of a record or block.
    pub(crate) fn new(units: Units) -> Place {
        Place {
            units,
            part: Vec::with_capacity(ROOM),
            lost: false,
        }
    }

    /// Returns the unit at the start of some bytes. libpcap checks the maximum length: it rejects a
    /// longer record before it reads more of it.
    fn first(units: &mut Units, bytes: &[u8]) -> Unit {
        units.first(bytes, usize::MAX)
    }

    /// Adds bytes until the partial record is complete, and returns the rest.
    fn complete<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let length = match Place::first(&mut self.units, &self.part) {
            Unit::Partial(Some(length)) => length,
            _ => TELLING,
        };
        let missing = length.saturating_sub(self.part.len());
        let (more, behind) = bytes.split_at(missing.min(bytes.len()));
        self.part.extend_from_slice(more);
        match Place::first(&mut self.units, &self.part) {
            Unit::Partial(_) => {}
            Unit::Whole(..) => self.part.clear(),
            Unit::Unknown => self.lost = true,
        }
        behind
    }
}

impl Frames for Place {
    fn passed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.lost {
            if !self.part.is_empty() {
                bytes = self.complete(bytes);
                continue;
            }
            bytes = &bytes[self.units.hop(bytes)..];
            match Place::first(&mut self.units, bytes) {
                Unit::Whole(length, _) => bytes = &bytes[length..],
                Unit::Partial(_) => {
                    self.part.extend_from_slice(bytes);
                    return;
                }
                Unit::Unknown => self.lost = true,
            }
        }
    }

    fn is_known(&self) -> bool {
        !self.lost
    }

    fn part(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(length: u32) -> Vec<u8> {
        let mut bytes = [0, 0, length, length].map(u32::to_ne_bytes).concat();
        bytes.resize(16 + length as usize, 7);
        bytes
    }

    fn block(kind: u32, length: u32) -> Vec<u8> {
        let mut bytes = [kind, length].map(u32::to_ne_bytes).concat();
        bytes.resize(length as usize - 4, 7);
        bytes.extend(length.to_ne_bytes());
        bytes
    }

    /// However the data is split, the part is what follows the last complete record.
    #[test]
    fn a_part_is_what_follows_the_last_whole_one() {
        let lengths = [0, 1, 40, 0, 300, 5];
        let records: Vec<_> = lengths.into_iter().map(record).collect();
        let mut section = block(0x0a0d_0d0a, 28);
        section[8..12].copy_from_slice(&0x1a2b_3c4d_u32.to_ne_bytes());
        let lengths = [12, 16, 400, 12, 12, 1000];
        let blocks = lengths.into_iter().map(|length| block(6, length));
        let blocks: Vec<_> = std::iter::once(section).chain(blocks).collect();
        for (units, all) in [
            (Units::Records(ByteOrder::Native), records),
            (Units::Blocks(ByteOrder::Swapped), blocks),
        ] {
            let ends: Vec<usize> = all
                .iter()
                .scan(0, |end, one| {
                    *end += one.len();
                    Some(*end)
                })
                .collect();
            let bytes = all.concat();
            for piece in 1..=bytes.len() {
                let mut place = Place::new(units);
                let mut given = 0;
                for part in bytes.chunks(piece) {
                    place.passed(part);
                    given += part.len();
                    let last = ends.iter().rev().find(|&&end| end <= given);
                    let whole = last.copied().unwrap_or(0);
                    assert_eq!(place.part, bytes[whole..given], "{piece}, {given}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_block_is_no_part() {
        let mut place = Place::new(Units::Blocks(ByteOrder::Native));
        place.passed(&block(6, 12));
        assert!(place.is_known() && place.part().is_empty());
        // A block of 3 bytes.
        place.passed(&[6, 0, 0]);
        place.passed(&[0]);
        place.passed(&3_u32.to_ne_bytes());
        place.passed(&[0; 100]);
        assert!(!place.is_known());
    }
}
