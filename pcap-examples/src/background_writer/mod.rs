//! Writes to a file, a pipe or a terminal in a separate thread, the writer thread.
//!
//! The program itself never blocks in a write. It waits for the writer thread, and gives up if the output accepts
//! nothing for some time after the program must end. The writer thread flushes on a timer, so data is written
//! promptly even while the program waits for its input. It also counts the packets that were written completely.

mod file_care;
mod queue;
mod shared;
mod totals;
mod waits;
mod writer_thread;
mod written_totals;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use pcap_core::BreakHandle;

pub use self::file_care::{FileCare, SpaceCheck, Sync};
pub(crate) use self::shared::Shared;
use self::shared::State;
pub(crate) use self::totals::PacketEnd;
pub use self::totals::Totals;
pub use self::waits::{Waiting, Waits, set_queue_size, waits};
use self::writer_thread::WRITE_SIZE;
pub use self::written_totals::WrittenTotals;
use crate::compression::Compression;
use crate::destination::{self, Destination};
use crate::rotation::CompressionRatio;
use crate::safe_files;
use crate::signal_thread;
use crate::signals;

/// How often a waiting program checks for a request to end.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// How many times the program interrupts the write of an output that it has given up.
const INTERRUPTS: usize = 4;

/// An output with its writer thread. Clones share the output.
#[derive(Clone, Debug)]
pub struct BackgroundWriter(Arc<Shared>);

/// All outputs of the program that still exist.
static ALL_WRITERS: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());
static STDOUT: OnceLock<BackgroundWriter> = OnceLock::new();

impl BackgroundWriter {
    /// Creates or truncates a file, and optionally compresses the output. The path `-` means standard output.
    ///
    /// A FIFO is opened by the writer thread, because opening it blocks until it has a reader.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be created.
    pub fn create(path: &Path, compression: Option<Compression>) -> io::Result<BackgroundWriter> {
        BackgroundWriter::create_with_care(path, compression, FileCare::default())
    }

    /// Does the same as [`create`](Self::create), with further steps of the writer thread.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be created.
    pub fn create_with_care(
        path: &Path,
        compression: Option<Compression>,
        care: FileCare,
    ) -> io::Result<BackgroundWriter> {
        if path == Path::new("-") {
            return Ok(BackgroundWriter::start(move |shared| {
                Ok(Destination::stdout(shared, compression)?.with_care(care))
            }));
        }
        if destination::is_fifo(path) {
            let path = path.to_owned();
            return Ok(BackgroundWriter::start(move |shared| {
                shared.lock().is_open = false;
                shared.set_operation("create");
                let file = safe_files::create(&path)?;
                shared.set_operation("write");
                shared.lock().is_open = true;
                Destination::file(file, shared, compression)
            }));
        }
        let file = safe_files::create(path)?;
        Ok(BackgroundWriter::for_file(file, compression, care, None))
    }

    /// Writes to a file that was created. Nothing is written before `previous` has written all its data, and nothing at
    /// all if the disk was full for that.
    pub fn for_file(
        file: File,
        compression: Option<Compression>,
        care: FileCare,
        previous: Option<BackgroundWriter>,
    ) -> BackgroundWriter {
        BackgroundWriter::start(move |shared| {
            if let Some(previous) = previous
                && let Err(error) = previous.0.wait_until_complete(&shared)
            {
                shared.lock().follows_failure = true;
                return Err(error);
            }
            Destination::file(file, shared, compression)
                .map(|destination| destination.with_care(care))
        })
    }

