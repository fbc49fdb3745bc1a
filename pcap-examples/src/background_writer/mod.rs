//! Writes to a file, a pipe or a terminal in a separate thread.
//!
//! The program never blocks inside a write. It waits for the thread, and gives up if the output accepts nothing for a
//! second after a request to end. The thread has a clock, so data are written soon even while the program waits for its
//! input. The thread also counts the packets that have reached the output completely.

mod shared;
mod totals;
mod writer_thread;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use pcap_core::BreakHandle;

pub(crate) use self::shared::Shared;
use self::shared::State;
pub(crate) use self::totals::PacketEnd;
pub use self::totals::Totals;
use self::writer_thread::WRITE_SIZE;
use crate::destination::{self, Destination};
use crate::signal_thread;
use crate::signals;

/// At this many unwritten bytes the program waits for the thread.
const MAX_PENDING: usize = 512 * 1024;
/// How often a waiting program looks for such requests.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// How many times the program interrupts a write of an output that it gives up.
const INTERRUPTS: usize = 4;

/// An output. Clones share it.
#[derive(Clone, Debug)]
pub struct BackgroundWriter(Arc<Shared>);

static ALL_WRITERS: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());
static STDOUT: OnceLock<BackgroundWriter> = OnceLock::new();

impl BackgroundWriter {
    /// Creates or truncates a file, compressed with gzip or not; `-` is standard output. The thread opens a FIFO,
    /// because that waits for a reader.
    ///
    /// # Errors
    ///
    /// If the file cannot be created.
    pub fn create(path: &Path, gzip: bool) -> io::Result<BackgroundWriter> {
        if path == Path::new("-") {
            return Ok(BackgroundWriter::start(move |shared| {
                Destination::stdout(shared, gzip)
            }));
        }
        if destination::is_fifo(path) {
            let path = path.to_owned();
            return Ok(BackgroundWriter::start(move |shared| {
                shared.lock().is_open = false;
                shared.set_operation("create");
                let file = File::create(path)?;
                shared.set_operation("write");
                shared.lock().is_open = true;
                Destination::file(file, shared, gzip)
            }));
        }
        let file = File::create(path)?;
        Ok(BackgroundWriter::start(move |shared| {
            Destination::file(file, shared, gzip)
        }))
    }

