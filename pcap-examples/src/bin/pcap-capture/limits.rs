//! Decides when a capture ends: the limits of the command line, for all threads together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use pcap_core::BreakHandle;
use pcap_examples::options::stop::StopOptions;
use pcap_examples::signals;

/// The limits that the threads of a capture share. The first thread that reaches one ends all of them.
pub(crate) struct Limits {
    /// The number of packets that the threads may still capture together. `None` if there is no limit.
    remaining: Option<Mutex<u64>>,
    duration: Option<Duration>,
    deadline: OnceLock<Option<Instant>>,
    has_ended: AtomicBool,
    /// The captures of other threads, which must stop waiting for packets at the end.
    handles: OnceLock<Vec<BreakHandle>>,
}

impl Limits {
    pub(crate) fn new(stop: &StopOptions) -> Limits {
        Limits {
            remaining: stop.packets().map(Mutex::new),
            duration: stop.duration(),
            deadline: OnceLock::new(),
            has_ended: AtomicBool::new(false),
            handles: OnceLock::new(),
        }
    }

    /// Sets the captures to break at the end.
    pub(crate) fn set_captures(&self, handles: Vec<BreakHandle>) {
        let _ = self.handles.set(handles);
    }

    /// Returns when the capture ends at the latest. The first call starts the duration.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        *self.deadline.get_or_init(|| {
            let deadline = Instant::now().checked_add(self.duration?)?;
            signals::end_at(deadline);
            Some(deadline)
        })
    }

    /// Returns how long the capture may still last.
    pub(crate) fn time_left(&self, now: Instant) -> Duration {
        let left = |deadline: Instant| deadline.saturating_duration_since(now);
        self.deadline().map_or(Duration::MAX, left)
    }

    /// Ends the capture in all threads. Each of them still writes the packets that have arrived.
    pub(crate) fn end(&self) {
        if !self.has_ended.swap(true, Ordering::Relaxed) {
            let captures = self.handles.get().into_iter().flatten();
            captures.for_each(BreakHandle::breakloop);
        }
    }

    /// Returns whether a thread has ended the capture.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }

    /// Returns whether no thread may capture another packet, even if it has already arrived.
    pub(crate) fn is_used_up(&self) -> bool {
        self.remaining().is_some_and(|remaining| *remaining == 0)
    }

    /// Counts a packet, and returns whether it is within the limit. The last packet within the limit ends the capture.
    pub(crate) fn claim(&self) -> bool {
        let Some(mut remaining) = self.remaining() else {
            return true;
        };
        let is_within_limit = *remaining > 0;
        *remaining = remaining.saturating_sub(1);
        if *remaining == 0 {
            self.end();
        }
        is_within_limit
    }

    fn remaining(&self) -> Option<MutexGuard<'_, u64>> {
        let remaining = self.remaining.as_ref()?;
        Some(remaining.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
