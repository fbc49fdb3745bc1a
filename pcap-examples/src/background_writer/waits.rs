//! How long the program has waited for its outputs, and how much it buffers before it waits.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// The program waits for the writer thread when this many bytes are buffered, unless it has set another number.
pub(super) const DEFAULT_QUEUE_SIZE: usize = 512 * 1024;

static QUEUE_SIZE: AtomicUsize = AtomicUsize::new(DEFAULT_QUEUE_SIZE);
static COUNT: AtomicU64 = AtomicU64::new(0);
static NANOS: AtomicU64 = AtomicU64::new(0);

/// How often and how long the program has waited because the queue of an output was full. In this time, it reads no
/// packets, and the kernel may drop some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// How often the queue was full.
    pub count: u64,
    /// How long the program waited, in total.
    pub time: Duration,
}

/// Returns the waits of all outputs together.
#[must_use]
pub fn waits() -> Waits {
    Waits {
        count: COUNT.load(Relaxed),
        time: Duration::from_nanos(NANOS.load(Relaxed)),
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

/// Records that a queue is full.
pub(super) fn begin() {
    COUNT.fetch_add(1, Relaxed);
}

/// Records a part of the waiting time.
pub(super) fn add(time: Duration) {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    NANOS.fetch_add(nanos, Relaxed);
}
