//! The options that choose the devices to capture on, and how to capture on each.

mod args;
mod list;
mod requests;
mod source;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use pcap_core::{Active, Capture, CompileOptions, Dlt, Inactive, WarningKind};

use self::args::DeviceArgs;
pub use self::list::DeviceList;
use self::requests::Request;
pub use self::source::{Source, SourceOptions};
use crate::exit::Outcome;
use crate::options::filter::Selection;
use crate::{device, expression};

/// The options of a program that captures.
#[derive(Clone, Debug, Default)]
pub struct DeviceOptions {
    args: DeviceArgs,
    requests: Vec<Request>,
    /// The first option on the command line that only concerns captures.
    capture_option: Option<&'static str>,
}

/// The options that only concern captures, besides `-i`: their identifiers and how users know them.
const CAPTURE_OPTIONS: [(&str, &str); 11] = [
    ("snaplen", "-s"),
    ("linktype", "-y"),
    ("buffer_size", "-B"),
    ("no_promiscuous_mode", "-p"),
    ("monitor_mode", "-I"),
    ("immediate_mode", "--immediate-mode"),
    ("timeout", "--timeout"),
    ("time_stamp_type", "-j"),
    ("time_stamp_precision", "--time-stamp-precision"),
    ("micro", "--micro"),
    ("direction", "-Q"),
];

/// A device to capture on, with its options.
#[derive(Clone, Debug)]
pub struct ChosenDevice {
    /// The name that libpcap knows.
    pub name: OsString,
    /// The filter expression; an empty one accepts all packets.
    pub expression: String,
    /// How to compile the expression.
    pub compile_options: CompileOptions,
    /// The link type of the command line.
    pub linktype: Option<Dlt>,
    /// The options of the capture, except the link type and the filter.
    options: Capture<Inactive>,
}

impl DeviceOptions {
    /// Returns the list to print instead of capturing, if one is requested.
    #[must_use]
    pub fn list(&self) -> Option<DeviceList> {
        let lists = &self.args.lists;
        match lists.dump_filter {
            _ if lists.list_interfaces => Some(DeviceList::Devices),
            _ if lists.list_data_link_types => Some(DeviceList::LinkTypes),
            _ if lists.list_time_stamp_types => Some(DeviceList::TimeStampTypes),
            0 => None,
            times => Some(DeviceList::Filters(times)),
        }
    }

    /// Returns an option on the command line that only concerns captures, for a program that may read a savefile instead.
    #[must_use]
    pub fn capture_option(&self) -> Option<&'static str> {
        self.capture_option
    }

    /// Returns the packet-buffer timeout: how long packets may wait in the kernel's buffer, at most.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.args.capture.common.timeout()
    }

    /// Returns the devices, in the order of the command line.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no default device, if a number does not stand for a device, or if the file of the
    /// filter expression cannot be read.
    pub fn devices(&self) -> Outcome<Vec<ChosenDevice>> {
        let default_expression = self.default_expression()?;
        let compile_options = self.compile_options();
        let device = |request: &Request| {
            let expression = request.filter.as_ref().unwrap_or(&default_expression);
            self.args
                .capture
                .device(request, expression, compile_options)
        };
        self.requests.iter().map(device).collect()
    }

    /// Returns the filter for the packets of a savefile, for a program that reads one instead of a device.
    ///
    /// # Errors
    ///
    /// Returns an error if the file of the filter expression cannot be read.
    pub fn selection(&self) -> Outcome<Selection> {
        let request = self.requests.first();
        let expression = match request.and_then(|request| request.filter.clone()) {
            Some(expression) => expression,
            None => self.default_expression()?,
        };
        Ok(Selection {
            expression,
            options: self.compile_options(),
        })
    }

    /// Returns whether the filter expression comes from standard input.
    #[must_use]
    pub fn reads_stdin(&self) -> bool {
        self.args.filter_file.as_deref() == Some(Path::new("-"))
    }

    /// Returns the expression of the devices without `-f`.
    fn default_expression(&self) -> Outcome<String> {
        match &self.args.filter_file {
            Some(file) => expression::from_file(file),
            None => Ok(expression::join(&self.args.words)),
        }
    }

    fn compile_options(&self) -> CompileOptions {
        CompileOptions::new().optimize(!self.args.no_optimize)
    }

    /// Checks that each filter expression applies to a device.
    fn check(&self) -> Result<(), clap::Error> {
        let (words, file) = (&self.args.words, &self.args.filter_file);
        let is_unused = self.requests.iter().all(|request| request.filter.is_some());
        if is_unused && (!words.is_empty() || file.is_some()) {
            let unused = match file {
                Some(_) => "-F",
                None => "the filter expression at the end",
            };
            return Err(clap::Error::raw(
                ErrorKind::ArgumentConflict,
                format!("{unused} cannot be used with -f: every device has a filter already"),
            ));
        }
        Ok(())
    }
}

impl ChosenDevice {
    /// Calls `activate` with the options of the device: its link type or the default one, and its filter.
    ///
    /// # Errors
    ///
    /// Returns the errors of the closure.
    pub fn activate<T>(&self, activate: impl Fn(Capture<Inactive>) -> Outcome<T>) -> Outcome<T> {
        let source = (self.expression.as_str(), self.compile_options);
        let options = self.options.clone().filter(source);
        match self.linktype {
            Some(linktype) => activate(options.datalink(linktype)),
            None => device::activate(&self.name, options, activate),
        }
    }

    /// Returns what to print at the start: the device, its link type and its snaplen, and then the warnings of libpcap.
    ///
    /// Promiscuous mode is only the default, so a device without that mode, such as `any`, needs no warning.
    #[must_use]
    pub fn announcement(&self, capture: &Capture<Active>) -> Vec<String> {
        let linktype = capture.datalink();
        let what = linktype.description().unwrap_or_default();
        let (name, snaplen) = (self.display_name(), capture.snaplen());
        let listening =
            format!("listening on {name}, {linktype} ({what}), snaplen {snaplen} bytes");
        let warnings = capture.warnings().iter();
        let warnings =
            warnings.filter(|warning| warning.kind() != WarningKind::PromiscNotSupported);
        let warnings = warnings.map(|warning| format!("warning: {name}: {warning}"));
        std::iter::once(listening).chain(warnings).collect()
    }

    /// Returns the options without a link type and a filter.
    #[must_use]
    pub fn plain_options(&self) -> &Capture<Inactive> {
        &self.options
    }

    /// Returns the name for messages.
    #[must_use]
    pub fn display_name(&self) -> std::borrow::Cow<'_, str> {
        OsStr::to_string_lossy(&self.name)
    }
}

impl FromArgMatches for DeviceOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<DeviceOptions, clap::Error> {
        let args = DeviceArgs::from_arg_matches(matches)?;
        let requests = requests::requests(&args.capture, &args.filter, matches);
        let is_given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let given = CAPTURE_OPTIONS.iter().find(|(id, _)| is_given(id));
        let options = DeviceOptions {
            args,
            requests,
            capture_option: given.map(|(_, name)| *name),
        };
        options.check()?;
        Ok(options)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = DeviceOptions::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for DeviceOptions {
    fn augment_args(command: Command) -> Command {
        DeviceArgs::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        DeviceArgs::augment_args_for_update(command)
    }
}

#[cfg(test)]
mod tests;
