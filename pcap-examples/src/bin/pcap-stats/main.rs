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

use std::path::PathBuf;
use std::process::ExitCode;

use pcap_examples::exit::{self, Outcome};
use pcap_examples::options::device::Source;
use pcap_examples::options::table::Table;
use pcap_examples::program;

use crate::args::{Args, NAME};
use crate::outputs::Result;

fn main() -> ExitCode {
    program::main(NAME, |args: Args| {
        if let Some(mistake) = args.range.mistake() {
            exit::usage_error::<Args>(&mistake);
        }
        if let Some(mistake) = mistake(&args) {
            exit::usage_error::<Args>(mistake);
        }
        run(&args)
    })
}

/// Returns what is wrong with options that are right one by one.
fn mistake(args: &Args) -> Option<&'static str> {
    let has_no_layer =
        |table: &Table| matches!(table, Table::Conversations(None) | Table::Endpoints(None));
    let mut intervals = args.tables.iter().filter_map(|table| match table {
        Table::Rates(interval) => *interval,
        _ => None,
    });
    let first = intervals.next();
    let prints = !args.tables.is_empty() || args.json;
    let is_stdout = |path: &PathBuf| path.as_os_str() == "-";
    if args.csv && args.tables.len() > 1 {
        Some("--csv requires a single --table")
    } else if args.csv && args.tables.iter().any(has_no_layer) {
        Some("--csv requires a layer, as in `--table conversations,tcp`")
    } else if intervals.any(|interval| Some(interval) != first) {
        Some("expected a single interval for --table rates")
    } else if prints && args.report.as_ref().is_some_and(is_stdout) {
        Some("cannot write the report and tables to standard output together")
    } else {
        None
    }
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
            // If no savefile could be read, a report of an earlier run remains.
            if outcome.is_err() && traffic.totals().packets == 0 {
                return outcome;
            }
            let result = Result {
                traffic: &traffic,
                sources: names.collect(),
                warnings,
            };
            exit::both(outcome, outputs::write(args, &result))
        }
        Source::Devices(devices) => {
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
