//! `pcap-filter`: copies the packets of a savefile that pass a filter.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use pcap_examples::copy_progress::CopyProgress;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files::is_same_file;
use pcap_examples::output_format::{self, OutputFormat};
use pcap_examples::savefile_reader::SavefileReader;
use pcap_examples::savefile_writer::SavefileWriter;
use pcap_examples::skipped_packets::{self, SkippedPackets};
use pcap_examples::{expression, program, signals};

const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-filter all.pcap dns.pcap udp port 53
  pcap-filter trace.pcapng trace.pcap            all packets, as a classic savefile
  pcap-filter all.pcap.gz - arp | pcap-read -

OUT has the link type, snaplen and precision of IN. Packets are copied unchanged, even if the
fraction of their time exceeds a second. If IN is damaged, the packets before the damage are copied
and the status is 1. After Ctrl-C, the packets read so far are copied and the status is 1. A packet
is in OUT within about a second after it is read.";

/// Copies the packets of a savefile that pass a filter into a new savefile.
///
/// Prints on standard error how many packets were copied and read.
#[derive(Parser)]
#[command(name = NAME, version,
    after_help = format!("{HELP}\n\n{}\n\n{}\n\n{}", signals::HELP, skipped_packets::HELP, output_format::HELP))]
pub(crate) struct Args {
    /// The savefile to read, pcap or pcapng, optionally compressed with gzip; `-` means standard input
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The savefile to write; `-` means standard output
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// The filter expression, as described in pcap-filter(7); several words are joined with spaces
    #[arg(value_name = "EXPR", allow_negative_numbers = true)]
    expression: Vec<String>,
}

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    if args.output == Path::new("-") && io::stdout().is_terminal() {
        exit::usage_error::<Args>("cannot write a savefile to a terminal");
    }
    if is_same_file(&args.input, &args.output) {
        let path = args.output.display();
        let text = format!("cannot write `{path}`: it is also the input");
        return Err(Failure::Text(text));
    }
    let output_format = OutputFormat::of_path(&args.output)?;
    let mut input = SavefileReader::open(&args.input, true)?;
    let expression = expression::join(&args.expression);
    let filter = input.capture().compile(&expression)?;
    signals::break_on_end(input.capture().break_handle());
    let OutputFormat { gzip, .. } = output_format;
    let format = output_format.format_for(input.capture().savefile_format());
    let mut savefile = SavefileWriter::create(&args.output, input.capture(), format, gzip)?;
    savefile.set_buffering_for_input(&args.input);
    let copy_progress = CopyProgress::new(&savefile, input.bar());
    let mut skipped = SkippedPackets::new(NAME, input.bar());
    let (_, outcome) = input.for_each_packet(|number, packet| {
        copy_progress.set_read(number);
        if filter.matches_packet(packet) {
            skipped.check_written(number, savefile.write(packet))?;
        }
        savefile.tick()
    });
    let closed = savefile.close();
    copy_progress.print();
    closed?;
    if signals::end_requested().is_some() {
        let path = args.input.display();
        let text = format!("stopped before the end of `{path}`");
        return Err(Failure::Text(text));
    }
    outcome.and(skipped.outcome())
}
