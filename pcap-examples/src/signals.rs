//! Requests to end, to report, or to write out buffered packets: Ctrl-C and other signals.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::BreakHandle;

use crate::signal_thread::{self, Signal};

/// The text of `--help` about signals.
pub const HELP: &str = "\
Signals:
  Ctrl-C (SIGINT), SIGTERM and SIGHUP end the program after it has written its buffered packets.
  Under nohup(1) SIGHUP stays ignored. A second signal within 2 seconds changes nothing, because
  timeout(1) sends two. A later one, or a third, ends the program at once. If the output accepts
  nothing for 1 second after the signal, the program gives up. Whenever it gives up, it prints
  how many packets are not written, and the status is 1. SIGUSR1 prints statistics on standard
  error, and SIGUSR2 writes out buffered packets; the program continues.";

/// A second request within this time counts as the first one.
const SAME_REQUEST: Duration = Duration::from_secs(2);
/// How long a program that is to end at once may take.
const GIVE_UP_AFTER: Duration = Duration::from_secs(1);

static END_REQUESTED: OnceLock<Instant> = OnceLock::new();
static IMMEDIATE_END_REQUESTED: OnceLock<Instant> = OnceLock::new();
static STATE: Mutex<State> = Mutex::new(State {
    requests: 0,
    is_graceful: false,
    handles: Vec::new(),
    report: None,
    flush: None,
    give_up: None,
});

type Action = Box<dyn FnMut() + Send>;
/// An action that may block, and therefore never runs in the thread that waits for signals.
type BlockingAction = Arc<Mutex<Action>>;

struct State {
    /// The number of requests to end.
    requests: u32,
    /// The program looks at [`end_requested`] and ends by itself.
    is_graceful: bool,
    handles: Vec<BreakHandle>,
    report: Option<BlockingAction>,
    flush: Option<BlockingAction>,
    give_up: Option<Action>,
}

/// Starts answering signals. Until [`end_gracefully`] or [`break_on_end`] is called, a request to end ends the process at once.
///
/// Call it before there are other threads. The closure ends the process if the program does not end by itself.
pub fn start(give_up: impl FnMut() + Send + 'static) {
    state().give_up = Some(Box::new(give_up));
    signal_thread::start(answer);
}

/// Leaves it to the program to look at [`end_requested`] and to end.
pub fn end_gracefully() {
    state().is_graceful = true;
}

/// Does the same as [`end_gracefully`], and breaks the reading and sending calls of this capture on a request to end.
pub fn break_on_end(capture: BreakHandle) {
    let mut state = state();
    state.is_graceful = true;
    if end_requested().is_some() {
        capture.breakloop();
    }
    state.handles.push(capture);
}

/// Calls a function that may block, such as one that opens a FIFO. Meanwhile a request to end ends the process at once.
pub fn while_killable<T>(wait: impl FnOnce() -> T) -> T {
    let before = std::mem::take(&mut state().is_graceful);
    let result = wait();
    state().is_graceful = before;
    result
}

/// Sets what SIGUSR1 does, in a separate thread. Without an action it does nothing.
pub fn on_report(action: impl FnMut() + Send + 'static) {
    state().report = Some(Arc::new(Mutex::new(Box::new(action))));
}

/// Sets what SIGUSR2 does, in a separate thread. Without an action it does nothing.
pub fn on_flush(action: impl FnMut() + Send + 'static) {
    state().flush = Some(Arc::new(Mutex::new(Box::new(action))));
}

/// Returns when the program was first asked to end.
#[must_use]
pub fn end_requested() -> Option<Instant> {
    END_REQUESTED.get().copied()
}

/// Returns when the program was asked to end at once.
#[must_use]
pub fn immediate_end_requested() -> Option<Instant> {
    IMMEDIATE_END_REQUESTED.get().copied()
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(signal: Signal) {
    let mut state = state();
    match signal {
        Signal::End(number) if !state.is_graceful => signal_thread::end_process(number),
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
                drop(state);
                thread::sleep(GIVE_UP_AFTER);
                give_up.into_iter().for_each(|mut give_up| give_up());
            }
        }
        Signal::Report => run_action(state.report.as_ref()),
        Signal::Flush => run_action(state.flush.as_ref()),
    }
}

/// Runs the action of a request, if there is one.
fn run_action(action: Option<&BlockingAction>) {
    let Some(action) = action.map(Arc::clone) else {
        return;
    };
    // If the system has no thread for it, the request is lost.
    let _ = thread::Builder::new().spawn(move || {
        // If it still runs, that answers this request, too.
        if let Ok(mut action) = action.try_lock() {
            action();
        }
    });
}
