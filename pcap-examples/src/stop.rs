//! Ctrl-C and the signals that ask a program to end.

use std::io;
use std::process;
use std::sync::OnceLock;
use std::time::SystemTime;

use pcap_core::{BreakHandle, Timestamp};

use crate::exit::{Failure, Outcome};

/// When the first request came.
static ASKED: OnceLock<SystemTime> = OnceLock::new();

/// From now on Ctrl-C, SIGTERM and SIGHUP end the reading call of this capture, which then ends
/// properly. Whoever asks twice does not want to wait for that: the process ends.
///
/// # Errors
///
/// If the system refuses, or it was done before.
pub fn on_ctrl_c(capture: BreakHandle) -> Outcome {
    handle(move || capture.breakloop())
}

/// The same for several captures, all of which end.
///
/// # Errors
///
/// As there.
pub fn all_on_ctrl_c(captures: Vec<BreakHandle>) -> Outcome {
    handle(move || captures.iter().for_each(BreakHandle::breakloop))
}

/// From now on Ctrl-C, SIGTERM and SIGHUP make [`asked`] give a time, for programs that look there
/// between packets. Asked twice, the process ends.
///
/// # Errors
///
/// If the system refuses, or it was done before.
pub fn on_ctrl_c_ask() -> Outcome {
    handle(|| {})
}

fn handle(action: impl Fn() + Send + 'static) -> Outcome {
    let handler = move || {
        if ASKED.set(SystemTime::now()).is_err() {
            process::exit(130);
        }
        action();
    };
    ctrlc::set_handler(handler)
        .map_err(|e| Failure::Text(format!("cannot wait for Ctrl-C: {}", io::Error::other(e))))
}

/// When it was asked for, if it was.
#[must_use]
pub fn asked() -> Option<Timestamp> {
    ASKED.get().map(|&time| time.into())
}
