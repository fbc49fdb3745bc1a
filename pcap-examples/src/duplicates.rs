//! Finds packets that are equal to an earlier one.

use std::collections::{BTreeSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use pcap_core::{Linktype, Packet, Timestamp};

/// The most bytes of packets that are kept in memory.
const MAX_BYTES: usize = 256 << 20;
/// The bytes that a remembered packet needs besides its data.
const OVERHEAD: usize = 128;
/// A window of at most this many packets is searched from end to end, which is faster than an index.
const MAX_UNINDEXED: usize = 16;

/// How far a packet may be from an equal one before it.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The number of successive packets, including both. `None` means any number.
    pub packets: Option<usize>,
    /// The greatest difference of their times. `None` means any difference.
    pub time: Option<Duration>,
}

/// Remembers the packets of a window, and finds equal ones. Hashes find candidates, and their bytes are compared.
#[derive(Debug)]
pub struct DuplicateFinder {
    window: Window,
    /// The number of bytes to ignore at the start of each packet.
    ignored: usize,
    max_bytes: usize,
    hasher: RandomState,
    /// The packets of the window, the oldest first.
    packets: VecDeque<Remembered>,
    /// The number of the oldest packet. Numbers count all packets.
    oldest: u64,
    /// The packets of the window by hash and time, unless the window is small.
    index: BTreeSet<IndexKey>,
    /// The bytes in memory.
    bytes: usize,
    /// The number of packets that were forgotten although they were in the window.
    forgotten: u64,
    found: u64,
    /// The memory of a packet that has left the window.
    spare: Vec<u8>,
}

/// The hash, the time and the number of a packet. The time is `None` if the window is no time.
type IndexKey = (u64, Option<Timestamp>, u64);

/// A packet of the window.
#[derive(Debug)]
struct Remembered {
    hash: u64,
    linktype: Linktype,
    wire_len: u32,
    time: Option<Timestamp>,
    data: Vec<u8>,
}

impl DuplicateFinder {
    /// Creates a finder that ignores a number of bytes at the start of each packet.
    #[must_use]
    pub fn new(window: Window, ignored: usize) -> DuplicateFinder {
        DuplicateFinder {
            window,
            ignored,
            max_bytes: MAX_BYTES,
            hasher: RandomState::new(),
            packets: VecDeque::new(),
            oldest: 0,
            index: BTreeSet::new(),
            bytes: 0,
            forgotten: 0,
            found: 0,
            spare: Vec::new(),
        }
    }

    /// Returns whether a packet equals one before it in the window, and remembers it. A packet without a time is no
    /// duplicate if the window is a time.
    pub fn is_duplicate(
        &mut self,
        linktype: Linktype,
        packet: Packet<'_>,
        time: Option<Timestamp>,
    ) -> bool {
        let data = packet.data();
        let compared = data.get(self.ignored..).filter(|rest| !rest.is_empty());
        let compared = compared.unwrap_or(data);
        let hash = self
            .hasher
            .hash_one((linktype, packet.wire_len(), compared));
        self.forget_old(time);
        let equals = |old: &Remembered| {
            old.hash == hash
                && (old.linktype, old.wire_len) == (linktype, packet.wire_len())
                && old.data == compared
                && self.window.is_near(old.time, time)
        };
        let is_found = if self.is_indexed() {
            // Only the packets with this hash in the window of time: any is equal, unless hashes collide.
            let (first, last) = self.window.span(time);
            let mut near = self.index.range((hash, first, 0)..=(hash, last, u64::MAX));
            near.any(|&(.., number)| {
                let old = self.packets.get((number - self.oldest) as usize);
                old.is_some_and(equals)
            })
        } else {
            self.packets.iter().any(equals)
        };
        self.found += u64::from(is_found);
        let mut kept = std::mem::take(&mut self.spare);
        kept.clear();
        kept.extend_from_slice(compared);
        self.bytes += compared.len() + OVERHEAD;
        if self.is_indexed() {
            let number = self.oldest + self.packets.len() as u64;
            self.index
                .insert((hash, self.window.indexed_time(time), number));
        }
        self.packets.push_back(Remembered {
            hash,
            linktype,
            wire_len: packet.wire_len(),
            time,
            data: kept,
        });
        is_found
    }

    /// Returns the number of duplicates found.
    #[must_use]
    pub fn found(&self) -> u64 {
        self.found
    }

