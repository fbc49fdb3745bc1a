//! The state that the program and the writer thread share.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pcap_core::BreakHandle;

use super::queue::Queue;
use super::totals::{PacketEnd, Totals};
use super::waits;
use crate::packet_counter::PacketCounter;
use crate::signals::{self, End};

/// How often an output that waits for another one checks whether the program has given that up.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);
/// The limit after a request to end immediately.
const URGENT_LIMIT: Duration = Duration::from_millis(100);

/// The state, with condition variables for its changes.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) state: Mutex<State>,
    /// Wakes the writer thread.
    pub(super) thread_wakeup: Condvar,
    /// Whether the queue is full, for programs that check it before each packet.
    pub(super) is_full: AtomicBool,
    /// Wakes the program.
    pub(super) program_wakeup: Condvar,
    /// The number of packets that the program has counted.
    pub(super) packets: PacketCounter,
    /// The writer thread.
    pub(super) thread: OnceLock<JoinHandle<()>>,
}

/// The state of a background writer.
#[derive(Debug)]
pub(super) struct State {
    /// Data that the writer thread has not taken yet.
    pub(super) queue: Queue,
    /// The program waits when this many bytes are in the queue.
    pub(super) queue_size: usize,
    /// The number of bytes that the program appended.
    pub(super) appended_bytes: u64,
    /// The number of these bytes that were written.
    pub(super) written_bytes: u64,
    /// The number of bytes that the output accepted. With compression, that is not the number of bytes written.
    pub(super) output_bytes: u64,
    /// The number of appended bytes that the compressor has received.
    pub(super) compressed_bytes: u64,
    /// The ends of the packets that are not written completely.
    pub(super) packet_ends: VecDeque<PacketEnd>,
    /// The totals of the packets that were written completely.
    pub(super) written_totals: Totals,
    /// Whether to write the data now.
    pub(super) flush_requested: bool,
    /// Whether to close the output after the data is written.
    pub(super) is_closing: bool,
    /// The number of threads that wait for the writer thread.
    pub(super) waiting_threads: usize,
    /// Whether the output is open. Opening a FIFO may block.
    pub(super) is_open: bool,
    /// Whether the writer thread is in a write.
    pub(super) is_writing: bool,
    /// Whether all data is written, so that the output only has to be closed.
    pub(super) is_complete: bool,
    /// What the writer thread is doing, for error messages: `create`, `write`, `sync` or `close`.
    pub(super) operation: &'static str,
    /// When the output last accepted data, or the writer thread last took some, or last got a task while it was idle.
    pub(super) last_progress: Instant,
    /// Whether nothing is written because the disk was full for the output before this one.
    pub(super) follows_failure: bool,
    /// The result, once the writer thread has ended or the program has given up the output.
    pub(super) result: Option<io::Result<()>>,
    /// The captures to break when the output fails.
    pub(super) captures: Vec<BreakHandle>,
}

impl State {
    /// Returns whether the program must wait before it appends more.
    pub(super) fn is_full(&self) -> bool {
        self.queue.len() >= self.queue_size && self.result.is_none()
    }

    /// Records that the writer thread gets a task. If the output is idle, it has accepted nothing because it had to
    /// accept nothing, which is no reason to give it up.
    pub(super) fn note_new_task(&mut self) {
        if self.queue.is_empty() && !self.is_writing {
            self.last_progress = Instant::now();
        }
    }

    /// Adds the packets that are now written completely to the totals.
    pub(super) fn count_written_packets(&mut self) {
        while let Some(packet_end) = self
            .packet_ends
            .front()
            .filter(|packet_end| packet_end.end <= self.written_bytes)
        {
            self.written_totals.add(packet_end.length);
            self.packet_ends.pop_front();
        }
    }

    /// Returns the error of the output if it has failed.
    pub(super) fn check(&self) -> io::Result<()> {
        match &self.result {
            Some(Err(error)) => Err(match error.raw_os_error() {
                Some(number) => io::Error::from_raw_os_error(number),
                None => io::Error::new(error.kind(), error.to_string()),
            }),
            _ => Ok(()),
        }
    }

