//! The command line.

use std::path::PathBuf;

use clap::Parser;
use pcap_examples::{ending, stop, summary};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-merge -w day.pcap hour-*.pcap             by time, whatever their order
  pcap-merge -w all.pcap --append a.pcap b.pcapng
  pcap-merge -w - left.pcap right.pcap | pcap-read -
  find . -name '*.pcap' > names && pcap-merge -w /tmp/all.pcap --files-from names

The savefiles must have the same link type. The new one has their largest snaplen, and nanoseconds
if one of them has (pcapng always does). What all say of a frame check sequence behind each packet
it says, too; if they differ, a warning is printed. Where times are equal, the packets of the file
that is named first come first. Packets of one file keep their order: one that is earlier than those
before it follows them.

What cannot be read, whole files and what follows a damage, is reported and left out, and so are
packets that the savefile cannot hold, such as those of a time before 1970 or after 2106; the rest is
merged and the status is 1. Ctrl-C ends it: what is written is complete then, and the
status is 1.";

const JSON_HELP: &str = "  \
  Also inputs and unread: how many savefiles were named, and of how many something is left out that
  cannot be read or written. If writing fails, not_written is the number of packets that are missing,
  bytes is the length of what is there, and first and last are left out.
  With `-w -` it goes to standard error.";

/// Merges savefiles into a new one, in the order of the times of their packets.
///
/// It says on standard error how many packets of how many savefiles it wrote.
#[derive(Parser)]
#[command(name = NAME, version,
    after_help = format!("{HELP}\n\n{}\n\n{}\n\n{}\n{JSON_HELP}", stop::HELP, ending::HELP, summary::HELP))]
pub(crate) struct Args {
    /// The savefiles to read, pcap and pcapng, also compressed by gzip; `-` is standard input
    #[arg(value_name = "IN", required_unless_present = "files_from")]
    pub(crate) inputs: Vec<PathBuf>,
    /// More of them, from a file of names, one per line, for more than a command line can hold; `-`
    /// is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) files_from: Option<PathBuf>,
    /// The savefile to write; `-` is standard output
    #[arg(short, long, value_name = "OUT")]
    pub(crate) write: PathBuf,
    /// Only packets that pass this filter, in the language of pcap-filter(7)
    #[arg(short, long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,
    /// Write one savefile after the other, whatever the times
    #[arg(short, long)]
    pub(crate) append: bool,
    /// Keep at most so many inputs open at once, for which twice as many descriptors and half as
    /// many MiB are needed. More are merged in rounds, through files in the folder for temporary
    /// files (TMPDIR)
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) max_open: u32,
    /// Print a line of JSON for the savefile (see below)
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
