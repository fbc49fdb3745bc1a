//! `pcap-stats`: counts what is in packets, and prints tables, or writes a report and plots.

mod args;
mod csv;
mod json;
mod live;
mod live_report;
mod outputs;
mod plots;
mod report;
mod savefiles;
mod sheet;
mod tables;
mod text;

use std::process::ExitCode;

use pcap_examples::exit::{self, Outcome};
use pcap_examples::options::device::Source;
use pcap_examples::program;

use crate::args::{Args, NAME};
use crate::outputs::Result;

fn main() -> ExitCode {
    program::main(NAME, |args: Args| {
        if let Some(mistake) = args.range.mistake() {
            exit::usage_error::<Args>(&mistake);
        }
        if args.csv && args.tables.len() > 1 {
            exit::usage_error::<Args>("--csv requires a single --table");
        }
        run(&args)
    })
}

fn run(args: &Args) -> Outcome {
    match args.source.source::<Args>()? {
        Source::Savefiles(input) => {
            input.check(NAME)?;
            outputs::check(args, &input.files)?;
            let (traffic, outcome) = savefiles::count(args, &input);
            let names = input.files.iter().map(|path| path.display().to_string());
            let warnings = match &outcome {
                Ok(()) => Vec::new(),
                Err(failure) => vec![format!("Packets are missing: {}.", failure.reason())],
            };
            let result = Result {
                traffic: &traffic,
                sources: names.collect(),
                warnings,
            };
            exit::both(outcome, outputs::write(args, &result))
        }
        Source::Devices(devices) => {
            outputs::check(args, &[])?;
            let (traffic, report, outcome) = live::count(args, &devices)?;
            let names = devices
                .iter()
                .map(|device| device.display_name().into_owned());
            let result = Result {
                traffic: &traffic,
                sources: names.collect(),
                warnings: report.warnings(),
            };
            let written = outputs::write(args, &result);
            if !args.quiet {
                report.print();
            }
            exit::both(outcome, written)
        }
    }
}
