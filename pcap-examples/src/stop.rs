//! What asks a program to end, to report, or to write out what it holds back: Ctrl-C and other signals.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::BreakHandle;

use crate::signals::{self, Signal};

/// What `--help` says of the signals.
pub const HELP: &str = "\
Signals:
  Ctrl-C (SIGINT), SIGTERM and SIGHUP end the program after it has written what it holds. Under
  nohup(1) SIGHUP stays ignored. A second signal within 2 seconds changes nothing, because
  timeout(1) sends two. A later one, or a third, ends the program at once. If the output accepts
  nothing for 1 second after the signal, the program gives up. Whenever it gives up, it prints
  how many packets are not written, and the status is 1. SIGUSR1 prints statistics on standard
  error, and SIGUSR2 writes out what is held back; the program continues.";

/// A further request within this time is taken for the same one.
const SAME: Duration = Duration::from_secs(2);
/// How long a program that is to end at once has for it.
const AT_ONCE: Duration = Duration::from_secs(1);

static ASKED: OnceLock<Instant> = OnceLock::new();
static URGENT: OnceLock<Instant> = OnceLock::new();
static STATE: Mutex<State> = Mutex::new(State {
    requests: 0,
    is_graceful: false,
    handles: Vec::new(),
    report: None,
    flush: None,
    give_up: None,
});

type Action = Box<dyn FnMut() + Send>;
/// An action that may take its time, or wait for a lock for ever: never in the thread that waits for signals.
type Aside = Arc<Mutex<Action>>;

struct State {
    /// How often it was asked to end.
    requests: u32,
    /// The program ends by itself when it is asked.
    is_graceful: bool,
    handles: Vec<BreakHandle>,
    report: Option<Aside>,
    flush: Option<Aside>,
    give_up: Option<Action>,
}

/// Begins to answer signals: until [`gracefully`] they end the process as ever, SIGUSR1 and SIGUSR2 do nothing. To be
/// called before there are threads; what is given ends the process where it does not end by itself.
pub fn begin(give_up: impl FnMut() + Send + 'static) {
    state().give_up = Some(Box::new(give_up));
    signals::watch(answer);
}

/// From now on the program looks at [`asked`] to see whether it is to end.
pub fn gracefully() {
    state().is_graceful = true;
}

/// From now on a request to end also ends the reading and sending calls of this capture.
pub fn breaks(capture: BreakHandle) {
    let mut state = state();
    state.is_graceful = true;
    state.handles.push(capture);
}

/// Calls a function that may wait for ever, such as one that opens a FIFO: meanwhile a request to end ends the process.
pub fn at_once<T>(wait: impl FnOnce() -> T) -> T {
    let before = std::mem::take(&mut state().is_graceful);
    let result = wait();
    state().is_graceful = before;
    result
}

/// What SIGUSR1 does, in a thread of its own; nothing until then.
pub fn on_report(action: impl FnMut() + Send + 'static) {
    state().report = Some(Arc::new(Mutex::new(Box::new(action))));
}

/// What SIGUSR2 does, in a thread of its own; nothing until then.
pub fn on_flush(action: impl FnMut() + Send + 'static) {
    state().flush = Some(Arc::new(Mutex::new(Box::new(action))));
}

/// When the program was asked to end, if it was.
#[must_use]
pub fn asked() -> Option<Instant> {
    ASKED.get().copied()
}

/// When it was asked to end at once, whatever is not written yet, if it was.
#[must_use]
pub fn urgent() -> Option<Instant> {
    URGENT.get().copied()
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(signal: Signal) {
    let mut state = state();
    match signal {
        Signal::End(number) if !state.is_graceful => signals::die(number),
        Signal::End(_) => {
            state.requests += 1;
            let first = *ASKED.get_or_init(Instant::now);
            let again = state.requests > 2 || (state.requests == 2 && first.elapsed() > SAME);
            if again {
                let _ = URGENT.set(Instant::now());
            }
            state.handles.iter().for_each(BreakHandle::breakloop);
            if again {
                let give_up = state.give_up.take();
                drop(state);
                thread::sleep(AT_ONCE);
                give_up.into_iter().for_each(|mut give_up| give_up());
            }
        }
        Signal::Report => request(state.report.as_ref()),
        Signal::Flush => request(state.flush.as_ref()),
    }
}

/// Does what was set for a request, if something was.
fn request(action: Option<&Aside>) {
    let Some(action) = action.map(Arc::clone) else {
        return;
    };
    // Without a thread to do it in, the request is lost.
    let _ = thread::Builder::new().spawn(move || {
        // One that is still at it will do.
        if let Ok(mut action) = action.try_lock() {
            action();
        }
    });
}
