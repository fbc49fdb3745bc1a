//! The common `main` of the programs: parses the command line, runs the program, and returns its exit status.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::{self, ExitCode};

use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, Parser};

use crate::background_writer::BackgroundWriter;
use crate::exit::{self, Failure, Outcome};
use crate::json::JsonOutput;
use crate::options::refused;
use crate::value_parsers::to_output_path;
use crate::{closed_stdout, escape, help, signals, stderr};

/// The names of the programs.
pub const NAMES: [&str; 13] = [
    "pcap-bpf",
    "pcap-capture",
    "pcap-demo",
    "pcap-devices",
    "pcap-filter",
    "pcap-info",
    "pcap-merge",
    "pcap-read",
    "pcap-recode",
    "pcap-replay",
    "pcap-split",
    "pcap-stats",
    "pcap-top",
];

/// Runs a program: starts handling signals, parses the command line, calls `run`, and closes standard output.
pub fn main<A: Parser>(name: &'static str, run: impl FnOnce(A) -> Outcome) -> ExitCode {
    signals::start(move || exit::give_up(name));
    let outcome = match parse(name) {
        Ok(Some((args, json))) => match json {
            Some(output) => output.print_error(run(args)),
            None => run(args),
        },
        Ok(None) => Ok(()),
        Err(error) => Err(Failure::Stdout(error)),
    };
    let closed = BackgroundWriter::close_stdout().map_err(Failure::Stdout);
    let status = exit::status(name, outcome.and(closed));
    signals::wait_if_killed();
    status
}

/// Returns the description of a command line, with options that all programs have.
#[must_use]
pub fn command<A: CommandFactory>() -> Command {
    arranged(A::command())
}

/// Returns the description of the command line of the program with this name, for another program.
#[must_use]
pub fn command_of<A: CommandFactory>(name: &'static str) -> Command {
    arranged(A::command().name(name))
}

fn arranged(command: Command) -> Command {
    let command = help::arrange(command);
    // tcpdump's `-V` has another meaning, so only `--version` prints the version.
    let version = format!(
        "{} with {}",
        env!("CARGO_PKG_VERSION"),
        pcap_core::version()
    );
    command
        .mut_args(with_negative_numbers)
        .version(version)
        .disable_version_flag(true)
        .arg(
            Arg::new("version")
                .long("version")
                .action(ArgAction::Version)
                .help("Print the versions of the program and of libpcap")
                .help_heading(None),
        )
        .max_term_width(80)
}

/// Lets the value of an option be a negative number, which is not taken for another option.
fn with_negative_numbers(arg: Arg) -> Arg {
    let takes_values = match arg.get_num_args() {
        Some(number) => number.takes_values(),
        None => arg.get_action().takes_values(),
    };
    match takes_values && !arg.is_positional() {
        true => arg.allow_negative_numbers(true),
        false => arg,
    }
}

/// Parses the command line. Also returns where JSON goes with `--json`. Returns `None` after printing the help or the
/// version. Ends the program with status 2 if the command line is wrong.
fn parse<A: Parser>(name: &str) -> io::Result<Option<(A, Option<JsonOutput>)>> {
    match command::<A>().try_get_matches() {
        Ok(matches) => {
            let args = A::from_arg_matches(&matches);
            let args = args
                .unwrap_or_else(|error| exit_with_usage_error(&error.format(&mut command::<A>())));
            Ok(Some((args, json_output(&matches))))
        }
        Err(mut error) if error.use_stderr() => {
            // An option that does not exist is hardly ever the name of a file.
            error.remove(ContextKind::Suggested);
            let refused = refused::sentence_about(name, &error);
            exit_with_usage_error(&match refused {
                Some((argument, sentence)) => command::<A>().error(
                    ErrorKind::UnknownArgument,
                    format!("unsupported argument '{argument}': {sentence}"),
                ),
                None => error,
            })
        }
        Err(text) => {
            closed_stdout::check_stdout()?;
            text.print()?;
            io::stdout().flush()?;
            Ok(None)
        }
    }
}

/// Returns where JSON goes, or `None` without `--json`.
fn json_output(matches: &ArgMatches) -> Option<JsonOutput> {
    let is_json = matches.try_get_one::<bool>("json").ok()?;
    is_json.filter(|&&is_json| is_json)?;
    // The names of a savefile to write in the descriptions of the command lines.
    let is_stdout_taken = ["output", "write"].iter().any(|name| {
        let values = matches.try_get_raw(name).ok().flatten();
        values.is_some_and(|mut values| {
            values.any(|value| to_output_path(value.into()) == Path::new("-"))
        })
    });
    Some(JsonOutput::beside(is_stdout_taken))
}

/// Reports a wrong command line, and ends the program.
fn exit_with_usage_error(error: &clap::Error) -> ! {
    let is_plain = |word: OsString| {
        let bytes = word.as_encoded_bytes();
        escape::controls(bytes).as_bytes() == bytes
    };
    if env::args_os().all(is_plain) {
        error.exit();
    }
    // clap's message repeats words of the command line unescaped. A shell's `*` may expand to files whose names look
    // like options and contain control characters.
    error
        .render()
        .to_string()
        .lines()
        .for_each(stderr::print_line);
    process::exit(error.exit_code());
}
