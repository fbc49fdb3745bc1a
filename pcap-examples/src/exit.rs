//! How a program ends: status 0 if all is well, 1 if the work failed; clap ends with 2 when the
//! command line is wrong.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::CommandFactory;
use pcap_core::{Error, ErrorKind};

use crate::program;

/// Why the work failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// pcap-core says why, and how to get the right if that is what is missing.
    #[error(transparent)]
    Pcap(#[from] Error),
    /// Standard output does not take what is printed: the only input and output that the programs do by themselves.
    #[error("cannot write to standard output: {0}")]
    Stdout(#[from] io::Error),
    /// A savefile cannot hold a packet, which is no fault of the savefile.
    #[error("cannot write `{path}`: {why}")]
    Unfit {
        /// The savefile.
        path: String,
        /// What is wrong with the packet.
        why: String,
    },
    /// A file cannot be opened because too many are open: closing one may help.
    #[error("{0}")]
    TooManyOpen(String),
    /// Anything else, as `cannot …`.
    #[error("{0}")]
    Text(String),
    /// It was said already: only the status is left.
    #[error("it was said already")]
    Reported,
}

/// What the work of a program comes to.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Whether it is only that nobody reads standard output any more, as in `read x.pcap | head`.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        match self {
            Failure::Stdout(error) => error.kind() == io::ErrorKind::BrokenPipe,
            // A savefile that is written to standard output.
            Failure::Pcap(error) => {
                error.kind() == ErrorKind::Io(io::ErrorKind::BrokenPipe)
                    && error.operation() == Some("write")
                    && error.object() == Some("-")
            }
            Failure::Unfit { .. }
            | Failure::TooManyOpen(_)
            | Failure::Text(_)
            | Failure::Reported => false,
        }
    }

    /// Prints it as one line on standard error: `read: cannot open …`.
    pub fn report(&self, program: &str) {
        if !matches!(self, Failure::Reported) && !self.is_broken_pipe() {
            say(program, self);
        }
    }
}

/// Prints one line on standard error. Where that is closed there is nobody to tell.
pub fn say(program: &str, what: impl fmt::Display) {
    let prefix = program::prefix(program);
    note(format_args!("{prefix}{program}: {what}"));
}

/// Prints one line on standard error, without the name of the program.
pub fn note(what: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{what}");
}

/// Ends the program for a command line that clap took and that is wrong nonetheless.
pub fn usage<A: CommandFactory>(what: &str) -> ! {
    program::command::<A>()
        .error(clap::error::ErrorKind::ArgumentConflict, what)
        .exit()
}

/// Reports a failure, and gives the status to end with.
#[must_use]
pub fn status(program: &str, outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report(program);
            ExitCode::FAILURE
        }
    }
}
