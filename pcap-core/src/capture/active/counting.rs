//! The counters of a live capture.

use std::time::{Duration, Instant};

use crate::capture::active::Active;
use crate::error::Result;
use crate::stats::Stats;

/// How often reads sample libpcap's 32-bit counters, so that no wraparound is missed.
const EVERY: Duration = Duration::from_secs(10);
/// The number of reads between two checks of the clock.
const READS: u32 = 4096;

/// When libpcap's counters were sampled last.
pub(super) struct Sampling {
    at: Instant,
    /// The reads since the last check of the clock.
    reads: u32,
}

impl Sampling {
    pub(super) fn new() -> Sampling {
        Sampling {
            at: Instant::now(),
            reads: 0,
        }
    }
}

impl Active {
    /// Returns the statistics, including the packets that were discarded because no filter could judge them.
    pub(super) fn statistics(&self) -> Result<Stats> {
        let mut total = self.live.stats()?;
        total.discarded = self
            .socket_filter
            .as_ref()
            .map_or(0, |socket_filter| socket_filter.discarded);
        Ok(total)
    }

    /// Counts a read, and samples libpcap's counters if it is time.
    pub(super) fn count_read(&mut self) {
        self.sampling.reads += 1;
        if self.sampling.reads >= READS {
            self.sample();
        }
    }

    /// Samples libpcap's counters if it is time.
    pub(super) fn sample(&mut self) {
        self.sampling.reads = 0;
        if self.sampling.at.elapsed() >= EVERY {
            self.sampling.at = Instant::now();
            // This only fails for a capture without statistics, whose counters cannot wrap around.
            let _ = self.statistics();
        }
    }
}
