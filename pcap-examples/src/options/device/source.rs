//! The options of programs that read savefiles or capture.

use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches};

use super::ChosenDevice;
use super::args::CaptureArgs;
use super::requests::{self, Request};
use crate::exit::Outcome;
use crate::options::input::{Input, InputOptions};

/// The savefiles to read, or with `-i` the devices to capture on.
#[derive(Clone, Debug, Default)]
pub struct SourceOptions {
    args: SourceArgs,
    requests: Vec<Request>,
}

#[derive(Args, Clone, Debug, Default)]
struct SourceArgs {
    #[command(flatten)]
    input: InputOptions,
    #[command(flatten)]
    capture: CaptureArgs,
}

/// Where packets come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// From savefiles.
    Savefiles(Input),
    /// From devices.
    Devices(Vec<ChosenDevice>),
}

impl SourceOptions {
    /// Returns the savefiles, or the devices in the order of the command line. Ends the program if the command line
    /// has both.
    ///
    /// # Errors
    ///
    /// Returns an error if a number does not stand for a device, or if the file of the filter expression cannot be read.
    pub fn source<A: CommandFactory>(&self) -> Outcome<Source> {
        let SourceArgs { input, capture } = &self.args;
        if capture.interface.is_empty() {
            return Ok(Source::Savefiles(input.input::<A>()?));
        }
        let selection = input.selection::<A>()?;
        let device = |request| capture.device(request, &selection.expression, selection.options);
        let devices = self.requests.iter().map(device);
        Ok(Source::Devices(devices.collect::<Outcome<_>>()?))
    }

    /// Returns the packet-buffer timeout: how long packets may wait in the kernel's buffer, at most.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.args.capture.common.timeout()
    }
}

impl FromArgMatches for SourceOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<SourceOptions, clap::Error> {
        let args = SourceArgs::from_arg_matches(matches)?;
        if args.capture.interface.is_empty() {
            check_unused(matches)?;
        }
        let requests = requests::requests(&args.capture, &[], matches);
        Ok(SourceOptions { args, requests })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = SourceOptions::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for SourceOptions {
    fn augment_args(command: Command) -> Command {
        arrange(SourceArgs::augment_args(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        arrange(SourceArgs::augment_args_for_update(command))
    }
}

/// The options that have no effect without a device.
const DEVICE_ONLY: [&str; 13] = [
    "snaplen",
    "linktype",
    "buffer_size",
    "no_promiscuous_mode",
    "monitor_mode",
    "immediate_mode",
    "timeout",
    "time_stamp_type",
    "time_stamp_precision",
    "micro",
    "direction",
    "duration",
    "user",
];

/// Checks that no option has no effect, because there is no device.
fn check_unused(matches: &ArgMatches) -> Result<(), clap::Error> {
    let is_known = |id: &str| matches.try_contains_id(id).is_ok();
    let is_given =
        |id: &&str| is_known(id) && matches.value_source(id) == Some(ValueSource::CommandLine);
    match DEVICE_ONLY.into_iter().find(is_given) {
        Some(id) => {
            let name = match id {
                "snaplen" => "snapshot-length".to_owned(),
                "user" => "relinquish-privileges".to_owned(),
                id => id.replace('_', "-"),
            };
            let text = format!("--{name} requires a device: --interface DEV\n");
            Err(clap::Error::raw(ErrorKind::MissingRequiredArgument, text))
        }
        None => Ok(()),
    }
}

/// Adapts the arguments of both kinds of source to each other.
fn arrange(command: Command) -> Command {
    command
        .mut_arg("words", |words| {
            let words = words.required_unless_present_any(["read", "interface"]);
            words.help("The savefiles to read; `-` means standard input. With `-r` or `-i`, the words of the filter instead")
        })
        .mut_arg("interface", |interface| {
            let interface = interface.conflicts_with("read").long_help(None);
            interface.help("Capture on this device instead of reading savefiles, by its name or its number in pcap-capture -D")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        source: SourceOptions,
    }

    fn parse(line: &str) -> Result<Source, clap::Error> {
        let words = ["program"].into_iter().chain(line.split_whitespace());
        let parsed = Words::try_parse_from(words)?;
        Ok(parsed.source.source::<Words>().unwrap())
    }

    #[test]
    fn words_are_files_or_with_a_device_the_filter() {
        let Source::Savefiles(input) = parse("a b").unwrap() else {
            panic!("expected savefiles");
        };
        assert_eq!(input.files.len(), 2);
        for line in ["-i x -s 9 arp or udp", "arp or udp -i x"] {
            let Source::Devices(devices) = parse(line).unwrap() else {
                panic!("expected devices");
            };
            assert_eq!(devices.len(), 1);
            assert_eq!(devices[0].expression, "arp or udp");
        }
        let Source::Devices(devices) = parse("-i x -f arp").unwrap() else {
            panic!("expected devices");
        };
        assert_eq!(devices[0].expression, "arp");
        let Source::Devices(devices) = parse("-i x -i y tcp").unwrap() else {
            panic!("expected devices");
        };
        assert!(devices.iter().all(|device| device.expression == "tcp"));
    }

    #[test]
    fn options_of_captures_require_a_device() {
        for line in [
            "",
            "-s 9 a",
            "-p a",
            "-i x -r a",
            "-r a -Q in",
            "-r a --micro",
            "--timeout 5 a",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
