//! Shows the status line in a thread of its own, because a terminal that is stopped with Ctrl-S blocks.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use pcap_examples::progress::StatusLine;

/// A status line that never blocks the caller, except in [`clear`](Self::clear).
pub(crate) struct TerminalLine {
    line: Arc<Mutex<StatusLine>>,
    /// The thread of the last update, which holds the lock.
    drawing: Option<JoinHandle<()>>,
    is_cleared: bool,
}

impl TerminalLine {
    pub(crate) fn new(line: StatusLine) -> TerminalLine {
        TerminalLine {
            line: Arc::new(Mutex::new(line)),
            drawing: None,
            is_cleared: false,
        }
    }

    /// Returns whether it is time for an update, and the terminal has accepted the last one.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        let line = self.line.try_lock();
        !self.is_cleared && self.is_idle() && line.is_ok_and(|line| line.is_due(now))
    }

    /// Updates the line, unless the terminal has not accepted the last update.
    pub(crate) fn update(&mut self, draw: impl FnOnce(&mut StatusLine) + Send + 'static) -> bool {
        if !self.is_idle() {
            return false;
        }
        let line = Arc::clone(&self.line);
        let thread = thread::Builder::new().name("line".to_owned());
        let drawing = thread.spawn(move || {
            draw(&mut line.lock().unwrap_or_else(PoisonError::into_inner));
        });
        self.drawing = drawing.ok();
        self.drawing.is_some()
    }

    /// Begins to remove the line, unless the terminal has not accepted the last update.
    pub(crate) fn begin_clear(&mut self) {
        self.is_cleared = self.is_cleared || self.update(|line| line.clear());
    }

    /// Removes the line, and waits until the terminal has accepted that.
    pub(crate) fn clear(&mut self) {
        loop {
            if let Some(drawing) = self.drawing.take() {
                let _ = drawing.join();
            }
            if self.is_cleared {
                return;
            }
            self.begin_clear();
            if self.drawing.is_none() {
                return;
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.drawing.as_ref().is_none_or(JoinHandle::is_finished)
    }
}
