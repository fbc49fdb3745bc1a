//! The thread of an outlet, which writes.

use std::io;
use std::mem;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::shared::Shared;
use crate::destination::Target;

/// Data wait at most this long for more.
const HOLD: Duration = Duration::from_millis(100);
/// This many bytes are written without waiting for more.
pub(super) const ENOUGH: usize = 64 * 1024;
/// Compressed data are flushed this often, which costs some compression.
const SYNC: Duration = Duration::from_millis(800);

/// Work for the thread.
enum Work {
    Write,
    Sync,
    Close,
}

impl Shared {
    /// Writes the data to a target until the outlet is closed or fails.
    pub(super) fn write(&self, mut target: Target) -> io::Result<()> {
        let mut chunk = Vec::new();
        loop {
            match self.work(&mut chunk, target.unsynced()) {
                Work::Write => target.write(&chunk)?,
                Work::Sync => target.sync()?,
                Work::Close => return target.close(),
            }
        }
    }

    /// Waits for work. `unsynced` is the time since when compressed data are incomplete.
    fn work(&self, chunk: &mut Vec<u8>, unsynced: Option<Instant>) -> Work {
        let mut held = None;
        let mut state = self.lock();
        loop {
            let is_hurried = state.hurry || state.closing;
            let mut left = None;
            if let Some(since) = unsynced {
                let is_due = since.elapsed() >= SYNC || (is_hurried && state.chunk.is_empty());
                if is_due {
                    return Work::Sync;
                }
                left = Some(SYNC.saturating_sub(since.elapsed()));
            }
            if !state.chunk.is_empty() {
                let held = *held.get_or_insert_with(Instant::now);
                let hold = HOLD.saturating_sub(held.elapsed());
                if is_hurried || state.chunk.len() >= ENOUGH || hold.is_zero() {
                    chunk.clear();
                    mem::swap(chunk, &mut state.chunk);
                    state.moved = Instant::now();
                    if state.waiting > 0 {
                        self.done.notify_all();
                    }
                    return Work::Write;
                }
                left = Some(left.map_or(hold, |left| left.min(hold)));
            } else if state.closing {
                return Work::Close;
            } else {
                state.hurry = false;
            }
            state = match left {
                Some(left) => {
                    let waited = self.work.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let waited = self.work.wait(state);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }
}
