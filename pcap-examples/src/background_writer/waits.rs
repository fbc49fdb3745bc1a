//! How long the program has waited for its outputs, and how much it buffers before it waits.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The program waits for the writer thread when this many bytes are buffered, unless it has set another number.
pub(super) const DEFAULT_QUEUE_SIZE: usize = 512 * 1024;

static QUEUE_SIZE: AtomicUsize = AtomicUsize::new(DEFAULT_QUEUE_SIZE);
static PAST: Mutex<Past> = Mutex::new(Past::NONE);

/// The waits so far. Waits of several threads at the same time count as one time.
struct Past {
    count: u64,
    /// The time in which at least one thread waited, up to the end of the last wait.
    time: Duration,
    /// The number of waits that have not ended.
    waiting: usize,
    /// When the first of them began.
    begun: Option<Instant>,
}

impl Past {
    const NONE: Past = Past {
        count: 0,
        time: Duration::ZERO,
        waiting: 0,
        begun: None,
    };

    fn begin(&mut self, now: Instant) {
        self.count += 1;
        self.waiting += 1;
        self.begun.get_or_insert(now);
    }

    fn end(&mut self, now: Instant) {
        self.waiting -= 1;
        if self.waiting == 0 {
            self.time = self.time_at(now);
            self.begun = None;
        }
    }

    fn time_at(&self, now: Instant) -> Duration {
        let current = self.begun.map(|begun| now.saturating_duration_since(begun));
        self.time + current.unwrap_or_default()
    }
}

/// How often and how long the program has waited for outputs that were too slow: because the queue of one was full, or
/// because too many savefiles were not closed. In this time, it reads no packets, and the kernel may drop some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// How often the program has begun to wait.
    pub count: u64,
    /// How long at least one thread has waited, including the waits that have not ended.
    pub time: Duration,
    /// The number of threads that are waiting now.
    pub waiting: usize,
}

/// Returns the waits for all outputs together.
#[must_use]
pub fn waits() -> Waits {
    let past = lock();
    Waits {
        count: past.count,
        time: past.time_at(Instant::now()),
        waiting: past.waiting,
    }
}

/// Sets how many bytes each savefile buffers before the program waits for it. A live capture needs a long queue to get
/// over times in which the disk or the compressor is slow.
pub fn set_queue_size(bytes: usize) {
    QUEUE_SIZE.store(bytes, Relaxed);
}

pub(super) fn queue_size() -> usize {
    QUEUE_SIZE.load(Relaxed)
}

/// A wait for an output that is too slow. It ends when this is dropped.
#[derive(Debug)]
pub struct Waiting(());

impl Waiting {
    /// Counts a wait, which begins now.
    #[must_use]
    pub fn begin() -> Waiting {
        lock().begin(Instant::now());
        Waiting(())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        lock().end(Instant::now());
    }
}

fn lock() -> MutexGuard<'static, Past> {
    PAST.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_at_the_same_time_count_once() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut past = Past::NONE;
        past.begin(at(0));
        past.begin(at(2));
        assert_eq!(past.time_at(at(3)), Duration::from_secs(3));
        past.end(at(4));
        past.end(at(5));
        assert_eq!(past.time_at(at(7)), Duration::from_secs(5));
        past.begin(at(8));
        assert_eq!(past.time_at(at(10)), Duration::from_secs(7));
        past.end(at(11));
        assert_eq!(past.time_at(at(20)), Duration::from_secs(8));
        assert_eq!((past.count, past.waiting), (3, 0));
    }
}