    /// Returns the number of packets that were forgotten although they were in the window.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn is_indexed(&self) -> bool {
        self.window
            .packets
            .is_none_or(|packets| packets > MAX_UNINDEXED)
    }

    /// Forgets packets that are outside the window of the next packet, and those for which there is no memory.
    fn forget_old(&mut self, time: Option<Timestamp>) {
        let max_packets = self
            .window
            .packets
            .map_or(usize::MAX, |packets| packets - 1);
        while let Some(oldest) = self.packets.front() {
            let is_outside = self.packets.len() > max_packets
                || self.window.time.is_some() && is_past(oldest.time, time, self.window.time);
            if !is_outside && self.bytes <= self.max_bytes {
                break;
            }
            self.forgotten += u64::from(!is_outside);
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.packets.pop_front() else {
            return;
        };
        self.bytes -= oldest.data.len() + OVERHEAD;
        if self.is_indexed() {
            let time = self.window.indexed_time(oldest.time);
            self.index.remove(&(oldest.hash, time, self.oldest));
        }
        self.oldest += 1;
        self.spare = oldest.data;
    }
}

impl Window {
    /// Returns the time of a packet in the index.
    fn indexed_time(&self, time: Option<Timestamp>) -> Option<Timestamp> {
        time.filter(|_| self.time.is_some())
    }

    /// Returns the first and the last time in the index that are near a time.
    fn span(&self, time: Option<Timestamp>) -> (Option<Timestamp>, Option<Timestamp>) {
        let (Some(limit), Some(time)) = (self.time, time) else {
            return (None, None);
        };
        let last = time
            .checked_add(limit)
            .unwrap_or(Timestamp::new(i64::MAX, 999_999_999));
        // No time is less than any time.
        (time.checked_sub(limit), Some(last))
    }

    /// Returns whether the times of two packets differ by at most the time of the window.
    fn is_near(&self, a: Option<Timestamp>, b: Option<Timestamp>) -> bool {
        let Some(limit) = self.time else {
            return true;
        };
        let (Some(a), Some(b)) = (a, b) else {
            return false;
        };
        let apart = a.checked_duration_since(b).or(b.checked_duration_since(a));
        apart.is_some_and(|apart| apart <= limit)
    }
}

