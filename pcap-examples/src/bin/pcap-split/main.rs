//! `pcap-split`: splits a savefile by number of packets, by size, by time or by flow.

mod args;
mod by_flow;
mod by_limit;
mod file_list;
mod split;

use std::path::Path;
use std::process::ExitCode;

use pcap_core::SavefileFormat;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::numbered_files::NumberedFiles;
use pcap_examples::output_format::OutputFormat;
use pcap_examples::program;
use pcap_examples::savefile_reader::SavefileReader;

use crate::args::{Args, NAME, SplitBy};
use crate::by_flow::FlowSplitter;
use crate::by_limit::LimitSplitter;
use crate::split::split;

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    if args.max_open.is_some() && !args.by.flow {
        exit::usage_error::<Args>(
            "--max-open requires --flow: otherwise only one savefile is open",
        );
    }
    check_prefix(&args.output)?;
    let input = SavefileReader::open(&args.input, true)?;
    let numbered_files =
        NumberedFiles::new(&args.output, &args.input, args.digits.into(), args.force);
    match &args.by {
        SplitBy { flow: true, .. } => split(args, input, FlowSplitter::new(args, numbered_files)),
        by => split(args, input, LimitSplitter::new(by, numbered_files)),
    }
}

/// Rejects a prefix with the extension of a format other than uncompressed pcap.
fn check_prefix(prefix: &Path) -> Outcome {
    if prefix.is_dir() {
        return Ok(());
    }
    match OutputFormat::of_path(prefix)? {
        OutputFormat {
            format: None | Some(SavefileFormat::Pcap),
            gzip: false,
        } => Ok(()),
        _ => Err(Failure::Text(format!(
            "cannot write `{}-…`: the savefiles are uncompressed pcap, and their names end in \
             `.pcap`; `pcap-recode` converts them",
            prefix.display()
        ))),
    }
}
