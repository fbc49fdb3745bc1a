//! The command line of a program, under the name that the program is called by.
//!
//! A package installs the programs with a word before their names, `pcap-read` and `pcap-split`, since the short ones
//! are also others'. What a program says of itself then has that name.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::{self, ExitCode};

use clap::{Command, CommandFactory, Parser};

use crate::exit::{self, Failure, Outcome};
use crate::outlet::Outlet;
use crate::{escape, standard, stop};

/// The programs.
pub const NAMES: [&str; 11] = [
    "bpf", "capture", "count", "demo", "devices", "filter", "merge", "read", "recode", "replay",
    "split",
];

/// Runs a program: starts answering signals, reads the command line, does the work, and completes standard output.
pub fn main<A: Parser>(name: &'static str, run: impl FnOnce(A) -> Outcome) -> ExitCode {
    stop::begin(move || exit::give_up(name));
    let outcome = match parse() {
        Ok(Some(args)) => run(args),
        Ok(None) => Ok(()),
        Err(error) => Err(Failure::Stdout(error)),
    };
    let closed = Outlet::close_stdout().map_err(Failure::Stdout);
    exit::status(name, outcome.and(closed))
}

/// Reads the command line, or ends the program if it is wrong. Returns `None` after printing the help or the version.
fn parse<A: Parser>() -> io::Result<Option<A>> {
    match command::<A>().try_get_matches() {
        Ok(matches) => {
            let args = A::from_arg_matches(&matches);
            Ok(Some(args.unwrap_or_else(|error| {
                refuse(&error.format(&mut command::<A>()))
            })))
        }
        Err(error) if error.use_stderr() => refuse(&error),
        Err(text) => {
            standard::stdout_is_open()?;
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
    error.render().to_string().lines().for_each(exit::note);
    process::exit(error.exit_code());
}

/// The command line, as [`main`] reads it.
#[must_use]
pub fn command<A: CommandFactory>() -> Command {
    let command = A::command();
    let name = command.get_name().to_owned();
    let prefix = prefix(&name);
    renamed(command, &name, &prefix)
}

/// What stands before the name of this program where it is called by a longer one, such as `pcap-`.
#[must_use]
pub fn prefix(name: &str) -> String {
    let called = env::args_os().next().unwrap_or_default();
    let called = Path::new(&called).file_name().unwrap_or_default();
    let called = called.to_string_lossy();
    let called = called
        .strip_suffix(env::consts::EXE_SUFFIX)
        .unwrap_or(&called);
    match called.strip_suffix(name) {
        Some(prefix) if prefix.ends_with('-') => prefix.to_owned(),
        _ => String::new(),
    }
}

/// The same command line for the program with this name, when all programs have the prefix.
#[must_use]
pub fn renamed(command: Command, name: &str, prefix: &str) -> Command {
    let command = command.name(format!("{prefix}{name}"));
    match command.get_after_help().map(ToString::to_string) {
        Some(help) if !prefix.is_empty() => command.after_help(with_prefix(&help, prefix)),
        _ => command,
    }
}

/// A help with the prefix before the names of programs: where a command begins, or alone between backticks.
fn with_prefix(help: &str, prefix: &str) -> String {
    let mut new = String::with_capacity(help.len() + 64);
    let mut rest = help;
    while let Some(next) = rest.chars().next() {
        let begins = ["\n  ", "| ", "&& ", "`"]
            .iter()
            .any(|before| new.ends_with(before));
        let is_program = |name: &&str| {
            let after = rest
                .strip_prefix(*name)
                .and_then(|rest| rest.chars().next());
            matches!(after, Some(' ' | '`' | '\n'))
        };
        if let Some(name) = NAMES.iter().find(|name| begins && is_program(name)) {
            new.push_str(prefix);
            new.push_str(name);
            rest = &rest[name.len()..];
        } else {
            new.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::with_prefix;

    #[test]
    fn only_names_of_programs_get_the_prefix() {
        let help = "Examples:\n  read a.pcap   read all\n  recode - - | replay -i split\n  tcpdump -w - && count\n\n\
                    Then `merge` or `-`, and filter too.\nJSON:\n  reading, read and written";
        assert_eq!(
            with_prefix(help, "p-"),
            "Examples:\n  p-read a.pcap   read all\n  p-recode - - | p-replay -i split\n  tcpdump -w - && p-count\n\n\
             Then `p-merge` or `-`, and filter too.\nJSON:\n  reading, read and written"
        );
    }
}
