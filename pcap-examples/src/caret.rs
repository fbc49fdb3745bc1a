//! Overwrites the `^C` that a terminal shows after Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::signals;

/// Whether the output after the signal has begun.
static IS_OVERWRITTEN: AtomicBool = AtomicBool::new(false);

/// Returns what to print before a line on a terminal: for the first one after a request to end the program, a carriage
/// return, so that it begins at the start of the terminal's line. Any line is longer than `^C`.
pub(crate) fn before_line() -> &'static str {
    let is_first =
        signals::end_requested().is_some() && !IS_OVERWRITTEN.swap(true, Ordering::Relaxed);
    if is_first { "\r" } else { "" }
}
