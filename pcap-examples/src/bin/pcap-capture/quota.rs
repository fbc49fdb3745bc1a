//! Limits the number of packets to capture, for all threads together.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use pcap_core::BreakHandle;

/// The number of packets that the threads may still capture together.
pub(crate) struct Quota {
    /// `None` if there is no limit.
    remaining: Option<Mutex<u64>>,
    /// The captures to break at the limit.
    pub(crate) handles: OnceLock<Vec<BreakHandle>>,
}

impl Quota {
    pub(crate) fn new(count: Option<u64>) -> Quota {
        Quota {
            remaining: count.map(Mutex::new),
            handles: OnceLock::new(),
        }
    }

    /// Returns whether the limit is reached.
    pub(crate) fn is_used_up(&self) -> bool {
        self.remaining().is_some_and(|remaining| *remaining == 0)
    }

    /// Counts a packet, and returns whether it is within the limit. The last packet within the limit breaks the
    /// captures.
    pub(crate) fn claim(&self) -> bool {
        let Some(mut remaining) = self.remaining() else {
            return true;
        };
        let is_within_limit = *remaining > 0;
        *remaining = remaining.saturating_sub(1);
        if is_within_limit && *remaining == 0 {
            let others = self.handles.get().into_iter().flatten();
            others.for_each(BreakHandle::breakloop);
        }
        is_within_limit
    }

    fn remaining(&self) -> Option<MutexGuard<'_, u64>> {
        let remaining = self.remaining.as_ref()?;
        Some(remaining.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
