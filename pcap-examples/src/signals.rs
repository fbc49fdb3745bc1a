//! What the programs do on Ctrl-C and other signals: end, print statistics, or write out buffered packets.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::BreakHandle;

use crate::signal_thread::{self, Signal};

/// The section of `--help` about signals.
pub const HELP: &str = "\
Signals:
  Ctrl-C (SIGINT), SIGTERM and SIGHUP end the program after it has written its buffered packets.
  Under nohup(1), SIGHUP stays ignored. A second signal within 2 seconds is ignored, because
  timeout(1) sends two. A second signal after that time, or a third one at any time, makes the
  program exit without completing its output. So does an output that accepts no data for 1 second
  after the signal. In both cases, the program prints how many packets were not written and exits
  with status 1. SIGUSR1 prints statistics on standard error, and SIGUSR2 writes out buffered
  packets; after either, the program continues.";

/// A second request to end within this time after the first is ignored.
const SAME_REQUEST: Duration = Duration::from_secs(2);
/// How long a program may take after a request to end immediately.
const GIVE_UP_AFTER: Duration = Duration::from_secs(1);

/// When the program was first asked to end.
static END_REQUESTED: OnceLock<Instant> = OnceLock::new();
/// When the program ends by itself.
static END_DUE: Mutex<Option<Instant>> = Mutex::new(None);
/// Whether a thread has noticed that the program ends by itself now.
static END_NOTICED: AtomicBool = AtomicBool::new(false);
/// When the program was asked to end immediately.
static IMMEDIATE_END_REQUESTED: OnceLock<Instant> = OnceLock::new();
/// Whether a signal kills the process now.
static IS_KILLED: AtomicBool = AtomicBool::new(false);
/// Whether to watch for the signals that stop or kill the process.
static HAS_SCREEN: AtomicBool = AtomicBool::new(false);
static STATE: Mutex<State> = Mutex::new(State {
    requests: 0,
    is_graceful: false,
    handles: Vec::new(),
    report: None,
    flush: None,
    stop: None,
    kill: None,
    give_up: None,
});

type Action = Box<dyn FnMut() + Send>;
/// An action that may block, and therefore never runs in the thread that waits for signals.
type BlockingAction = Arc<Mutex<Action>>;

/// An action that runs before the process is stopped and after it continues.
type StopAction = Arc<dyn Fn(Stop) + Send + Sync>;

/// An action that runs before a signal kills the process.
type KillAction = Arc<dyn Fn() + Send + Sync>;

/// A moment at which a program with a full screen changes the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The process is about to stop.
    Begins,
    /// The process continues.
    IsOver,
}

struct State {
    /// The number of requests to end so far.
    requests: u32,
    /// Whether the program checks [`end_requested`] and ends by itself.
    is_graceful: bool,
    /// The captures to break on a request to end.
    handles: Vec<BreakHandle>,
    report: Option<BlockingAction>,
    flush: Option<BlockingAction>,
    /// What to do when the process is stopped and continued.
    stop: Option<StopAction>,
    /// What to do before a signal kills the process.
    kill: Option<KillAction>,
    /// Ends the process if the program does not end in time.
    give_up: Option<Action>,
}

/// Starts handling signals. Until the program calls [`end_gracefully`] or [`break_on_end`], a request to end kills the
/// process.
///
/// Call this before the program has other threads. `give_up` must end the process; it is called if the program does not
/// end by itself.
pub fn start(give_up: impl FnMut() + Send + 'static) {
    state().give_up = Some(Box::new(give_up));
    signal_thread::start(handle, HAS_SCREEN.load(Ordering::Relaxed));
}

/// Lets [`on_stop`] and [`on_kill`] set actions for the signals that stop or kill the process. Call this before
/// [`start`].
pub fn watch_for_screen() {
    HAS_SCREEN.store(true, Ordering::Relaxed);
}

/// Sets the action for SIGTSTP, before which it is called with [`Stop::Begins`], and for the time when the process
/// continues. The action runs in the thread that waits for signals, so it must not take long. Requires
/// [`watch_for_screen`].
pub fn on_stop(action: impl Fn(Stop) + Send + Sync + 'static) {
    state().stop = Some(Arc::new(action));
}

/// Sets the action that runs before a signal kills the process: a signal whose default action does that, such as
/// SIGQUIT, or a request to end that the program does not heed. The action runs in the thread that waits for signals, so
/// it must not take long. Requires [`watch_for_screen`].
pub fn on_kill(action: impl Fn() + Send + Sync + 'static) {
    state().kill = Some(Arc::new(action));
}

/// Waits for the end of the process if a signal kills it now. Call this before the process exits, so that the exit
/// status is that of the signal.
pub fn wait_if_killed() {
    while IS_KILLED.load(Ordering::SeqCst) {
        thread::park();
    }
}

/// From now on, a request to end no longer kills the process. The program must check [`end_requested`] and end.
pub fn end_gracefully() {
    state().is_graceful = true;
}