    /// Returns standard output, which all parts of a program share.
    pub fn stdout() -> &'static BackgroundWriter {
        STDOUT.get_or_init(|| BackgroundWriter::start(|shared| Destination::stdout(shared, false)))
    }

    /// Completes standard output, if the program has used it.
    ///
    /// # Errors
    ///
    /// If data are not written, or closing fails.
    pub fn close_stdout() -> io::Result<()> {
        STDOUT.get().map_or(Ok(()), BackgroundWriter::close)
    }

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

    /// Counts a packet that the program means to write.
    #[inline]
    pub(crate) fn count_packet(&self) {
        // One thread counts at a time: outlets that several threads give to are locked meanwhile.
        let packets = self.0.packets.load(Ordering::Relaxed);
        self.0.packets.store(packets + 1, Ordering::Relaxed);
    }

    /// Adds data to be written. If they end with a packet, its length on the wire is given.
    ///
    /// # Errors
    ///
    /// If the output has failed.
    pub(crate) fn append(&self, bytes: &[u8], packet: Option<u32>) -> io::Result<()> {
        let mut state = self.lock();
        if packet.is_some() {
            self.count_packet();
        }
        while state.buffer.len() >= MAX_PENDING {
            state = self.wait(state)?;
        }
        state.check()?;
        let before = state.buffer.len();
        state.buffer.extend_from_slice(bytes);
        state.appended_bytes += bytes.len() as u64;
        if let Some(length) = packet {
            let end = state.appended_bytes;
            state.packet_ends.push_back(PacketEnd { end, length });
        }
        let is_enough = before < WRITE_SIZE && state.buffer.len() >= WRITE_SIZE;
        if before == 0 || is_enough {
            self.0.thread_wakeup.notify_one();
        }
        Ok(())
    }

    /// Adds the ends of packets in the data that were given, or are about to be.
    pub(crate) fn add_packet_ends(&self, packet_ends: &mut Vec<PacketEnd>) {
        let mut state = self.lock();
        state.packet_ends.extend(packet_ends.drain(..));
        state.count_written_packets();
    }

    /// Requests that the thread writes all data now, without waiting for that.
    pub fn request_flush(&self) {
        let mut state = self.lock();
        state.flush_requested = true;
        self.0.thread_wakeup.notify_one();
    }

    /// Waits until all data are written.
    ///
    /// # Errors
    ///
    /// If the output has failed.
    pub fn flush(&self) -> io::Result<()> {
        self.request_flush();
        let mut state = self.lock();
        let appended = state.appended_bytes;
        while state.written_bytes < appended {
            state = self.wait(state)?;
        }
        state.check()
    }

    /// Waits until all data are written and the output is closed.
    ///
    /// # Errors
    ///
    /// If data are not written, or closing fails.
    pub fn close(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.is_closing = true;
        self.0.thread_wakeup.notify_one();
        while state.result.is_none() {
            state = self.wait(state)?;
        }
        state.check()
    }

    /// Checks whether the output has failed.
    ///
    /// # Errors
    ///
    /// The error of the output.
    pub fn check(&self) -> io::Result<()> {
        self.0.check()
    }

    /// Breaks the reading calls of this capture when the output fails: otherwise that is seen with the next packet, for
    /// which they may wait long.
    pub fn break_on_failure(&self, capture: BreakHandle) {
        let mut state = self.lock();
        if state.check().is_err() {
            capture.breakloop();
        }
        state.captures.push(capture);
    }

    /// Returns the operation of the thread, for errors: `create`, `write` or `close`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.lock().operation
    }

    /// Returns the packets that are completely written.
    #[must_use]
    pub fn written_totals(&self) -> Totals {
        self.lock().written_totals
    }

    /// Returns the number of bytes that are written, before compression.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.lock().written_bytes
    }

    /// Returns the number of packets that the program means to write and that are not written.
    #[must_use]
    pub fn unwritten_packets(&self) -> u64 {
        let packets = self.0.packets.load(Ordering::Relaxed);
        packets.saturating_sub(self.written_totals().packets)
    }

    /// Waits for progress of the thread, and gives the output up when that takes too long.
    fn wait<'a>(&self, mut state: MutexGuard<'a, State>) -> io::Result<MutexGuard<'a, State>>
    where
        Self: 'a,
    {
        state.check()?;
        state = self.wait_briefly(state);
        if let (None, Some(why)) = (&state.result, state.give_up_reason()) {
            state.result = Some(Err(io::Error::new(io::ErrorKind::TimedOut, why)));
            // When the thread has left its write, the tally no longer changes. Only a write to a disk may last longer.
            for _ in 0..INTERRUPTS {
                if state.is_writing {
                    state = self.wait_briefly(state);
                }
            }
        }
        Ok(state)
    }

    /// Waits for a moment. After a request to end, interrupts the write of the thread, which could block for ever: the
    /// thread continues in smaller pieces, or ends.
    fn wait_briefly<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State>
    where
        Self: 'a,
    {
        if let (Some(_), true, Some(thread)) = (
            signals::end_requested(),
            state.is_writing,
            self.0.thread.get(),
        ) {
            signal_thread::interrupt_call(thread);
        }
        state.waiting_threads += 1;
        let waited = self.0.program_wakeup.wait_timeout(state, POLL_INTERVAL);
        (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting_threads -= 1;
        state
    }
}

/// Returns the number of packets that are not written, of all outlets.
#[must_use]
pub fn unwritten_packets() -> u64 {
    let all = ALL_WRITERS.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.iter().filter_map(Weak::upgrade);
    all.map(|shared| BackgroundWriter(shared).unwritten_packets())
        .sum()
}
