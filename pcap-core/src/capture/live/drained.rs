//! The end of a live capture that was stopped.

use std::time::{Duration, Instant};

/// How long packets may stay unreadable on a loaded machine, beyond the packet-buffer timeout.
const GRACE: Duration = Duration::from_secs(2);
/// The same, if the number of packets is unknown and only the time determines the end.
const SHORT_GRACE: Duration = Duration::from_millis(200);

/// The end condition of a stopped capture.
#[derive(Clone, Copy, Debug)]
#[allow(unreachable_pub)] // the sealed traits name it, and they are public in name
pub enum Stopped {
    /// The buffer is empty after this total number of packets, or at the latest at this time.
    At { handed: u64, latest: Instant },
    /// The buffer is empty if a read after the first time finds no packet. No read starts after the second time.
    Between(Instant, Instant),
}

impl Stopped {
    /// Creates the condition for a known total number of packets.
    pub(crate) fn at(handed: u64, timeout: Duration) -> Stopped {
        Stopped::At {
            handed,
            latest: Instant::now() + timeout + GRACE,
        }
    }

    /// Creates the condition for an unknown number of packets, which may stay unreadable for the packet-buffer timeout.
    pub(crate) fn uncounted(timeout: Duration) -> Stopped {
        let earliest = Instant::now() + timeout + SHORT_GRACE;
        Stopped::Between(earliest, earliest + timeout + GRACE)
    }

    /// Creates the condition for a device that continues to receive packets.
    pub(crate) fn between(earliest: Duration, latest: Duration) -> Stopped {
        let now = Instant::now();
        Stopped::Between(now + earliest, now + latest)
    }

    /// Returns whether the capture is over after this many packets, even if there is more to read.
    pub(crate) fn is_over(self, packets: u64) -> bool {
        match self {
            // There are no more than these, however long the program takes to read them.
            Stopped::At { handed, .. } => packets >= handed,
            Stopped::Between(_, latest) => latest <= Instant::now(),
        }
    }

    /// Returns whether the capture is over after this many packets and a read that found no packet.
    pub(crate) fn is_empty(self, packets: u64) -> bool {
        match self {
            Stopped::Between(earliest, _) if earliest <= Instant::now() => true,
            Stopped::At { latest, .. } if latest <= Instant::now() => true,
            _ => self.is_over(packets),
        }
    }

    /// Returns how long to wait at most before the next check.
    pub(crate) fn until_over(self) -> Duration {
        let now = Instant::now();
        let next = match self {
            Stopped::At { latest, .. } => latest,
            Stopped::Between(earliest, latest) if earliest <= now => latest,
            Stopped::Between(earliest, _) => earliest,
        };
        next.saturating_duration_since(now)
    }
}
