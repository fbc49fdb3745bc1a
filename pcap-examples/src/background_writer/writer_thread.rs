//! The loop of the writer thread.

use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::shared::Shared;
use crate::destination::Destination;

/// Buffered data waits at most this long for more data.
const MAX_DELAY: Duration = Duration::from_millis(100);
/// The thread waits no longer when this many bytes are buffered.
pub(super) const WRITE_SIZE: usize = 64 * 1024;
/// How often compressed data is flushed. Each flush makes the compression slightly worse.
const COMPRESSOR_FLUSH_INTERVAL: Duration = Duration::from_millis(800);

/// The next thing for the thread to do.
enum Task {
    Write,
    FlushCompressor,
    Sync,
    Close,
}

impl Shared {
    /// Writes the appended data to a destination until the program closes the output or a write fails.
    pub(super) fn write_to(&self, mut destination: Destination) -> io::Result<()> {
        let mut chunk = Vec::new();
        loop {
            let sync_at = destination.sync_at();
            match self.next_task(&mut chunk, destination.unflushed_since(), sync_at) {
                Task::Write => destination.write(&chunk)?,
                Task::FlushCompressor => destination.flush_compressor()?,
                Task::Sync => destination.sync()?,
                Task::Close => return destination.close(),
            }
        }
    }

    /// Waits until there is something to do. Moves the data to write into `chunk`.
    ///
    /// `unflushed_since` is when the compressor first received data that is not flushed yet. `sync_at` is when to
    /// synchronize the written data.
    fn next_task(
        &self,
        chunk: &mut Vec<u8>,
        unflushed_since: Option<Instant>,
        sync_at: Option<Instant>,
    ) -> Task {
        let mut first_seen = None;
        let mut state = self.lock();
        loop {
            let is_requested = state.flush_requested || state.is_closing;
            let mut left = None;
            if let Some(since) = unflushed_since {
                let is_due = since.elapsed() >= COMPRESSOR_FLUSH_INTERVAL
                    || (is_requested && state.queue.is_empty());
                if is_due {
                    return Task::FlushCompressor;
                }
                left = Some(COMPRESSOR_FLUSH_INTERVAL.saturating_sub(since.elapsed()));
            }
            if let (Some(at), false) = (sync_at, state.is_closing) {
                let remaining = at.saturating_duration_since(Instant::now());
                if remaining.is_zero() {
                    return Task::Sync;
                }
                left = Some(left.map_or(remaining, |left| left.min(remaining)));
            }
            if !state.queue.is_empty() {
                let since = *first_seen.get_or_insert_with(Instant::now);
                let delay = MAX_DELAY.saturating_sub(since.elapsed());
                if is_requested || state.queue.len() >= WRITE_SIZE || delay.is_zero() {
                    state.queue.take(chunk);
                    self.is_full.store(false, Ordering::Relaxed);
                    state.last_progress = Instant::now();
                    if state.waiting_threads > 0 {
                        self.program_wakeup.notify_all();
                    }
                    return Task::Write;
                }
                left = Some(left.map_or(delay, |left| left.min(delay)));
            } else if state.is_closing {
                return Task::Close;
            } else {
                state.flush_requested = false;
            }
            state = match left {
                Some(left) => {
                    let waited = self.thread_wakeup.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let waited = self.thread_wakeup.wait(state);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }
}
