//! When to give up on a device that accepts no packet.

use std::time::{Duration, Instant};

use crate::capture::active::shortest_dropped::ShortestDropped;
use crate::sys::linux::link_counters::LinkCounters;
use crate::sys::platform::BorrowedFd;

/// How long a device may reject a packet with `ENOBUFS` before its counters are read.
const PATIENCE: Duration = Duration::from_secs(1);

/// The surplus of dropped tries over other tries at which the call gives up.
const TRIES: u32 = 16;

/// How long a device may reject a packet if its counters cannot be read or are inconclusive.
const BLIND: Duration = Duration::from_secs(60);

/// The error text if a packet will never be sent.
const DROPPED: &str =
    "the device drops the frame: it has no carrier, or its peer has a smaller MTU";
/// The error text if a packet will probably never be sent.
const NO_ROOM: &str = "the device's queue was full for a minute, and its counters cannot be read";
/// The same, if drops of other programs' packets make the counter inconclusive.
const UNCLEAR: &str = "the device's queue was full for a minute, and it kept dropping frames";

/// The rejections of one packet with `ENOBUFS`. Linux reports that error both when a queue is full and when the device
/// dropped the packet. Only the device's drop counter distinguishes the two: it rises with each try only if the device
/// drops the packet.
///
/// Packets of other programs may raise it as well. So its rise is also measured over a period without a try, twice as
/// long as a try takes. A try counts as dropped only if the counter rose by more than that.
#[derive(Default)]
pub(crate) struct Refusals {
    /// The first refusal, or the last one of a full queue.
    since: Option<Instant>,
    /// Whether the device is known to drop such packets: its counter is then read from the first try on.
    suspected: bool,
    /// Opened when it is time to read them; `Some(None)` if that failed.
    counters: Option<Option<LinkCounters>>,
    /// The drop counter before the try, and its rise over the period without a try.
    before: Option<(u64, u64)>,
    /// The number of dropped tries minus the others, according to the counter.
    dropped: u32,
}

impl Refusals {
    /// Creates the state for a packet of this length.
    pub(crate) fn of(length: usize, shortest: &ShortestDropped) -> Refusals {
        Refusals {
            suspected: shortest.may_drop(length),
            ..Refusals::default()
        }
    }

    /// Returns whether to call [`look`](Self::look) before the next try.
    #[inline]
    pub(crate) fn is_time_to_look(&self) -> bool {
        self.suspected || self.since.is_some_and(|since| since.elapsed() >= PATIENCE)
    }

    /// Reads the drop counter of the device that a packet socket is bound to.
    pub(crate) fn look(&mut self, socket: Option<BorrowedFd<'_>>) {
        if self.counters.is_none() {
            self.counters = Some(socket.and_then(LinkCounters::of));
        }
        let counters = self.counters.as_ref().and_then(Option::as_ref);
        let read = || counters.and_then(LinkCounters::tx_dropped);
        // Reading takes about as long as a try.
        let earlier = read();
        read();
        self.before = read()
            .zip(earlier)
            .map(|(now, earlier)| (now, now.wrapping_sub(earlier)));
    }

    /// Notes that the try failed with `ENOBUFS`. Returns the reason to give up, if there is one.
    pub(crate) fn no_room(&mut self) -> Option<&'static str> {
        let since = self.since.unwrap_or_else(Instant::now);
        self.since = Some(since);
        let counters = self.counters.as_ref()?;
        let after = counters.as_ref().and_then(LinkCounters::tx_dropped);
        let (Some((before, others)), Some(after)) = (self.before.take(), after) else {
            return (since.elapsed() >= BLIND).then_some(NO_ROOM);
        };
        let risen = after.wrapping_sub(before);
        if risen == 0 {
            // A queue in front of the device is full, so the device is only slow.
            self.begin_again();
            self.since = Some(Instant::now());
            return None;
        }
        self.count(risen, others);
        if self.dropped >= TRIES {
            return Some(DROPPED);
        }
        (since.elapsed() >= BLIND).then_some(UNCLEAR)
    }

    /// Counts a try during which the drop counter rose by `risen`, after a period without a try in which it rose by
    /// `others`.
    fn count(&mut self, risen: u64, others: u64) {
        self.dropped = match risen > others {
            true => self.dropped + 1,
            false => self.dropped.saturating_sub(1),
        };
    }

    /// Notes that the try failed for another reason, or succeeded.
    pub(crate) fn begin_again(&mut self) {
        self.since = None;
        self.suspected = false;
        self.dropped = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_of_other_packets_do_not_count() {
        let mut refusals = Refusals::default();
        for (risen, others, dropped) in [(1, 0, 1), (3, 2, 2), (2, 2, 1), (1, 5, 0), (1, 1, 0)] {
            refusals.count(risen, others);
            assert_eq!(refusals.dropped, dropped, "{risen} {others}");
        }
    }
}
