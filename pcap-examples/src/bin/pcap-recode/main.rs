//! `pcap-recode`: copies a savefile, and changes its link type, snaplen, precision, format, compression or times.

mod anonymized_blocks;
mod args;
mod blocks;
mod counts;
mod packets;
mod recoded_interface;
mod recoder;
mod to_classic;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use pcap_core::{Precision, SavefileFormat};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files;
use pcap_examples::output_format::OutputFormat;
use pcap_examples::output_paths::OutputPaths;
use pcap_examples::program;
use pcap_examples::savefile_input::SavefileInput;
use pcap_examples::signals;

use crate::args::{Args, NAME};

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    if args.is_to_stdout() && io::stdout().is_terminal() {
        exit::usage_error::<Args>(files::TERMINAL_ERROR);
    }
    if files::is_same_file(&args.input, &args.output) {
        let path = args.output.display();
        let text = format!("cannot write `{path}`: it is also the input");
        return Err(Failure::Text(text));
    }
    if let Some(key) = args.rewrite.key_path() {
        let mut outputs = OutputPaths::default();
        outputs.add("--anonymize", key)?;
        outputs.add("OUT", &args.output)?;
    }
    let output_format = OutputFormat::of_path(&args.output)?.with(args.format);
    let input = SavefileInput::open(&args.input, !args.quiet)?;
    let format = output_format.format_for(input.format());
    args.comments.check(&args.output, format)?;
    signals::break_on_end(input.break_handle());
    let compression = output_format.compression;
    match (input, format) {
        (SavefileInput::Packets(input), _) => packets::copy(args, input, format, compression),
        (SavefileInput::Blocks(input), SavefileFormat::Pcapng) => {
            blocks::copy(args, input, compression)
        }
        (SavefileInput::Blocks(input), _) => to_classic::copy(args, input, compression),
    }
}

/// Checks that an output of this precision can have the times.
fn check_shift(args: &Args, precision: Precision) -> Outcome {
    if precision == Precision::Micro && !args.shift.unwrap_or_default().is_micros() {
        let text = "cannot shift by a fraction of a microsecond: the savefile has microsecond precision; \
                    use --time-stamp-precision nano";
        return Err(Failure::Text(text.to_owned()));
    }
    Ok(())
}

/// Returns a failure if a request to end the program stopped the copy, and otherwise the outcome of reading.
fn outcome_of_reading(args: &Args, outcome: Outcome) -> Outcome {
    match signals::end_requested() {
        // The signal may have ended a pipe, and truncated its last packet.
        Some(_) => Err(Failure::Text(format!(
            "stopped before the end of `{}`",
            args.input.display()
        ))),
        None => outcome,
    }
}
