//! Follows the sequence numbers of a TCP connection.

use super::TcpCounts;
use super::layers::Segment;

/// A segment after a gap that closes it within this time was only overtaken, if the round-trip time is unknown.
const REORDERING: i64 = 3_000_000;
/// A retransmission within this time after duplicate acknowledgments is a fast one.
const FAST: i64 = 20_000_000;

/// Flags of what the latest segment of a side was.
const KEEP_ALIVE: u8 = 1;
const WINDOW_PROBE: u8 = 2;

/// What is known about one side of a connection. Sequence numbers are relative to the first one, which is 0.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    /// The sequence number before the first byte, once known.
    base: u32,
    has_base: bool,
    /// What the latest segment was.
    latest: u8,
    /// The number of duplicate acknowledgments since the latest other one.
    duplicates: u8,
    window: u16,
    /// The sequence number after the last byte sent, or 0 if no segment was sent.
    next: u32,
    /// The latest acknowledgment, or 0 if there is none.
    acknowledged: u32,
    /// The time when `next` increased, and that of the latest segment.
    next_time: i64,
    time: i64,
}

/// A TCP connection.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub(super) struct Connection {
    /// The side of the first endpoint and that of the second.
    sides: [Side; 2],
    /// The time of the latest request to connect, and then the time until the first acknowledgment, or 0.
    request_time: i64,
    round_trip: i64,
    /// The counts of segments. The connection itself is not counted here.
    counts: TcpCounts,
}

impl Connection {
    /// Reads the connection, so that it comes from memory.
    #[inline]
    pub(super) fn fetch(&self) -> u64 {
        u64::from(self.sides[0].base ^ self.sides[1].next) ^ self.counts.zero_windows
    }

    /// Returns whether a request to connect with this sequence number belongs to another connection.
    pub(super) fn is_other(&self, is_reversed: bool, sequence: u32) -> bool {
        let side = &self.sides[usize::from(is_reversed)];
        side.has_base && side.base != sequence
    }

    /// Returns whether another connection between the same endpoints is a later one.
    pub(super) fn is_before(&self, other: &Connection) -> bool {
        let both = self.sides.iter().zip(&other.sides);
        let is_other = |(mine, other): (&Side, &Side)| {
            mine.has_base && other.has_base && mine.base != other.base
        };
        other.counts.syns > 0 && both.into_iter().any(is_other)
    }

    /// Returns the counts.
    pub(super) fn counts(&self) -> TcpCounts {
        TcpCounts {
            connections: 1,
            ..self.counts
        }
    }

    /// Returns the state without counts.
    pub(super) fn without_counts(&self) -> Connection {
        Connection {
            counts: TcpCounts::default(),
            ..*self
        }
    }

    /// Adds the counts of the later part of the same connection.
    pub(super) fn merge(&mut self, later: &Connection) {
        let mine = self.counts;
        *self = *later;
        self.counts += mine;
    }

    /// Follows a segment.
    #[inline]
    pub(super) fn add(&mut self, is_reversed: bool, segment: &Segment, time: Option<i64>) {
        let [first, second] = &mut self.sides;
        let (side, peer) = match is_reversed {
            true => (second, first),
            false => (first, second),
        };
        let counts = &mut self.counts;
        let has = |flags| segment.has(flags);
        let is_syn = has(Segment::SYN);
        if has(Segment::SYN | Segment::FIN | Segment::RST) {
            let is_answer = has(Segment::ACK);
            counts.syns += u64::from(is_syn && !is_answer);
            counts.syn_acks += u64::from(is_syn && is_answer);
            counts.fins += u64::from(has(Segment::FIN));
            counts.resets += u64::from(has(Segment::RST));
        }
        // A SYN with another sequence number follows an older connection between the same ports.
        if !side.has_base || (is_syn && segment.sequence != side.base) {
            side.has_base = true;
            side.base = segment.sequence.wrapping_sub(u32::from(!is_syn));
            side.next = 0;
        }
        if has(Segment::ACK) && !peer.has_base {
            peer.has_base = true;
            peer.base = segment.acknowledged.wrapping_sub(1);
        }
        let time = time.unwrap_or(side.time);
        let sequence = segment.sequence.wrapping_sub(side.base);
        let acknowledged = match segment.is_request() {
            true => 0,
            false => segment.acknowledged.wrapping_sub(peer.base),
        };
        let length = segment.length;
        // A SYN and a FIN occupy a sequence number each.
        let end = sequence.wrapping_add(length);
        let next = end.wrapping_add(u32::from(has(Segment::SYN | Segment::FIN)));
        if is_syn && !has(Segment::ACK) {
            self.request_time = time;
        } else if self.round_trip == 0
            && self.request_time != 0
            && !is_syn
            && (sequence, acknowledged) == (1, 1)
        {
            self.round_trip = time.saturating_sub(self.request_time);
        }
        let is_plain = !has(Segment::SYN | Segment::FIN | Segment::RST);
        let is_expected = sequence == side.next;
        let is_same_window = segment.window == side.window;
        let mut latest = 0;
        if length == 1 && is_expected && peer.window == 0 && peer.time != 0 {
            latest = WINDOW_PROBE;
        } else {
            counts.zero_windows += u64::from(segment.window == 0 && is_plain);
            let is_after_gap =
                side.next != 0 && is_after(sequence, side.next) && !has(Segment::RST);
            counts.gaps += u64::from(is_after_gap);
            if is_plain && length <= 1 && side.next != 0 && sequence == side.next.wrapping_sub(1) {
                latest = KEEP_ALIVE;
            }
            if length == 0 && is_expected && is_plain && is_same_window {
                let answers_probe = segment.window == 0 && peer.latest & WINDOW_PROBE != 0;
                let answers_keep_alive = peer.latest & KEEP_ALIVE != 0;
                let is_duplicate = segment.window != 0 && acknowledged == side.acknowledged;
                if is_duplicate && !answers_keep_alive && !answers_probe {
                    side.duplicates = side.duplicates.saturating_add(1);
                    counts.duplicate_acks += 1;
                }
            }
        }
        if acknowledged != side.acknowledged {
            side.duplicates = 0;
        }
        if (length > 0 || has(Segment::SYN | Segment::FIN)) && latest & KEEP_ALIVE == 0 {
            let is_old = side.next != 0
                && is_after(side.next, sequence)
                && !(length > 1 && side.next.wrapping_sub(1) == sequence);
            let is_acknowledged =
                length > 0 && peer.acknowledged != 0 && !is_after(end, peer.acknowledged);
            let threshold = match self.round_trip {
                0 => REORDERING,
                round_trip => round_trip,
            };
            if is_acknowledged {
                counts.retransmissions += 1;
                counts.spurious_retransmissions += 1;
            } else if !is_old {
            } else if peer.duplicates >= 2
                && peer.acknowledged == sequence
                && time.saturating_sub(peer.time) < FAST
            {
                counts.retransmissions += 1;
                counts.fast_retransmissions += 1;
            } else if time.saturating_sub(side.next_time) < threshold && side.next != next {
                counts.out_of_order += 1;
            } else {
                counts.retransmissions += 1;
            }
        }
        if latest & WINDOW_PROBE == 0 && (side.next == 0 || is_after(next, side.next)) {
            side.next = next;
            side.next_time = time;
        }
        side.latest = latest;
        side.window = segment.window;
        side.acknowledged = acknowledged;
        side.time = time;
    }
}

/// Returns whether a sequence number is after another one. Sequence numbers wrap around.
#[inline]
fn is_after(number: u32, other: u32) -> bool {
    (number.wrapping_sub(other) as i32) > 0
}
