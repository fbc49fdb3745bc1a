//! The command line of `pcap-merge`.

use std::path::PathBuf;

use clap::Parser;
use pcap_examples::{output_format, savefile_summary, signals};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-merge -w day.pcap hour-*.pcap             merge by time, whatever the order of inputs
  pcap-merge -w all.pcap --append a.pcap b.pcapng
  pcap-merge -w - left.pcap right.pcap | pcap-read -
  find . -name '*.pcap' > names && pcap-merge -w /tmp/all.pcap --files-from names

The inputs must have the same link type. OUT has the largest snaplen of the inputs. It has
nanosecond precision if one of the inputs does, as pcapng always does. It declares the length of the
frame check sequence if all inputs declare the same; otherwise a warning is printed. Packets with
equal times are ordered like the inputs on the command line. Packets of one input keep their order,
even if their times do not ascend.

Unreadable inputs, packets after a damaged record, and packets that the format of OUT cannot
represent, such as those with a time before 1970 or after 2106 in classic pcap, are reported and
skipped. Everything else is merged, and the status is 1. After Ctrl-C, OUT contains the packets
merged so far, and the status is 1.";

const JSON_HELP: &str = "  \
  Further members are inputs (the number of inputs) and unread (the number of inputs of which
  something was skipped). If writing fails, not_written is the number of missing packets, bytes is
  the length that was written, and first and last are missing. With `-w -`, the line is printed on
  standard error.";

/// Merges savefiles into a new one, in the order of packet times.
///
/// Prints on standard error how many packets it wrote, and the number of inputs.
#[derive(Parser)]
#[command(name = NAME, version,
    after_help = format!(
        "{HELP}\n\n{}\n\n{}\n\n{}\n{JSON_HELP}",
        signals::HELP, output_format::HELP, savefile_summary::HELP
    )
)]
pub(crate) struct Args {
    /// The savefiles to read, pcap or pcapng, optionally compressed with gzip; `-` means standard input
    #[arg(value_name = "IN", required_unless_present = "files_from")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Read the names of further inputs from a file, one per line; `-` means standard input. For more
    /// names than fit on a command line
    #[arg(long, value_name = "FILE")]
    pub(crate) files_from: Option<PathBuf>,
    /// The savefile to write; `-` means standard output
    #[arg(short, long, value_name = "OUT")]
    pub(crate) write: PathBuf,
    /// Merge only packets that pass this filter expression, as described in pcap-filter(7)
    #[arg(short, long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,
    /// Write the packets of one input after those of another, regardless of their times
    #[arg(short, long)]
    pub(crate) append: bool,
    /// The maximum number of inputs open at once. Each needs two file descriptors and half a MiB of
    /// memory. More inputs are merged in rounds, using temporary files (in TMPDIR)
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) max_open: u32,
    /// Print the summary as a line of JSON (see below)
    #[arg(long)]
    pub(crate) json: bool,
    /// Print only errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
