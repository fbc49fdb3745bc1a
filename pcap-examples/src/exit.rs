//! The end of a program: status 0 on success, 1 if the work failed. clap ends it with 2 if the command line is wrong.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use clap::CommandFactory;
use pcap_core::Error;

use crate::{background_writer, stderr};

/// Folders to remove when the program is ended.
static TEMPORARY_FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

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
    UnwritablePacket {
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
            stderr::print_message(program, self);
        }
    }
}

/// Ends the program because of a wrong command line that clap accepted.
pub fn usage_error<A: CommandFactory>(what: &str) -> ! {
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
        _ if stderr::is_incomplete() => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

/// Removes a folder also when [`give_up`] ends the program.
pub fn remove_on_give_up(folder: &Path) {
    let folders = TEMPORARY_FOLDERS.lock();
    let mut folders = folders.unwrap_or_else(PoisonError::into_inner);
    folders.push(folder.to_owned());
}

/// Ends a process that does not end by itself. Any thread may call it.
pub fn give_up(program: &'static str) {
    let folders = TEMPORARY_FOLDERS.lock();
    for folder in folders.unwrap_or_else(PoisonError::into_inner).iter() {
        let _ = fs::remove_dir_all(folder);
    }
    // Standard error may block, too.
    let _ = thread::Builder::new().spawn(move || {
        stderr::print_unwritten(background_writer::unwritten_packets());
        stderr::print_message(program, "ended by a further signal");
        process::exit(1);
    });
    thread::sleep(Duration::from_millis(200));
    process::exit(1);
}
