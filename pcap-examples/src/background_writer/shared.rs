//! The state that the program and the thread of an outlet share.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pcap_core::BreakHandle;

use super::totals::{Mark, Tally};
use crate::signals;

/// The program gives up an output that accepts nothing for this long after a request to end.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same, after a request to end at once.
const URGENT: Duration = Duration::from_millis(100);

/// The state, and the means to wait for it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) state: Mutex<State>,
    /// Wakes the thread.
    pub(super) work: Condvar,
    /// Wakes the program.
    pub(super) done: Condvar,
    /// The number of packets that the program means to write.
    pub(super) taken: AtomicU64,
    pub(super) thread: OnceLock<JoinHandle<()>>,
}

/// The state of an outlet.
#[derive(Debug)]
pub(super) struct State {
    /// Data that the thread has not started to write.
    pub(super) chunk: Vec<u8>,
    /// The number of bytes that the outlet was given, and of those that are written.
    pub(super) given: u64,
    pub(super) written: u64,
    /// The packets that are not completely written.
    pub(super) marks: VecDeque<Mark>,
    /// The packets that are completely written.
    pub(super) tally: Tally,
    /// The data are to be written now.
    pub(super) hurry: bool,
    pub(super) closing: bool,
    /// The number of threads that wait for this one.
    pub(super) waiting: usize,
    pub(super) is_open: bool,
    /// The thread is inside a write.
    pub(super) is_writing: bool,
    /// The operation of the thread, for errors: `create`, `write` or `close`.
    pub(super) step: &'static str,
    /// When the output last accepted data, or was last offered some.
    pub(super) moved: Instant,
    /// The result, after the thread has ended or the output was given up.
    pub(super) end: Option<io::Result<()>>,
    /// The captures to break when the output fails.
    pub(super) captures: Vec<BreakHandle>,
}

impl State {
    /// Counts the packets that are now completely written.
    pub(super) fn settle(&mut self) {
        while let Some(mark) = self.marks.front().filter(|mark| mark.end <= self.written) {
            self.tally.add(mark.length);
            self.marks.pop_front();
        }
    }

    pub(super) fn check(&self) -> io::Result<()> {
        match &self.end {
            Some(Err(error)) => Err(match error.raw_os_error() {
                Some(number) => io::Error::from_raw_os_error(number),
                None => io::Error::new(error.kind(), error.to_string()),
            }),
            _ => Ok(()),
        }
    }

    /// Returns why to give the output up, if it keeps the program from ending.
    pub(super) fn is_blocked(&self) -> Option<&'static str> {
        let asked = signals::asked()?;
        if !self.is_open {
            return Some("its other end was not opened before the signal");
        }
        if asked.max(self.moved).elapsed() >= PATIENCE {
            return Some("it accepted nothing for a second after the signal");
        }
        let is_late = signals::urgent()?.elapsed() >= URGENT;
        is_late.then_some("it had not accepted all data when another signal arrived")
    }
}

impl Shared {
    pub(super) fn new() -> Shared {
        Shared {
            state: Mutex::new(State {
                chunk: Vec::new(),
                given: 0,
                written: 0,
                marks: VecDeque::new(),
                tally: Tally::default(),
                hurry: false,
                closing: false,
                waiting: 0,
                is_open: true,
                is_writing: false,
                step: "write",
                moved: Instant::now(),
                end: None,
                captures: Vec::new(),
            }),
            work: Condvar::new(),
            done: Condvar::new(),
            taken: AtomicU64::new(0),
            thread: OnceLock::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that a write begins.
    ///
    /// # Errors
    ///
    /// If the program has given the output up.
    pub(crate) fn writes(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.check()?;
        state.is_writing = true;
        Ok(())
    }

    /// Records that the output has accepted data, and how many of the outlet's bytes are thereby written.
    ///
    /// # Errors
    ///
    /// If the program has given the output up.
    pub(crate) fn moved(&self, written: usize) -> io::Result<()> {
        let mut state = self.lock();
        state.is_writing = false;
        state.moved = Instant::now();
        state.written += written as u64;
        state.settle();
        if state.waiting > 0 {
            self.done.notify_all();
        }
        state.check()
    }

    pub(crate) fn check(&self) -> io::Result<()> {
        self.lock().check()
    }

    /// Sets the operation of the thread.
    pub(crate) fn step(&self, step: &'static str) {
        self.lock().step = step;
    }

    pub(super) fn end(&self, end: io::Result<()>) {
        let mut state = self.lock();
        state.is_writing = false;
        // The first error is the one to report.
        if state.end.get_or_insert(end).is_err() {
            state.captures.iter().for_each(BreakHandle::breakloop);
        }
        drop(state);
        self.done.notify_all();
    }
}
