//! Bytes on their way to a file, a pipe or a terminal, written by a thread of their own.
//!
//! The program itself never waits inside a write: it waits for the thread, and gives up where the output takes nothing
//! for a second after a request to end. The thread has a clock: whatever the program waits for, what it gave is written
//! soon. And it counts which packets have reached the output as a whole.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::mem;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::signals;
use crate::stop;
use crate::target::{self, Target};

/// What is given waits at most this long for more.
const HOLD: Duration = Duration::from_millis(100);
/// This many bytes wait for no more.
const ENOUGH: usize = 64 * 1024;
/// With this many bytes the program waits until there is room again.
const FULL: usize = 512 * 1024;
/// Compressed data are completed up to what was given this often, at the price of some compression.
const SYNC: Duration = Duration::from_millis(800);
/// An output that takes nothing for this long after a request to end is given up.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same after a request to end at once.
const URGENT: Duration = Duration::from_millis(100);
/// The longest wait without a look at such requests.
const TICK: Duration = Duration::from_millis(50);
/// How often a write is interrupted when the output is given up.
const TICKS: usize = 4;

/// Packets, and their bytes on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many packets.
    pub packets: u64,
    /// How many bytes they had on the wire.
    pub bytes: u64,
}

impl Tally {
    /// Counts a packet of this length on the wire.
    pub fn add(&mut self, length: u32) {
        self.packets += 1;
        self.bytes += u64::from(length);
    }
}

/// Where a packet ends in the bytes that an outlet was given, and its length on the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) end: u64,
    pub(crate) length: u32,
}

/// An output, which can be given to from several places.
#[derive(Clone, Debug)]
pub struct Outlet(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// For the thread: there is something to do.
    work: Condvar,
    /// For the program: something was done.
    done: Condvar,
    /// How many packets the program has for it, given or not yet.
    taken: AtomicU64,
    thread: OnceLock<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    /// What was given and the thread has not taken yet.
    chunk: Vec<u8>,
    /// How many bytes were given, and how many of them are written.
    given: u64,
    written: u64,
    /// The packets that are given and not written.
    marks: VecDeque<Mark>,
    /// Those that are written.
    tally: Tally,
    /// What is given is to be written now.
    hurry: bool,
    closing: bool,
    /// How many wait for the thread.
    waiting: usize,
    is_open: bool,
    /// The thread is inside a write.
    is_writing: bool,
    /// What the thread does: creates, writes or closes.
    step: &'static str,
    /// When the output last took something, or was last offered something.
    moved: Instant,
    /// How it ended, if it did.
    end: Option<io::Result<()>>,
}

/// What the thread is to do.
enum Work {
    Write,
    Sync,
    Close,
}

static ALL: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());
static STDOUT: OnceLock<Outlet> = OnceLock::new();

impl Outlet {
    /// A new file at a path, or an emptied one, which is to be compressed or not; `-` is standard output. A FIFO is
    /// opened by the thread, however long that takes.
    ///
    /// # Errors
    ///
    /// If it cannot be created.
    pub fn create(path: &Path, gzip: bool) -> io::Result<Outlet> {
        if path == Path::new("-") {
            return Ok(Outlet::start(move |shared| Target::stdout(shared, gzip)));
        }
        if target::is_fifo(path) {
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

    /// Standard output, for lines: one outlet for all who print.
    pub fn stdout() -> &'static Outlet {
        STDOUT.get_or_init(|| Outlet::start(|shared| Target::stdout(shared, false)))
    }

    /// Completes standard output, if it was used.
    ///
    /// # Errors
    ///
    /// If something was not written.
    pub fn close_stdout() -> io::Result<()> {
        STDOUT.get().map_or(Ok(()), Outlet::close)
    }

    fn start(open: impl FnOnce(Arc<Shared>) -> io::Result<Target> + Send + 'static) -> Outlet {
        let shared = Arc::new(Shared {
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
            }),
            work: Condvar::new(),
            done: Condvar::new(),
            taken: AtomicU64::new(0),
            thread: OnceLock::new(),
        });
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

    /// Counts a packet that is to be given.
    #[inline]
    pub(crate) fn take(&self) {
        // Only one place counts at a time: those with several hold the lock.
        let taken = self.0.taken.load(Ordering::Relaxed);
        self.0.taken.store(taken + 1, Ordering::Relaxed);
    }

    /// Gives bytes that end with a packet of this length on the wire, or with none.
    ///
    /// # Errors
    ///
    /// If the output takes no more.
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

    /// Tells where the packets end in what was given.
    pub(crate) fn mark(&self, marks: &mut Vec<Mark>) {
        let mut state = self.lock();
        state.marks.extend(marks.drain(..));
        state.settle();
    }

    /// Has what was given written now. Does not wait for it.
    pub fn hurry(&self) {
        let mut state = self.lock();
        state.hurry = true;
        self.0.work.notify_one();
    }

