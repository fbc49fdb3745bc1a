//! Splits a savefile into several: by packets, by size, by time or by flow.

mod args;
mod by_flow;
mod by_limit;
mod file_list;
mod split;

use std::path::Path;
use std::process::ExitCode;

use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::numbered_files::Names;
use pcap_examples::output_format::Ending;
use pcap_examples::program;
use pcap_examples::savefile_reader::Input;

use crate::args::{Args, By, NAME};
use crate::by_flow::Flows;
use crate::by_limit::Parts;
use crate::split::split;

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    if args.max_open.is_some() && !args.by.flow {
        exit::usage::<Args>("--max-open requires --flow: otherwise only one savefile is open");
    }
    check(&args.output)?;
    let input = Input::open(&args.input, true)?;
    let names = Names::new(&args.output, &args.input, args.digits.into(), args.force);
    match &args.by {
        By { flow: true, .. } => split(args, input, Flows::new(args, names)),
        by => split(args, input, Parts::new(by, names)),
    }
}

/// Rejects a prefix with the ending of another format than pcap.
fn check(prefix: &Path) -> Outcome {
    if prefix.is_dir() {
        return Ok(());
    }
    match Ending::of(prefix)? {
        Ending::PCAP => Ok(()),
        _ => Err(Failure::Text(format!(
            "cannot write `{}-…`: the savefiles are uncompressed pcap, and their names end in \
             `.pcap`; `pcap-recode` converts them",
            prefix.display()
        ))),
    }
}
