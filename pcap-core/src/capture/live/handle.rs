//! The handle of a live capture.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::capture::live::Stopped;
use crate::capture::phase::BatchResult;
use crate::capture::read_ahead::{Batch, Limit};
use crate::capture::wait::{Waiter, Waiting, least};
use crate::error::Result;
use crate::handle::Handle;
use crate::packet::Packet;
use crate::stats::{Counters, Stats};
use crate::sys;
use crate::sys::platform;
use crate::timestamp::Precision;
use crate::warning::Warning;

/// An activated handle, the packets that were read ahead from it, and the way to wait for more.
#[allow(unreachable_pub, missing_debug_implementations)] // the sealed traits name it, and they are public in name
pub struct LiveHandle {
    pub(crate) handle: Handle,
    pub(crate) waiter: Waiter,
    pub(crate) batch: Batch,
    pub(crate) precision: Precision,
    /// The packet-buffer timeout.
    pub(crate) timeout: Duration,
    /// The requested timeout and promiscuous mode; unknown for a handle that other code has opened.
    pub(crate) requested: Option<(Duration, bool)>,
    pub(crate) nonblock: bool,
    pub(crate) stopped: Option<Stopped>,
    pub(crate) warnings: Vec<Warning>,
    counters: Cell<Counters>,
}

impl LiveHandle {
    pub(crate) fn new(
        handle: Handle,
        waiting: Waiting,
        precision: Precision,
        timeout: Duration,
    ) -> LiveHandle {
        let timeout = timeout.max(Duration::from_millis(1));
        if let Waiting::Descriptor(fd) = waiting {
            platform::close_on_exec(fd);
        }
        LiveHandle {
            handle,
            waiter: Waiter::new(waiting, timeout),
            batch: Batch::new(Limit::LIVE),
            precision,
            timeout,
            requested: None,
            nonblock: false,
            stopped: None,
            warnings: Vec::new(),
            counters: Cell::default(),
        }
    }

    /// Queries libpcap's counters, and extends them beyond their 32 bits.
    pub(crate) fn stats(&self) -> Result<Stats> {
        let mut stat = sys::empty_stat();
        // SAFETY: the handle is open and activated, and the structure is ours.
        let code = unsafe { sys::pcap_stats(self.handle.as_ptr(), &mut stat) };
        self.handle.check(code, "get the statistics of")?;
        let mut counters = self.counters.get();
        let total = counters.sample(&stat);
        self.counters.set(counters);
        Ok(total)
    }

    /// Returns how long `dispatch` waits for the first packet.
    pub(crate) fn patience(&self) -> Duration {
        match self.nonblock {
            true => Duration::ZERO,
            false => self.timeout,
        }
    }

    /// Returns how long `dispatch` may run while packets keep arriving.
    pub(crate) fn longest(&self) -> Duration {
        // If reads themselves wait, do not read again after one that found packets.
        match self.waiter.waiting() {
            Waiting::Descriptor(_) | Waiting::Timer => self.timeout,
            Waiting::InLibpcap | Waiting::Briefly => Duration::ZERO,
        }
    }

    /// Returns the packet-buffer timeout, limited to an hour so that the clock can represent the end.
    pub(crate) fn longest_timeout(&self) -> Duration {
        self.timeout.min(Duration::from_secs(3600))
    }

    /// Returns whether a stopped capture is over before a read, even if there is more to read.
    pub(crate) fn is_over(&self) -> bool {
        let handed = self.handle.handed;
        self.stopped.is_some_and(|stopped| stopped.is_over(handed))
    }

    /// Returns whether a stopped capture is over after a read that found no packet.
    pub(crate) fn is_empty(&self) -> bool {
        let handed = self.handle.handed;
        self.stopped.is_some_and(|stopped| stopped.is_empty(handed))
    }

    /// Passes packets that were read ahead to a closure, or returns the end of the capture. `None` if libpcap must be
    /// called.
    pub(crate) fn batch_ahead<F>(
        &mut self,
        max: u64,
        closure: &mut F,
    ) -> Option<Result<BatchResult>>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        let ahead = self
            .batch
            .read_batch(max, None, self.handle.breaker(), closure);
        ahead.or_else(|| self.is_over().then(|| Ok(BatchResult::eof())))
    }

    /// Returns the time at which a wait must end: the deadline, or the end of the capture if that is sooner.
    pub(crate) fn wait_until(&self, deadline: Option<Instant>) -> Option<Instant> {
        let over = self.until_over();
        let over = over.and_then(|time| Instant::now().checked_add(time));
        least(deadline, over)
    }

    /// Returns how long a stopped capture may wait before it checks for its end again.
    pub(crate) fn until_over(&self) -> Option<Duration> {
        self.stopped.map(Stopped::until_over)
    }
}
