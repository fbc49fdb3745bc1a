//! When to give up on a device that takes no packet.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::sys::linux::link_counters::LinkCounters;
use crate::sys::platform::BorrowedFd;

/// How long a device may refuse a packet for want of room before its counters are read.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many more tries have to show a drop of their own than show none.
const TRIES: u32 = 16;

/// How long a device may refuse a packet when its counters cannot be read, or tell nothing.
const BLIND: Duration = Duration::from_secs(60);

/// Why a packet will never be sent.
const DROPPED: &str =
    "the device drops the frame: its other end may have a smaller MTU, or it has no carrier";
/// Why a packet will probably never be sent.
const NO_ROOM: &str =
    "the device had no room for the frame for a minute, and its counters cannot be read";
/// The same, where so many packets of others are dropped that the counter tells nothing.
const UNCLEAR: &str =
    "the device had no room for the frame for a minute, and dropped frames all the time";

/// The refusals of one packet for want of room (`ENOBUFS`). Linux reports that when a queue is full, and also when the
/// device dropped the packet. Only the device's counter of drops tells the two apart: it rises with each try, or stays.
///
/// Packets of other programs may make it rise as well. So it is also read over some time without a try, twice as long as
/// a try takes: only a try during which it rose by more is one that was dropped.
#[derive(Default)]
pub(crate) struct Refusals {
    /// The first refusal, or the last one that was a full queue's.
    since: Option<Instant>,
    /// Whether the device was found to drop such packets: its counter is read from the first try on.
    suspected: bool,
    /// Opened when it is time to read them; `Some(None)` if that failed.
    counters: Option<Option<LinkCounters>>,
    /// The counter of drops before the try, and by how much it rose without one.
    before: Option<(u64, u64)>,
    /// How many more tries were dropped than were not, as far as the counter tells.
    dropped: u32,
}

impl Refusals {
    /// Of a packet of this length.
    pub(crate) fn of(length: usize, shortest: &ShortestDropped) -> Refusals {
        Refusals {
            suspected: shortest.may_drop(length),
            ..Refusals::default()
        }
    }

    /// Whether to call [`look`](Self::look) before the next try.
    #[inline]
    pub(crate) fn is_time_to_look(&self) -> bool {
        self.suspected || self.since.is_some_and(|since| since.elapsed() >= PATIENCE)
    }

    /// Reads the counter of drops, of the device that a packet socket is on.
    pub(crate) fn look(&mut self, socket: Option<BorrowedFd<'_>>) {
        let open = || socket.and_then(LinkCounters::of);
        let counters = self.counters.get_or_insert_with(open);
        let read = || counters.as_ref().and_then(LinkCounters::tx_dropped);
        // Reading takes about as long as a try.
        let earlier = read();
        read();
        self.before = read()
            .zip(earlier)
            .map(|(now, earlier)| (now, now.wrapping_sub(earlier)));
    }

    /// Notes that the try found no room. Returns why there will never be any, if that is known.
    pub(crate) fn no_room(&mut self) -> Option<&'static str> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let counters = self.counters.as_ref()?;
        let after = counters.as_ref().and_then(LinkCounters::tx_dropped);
        let (Some((before, others)), Some(after)) = (self.before.take(), after) else {
            return (since.elapsed() >= BLIND).then_some(NO_ROOM);
        };
        let risen = after.wrapping_sub(before);
        if risen == 0 {
            // A queue in front of the device is full: the device is slow.
            self.begin_again();
            self.since = Some(Instant::now());
            return None;
        }
        self.dropped = match risen > others {
            true => self.dropped + 1,
            false => self.dropped.saturating_sub(1),
        };
        if self.dropped >= TRIES {
            return Some(DROPPED);
        }
        (since.elapsed() >= BLIND).then_some(UNCLEAR)
    }

    /// Notes that the try was refused for another reason, or sent.
    pub(crate) fn begin_again(&mut self) {
        self.since = None;
        self.suspected = false;
        self.dropped = 0;
    }
}

/// The length of the shortest packet that a device was found to drop, until it takes one of that length.
#[derive(Debug)]
pub(crate) struct ShortestDropped(AtomicUsize);

impl Default for ShortestDropped {
    fn default() -> ShortestDropped {
        ShortestDropped(AtomicUsize::new(usize::MAX))
    }
}

impl ShortestDropped {
    /// Whether packets of this length are suspected to be dropped.
    #[inline]
    pub(crate) fn may_drop(&self, length: usize) -> bool {
        length >= self.0.load(Ordering::Relaxed)
    }

    /// Notes that a packet of this length was dropped.
    pub(crate) fn dropped(&self, length: usize) {
        self.0.fetch_min(length, Ordering::Relaxed);
    }

    /// Notes that a packet of this length was sent.
    #[inline]
    pub(crate) fn sent(&self, length: usize) {
        if self.may_drop(length) {
            self.0.store(usize::MAX, Ordering::Relaxed);
        }
    }
}
