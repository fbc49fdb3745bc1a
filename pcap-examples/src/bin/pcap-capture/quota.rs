//! The number of packets to capture.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use pcap_core::BreakHandle;

/// The number of packets that are still to be captured, by all threads together.
pub(crate) struct Quota {
    /// `None` if there is no limit.
    left: Option<Mutex<u64>>,
    /// The captures to break at the limit.
    pub(crate) handles: OnceLock<Vec<BreakHandle>>,
}

impl Quota {
    pub(crate) fn new(count: Option<u64>) -> Quota {
        Quota {
            left: count.map(Mutex::new),
            handles: OnceLock::new(),
        }
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.left().is_some_and(|left| *left == 0)
    }

    /// Counts a packet. Returns whether it is within the limit.
    pub(crate) fn take(&self) -> bool {
        let Some(mut left) = self.left() else {
            return true;
        };
        let wanted = *left > 0;
        *left = left.saturating_sub(1);
        if wanted && *left == 0 {
            let others = self.handles.get().into_iter().flatten();
            others.for_each(BreakHandle::breakloop);
        }
        wanted
    }

    fn left(&self) -> Option<MutexGuard<'_, u64>> {
        let left = self.left.as_ref()?;
        Some(left.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
