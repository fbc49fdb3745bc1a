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
pub(crate) use self::totals::Mark;
pub use self::totals::Tally;
use self::writer_thread::ENOUGH;
use crate::destination::{self, Target};
use crate::signal_thread;
use crate::signals;

/// At this many unwritten bytes the program waits for the thread.
const FULL: usize = 512 * 1024;
/// How often a waiting program looks for such requests.
const TICK: Duration = Duration::from_millis(50);
/// How many times the program interrupts a write of an output that it gives up.
const TICKS: usize = 4;

/// An output. Clones share it.
#[derive(Clone, Debug)]
pub struct Outlet(Arc<Shared>);

static ALL: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());
static STDOUT: OnceLock<Outlet> = OnceLock::new();

impl Outlet {
    /// Creates or truncates a file, compressed with gzip or not; `-` is standard output. The thread opens a FIFO,
    /// because that waits for a reader.
    ///
    /// # Errors
    ///
    /// If the file cannot be created.
    pub fn create(path: &Path, gzip: bool) -> io::Result<Outlet> {
        if path == Path::new("-") {
            return Ok(Outlet::start(move |shared| Target::stdout(shared, gzip)));
        }
        if destination::is_fifo(path) {
            let path = path.to_owned();
            return Ok(Outlet::start(move |shared| {
                shared.lock().is_open = false;
                shared.step("create");
                let file = File::create(path)?;
                shared.step("write");
                shared.lock().is_open = true;
                Target::file(file, shared, gzip)
            }));
        }
        let file = File::create(path)?;
        Ok(Outlet::start(move |shared| {
            Target::file(file, shared, gzip)
        }))
    }

    /// Returns standard output, which all parts of a program share.
    pub fn stdout() -> &'static Outlet {
        STDOUT.get_or_init(|| Outlet::start(|shared| Target::stdout(shared, false)))
    }

    /// Completes standard output, if the program has used it.
    ///
    /// # Errors
    ///
    /// If data are not written, or closing fails.
    pub fn close_stdout() -> io::Result<()> {
        STDOUT.get().map_or(Ok(()), Outlet::close)
    }

    fn start(open: impl FnOnce(Arc<Shared>) -> io::Result<Target> + Send + 'static) -> Outlet {
        let shared = Arc::new(Shared::new());
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|outlet| outlet.strong_count() > 0);
        all.push(Arc::downgrade(&shared));
        let writer = Arc::clone(&shared);
        let thread = thread::Builder::new().name("output".to_owned());
        let started = thread.spawn(move || {
            let ended = open(Arc::clone(&writer)).and_then(|target| writer.write(target));
            writer.end(ended);
        });
        match started {
            Ok(thread) => _ = shared.thread.set(thread),
            Err(error) => shared.end(Err(error)),
        }
        Outlet(shared)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    /// Counts a packet that the program means to write.
    #[inline]
    pub(crate) fn take(&self) {
        // One thread counts at a time: outlets that several threads give to are locked meanwhile.
        let taken = self.0.taken.load(Ordering::Relaxed);
        self.0.taken.store(taken + 1, Ordering::Relaxed);
    }

    /// Adds data to be written. If they end with a packet, its length on the wire is given.
    ///
    /// # Errors
    ///
    /// If the output has failed.
    pub(crate) fn give(&self, bytes: &[u8], packet: Option<u32>) -> io::Result<()> {
        let mut state = self.lock();
        if packet.is_some() {
            self.take();
        }
        while state.chunk.len() >= FULL {
            state = self.wait(state)?;
        }
        state.check()?;
        let before = state.chunk.len();
        state.chunk.extend_from_slice(bytes);
        state.given += bytes.len() as u64;
        if let Some(length) = packet {
            let end = state.given;
            state.marks.push_back(Mark { end, length });
        }
        let is_enough = before < ENOUGH && state.chunk.len() >= ENOUGH;
        if before == 0 || is_enough {
            self.0.work.notify_one();
        }
        Ok(())
    }

    /// Adds the ends of packets in the data that were given, or are about to be.
    pub(crate) fn mark(&self, marks: &mut Vec<Mark>) {
        let mut state = self.lock();
        state.marks.extend(marks.drain(..));
        state.settle();
    }

    /// Requests that the thread writes all data now, without waiting for that.
    pub fn hurry(&self) {
        let mut state = self.lock();
        state.hurry = true;
        self.0.work.notify_one();
    }

    /// Waits until all data are written.
    ///
    /// # Errors
    ///
    /// If the output has failed.
    pub fn flush(&self) -> io::Result<()> {
        self.hurry();
        let mut state = self.lock();
        let given = state.given;
        while state.written < given {
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
        state.closing = true;
        self.0.work.notify_one();
        while state.end.is_none() {
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
    pub fn breaks(&self, capture: BreakHandle) {
        let mut state = self.lock();
        if state.check().is_err() {
            capture.breakloop();
        }
        state.captures.push(capture);
    }

    /// Returns the operation of the thread, for errors: `create`, `write` or `close`.
    #[must_use]
    pub fn step(&self) -> &'static str {
        self.lock().step
    }

    /// Returns the packets that are completely written.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.lock().tally
    }

    /// Returns the number of bytes that are written, before compression.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.lock().written
    }

    /// Returns the number of packets that the program means to write and that are not written.
    #[must_use]
    pub fn unwritten(&self) -> u64 {
        let taken = self.0.taken.load(Ordering::Relaxed);
        taken.saturating_sub(self.tally().packets)
    }

    /// Waits for progress of the thread, and gives the output up when that takes too long.
    fn wait<'a>(&self, mut state: MutexGuard<'a, State>) -> io::Result<MutexGuard<'a, State>>
    where
        Self: 'a,
    {
        state.check()?;
        state = self.tick(state);
        if let (None, Some(why)) = (&state.end, state.is_blocked()) {
            state.end = Some(Err(io::Error::new(io::ErrorKind::TimedOut, why)));
            // When the thread has left its write, the tally no longer changes. Only a write to a disk may last longer.
            for _ in 0..TICKS {
                if state.is_writing {
                    state = self.tick(state);
                }
            }
        }
        Ok(state)
    }

    /// Waits for a moment. After a request to end, interrupts the write of the thread, which could block for ever: the
    /// thread continues in smaller pieces, or ends.
    fn tick<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State>
    where
        Self: 'a,
    {
        if let (Some(_), true, Some(thread)) =
            (signals::asked(), state.is_writing, self.0.thread.get())
        {
            signal_thread::interrupt(thread);
        }
        state.waiting += 1;
        let waited = self.0.done.wait_timeout(state, TICK);
        (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }
}

/// Returns the number of packets that are not written, of all outlets.
#[must_use]
pub fn unwritten() -> u64 {
    let all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.iter().filter_map(Weak::upgrade);
    all.map(|shared| Outlet(shared).unwritten()).sum()
}
