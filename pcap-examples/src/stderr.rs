//! Prints messages on standard error. A blocked standard error cannot keep a program from ending.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::signals::{self, End};
use crate::{caret, counted, escape};

/// How often a program that waits for standard error checks whether it must end.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The maximum number of lines that [`hold`] keeps. Later ones are not printed.
const MAX_HELD: usize = 100;

/// The lines that wait until the terminal shows no full screen, or `None` if lines are printed at once.
static HELD: Mutex<Option<Vec<String>>> = Mutex::new(None);
/// Whether a line could not be written to standard error.
static IS_INCOMPLETE: AtomicBool = AtomicBool::new(false);

/// Prints one line on standard error: the name of the program and a message.
pub fn print_message(program: &str, what: impl fmt::Display) {
    print_line(format_args!("{program}: {what}"));
}

/// Prints one line on standard error, with control characters escaped.
///
/// Once the program must end, waits only for a [limited time](End::stall_limit) until standard error accepts the line.
/// Ignores errors if standard error is closed or its reader has gone away.
pub fn print_line(what: impl fmt::Display) {
    let mut line = escape::controls(what.to_string().as_bytes()) + "\n";
    if let Some(held) = &mut *held() {
        if held.len() < MAX_HELD {
            held.push(line);
        }
        return;
    }
    if io::stderr().is_terminal() {
        line.insert_str(0, caret::before_line());
    }
    print_bytes(line.into_bytes());
}

/// Keeps lines back from now on, if standard error is a terminal, which shows a full screen.
pub fn hold() {
    if io::stderr().is_terminal() {
        held().get_or_insert_default();
    }
}

/// Returns the last line that is kept back.
#[must_use]
pub fn last_held() -> Option<String> {
    let held = held();
    held.as_ref()?.last().map(|line| line.trim_end().to_owned())
}

/// Prints the lines that were kept back. Further lines are printed at once.
pub fn release() {
    let lines = held().take();
    for line in lines.into_iter().flatten() {
        print_bytes(line.into_bytes());
    }
}

fn held() -> MutexGuard<'static, Option<Vec<String>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints bytes on standard error as they are, and otherwise does the same as [`print_line`].
pub(crate) fn print_bytes(line: Vec<u8>) {
    let (done, is_done) = mpsc::channel();
    let copy = line.clone();
    // The request may arrive while the write blocks, so the write runs in a separate thread.
    let writing = thread::Builder::new().spawn(move || {
        write(&copy);
        let _ = done.send(());
    });
    match writing {
        Ok(_) => wait(&is_done),
        Err(_) if signals::end().is_none() || accepts_a_line() => write(&line),
        Err(_) => IS_INCOMPLETE.store(true, Ordering::Relaxed),
    }
}

/// Returns whether standard error accepts a line at once.
#[cfg(unix)]
fn accepts_a_line() -> bool {
    use std::os::fd::AsFd;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    let stderr = io::stderr();
    let mut descriptors = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    poll(&mut descriptors, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

#[cfg(not(unix))]
fn accepts_a_line() -> bool {
    false
}

/// Writes a line, and records whether that failed.
fn write(line: &[u8]) {
    match io::stderr().write_all(line) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            IS_INCOMPLETE.store(true, Ordering::Relaxed);
        }
        _ => {}
    }
}

/// Waits until a line is written. Once the program must end, gives up if that takes too long.
fn wait(is_done: &Receiver<()>) {
    let begun = Instant::now();
    while is_done.recv_timeout(POLL_INTERVAL) == Err(RecvTimeoutError::Timeout) {
        // Once a line was given up, later lines are given up without waiting.
        let limit = |end: End| match IS_INCOMPLETE.load(Ordering::Relaxed) {
            true => Duration::ZERO,
            false => end.stall_limit(),
        };
        if signals::end().is_some_and(|end| end.since().max(begun).elapsed() >= limit(end)) {
            IS_INCOMPLETE.store(true, Ordering::Relaxed);
            return;
        }
    }
}

/// Prints how many packets were not written, if there are any.
pub fn print_unwritten(packets: u64) {
    if packets > 0 {
        let packets = counted::packets(packets);
        print_line(format_args!("{packets} not written"));
    }
}

/// Returns whether a line could not be written to standard error.
#[must_use]
pub(crate) fn is_incomplete() -> bool {
    IS_INCOMPLETE.load(Ordering::Relaxed)
}
