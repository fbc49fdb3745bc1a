//! What each `main` does: reads the command line, runs the program, and ends it.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::{self, ExitCode};

use clap::Parser;

use crate::background_writer::BackgroundWriter;
use crate::exit::{self, Failure, Outcome};
use crate::{closed_stdout, escape, signals, stderr};

/// The programs.
pub const NAMES: [&str; 10] = [
    "pcap-bpf",
    "pcap-capture",
    "pcap-demo",
    "pcap-devices",
    "pcap-filter",
    "pcap-merge",
    "pcap-read",
    "pcap-recode",
    "pcap-replay",
    "pcap-split",
];

/// Runs a program: starts answering signals, reads the command line, does the work, and completes standard output.
pub fn main<A: Parser>(name: &'static str, run: impl FnOnce(A) -> Outcome) -> ExitCode {
    signals::start(move || exit::give_up(name));
    let outcome = match parse() {
        Ok(Some(args)) => run(args),
        Ok(None) => Ok(()),
        Err(error) => Err(Failure::Stdout(error)),
    };
    let closed = BackgroundWriter::close_stdout().map_err(Failure::Stdout);
    exit::status(name, outcome.and(closed))
}

/// Reads the command line, or ends the program if it is wrong. Returns `None` after printing the help or the version.
fn parse<A: Parser>() -> io::Result<Option<A>> {
    match A::command().try_get_matches() {
        Ok(matches) => {
            let args = A::from_arg_matches(&matches);
            Ok(Some(args.unwrap_or_else(|error| {
                refuse(&error.format(&mut A::command()))
            })))
        }
        Err(error) if error.use_stderr() => refuse(&error),
        Err(text) => {
            closed_stdout::stdout_is_open()?;
            text.print()?;
            io::stdout().flush()?;
            Ok(None)
        }
    }
}

/// Ends the program for a command line that is wrong.
fn refuse(error: &clap::Error) -> ! {
    let is_plain = |word: OsString| {
        let bytes = word.as_encoded_bytes();
        escape::controls(bytes).as_bytes() == bytes
    };
    if env::args_os().all(is_plain) {
        error.exit();
    }
    // The text repeats words as they are, and a shell's `*` may have made options of the names of files.
    error
        .render()
        .to_string()
        .lines()
        .for_each(stderr::print_line);
    process::exit(error.exit_code());
}
