//! How long the program has waited for its outputs, and how much it buffers before it waits.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The program waits for the writer thread when this many bytes are buffered, unless it has set another number.
pub(super) const DEFAULT_QUEUE_SIZE: usize = 512 * 1024;

static QUEUE_SIZE: AtomicUsize = AtomicUsize::new(DEFAULT_QUEUE_SIZE);
static PAST: Mutex<Past> = Mutex::new(Past {
    count: 0,
    time: Duration::ZERO,
    begun: Vec::new(),
});

/// The waits so far.
struct Past {
    count: u64,
    /// The time of the waits that have ended.
    time: Duration,
    /// When the other waits began.
    begun: Vec<Instant>,
}

/// How often and how long the program has waited for outputs that were too slow: because the queue of one was full, or
/// because too many savefiles were not closed. In this time, it reads no packets, and the kernel may drop some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// How often the program has begun to wait.
    pub count: u64,
    /// How long the program has waited in total, including the waits that have not ended.
    pub time: Duration,
    /// The number of threads that are waiting now.
    pub waiting: usize,
}

/// Returns the waits for all outputs together.
#[must_use]
pub fn waits() -> Waits {
    let past = lock();
    let now = Instant::now();
    let current = past
        .begun
        .iter()
        .map(|&begun| now.saturating_duration_since(begun));
    Waits {
        count: past.count,
        time: past.time + current.sum::<Duration>(),
        waiting: past.begun.len(),
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
pub struct Waiting(Instant);

impl Waiting {
    /// Counts a wait, which begins now.
    #[must_use]
    pub fn begin() -> Waiting {
        let now = Instant::now();
        let mut past = lock();
        past.count += 1;
        past.begun.push(now);
        Waiting(now)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut past = lock();
        past.time += self.0.elapsed();
        if let Some(index) = past.begun.iter().position(|begun| *begun == self.0) {
            past.begun.swap_remove(index);
        }
    }
}

fn lock() -> MutexGuard<'static, Past> {
    PAST.lock().unwrap_or_else(PoisonError::into_inner)
}
