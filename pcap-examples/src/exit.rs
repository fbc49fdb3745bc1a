//! The end of a program: status 0 on success, 1 if the work failed. clap ends it with 2 if the command line is wrong.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::CommandFactory;
use pcap_core::Error;

use crate::{background_writer, escape, signals};

/// How long standard error may accept nothing after a request to end.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a program that waits for standard error looks for such a request.
const TICK: Duration = Duration::from_millis(50);

/// A line could not be written to standard error.
static UNSAID: AtomicBool = AtomicBool::new(false);
/// Folders to remove when the program is ended.
static LEFT_BEHIND: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Why the work failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An error of pcap-core, which also says how to get a missing right.
    #[error(transparent)]
    Pcap(#[from] Error),
    /// Standard output has failed.
    #[error("cannot write to standard output: {0}")]
    Stdout(#[from] io::Error),
    /// A savefile cannot hold a packet. It can hold others.
    #[error("cannot write `{path}`: {why}")]
    Unfit {
        /// The savefile.
        path: String,
        /// The problem of the packet.
        why: String,
    },
    /// A file cannot be opened because too many are open. Closing one may help.
    #[error("{0}")]
    TooManyOpen(String),
    /// Anything else: `cannot …`.
    #[error("{0}")]
    Text(String),
    /// It was reported already: only the status is left.
    #[error("reported already")]
    Reported,
}

/// The result of the work of a program.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Returns whether the reader of the lines on standard output has gone away, as in `pcap-read x.pcap | head`. A
    /// savefile whose reader has gone away is an error like any other.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Failure::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Prints it as one line on standard error: `pcap-read: cannot open …`.
    pub fn report(&self, program: &str) {
        if !matches!(self, Failure::Reported) && !self.is_broken_pipe() {
            say(program, self);
        }
    }
}

/// Prints one line on standard error, with the name of the program. Errors of a closed standard error are ignored.
pub fn say(program: &str, what: impl fmt::Display) {
    note(format_args!("{program}: {what}"));
}

/// Prints one line on standard error, without the name of the program. Control characters are escaped. After a request
/// to end, a standard error that accepts nothing keeps the program for a second at most.
pub fn note(what: impl fmt::Display) {
    let line = escape::controls(what.to_string().as_bytes()) + "\n";
    let (done, is_done) = mpsc::channel();
    let copy = line.clone();
    // The request may come while the write blocks, so the write has a thread of its own.
    let writing = thread::Builder::new().spawn(move || {
        write(&copy);
        let _ = done.send(());
    });
    match writing {
        Ok(_) => wait(&is_done),
        Err(_) if signals::asked().is_none() => write(&line),
        Err(_) => UNSAID.store(true, Ordering::Relaxed),
    }
}

fn write(line: &str) {
    match io::stderr().write_all(line.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            UNSAID.store(true, Ordering::Relaxed);
        }
        _ => {}
    }
}

/// Waits until a line is written, or until standard error has accepted nothing for too long after a request to end.
fn wait(is_done: &Receiver<()>) {
    let begun = Instant::now();
    while is_done.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        // What follows a line that was given up waits no more.
        let patience = match UNSAID.load(Ordering::Relaxed) {
            true => Duration::ZERO,
            false => PATIENCE,
        };
        if signals::asked().is_some_and(|asked| asked.max(begun).elapsed() >= patience) {
            UNSAID.store(true, Ordering::Relaxed);
            return;
        }
    }
}

/// Prints how many packets are not written, if there are any.
pub fn unwritten(packets: u64) {
    if packets > 0 {
        note(format_args!("{packets} packets not written"));
    }
}

/// Ends the program because of a wrong command line that clap accepted.
pub fn usage<A: CommandFactory>(what: &str) -> ! {
    A::command()
        .error(clap::error::ErrorKind::ArgumentConflict, what)
        .exit()
}

/// Reports a failure, and returns the exit status.
#[must_use]
pub fn status(program: &str, outcome: Outcome) -> ExitCode {
    match outcome {
        Err(failure) if !failure.is_broken_pipe() => {
            failure.report(program);
            ExitCode::FAILURE
        }
        _ if UNSAID.load(Ordering::Relaxed) => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

/// Removes a folder also when [`give_up`] ends the program.
pub fn removes(folder: &Path) {
    let folders = LEFT_BEHIND.lock();
    let mut folders = folders.unwrap_or_else(PoisonError::into_inner);
    folders.push(folder.to_owned());
}

/// Ends a process that does not end by itself. Any thread may call it.
pub fn give_up(program: &'static str) {
    let folders = LEFT_BEHIND.lock();
    for folder in folders.unwrap_or_else(PoisonError::into_inner).iter() {
        let _ = fs::remove_dir_all(folder);
    }
    // Standard error may block, too.
    let _ = thread::Builder::new().spawn(move || {
        unwritten(background_writer::unwritten());
        say(program, "ended by a further signal");
        process::exit(1);
    });
    thread::sleep(Duration::from_millis(200));
    process::exit(1);
}