/// Returns whether a packet is too old for one with a later time. Packets without a time never match.
fn is_past(old: Option<Timestamp>, new: Option<Timestamp>, limit: Option<Duration>) -> bool {
    match (old, new, limit) {
        (Some(old), Some(new), Some(limit)) => new
            .checked_duration_since(old)
            .is_some_and(|apart| apart > limit),
        (None, _, _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the numbers of the duplicates among packets, each with a time in milliseconds and bytes.
    fn duplicates(finder: &mut DuplicateFinder, packets: &[(i64, &str)]) -> Vec<usize> {
        let mut found = Vec::new();
        for (number, (millis, data)) in packets.iter().enumerate() {
            let time = Timestamp::new(0, millis * 1_000_000);
            let packet = Packet::new(time, 60, data.as_bytes());
            if finder.is_duplicate(Linktype::RAW, packet, Some(time)) {
                found.push(number);
            }
        }
        found
    }

    fn window(packets: Option<usize>, millis: Option<u64>, ignored: usize) -> DuplicateFinder {
        let time = millis.map(Duration::from_millis);
        DuplicateFinder::new(Window { packets, time }, ignored)
    }

    #[test]
    fn a_window_of_packets_includes_both() {
        let packets = [(0, "a"), (1, "b"), (2, "c"), (3, "a"), (4, "b"), (5, "a")];
        for (size, expected) in [(2, &[][..]), (3, &[5]), (4, &[3, 4, 5]), (100, &[3, 4, 5])] {
            let mut finder = window(Some(size), None, 0);
            assert_eq!(duplicates(&mut finder, &packets), expected, "{size}");
            assert_eq!(finder.found() as usize, expected.len());
        }
    }

    #[test]
    fn a_window_of_time_is_inclusive_in_both_directions() {
        let packets = [
            (0, "a"),
            (5, "b"),
            (10, "a"),
            (15, "c"),
            (14, "c"),
            (2, "b"),
            (21, "a"),
        ];
        let mut finder = window(None, Some(10), 0);
        assert_eq!(duplicates(&mut finder, &packets), [2, 4, 5]);
        let mut finder = window(Some(2), Some(10), 0);
        assert_eq!(duplicates(&mut finder, &packets), [4]);
    }

    /// Compares with a search of all packets in the window, under clocks that step back and forth.
    #[test]
    fn an_index_finds_what_a_search_from_end_to_end_finds() {
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        let times = (0..3_000).map(|number| number / 10 * (1 - 2 * (number / 500 % 2)));
        let packets: Vec<_> = times
            .map(|millis| {
                (
                    millis + random(20) as i64,
                    ["a", "b", "c", "d"][random(4) as usize],
                )
            })
            .collect();
        for millis in [0, 1, 5] {
            let mut finder = window(None, Some(millis), 0);
            let found = duplicates(&mut finder, &packets);
            let mut old = VecDeque::new();
            let expected = (0..packets.len()).filter(|&number| {
                let (time, data) = packets[number];
                while old
                    .front()
                    .is_some_and(|(old, _)| time - old > millis as i64)
                {
                    old.pop_front();
                }
                let is_equal = |old: &(i64, &str)| old.1 == data && old.0.abs_diff(time) <= millis;
                let is_found = old.iter().any(is_equal);
                old.push_back((time, data));
                is_found
            });
            assert!(found == expected.collect::<Vec<_>>(), "{millis}");
        }
    }

    /// The first packet is after all others, so none of them leaves the window.
    #[test]
    fn equal_packets_under_a_clock_that_stepped_back_are_found_fast() {
        let mut finder = window(None, Some(1), 0);
        let start = std::time::Instant::now();
        assert!(duplicates(&mut finder, &[(4_000_000_000_000, "a")]).is_empty());
        for number in 0..100_000 {
            let packet = [(2 * number, "a")];
            assert!(duplicates(&mut finder, &packet).is_empty());
        }
        assert_eq!(
            duplicates(&mut finder, &[(4_000_000_000_001, "a"), (19, "a")]),
            [0, 1]
        );
        // Comparing all pairs takes minutes.
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn lengths_and_bytes_are_compared_not_only_hashes() {
        let mut finder = window(Some(100), None, 0);
        let mut is_duplicate = |linktype, wire_len, data: &[u8]| {
            let packet = Packet::new(Timestamp::EPOCH, wire_len, data);
            finder.is_duplicate(linktype, packet, None)
        };
        assert!(!is_duplicate(Linktype::RAW, 3, b"abc"));
        assert!(!is_duplicate(Linktype::RAW, 4, b"abc"));
        assert!(!is_duplicate(Linktype::RAW, 3, b"abd"));
        assert!(!is_duplicate(Linktype::ETHERNET, 3, b"abc"));
        assert!(is_duplicate(Linktype::RAW, 3, b"abc"));
        // All packets have the hash of another one.
        for remembered in &mut finder.packets {
            remembered.hash = 7;
        }
        let hash = finder.hasher.hash_one((Linktype::RAW, 9_u32, &b"x"[..]));
        finder.index = BTreeSet::from([(hash, None, 4)]);
        let packet = Packet::new(Timestamp::EPOCH, 9, b"x");
        assert!(!finder.is_duplicate(Linktype::RAW, packet, None));
    }

    #[test]
    fn bytes_at_the_start_are_ignored_unless_there_are_no_others() {
        let packets = [(0, "1-x"), (0, "2-x"), (0, "3-y"), (0, "1-"), (0, "2-")];
        let mut finder = window(Some(20), None, 2);
        assert_eq!(duplicates(&mut finder, &packets), [1]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut finder = window(None, Some(1_000_000), 0);
        finder.max_bytes = 10 * OVERHEAD;
        let names: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        let packets: Vec<_> = names.iter().map(|name| (0, name.as_str())).collect();
        assert!(duplicates(&mut finder, &packets).is_empty());
        assert!(finder.packets.len() <= 11 && finder.forgotten() >= 89);
        assert_eq!(finder.index.len(), finder.packets.len());
        assert_eq!(duplicates(&mut finder, &packets[96..]), [0, 1, 2, 3]);
        let mut small = window(Some(1_000), None, 0);
        let many: Vec<_> = packets.iter().cycle().take(5_000).copied().collect();
        assert_eq!(duplicates(&mut small, &many).len(), 4_900);
        assert_eq!((small.packets.len(), small.forgotten()), (1_000, 0));
    }
}
