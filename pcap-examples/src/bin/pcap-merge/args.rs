//! The command line.

use std::path::PathBuf;

use clap::Parser;
use pcap_examples::{output_format, savefile_summary, signals};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-merge -w day.pcap hour-*.pcap             by time, in whatever order they are named
  pcap-merge -w all.pcap --append a.pcap b.pcapng
  pcap-merge -w - left.pcap right.pcap | pcap-read -
  find . -name '*.pcap' > names && pcap-merge -w /tmp/all.pcap --files-from names

The savefiles must have the same link type. The new one has the largest snaplen, and nanosecond
precision if one of them has (pcapng always does). It declares the length of the frame check
sequences if all of them agree; otherwise a warning is printed. Packets with equal times have
the order of the files on the command line. Packets of one file keep their order: one that is
earlier than those before it follows them.

Unreadable files, packets after a damaged record, and packets that the savefile cannot hold,
such as those with a time before 1970 or after 2106, are reported and skipped; the rest is
merged and the status is 1. After Ctrl-C the packets merged so far are in the savefile, and the
status is 1.";

const JSON_HELP: &str = "  \
  Also inputs (the savefiles named) and unread (those of which something was skipped). If
  writing fails, not_written is the number of missing packets, bytes is the length of what is
  there, and first and last are missing. With `-w -` the line goes to standard error.";

/// Merges savefiles into a new one, in the order of packet times.
///
/// Prints on standard error how many packets of how many savefiles it wrote.
#[derive(Parser)]
#[command(name = NAME, version,
    after_help = format!("{HELP}\n\n{}\n\n{}\n\n{}\n{JSON_HELP}", signals::HELP, output_format::HELP, savefile_summary::HELP))]
pub(crate) struct Args {
    /// The savefiles to read, pcap and pcapng, optionally compressed with gzip; `-` is standard input
    #[arg(value_name = "IN", required_unless_present = "files_from")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Read more names from a file, one per line, if there are too many for a command line; `-` is
    /// standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) files_from: Option<PathBuf>,
    /// The savefile to write; `-` is standard output
    #[arg(short, long, value_name = "OUT")]
    pub(crate) write: PathBuf,
    /// Only packets that pass this filter, in the language of pcap-filter(7)
    #[arg(short, long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,
    /// Write one savefile after the other, whatever their times
    #[arg(short, long)]
    pub(crate) append: bool,
    /// The maximum number of inputs open at once. Each needs two descriptors and half a MiB. More are
    /// merged in rounds, through files in the folder for temporary files (TMPDIR)
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) max_open: u32,
    /// Print a line of JSON for the savefile (see below)
    #[arg(long)]
    pub(crate) json: bool,
    /// Print only errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
