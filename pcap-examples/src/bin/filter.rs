//! Copies the packets of a savefile that pass a filter.

use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use pcap_core::CompileOptions;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files::{is_same_file, length, record_length};
use pcap_examples::{expression, input, progress, stop};

const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  filter all.pcap dns.pcap udp port 53
  filter trace.pcapng trace.pcap            all packets, as a classic savefile
  gunzip -c all.pcap.gz | filter - - arp | read -

The new savefile has the link type, the snaplen and the precision of the old one. Of a damaged
savefile the packets before the damage are copied; the status is 1. So it is after Ctrl-C (or
SIGTERM): what is written is complete then.";

/// Copies the packets of a savefile that pass a filter into a new savefile.
///
/// It says on standard error how many packets passed of how many.
#[derive(Parser)]
#[command(name = NAME, version, after_help = HELP)]
struct Args {
    /// The savefile to read, pcap or pcapng; `-` is standard input
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The savefile to write, pcap; `-` is standard output
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// The filter, in the language of pcap-filter(7); several words are joined by spaces
    #[arg(value_name = "EXPR", allow_negative_numbers = true)]
    expression: Vec<String>,
}

fn main() -> ExitCode {
    exit::status(NAME, run(&Args::parse()))
}

fn run(args: &Args) -> Outcome {
    if args.output == Path::new("-") && io::stdout().is_terminal() {
        exit::usage::<Args>("a savefile cannot be written to a terminal");
    }
    if is_same_file(&args.input, &args.output) {
        let path = args.output.display();
        let text = format!("cannot write `{path}`: it is the savefile that is read");
        return Err(Failure::Text(text));
    }
    let mut capture = input::capture(&args.input).map_err(|e| input::name(&args.input, e))?;
    stop::on_ctrl_c(capture.break_handle())?;
    let expression = expression::join(&args.expression);
    let filter = capture.compile(&expression, CompileOptions::default())?;
    let mut dumper = capture.dump(&args.output)?;

    let bar = progress::bytes(length(&args.input));
    let record = record_length(&capture);
    let (mut read, mut passed, mut bytes) = (0_u64, 0_u64, 24);
    let flow = capture.try_for_each(|packet| {
        read += 1;
        bytes += record(packet);
        if read % 4096 == 0 {
            bar.set_position(bytes);
        }
        if filter.matches_packet(packet) {
            if let Err(error) = dumper.write_packet(packet) {
                return ControlFlow::Break(error);
            }
            passed += 1;
        }
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    match flow {
        Ok(ControlFlow::Break(error)) => return Err(error.into()),
        Ok(ControlFlow::Continue(_)) | Err(_) => dumper.close()?,
    }
    exit::note(format_args!("{passed} of {read} packets"));
    match flow {
        _ if stop::asked().is_some() => {
            let path = args.input.display();
            let text = format!("stopped before the end of `{path}`");
            Err(Failure::Text(text))
        }
        Err(error) => Err(input::name(&args.input, error)),
        Ok(_) => Ok(()),
    }
}
