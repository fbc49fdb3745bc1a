//! `pcap-split`: splits a savefile by number of packets, by size, by time or by flow.

mod args;
mod blocks;
mod by_flow;
mod by_limit;
mod file_list;
mod packets;
mod part;
mod split;

use std::path::Path;
use std::process::ExitCode;

use pcap_core::SavefileFormat;
use pcap_examples::exit::{self, Outcome};
use pcap_examples::numbered_files::NumberedFiles;
use pcap_examples::output_format::OutputFormat;
use pcap_examples::program;
use pcap_examples::savefile_input::SavefileInput;

use crate::args::{Args, NAME, SplitBy};
use crate::by_flow::FlowSplitter;
use crate::by_limit::LimitSplitter;
use crate::split::Splitter;

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    if args.max_open.is_some() && !args.by.flow {
        exit::usage_error::<Args>(
            "--max-open requires --flow: otherwise only one savefile is open",
        );
    }
    let output_format = prefix_format(&args.output)?.with(args.format);
    let input = SavefileInput::open(&args.input, true)?;
    let format = output_format.format_for(input.format());
    args.comments.check(&args.output, format)?;
    let digits = args.digits.into();
    let numbered_files = NumberedFiles::new(
        &args.output,
        &args.input,
        digits,
        args.force,
        format,
        output_format.compression,
    );
    match &args.by {
        SplitBy { flow: true, .. } => {
            split_input(args, input, format, FlowSplitter::new(args, numbered_files))
        }
        by => split_input(args, input, format, LimitSplitter::new(by, numbered_files)),
    }
}

fn split_input(
    args: &Args,
    input: SavefileInput,
    format: SavefileFormat,
    splitter: impl Splitter,
) -> Outcome {
    match input {
        SavefileInput::Packets(input) => packets::split(args, input, format, splitter),
        SavefileInput::Blocks(input) => blocks::split(args, input, format, splitter),
    }
}

/// Returns the format that a prefix stands for.
fn prefix_format(prefix: &Path) -> Outcome<OutputFormat> {
    match prefix.is_dir() {
        true => Ok(OutputFormat {
            format: None,
            compression: None,
        }),
        false => OutputFormat::of_path(prefix),
    }
}