    /// Returns the writer of standard output, which all parts of a program share.
    pub fn stdout() -> &'static BackgroundWriter {
        STDOUT.get_or_init(|| {
            let writer = BackgroundWriter::start(|shared| Destination::stdout(shared, None));
            // Printing a long queue on a terminal would take minutes.
            writer.lock().queue_size = waits::DEFAULT_QUEUE_SIZE;
            writer
        })
    }

    /// Writes all data to standard output and closes it, if the program has used it.
    ///
    /// # Errors
    ///
    /// Returns an error if data could not be written or closing failed.
    pub fn close_stdout() -> io::Result<()> {
        STDOUT.get().map_or(Ok(()), BackgroundWriter::close)
    }

    /// Starts the writer thread, which calls `open` first.
    fn start(
        open: impl FnOnce(Arc<Shared>) -> io::Result<Destination> + Send + 'static,
    ) -> BackgroundWriter {
        let shared = Arc::new(Shared::new());
        let mut all = ALL_WRITERS.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|background_writer| background_writer.strong_count() > 0);
        all.push(Arc::downgrade(&shared));
        let writer = Arc::clone(&shared);
        let thread = thread::Builder::new().name("output".to_owned());
        let started = thread.spawn(move || {
            let ended =
                open(Arc::clone(&writer)).and_then(|destination| writer.write_to(destination));
            writer.finish(ended);
        });
        match started {
            Ok(thread) => _ = shared.thread.set(thread),
            Err(error) => shared.finish(Err(error)),
        }
        BackgroundWriter(shared)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    /// Counts a packet that the program is about to write.
    #[inline]
    pub(crate) fn count_packet(&self) {
        // No atomic increment is needed: threads that share a writer count while they hold its lock.
        let packets = self.0.packets.get();
        self.0.packets.set(packets + 1);
    }

    /// Buffers data to be written. If the data ends with a packet, `packet` is its length on the wire.
    ///
    /// Waits while too much data is buffered.
    ///
    /// # Errors
    ///
    /// Returns the error of the output if it has failed.
    pub(crate) fn append(&self, bytes: &[u8], packet: Option<u32>) -> io::Result<()> {
        let mut state = self.lock();
        if packet.is_some() {
            self.count_packet();
        }
        if state.is_full() {
            state = self.wait_for_room(state)?;
        }
        state.check()?;
        state.note_new_task();
        let before = state.queue.len();
        state.queue.push(bytes);
        self.0.is_full.store(state.is_full(), Ordering::Relaxed);
        state.appended_bytes += bytes.len() as u64;
        if let Some(length) = packet {
            let end = state.appended_bytes;
            state.packet_ends.push_back(PacketEnd { end, length });
        }
        let is_enough = before < WRITE_SIZE && state.queue.len() >= WRITE_SIZE;
        if before == 0 || is_enough {
            self.0.thread_wakeup.notify_one();
        }
        Ok(())
    }

    /// Returns whether the queue has room, so that a write does not wait.
    #[inline]
    #[must_use]
    pub fn has_room(&self) -> bool {
        !self.0.is_full.load(Ordering::Relaxed)
    }

    /// Waits for room in the queue, for a fraction of a second. If the output has failed, returns at once.
    pub fn wait_briefly_for_room(&self) {
        let state = self.lock();
        if state.is_full() {
            // The next write returns the error of the output.
            drop(self.wait(state));
        }
    }

    /// Waits until the queue is no longer full. If the program must end during the wait, returns at once, because it must
    /// then stop its input first.
    #[cold]
    fn wait_for_room<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
    ) -> io::Result<MutexGuard<'a, State>>
    where
        Self: 'a,
    {
        let _waiting = Waiting::begin();
        let was_ending = signals::end().is_some();
        while state.is_full() {
            state = self.wait(state)?;
            if !was_ending && signals::end().is_some() {
                break;
            }
        }
        Ok(state)
    }

    /// Records where packets end in the data that was appended, or is about to be appended.
    pub(crate) fn add_packet_ends(&self, packet_ends: &mut Vec<PacketEnd>) {
        let mut state = self.lock();
        state.packet_ends.extend(packet_ends.drain(..));
        state.count_written_packets();
    }

    /// Asks the writer thread to write all data now, without waiting for it.
    pub fn request_flush(&self) {
        let mut state = self.lock();
        state.note_new_task();
        state.flush_requested = true;
        self.0.thread_wakeup.notify_one();
    }

    /// Waits until all data is written.
    ///
    /// # Errors
    ///
    /// Returns the error of the output if it has failed.
    pub fn flush(&self) -> io::Result<()> {
        self.request_flush();
        let mut state = self.lock();
        let appended = state.appended_bytes;
        while state.written_bytes < appended {
            state = self.wait(state)?;
        }
        state.check()
    }

    /// Asks the writer thread to write all data and to close the output, without waiting for it.
    pub(crate) fn begin_close(&self) {
        let mut state = self.lock();
        if !state.is_closing {
            state.note_new_task();
        }
        state.is_closing = true;
        self.0.thread_wakeup.notify_one();
    }

    /// Waits until all data is written and the output is closed.
    ///
    /// # Errors
    ///
    /// Returns an error if data could not be written or closing failed.
    pub fn close(&self) -> io::Result<()> {
        self.begin_close();
        let mut state = self.lock();
        while state.result.is_none() {
            state = self.wait(state)?;
        }
        state.check()
    }

    /// Checks whether the output has failed.
    ///
    /// # Errors
    ///
    /// Returns the error of the output if it has failed.
    pub fn check(&self) -> io::Result<()> {
        self.0.check()
    }

    /// Breaks the reading calls of a capture when the output fails. Otherwise the program would notice the failure only
    /// when it writes the next packet, for which those calls may wait indefinitely.
    pub fn break_on_failure(&self, capture: BreakHandle) {
        let mut state = self.lock();
        if state.check().is_err() {
            capture.breakloop();
        }
        state.captures.push(capture);
    }

    /// Returns what the writer thread is doing, for error messages: `create`, `write` or `close`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.lock().operation
    }

    /// Returns whether nothing was written because the disk was full for the output before this one. That one reports
    /// the failure.
    #[must_use]
    pub fn follows_failure(&self) -> bool {
        self.lock().follows_failure
    }

    /// Returns whether the output has no complete packet.
    #[must_use]
    pub fn is_without_packets(&self) -> bool {
        let state = self.lock();
        // While data waits in the compressor, the totals do not tell.
        let is_counted = state.output_bytes == state.written_bytes;
        state.output_bytes == 0 || (is_counted && state.written_totals.packets == 0)
    }

    /// Estimates the length that the output will have with the data that waits and `unappended` further bytes. Without
    /// compression, this is exact.
    pub(crate) fn expected_length(&self, unappended: u64, ratio: &CompressionRatio) -> u64 {
        let state = self.lock();
        let taken = state.compressed_bytes.max(state.written_bytes);
        let waiting = state.appended_bytes - taken + unappended;
        state.output_bytes + ratio.estimate(waiting, taken, state.output_bytes)
    }

    /// Returns the totals of the packets that were written completely.
    #[must_use]
    pub fn written_totals(&self) -> Totals {
        self.lock().written_totals
    }

    /// Returns the number of bytes that the program appended.
    pub(crate) fn appended_bytes(&self) -> u64 {
        self.lock().appended_bytes
    }

    /// Returns the number of bytes written, before compression.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.lock().written_bytes
    }

    /// Returns the number of bytes that the output has accepted, after compression.
    #[must_use]
    pub fn output_bytes(&self) -> u64 {
        self.lock().output_bytes
    }

    /// Returns the number of bytes that are not written yet, before compression.
    #[must_use]
    pub fn pending_bytes(&self) -> u64 {
        let state = self.lock();
        state.appended_bytes - state.written_bytes
    }

    /// Returns whether all data is written and the output is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.lock().result, Some(Ok(())))
    }

    /// Returns the number of counted packets that were not written.
    #[must_use]
    pub fn unwritten_packets(&self) -> u64 {
        let packets = self.0.packets.get();
        packets.saturating_sub(self.written_totals().packets)
    }

    /// Waits for progress of the writer thread. Gives up the output if that takes too long.
    fn wait<'a>(&self, mut state: MutexGuard<'a, State>) -> io::Result<MutexGuard<'a, State>>
    where
        Self: 'a,
    {
        state.check()?;
        state = self.wait_briefly(state);
        if let (None, Some(why)) = (&state.result, state.give_up_reason()) {
            state.result = Some(Err(io::Error::new(io::ErrorKind::TimedOut, why)));
            self.0.is_full.store(false, Ordering::Relaxed);
            // Once the thread has returned from its write, the totals are final. Only a write to a disk can outlast
            // this.
            for _ in 0..INTERRUPTS {
                if state.is_writing {
                    state = self.wait_briefly(state);
                }
            }
        }
        Ok(state)
    }

    /// Waits for progress for a short time. Once the program must end, first interrupts the writer thread's write, which
    /// could block forever. The thread then writes smaller pieces, or ends.
    fn wait_briefly<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State>
    where
        Self: 'a,
    {
        if let (Some(_), true, Some(thread)) =
            (signals::end(), state.is_writing, self.0.thread.get())
        {
            signal_thread::interrupt_call(thread);
        }
        state.waiting_threads += 1;
        let waited = self.0.program_wakeup.wait_timeout(state, POLL_INTERVAL);
        (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting_threads -= 1;
        state
    }
}