    /// Returns the reason for giving up the output, if it keeps the program from ending.
    pub(super) fn give_up_reason(&self) -> Option<&'static str> {
        let end = signals::end()?;
        if !self.is_open {
            return Some(match end {
                End::Requested(_) => "its other end was not opened before the signal",
                End::Due(_) => "its other end was not opened before the end of the duration",
            });
        }
        // A disk may need longer to synchronize a whole file.
        let is_stalled = end.since().max(self.last_progress).elapsed() >= end.stall_limit();
        if is_stalled && self.operation != "sync" {
            return Some(match end {
                End::Requested(_) => "it accepted nothing for a second after the signal",
                End::Due(_) => "it accepted nothing for five seconds after the end of the duration",
            });
        }
        let is_late = signals::immediate_end_requested()?.elapsed() >= URGENT_LIMIT;
        is_late.then_some("it had not accepted all data when another signal arrived")
    }
}

impl Shared {
    pub(super) fn new() -> Shared {
        Shared {
            state: Mutex::new(State {
                queue: Queue::default(),
                queue_size: waits::queue_size(),
                appended_bytes: 0,
                written_bytes: 0,
                output_bytes: 0,
                compressed_bytes: 0,
                packet_ends: VecDeque::new(),
                written_totals: Totals::default(),
                flush_requested: false,
                is_closing: false,
                waiting_threads: 0,
                is_open: true,
                is_writing: false,
                is_complete: false,
                operation: "write",
                last_progress: Instant::now(),
                follows_failure: false,
                result: None,
                captures: Vec::new(),
            }),
            is_full: AtomicBool::new(false),
            thread_wakeup: Condvar::new(),
            program_wakeup: Condvar::new(),
            packets: PacketCounter::default(),
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
    /// Returns an error if the program has given up the output.
    pub(crate) fn begin_write(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.check()?;
        state.is_writing = true;
        Ok(())
    }

    /// Records that the output has accepted data. Adds `written` to the number of appended bytes that were written, and
    /// `output` to the number of bytes in the output.
    ///
    /// # Errors
    ///
    /// Returns an error if the program has given up the output.
    pub(crate) fn record_written(&self, written: usize, output: usize) -> io::Result<()> {
        let mut state = self.lock();
        state.output_bytes += output as u64;
        state.is_writing = false;
        state.last_progress = Instant::now();
        state.written_bytes += written as u64;
        state.count_written_packets();
        if state.waiting_threads > 0 {
            self.program_wakeup.notify_all();
        }
        state.check()
    }

    /// Records that the compressor has received data.
    pub(crate) fn record_compressed(&self, bytes: usize) {
        let mut state = self.lock();
        state.compressed_bytes += bytes as u64;
        // A slow compressor is no reason to give up the output.
        state.last_progress = Instant::now();
    }

    /// Returns the error of the output if it has failed.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.lock().check()
    }

    /// Sets what the writer thread is doing, for error messages.
    pub(crate) fn set_operation(&self, operation: &'static str) {
        self.lock().operation = operation;
    }

    /// Records that all data is written.
    pub(crate) fn complete(&self) {
        self.lock().is_complete = true;
        self.program_wakeup.notify_all();
    }

    /// Waits until all data is written, or the output has failed. Its progress counts as that of `next`, which must not be
    /// given up meanwhile.
    ///
    /// # Errors
    ///
    /// Returns an error if the disk is full. After another failure, the next output may succeed.
    pub(super) fn wait_until_complete(&self, next: &Shared) -> io::Result<()> {
        let mut state = self.lock();
        while !state.is_complete && state.result.is_none() {
            let waited = self.program_wakeup.wait_timeout(state, RETRY_INTERVAL);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let progress = state.last_progress;
            let mut next = next.lock();
            next.last_progress = next.last_progress.max(progress);
        }
        state.check().or_else(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Err(error),
            _ => Ok(()),
        })
    }

    /// Records the result of the writer thread. If it is an error, breaks the captures.
    pub(super) fn finish(&self, result: io::Result<()>) {
        let mut state = self.lock();
        state.is_writing = false;
        // Keep an earlier result: the first error is the one to report.
        self.is_full.store(false, Ordering::Relaxed);
        if state.result.get_or_insert(result).is_err() {
            state.captures.iter().for_each(BreakHandle::breakloop);
        }
        drop(state);
        self.program_wakeup.notify_all();
    }
}
