//! `pcap-split`: splits a savefile by number of packets, by size, by time or by flow.

mod args;
mod blocks;
mod by_flow;
mod by_limit;
mod file_list;
mod names;
mod packets;
mod part;
mod spans;
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
use crate::names::Names;
use crate::split::Splitter;

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    args.filter.check_stdin::<Args>([&args.input]);
    if args.max_open.is_some() && !args.by.flow {
        exit::usage_error::<Args>(
            "--max-open requires --flow: otherwise only one savefile is open",
        );
    }
    if args.ignore_vlan && !args.by.flow {
        exit::usage_error::<Args>("--ignore-vlan requires --flow");
    }
    if args.align && args.by.every.is_none() {
        exit::usage_error::<Args>("--align requires --every");
    }
    let prefix = args.prefix();
    let output_format = prefix_format(prefix)?.with(args.format);
    let input = SavefileInput::open(&args.input, true)?;
    let format = output_format.format_for(input.format());
    args.comments.check(prefix, format)?;
    let digits = args.digits.into();
    let numbered_files = NumberedFiles::new(
        prefix,
        &args.input,
        digits,
        args.force,
        format,
        output_format.compression,
    );
    let names = match &args.name {
        None => Names::numbered(numbered_files),
        Some(name) => {
            let folder = args.output.as_deref();
            Names::of_template(numbered_files, folder, name, format, args.by.flow)?
        }
    };
    match &args.by {
        SplitBy { flow: true, .. } => {
            split_input(args, input, format, FlowSplitter::new(args, names))
        }
        _ => split_input(args, input, format, LimitSplitter::new(args, names)),
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