/// Returns the number of counted packets that were not written, in all outputs together.
#[must_use]
pub fn unwritten_packets() -> u64 {
    let all = ALL_WRITERS.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.iter().filter_map(Weak::upgrade);
    all.map(|shared| BackgroundWriter(shared).unwritten_packets())
        .sum()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;

    /// The time in which an output accepts nothing begins with its task, not with the end of the previous one.
    #[test]
    fn an_idle_output_has_the_whole_time_for_a_new_task() {
        type Task = fn(&BackgroundWriter);
        let tasks: [(Task, bool); 4] = [
            (|writer| writer.append(b"x", None).unwrap(), true),
            (BackgroundWriter::request_flush, true),
            (BackgroundWriter::begin_close, true),
            // The output does not become idle by this.
            (|writer| _ = writer.check(), false),
        ];
        for is_writing in [false, true] {
            for (task, is_new) in tasks {
                // The writer thread stays busy, as if the system did not schedule it.
                let (end, is_ending) = mpsc::channel::<()>();
                let writer = BackgroundWriter::start(move |_| {
                    let _ = is_ending.recv();
                    Err(io::ErrorKind::Other.into())
                });
                let before = Instant::now();
                thread::sleep(Duration::from_millis(1));
                {
                    let mut state = writer.lock();
                    (state.last_progress, state.is_writing) = (before, is_writing);
                }
                task(&writer);
                let has_changed = writer.lock().last_progress > before;
                assert_eq!(has_changed, is_new && !is_writing);
                let noted = writer.lock().last_progress;
                task(&writer);
                if !writer.lock().queue.is_empty() || writer.lock().is_closing {
                    assert_eq!(writer.lock().last_progress, noted);
                }
                drop(end);
            }
        }
    }
}
