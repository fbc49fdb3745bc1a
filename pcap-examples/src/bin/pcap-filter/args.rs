//! The command line of `pcap-filter`.

use std::path::PathBuf;

use clap::Parser;
use pcap_examples::comment_args::CommentArgs;
use pcap_examples::options::duplicates::DuplicateOptions;
use pcap_examples::options::filter::FilterOption;
use pcap_examples::options::range::RangeOptions;
use pcap_examples::options::{duplicates, range};
use pcap_examples::output_format::FormatArg;
use pcap_examples::{output_format, signals, skipped_packets, value_parsers};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-filter all.pcap dns.pcap -f 'udp port 53'
  pcap-filter trace.pcapng trace.pcap       all packets, as a classic savefile
  pcap-filter all.pcap.gz - -f arp | pcap-read -
  pcap-filter --packets 1-100,200- a.pcap b.pcap
  pcap-filter --after '2026-11-28 09:30' --before +1h a.pcap b.pcap
  pcap-filter --dedup a.pcap b.pcap         without duplicates
  pcap-filter --sort a.pcap b.pcap          in the order of time
  pcap-filter --comment '7:look here' a.pcapng b.pcapng

From pcap to pcap, OUT has the link type, snaplen and precision of IN. Packets
are copied unchanged, even if the fraction of their time exceeds a second.

From pcapng to pcapng, everything but the removed packets is kept: sections,
interfaces, statistics, names, secrets, comments and blocks of other programs.
If no packet is removed, OUT is identical to IN. The drop count of a removed
packet is added to the next packet of its interface. The section of a removed
packet no longer states its length; in a pipe or with gzip, no section does if
an option may remove packets. EXPR is compiled for each link type; packets of
a link type for which it does not compile are removed, with a warning.

From pcapng to pcap, only packets of one link type can be copied. What pcap
cannot hold, such as comments and interfaces, is counted on standard error.

A packet is copied if all options select it. With --packets or --except, OUT is
complete after the last packet that they select, and the rest of IN is not
read. If OUT is pcapng, all of IN is read, for the blocks without a packet.
With --limit, the rest is never read.

With --sort, OUT is written after all of IN is read. Each section of pcapng is
sorted by itself. Its interfaces, names and secrets come first. Packets without
a time and other blocks stay behind the packet before them. The other options
see the packets in the order of IN.

If IN is damaged, the packets before the damage are copied and the status is
1. After Ctrl-C, the packets read so far are copied and the status is 1. A
packet is in OUT within about a second after it is read.";

const JSON_HELP: &str = "\
JSON:
  One object of schema (the version of the schema: 1), type (\"summary\"), read
  and written (numbers of packets), and not_written (packets that could not be
  written, if any). If the program fails, error says why; an error before the
  output exists has an object of its own, with the type \"error\". Both are
  printed on standard error if OUT is standard output.";

/// Copies the packets of a savefile that pass a filter into a new savefile. Selects packets also by number
/// and time, sorts them, and removes duplicates.
///
/// Prints on standard error how many packets were copied and read.
#[derive(Parser)]
#[command(name = NAME,
    after_help = format!(
        "{HELP}\n\n{}\n\n{}\n\n{}\n\n{}\n\n{}\n\n{JSON_HELP}",
        range::HELP, duplicates::HELP, signals::HELP, skipped_packets::HELP, output_format::HELP
    )
)]
pub(crate) struct Args {
    /// The savefile to read, pcap or pcapng, optionally compressed; `-` means standard input
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// The savefile to write; `-` means standard output
    #[arg(value_name = "OUT", value_parser = value_parsers::output_path())]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) filter: FilterOption,
    #[command(flatten)]
    pub(crate) range: RangeOptions,
    /// Stop after copying this many packets [default: all]
    #[arg(short = 'c', long, value_name = "N", value_parser = value_parsers::number(1_u64..))]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) duplicates: DuplicateOptions,
    /// Sort the packets by time. Packets with the same time keep their order
    #[arg(long)]
    pub(crate) sort: bool,
    /// The memory for sorting, in bytes or with a unit. If the packets need more, temporary files (in
    /// TMPDIR) are used
    #[arg(long, value_name = "SIZE", requires = "sort", default_value = "256MiB", value_parser = value_parsers::bytes)]
    pub(crate) sort_memory: u64,
    /// Also print the summary as a line of JSON (see below)
    #[arg(long)]
    pub(crate) json: bool,
    /// Print only errors, and the summary if --json is given
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) format: FormatArg,
    #[command(flatten)]
    pub(crate) comments: CommentArgs,
}