/// Does the same as [`end_gracefully`]. A request to end also breaks the reading and sending calls of this capture.
pub fn break_on_end(capture: BreakHandle) {
    let mut state = state();
    state.is_graceful = true;
    if end_requested().is_some() {
        capture.breakloop();
    }
    state.handles.push(capture);
}

/// Calls a function that may block, such as one that opens a FIFO. A request to end during the call kills the process.
pub fn while_killable<T>(wait: impl FnOnce() -> T) -> T {
    let before = std::mem::take(&mut state().is_graceful);
    let result = wait();
    state().is_graceful = before;
    result
}

/// Sets the action for SIGUSR1, which runs in a separate thread. By default, SIGUSR1 does nothing.
pub fn on_report(action: impl FnMut() + Send + 'static) {
    state().report = Some(Arc::new(Mutex::new(Box::new(action))));
}

/// Sets the action for SIGUSR2, which runs in a separate thread. By default, SIGUSR2 does nothing.
pub fn on_flush(action: impl FnMut() + Send + 'static) {
    state().flush = Some(Arc::new(Mutex::new(Box::new(action))));
}

/// Returns when the program was first asked to end, or `None` if it was not.
#[must_use]
pub fn end_requested() -> Option<Instant> {
    END_REQUESTED.get().copied()
}

/// Returns when the program was asked to end immediately, or `None` if it was not.
#[must_use]
pub fn immediate_end_requested() -> Option<Instant> {
    IMMEDIATE_END_REQUESTED.get().copied()
}

/// Sets when the program ends by itself. Like a request, that ends waiting for pipes, and gives up outputs that accept
/// nothing afterwards.
pub fn end_at(due: Instant) {
    *END_DUE.lock().unwrap_or_else(PoisonError::into_inner) = Some(due);
}

/// Why the program must end, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A signal has requested it.
    Requested(Instant),
    /// The time of [`end_at`] is over.
    Due(Instant),
}

/// Returns whether the program must end now. This reads the clock.
#[must_use]
pub fn end() -> Option<End> {
    if let Some(requested) = end_requested() {
        return Some(End::Requested(requested));
    }
    let due = *END_DUE.lock().unwrap_or_else(PoisonError::into_inner);
    let due = due.filter(|due| *due <= Instant::now())?;
    END_NOTICED.store(true, Ordering::Relaxed);
    Some(End::Due(due))
}

/// Returns whether the program must end now, according to the last [`end`] of any thread. This does not read the clock.
#[must_use]
pub fn end_noticed() -> bool {
    end_requested().is_some() || END_NOTICED.load(Ordering::Relaxed)
}

impl End {
    /// Returns since when the program must end.
    #[must_use]
    pub fn since(self) -> Instant {
        match self {
            End::Requested(since) | End::Due(since) => since,
        }
    }

    /// Returns how long an output may accept nothing. After a signal, somebody waits for the end.
    #[must_use]
    pub fn stall_limit(self) -> Duration {
        match self {
            End::Requested(_) => Duration::from_secs(1),
            End::Due(_) => Duration::from_secs(5),
        }
    }
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Handles a signal, in the thread that waits for signals.
fn handle(signal: Signal) {
    let mut state = state();
    match signal {
        Signal::End(number) if !state.is_graceful => kill(state, number),
        Signal::Kill(number) => kill(state, number),
        Signal::End(_) => {
            state.requests += 1;
            let first = *END_REQUESTED.get_or_init(Instant::now);
            let again =
                state.requests > 2 || (state.requests == 2 && first.elapsed() > SAME_REQUEST);
            if again {
                let _ = IMMEDIATE_END_REQUESTED.set(Instant::now());
            }
            state.handles.iter().for_each(BreakHandle::breakloop);
            if again {
                let give_up = state.give_up.take();
                let kill = state.kill.clone();
                drop(state);
                thread::sleep(GIVE_UP_AFTER);
                kill.iter().for_each(|action| action());
                give_up.into_iter().for_each(|mut give_up| give_up());
            }
        }
        Signal::Report => run_action(state.report.as_ref()),
        Signal::Flush => run_action(state.flush.as_ref()),
        Signal::Stop => {
            let action = state.stop.clone();
            drop(state);
            let call = |stop| action.iter().for_each(|action| action(stop));
            call(Stop::Begins);
            signal_thread::stop_process();
            call(Stop::IsOver);
        }
        Signal::Continue => {
            let action = state.stop.clone();
            drop(state);
            action.iter().for_each(|action| action(Stop::IsOver));
        }
    }
}

/// Kills the process with the signal's default action.
fn kill(state: MutexGuard<'_, State>, number: i32) -> ! {
    IS_KILLED.store(true, Ordering::SeqCst);
    let action = state.kill.clone();
    drop(state);
    action.iter().for_each(|action| action());
    signal_thread::end_process(number)
}

/// Runs an action in a new thread, if it is set.
fn run_action(action: Option<&BlockingAction>) {
    let Some(action) = action.map(Arc::clone) else {
        return;
    };
    // If the system cannot start a thread, the signal is lost.
    let _ = thread::Builder::new().spawn(move || {
        // If the action is still running, there is no need to run it again.
        if let Ok(mut action) = action.try_lock() {
            action();
        }
    });
}
