//! `pcap-filter`: copies the packets of a savefile that pass a filter.

mod args;
mod blocks;
mod packets;
mod picker;
mod sorting;
mod to_classic;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use pcap_core::SavefileFormat;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files::{TERMINAL_ERROR, is_same_file};
use pcap_examples::output_format::OutputFormat;
use pcap_examples::savefile_input::SavefileInput;
use pcap_examples::{program, signals};

use crate::args::{Args, NAME};

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    if args.output == Path::new("-") && io::stdout().is_terminal() {
        exit::usage_error::<Args>(TERMINAL_ERROR);
    }
    args.filter.check_stdin::<Args>([&args.input]);
    if args.duplicates.is_incomplete() {
        exit::usage_error::<Args>(
            "--ignore-bytes requires --dedup, --dedup-window or --dedup-time",
        );
    }
    if let Some(mistake) = args.range.mistake() {
        exit::usage_error::<Args>(&mistake);
    }
    if is_same_file(&args.input, &args.output) {
        let path = args.output.display();
        let text = format!("cannot write `{path}`: it is also the input");
        return Err(Failure::Text(text));
    }
    let output_format = OutputFormat::of_path(&args.output)?.with(args.format);
    let input = SavefileInput::open(&args.input, !args.quiet)?;
    let format = output_format.format_for(input.format());
    args.comments.check(&args.output, format)?;
    signals::break_on_end(input.break_handle());
    let selection = args.filter.selection()?;
    let compression = output_format.compression;
    match (input, format) {
        (SavefileInput::Packets(input), _) => {
            packets::copy(args, input, &selection, format, compression)
        }
        (SavefileInput::Blocks(input), SavefileFormat::Pcapng) => {
            blocks::copy(args, input, selection, compression)
        }
        (SavefileInput::Blocks(input), _) => to_classic::copy(args, input, selection, compression),
    }
}

/// Returns a failure if a request to end the program stopped the copy, and otherwise the outcome of reading.
fn outcome_of_reading(args: &Args, outcome: Outcome) -> Outcome {
    match signals::end_requested() {
        Some(_) => Err(Failure::Text(format!(
            "stopped before the end of `{}`",
            args.input.display()
        ))),
        None => outcome,
    }
}
