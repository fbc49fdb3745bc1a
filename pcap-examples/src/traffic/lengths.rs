//! Counts packets by length.

use super::Counts;

/// The upper ends of the ranges, as in `tshark -z plen,tree`. The last range has no end.
const ENDS: [u32; 9] = [19, 39, 79, 159, 319, 639, 1279, 2559, 5119];

/// The packets whose length is in a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthCount {
    /// The minimum length on the wire, in bytes.
    pub from: u32,
    /// The maximum length on the wire, in bytes. [`u32::MAX`] in the last range.
    pub to: u32,
    /// The number of packets.
    pub packets: u64,
    /// The sum of their lengths, in bytes.
    pub bytes: u64,
    /// The length of the shortest of them, or 0 if there are none.
    pub shortest: u32,
    /// The length of the longest of them, or 0 if there are none.
    pub longest: u32,
}

/// The counts of one range.
#[derive(Clone, Copy, Debug)]
struct Range {
    counts: Counts,
    shortest: u32,
    longest: u32,
}

/// Counts packets by length.
#[derive(Clone, Debug)]
pub(super) struct Lengths([Range; ENDS.len() + 1]);

impl Lengths {
    pub(super) fn new() -> Lengths {
        let empty = Range {
            counts: Counts::default(),
            shortest: u32::MAX,
            longest: 0,
        };
        Lengths([empty; ENDS.len() + 1])
    }

    /// Counts a packet.
    #[inline]
    pub(super) fn add(&mut self, length: u32) {
        // Each range begins at 20 × 2ⁿ.
        let index = match length / 20 {
            0 => 0,
            twenties => twenties.ilog2() as usize + 1,
        };
        let range = &mut self.0[index.min(ENDS.len())];
        range.counts.add_packet(length);
        range.shortest = range.shortest.min(length);
        range.longest = range.longest.max(length);
    }

    /// Adds the counts of others.
    pub(super) fn merge(&mut self, other: &Lengths) {
        for (range, other) in self.0.iter_mut().zip(&other.0) {
            range.counts += other.counts;
            range.shortest = range.shortest.min(other.shortest);
            range.longest = range.longest.max(other.longest);
        }
    }

    /// Returns all ranges, the shortest lengths first.
    pub(super) fn list(&self) -> Vec<LengthCount> {
        let mut from = 0;
        let ends = ENDS.into_iter().chain([u32::MAX]);
        let list = ends.zip(&self.0).map(|(to, range)| {
            let count = LengthCount {
                from,
                to,
                packets: range.counts.packets,
                bytes: range.counts.bytes,
                shortest: range.shortest.min(range.longest),
                longest: range.longest,
            };
            from = to.wrapping_add(1);
            count
        });
        list.collect()
    }
}
