//! Watches the free space: once a second, before each new savefile, and while much is written.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::compression_ratio::CompressionRatio;
use super::free_space::MinFree;
use super::ring::Ring;
use crate::background_writer::{SpaceCheck, WrittenTotals};
use crate::counted;
use crate::exit::Failure;
use crate::stderr;

/// How often the free space is checked.
const INTERVAL: Duration = Duration::from_secs(1);
/// The free space is also checked after this many bytes, and more often when there is little left.
const MAX_UNCHECKED: u64 = 4 << 20;
/// The least number of bytes between two checks.
const MIN_UNCHECKED: u64 = 64 << 10;

/// Watches the free space on the file system of the savefiles.
#[derive(Debug)]
pub(super) struct Guard {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    program: &'static str,
    min: MinFree,
    folder: PathBuf,
    /// The outputs, whose queues need space, too.
    written: WrittenTotals,
    ratio: CompressionRatio,
    /// The savefiles to remove first. `None` if there is no ring.
    ring: Option<Arc<Mutex<Ring>>>,
    /// Why the capture must end.
    failure: Mutex<Option<String>>,
    is_low: AtomicBool,
    is_failed: AtomicBool,
    /// Whether the thread must end.
    end: Mutex<bool>,
    wakeup: Condvar,
}

impl Guard {
    /// Checks the free space, and starts to watch it.
    ///
    /// # Errors
    ///
    /// Returns an error if there is not enough free space.
    pub(super) fn start(
        program: &'static str,
        min: MinFree,
        folder: PathBuf,
        written: WrittenTotals,
        ratio: CompressionRatio,
        ring: Option<Arc<Mutex<Ring>>>,
    ) -> Result<Guard, Failure> {
        let shared = Arc::new(Shared {
            program,
            min,
            folder,
            written,
            ratio,
            ring,
            failure: Mutex::new(None),
            is_low: AtomicBool::new(false),
            is_failed: AtomicBool::new(false),
            end: Mutex::new(false),
            wakeup: Condvar::new(),
        });
        shared.check();
        if let Some(failure) = shared.failure() {
            return Err(failure);
        }
        let watched = Arc::clone(&shared);
        let thread = thread::Builder::new().name("free space".to_owned());
        let thread = thread
            .spawn(move || watched.watch())
            .map_err(|e| Failure::Text(format!("cannot start a thread for `--min-free`: {e}")))?;
        Ok(Guard {
            shared,
            thread: Some(thread),
        })
    }

    /// Returns whether the capture must end.
    pub(super) fn is_low(&self) -> bool {
        self.shared.is_low.load(Ordering::Relaxed)
    }

    /// Checks the free space now, for a new savefile.
    pub(super) fn check(&self) {
        self.shared.check();
    }

    /// Returns the check for a writer thread.
    pub(super) fn space_check(&self) -> SpaceCheck {
        let shared = Arc::clone(&self.shared);
        Arc::new(move || (shared.check() / 4).clamp(MIN_UNCHECKED, MAX_UNCHECKED))
    }

    /// Stops watching.
    ///
    /// # Errors
    ///
    /// Returns why the capture had to end, if it had to.
    pub(super) fn stop(&mut self) -> Result<(), Failure> {
        *self
            .shared
            .end
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.wakeup.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        match self.shared.failure() {
            Some(failure) => Err(failure),
            None if self.shared.is_failed.load(Ordering::Relaxed) => Err(Failure::Reported),
            None => Ok(()),
        }
    }
}

impl Shared {
    fn watch(&self) {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        while !*end {
            let waited = self.wakeup.wait_timeout(end, INTERVAL);
            end = waited.unwrap_or_else(PoisonError::into_inner).0;
            if !*end && !self.is_low.load(Ordering::Relaxed) {
                drop(end);
                self.check();
                end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Removes the oldest savefiles of the ring if there is not enough free space for the data that waits. If there are
    /// none, the capture must end. Returns how many bytes may still be written.
    fn check(&self) -> u64 {
        // Two threads that check at the same time must not both remove savefiles.
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.is_some() {
            return 0;
        }
        let folder = self.folder.display();
        let why = match self.min.compare(&self.folder) {
            Ok((free, min)) => {
                let waiting = self.written.expected_bytes(&self.ratio);
                let left = free.saturating_sub(waiting);
                if left >= min || self.remove(min - left) {
                    return left.saturating_sub(min);
                }
                format!(
                    "cannot continue in `{folder}`: expected {} of free space, found {left}",
                    counted::bytes(min)
                )
            }
            Err(error) => format!("cannot get the free space of `{folder}`: {error}"),
        };
        *failure = Some(why);
        self.is_low.store(true, Ordering::Relaxed);
        0
    }

    /// Removes the oldest savefiles until this number of bytes is free. Returns whether any was removed.
    fn remove(&self, mut missing: u64) -> bool {
        let mut is_any_removed = false;
        while let (Some(ring), true) = (&self.ring, missing > 0) {
            let removed = ring
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove_oldest();
            let Some(removed) = removed else { break };
            // Closing the file releases its space.
            drop(removed.open);
            match removed.outcome {
                Ok(()) => {
                    is_any_removed = true;
                    missing = missing.saturating_sub(removed.bytes);
                }
                Err(failure) => {
                    self.is_failed.store(true, Ordering::Relaxed);
                    stderr::print_message(self.program, failure);
                }
            }
        }
        is_any_removed
    }

    fn failure(&self) -> Option<Failure> {
        let why = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        why.clone().map(Failure::Text)
    }
}