    /// Waits until what was given is written.
    ///
    /// # Errors
    ///
    /// If the output takes no more.
    pub fn flush(&self) -> io::Result<()> {
        self.hurry();
        let mut state = self.lock();
        let given = state.given;
        while state.written < given {
            state = self.wait(state)?;
        }
        state.check()
    }

    /// Waits until what was given is written and the output closed.
    ///
    /// # Errors
    ///
    /// If something was not written, or closing fails.
    pub fn close(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.closing = true;
        self.0.work.notify_one();
        while state.end.is_none() {
            state = self.wait(state)?;
        }
        state.check()
    }

    /// The error that it ended with, if it did.
    ///
    /// # Errors
    ///
    /// That one.
    pub fn check(&self) -> io::Result<()> {
        self.0.check()
    }

    /// What it does, for an error: `write`, or `create` or `close`.
    #[must_use]
    pub fn step(&self) -> &'static str {
        self.lock().step
    }

    /// The packets that are written as a whole.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.lock().tally
    }

    /// The packets that are to be written, and are not.
    #[must_use]
    pub fn unwritten(&self) -> u64 {
        let taken = self.0.taken.load(Ordering::Relaxed);
        taken.saturating_sub(self.tally().packets)
    }

    /// Waits for the thread to get on.
    fn wait<'a>(&self, mut state: MutexGuard<'a, State>) -> io::Result<MutexGuard<'a, State>>
    where
        Self: 'a,
    {
        state.check()?;
        state = self.tick(state);
        if let (None, Some(why)) = (&state.end, state.is_blocked()) {
            state.end = Some(Err(io::Error::new(io::ErrorKind::TimedOut, why)));
            // The thread ends, and the count of what is written stands. Only a write to a disk may last longer.
            for _ in 0..TICKS {
                if state.is_writing {
                    state = self.tick(state);
                }
            }
        }
        Ok(state)
    }

    /// Waits for a moment. After a request to end the thread is interrupted in its write, which may last for ever: it
    /// goes on in smaller pieces, or not at all.
    fn tick<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State>
    where
        Self: 'a,
    {
        if let (Some(_), true, Some(thread)) =
            (stop::asked(), state.is_writing, self.0.thread.get())
        {
            signals::interrupt(thread);
        }
        state.waiting += 1;
        let waited = self.0.done.wait_timeout(state, TICK);
        (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }
}

/// How many packets of all outlets are not written.
#[must_use]
pub fn unwritten() -> u64 {
    let all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.iter().filter_map(Weak::upgrade);
    all.map(|shared| Outlet(shared).unwritten()).sum()
}

impl State {
    /// Counts the packets that are written as a whole.
    fn settle(&mut self) {
        while let Some(mark) = self.marks.front().filter(|mark| mark.end <= self.written) {
            self.tally.add(mark.length);
            self.marks.pop_front();
        }
    }

    fn check(&self) -> io::Result<()> {
        match &self.end {
            Some(Err(error)) => Err(match error.raw_os_error() {
                Some(number) => io::Error::from_raw_os_error(number),
                None => io::Error::new(error.kind(), error.to_string()),
            }),
            _ => Ok(()),
        }
    }

    /// Why the output is given up, if the program was asked to end and the output keeps it from that.
    fn is_blocked(&self) -> Option<&'static str> {
        let asked = stop::asked()?;
        if !self.is_open {
            return Some("nobody opened its other end before the signal");
        }
        if asked.max(self.moved).elapsed() >= PATIENCE {
            return Some("it took nothing for a second after the signal");
        }
        let is_late = stop::urgent()?.elapsed() >= URGENT;
        is_late.then_some("it had not taken all when a further signal came")
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note that something is about to be written.
    ///
    /// # Errors
    ///
    /// If the output was given up.
    pub(crate) fn writes(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.check()?;
        state.is_writing = true;
        Ok(())
    }

    /// Takes note that the output took something, of which these bytes are written for good.
    ///
    /// # Errors
    ///
    /// If the output was given up meanwhile: what is counted as written stands.
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

    /// Takes note of what is done next.
    pub(crate) fn step(&self, step: &'static str) {
        self.lock().step = step;
    }

    fn end(&self, end: io::Result<()>) {
        let mut state = self.lock();
        state.is_writing = false;
        // The first reason is the one.
        state.end.get_or_insert(end);
        drop(state);
        self.done.notify_all();
    }

    /// Writes what is given until that is over: what the thread does.
    fn write(&self, mut target: Target) -> io::Result<()> {
        let mut chunk = Vec::new();
        loop {
            match self.work(&mut chunk, target.unsynced()) {
                Work::Write => target.write(&chunk)?,
                Work::Sync => target.sync()?,
                Work::Close => return target.close(),
            }
        }
    }

    /// Waits for something to do; `unsynced` is since when something written is not complete.
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
