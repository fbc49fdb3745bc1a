//! How long the program has waited for its outputs, and how much it buffers before it waits.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The program waits for the writer thread when this many bytes are buffered, unless it has set another number.
pub(super) const DEFAULT_QUEUE_SIZE: usize = 512 * 1024;

static QUEUE_SIZE: AtomicUsize = AtomicUsize::new(DEFAULT_QUEUE_SIZE);
static COUNT: AtomicU64 = AtomicU64::new(0);
static NANOS: AtomicU64 = AtomicU64::new(0);
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// How often and how long the program has waited because the queue of an output was full. In this time, it reads no
/// packets, and the kernel may drop some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// How often the queue was full.
    pub count: u64,
    /// How long the program waited, in total.
    pub time: Duration,
    /// The number of threads that are waiting now.
    pub waiting: usize,
}

/// Returns the waits of all outputs together.
#[must_use]
pub fn waits() -> Waits {
    Waits {
        count: COUNT.load(Relaxed),
        time: Duration::from_nanos(NANOS.load(Relaxed)),
        waiting: WAITING.load(Relaxed),
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

/// A thread that waits because a queue is full. The wait ends when this is dropped.
pub(super) struct Waiting(Instant);

impl Waiting {
    pub(super) fn begin() -> Waiting {
        COUNT.fetch_add(1, Relaxed);
        WAITING.fetch_add(1, Relaxed);
        Waiting(Instant::now())
    }

    /// Adds the time since the last call to the total.
    pub(super) fn count_time(&mut self) {
        let now = Instant::now();
        let nanos = now.duration_since(self.0).as_nanos();
        NANOS.fetch_add(u64::try_from(nanos).unwrap_or(u64::MAX), Relaxed);
        self.0 = now;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.count_time();
        WAITING.fetch_sub(1, Relaxed);
    }
}
