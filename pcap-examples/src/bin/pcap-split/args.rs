//! The command line of `pcap-split`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use pcap_examples::comment_args::CommentArgs;
use pcap_examples::options::filter::FilterOption;
use pcap_examples::output_format::FormatArg;
use pcap_examples::{savefile_summary, signals, skipped_packets, value_parsers};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-split day.pcap -o part --packets 1000000  part-00000.pcap, …
  pcap-split day.pcap -o hours/ --every 1h       hours/day-00000.pcap, …
  pcap-split a.pcap.gz -o small --size 10M
  pcap-split day.pcap -o web --flow -f 'tcp port 443' --json
  pcap-split day.pcap -o out/ --every 1h --align --name '%F/%H.pcap'
  pcap-split day.pcap -o flows/ --flow --name '{flow}'

The output savefiles have the format of IN, unless PREFIX ends in `.pcap` or `.pcapng`, or --format
is given. They are compressed if `.gz`, `.zst` or `.lz4` follows, or with --compress. Packets keep their order and are copied unchanged, even damaged ones. No savefile is
empty. `pcap-merge` can merge the savefiles again.

From pcap to pcap, they have the link type, snaplen and precision of IN. From pcapng to pcapng, each
is complete: it begins with the section header, the interfaces (with the same numbers), secrets and
names that come before its packets. Other blocks without a packet, such as statistics, are written
to the savefile of the packet before them. The filter is compiled for each link type; packets of a
link type for which it does not compile are left out, with a warning. From pcapng to pcap, each
savefile can have packets of one link type; what pcap cannot hold is counted on standard error.

If IN is damaged, the packets before the damage are written and the status is 1. After Ctrl-C
and after other errors, the packets read so far are written and the status is 1. A savefile is
listed as soon as it is complete. Savefiles that cannot be written completely are not listed, but
counted as incomplete. A packet is in its savefile within about a second after it is read.";

/// The section of `--help` about names.
const NAMES_HELP: &str = "\
Names:
  In a TEMPLATE, conversions of strftime(3) such as %Y, %H and %F stand for the
  local time of the first packet; with --every, for the start of the span. {number}
  stands for the number of the savefile. With --flow, {source}, {destination}
  and {protocol} stand for those of the first packet, and {flow} for all of
  them and the VLANs; characters such as colons become `-`. A name that is
  taken gets a number. Missing folders are created. The extension determines
  the format and the compression; without `.pcap` or `.pcapng`, that of the
  format is appended.";

const JSON_HELP: &str = "  \
  With --flow, the object also has the vlans (a list, if there are any), protocol, source, source_port, destination and
  destination_port of the first packet. The last line is an object of type (\"summary\"), read
  (packets read), packets (packets in the listed savefiles), files (savefiles listed), incomplete
  (savefiles not listed because they could not be completed), left_out (packets that the format
  cannot represent, if any) and error (why the program failed, if it did). An error before the
  split has an object of its own, with the type \"error\".";

/// Splits a savefile into several savefiles, numbered from 0. Prints a line for each: its name, the
/// number of packets and its length in bytes.
#[derive(Parser)]
#[command(name = NAME,
    override_usage = "pcap-split [OPTIONS] -o <PREFIX> <--packets|--size|--every|--flow> <IN>",
    after_help = format!(
        "{HELP}\n\n{NAMES_HELP}\n\n{}\n\n{}\n\n{}\n{JSON_HELP}",
        signals::HELP, skipped_packets::HELP, savefile_summary::HELP
    )
)]
pub(crate) struct Args {
    /// The savefile to read, pcap or pcapng, optionally compressed; `-` means standard input
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// The start of the names of the savefiles; `PREFIX-00000.pcap` is the first. If PREFIX is a folder,
    /// the savefiles are created in it and named after IN. If PREFIX ends in an extension such as
    /// `.pcapng` or `.pcap.zst`, the number comes before that, and the extension determines the format and
    /// the compression. Folders must exist
    #[arg(short, long, value_name = "PREFIX", required_unless_present = "name")]
    pub(crate) output: Option<PathBuf>,
    /// The names of the savefiles, instead of numbers; -o is then the folder (see below)
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) name: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) by: SplitBy,
    #[command(flatten)]
    pub(crate) filter: FilterOption,
    #[command(flatten)]
    pub(crate) format: FormatArg,
    #[command(flatten)]
    pub(crate) comments: CommentArgs,
    /// Replace existing savefiles; existing savefiles with higher numbers are kept
    #[arg(long)]
    pub(crate) force: bool,
    /// The maximum number of savefiles. The last one gets all further packets
    #[arg(long, value_name = "N", value_parser = value_parsers::number(1_u32..))]
    max_files: Option<u32>,
    /// With --every, begin spans at full hours, full minutes or other divisions of the day, in local time
    #[arg(long)]
    pub(crate) align: bool,
    /// With --flow, put packets of different VLANs into the same flow
    #[arg(long)]
    pub(crate) ignore_vlan: bool,
    /// The minimum number of digits in the names. Names with longer numbers do not sort correctly
    #[arg(long, value_name = "N", default_value = "5", value_parser = value_parsers::number(1_u8..=18))]
    pub(crate) digits: u8,
    /// With --flow, the maximum number of savefiles open at once; lowered automatically at the limit of
    /// file descriptors [default: 200]
    #[arg(long, value_name = "N", value_parser = value_parsers::number(1_u32..))]
    pub(crate) max_open: Option<u32>,
    /// Print a line of JSON for each savefile and for the summary (see below)
    #[arg(long)]
    pub(crate) json: bool,
    /// Print only errors
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SplitBy {
    /// The maximum number of packets in each savefile
    #[arg(long, value_name = "N", value_parser = value_parsers::number(1_u64..))]
    pub(crate) packets: Option<u64>,
    /// The maximum size of each savefile including headers, in KiB or with a unit: 64K, 10M, 1G. A
    /// savefile exceeds it only if it contains a single packet that is larger, or if pcapng blocks without a
    /// packet follow its last packet. It is an error if the secrets and names that pcapng needs in each
    /// savefile exceed half of the size
    #[arg(long, value_name = "SIZE", value_parser = value_parsers::kibibytes)]
    pub(crate) size: Option<u64>,
    /// The time span of each savefile, in seconds or with a unit: 0.5, 60s, 5m, 1h, 500ms. The first
    /// span starts at the first packet, and the others follow without gaps. A packet exactly at the end
    /// of a span belongs to the next span. A packet that is earlier than the current span or has no time
    /// stays in the current savefile. Spans without packets have no savefile
    #[arg(long, value_name = "TIME", value_parser = value_parsers::nonzero_seconds)]
    pub(crate) every: Option<Duration>,
    /// Write a savefile for each flow, with both directions together. TCP, UDP, UDP-Lite, SCTP and DCCP
    /// packets belong to the same flow if their addresses, ports and VLANs are equal; other packets, if their
    /// addresses and protocol are equal; packets without addresses, if their protocol is equal. In
    /// tunnels (GRE, IP in IP, VXLAN, Geneve), the innermost addresses count. An IP fragment belongs to
    /// the flow of the first fragment of its IP packet, which has the ports. Fragments that arrive
    /// before the first one are distinguished by addresses and protocol
    #[arg(long)]
    pub(crate) flow: bool,
}

impl Args {
    /// Returns the template or the start of the names.
    pub(crate) fn prefix(&self) -> &Path {
        let prefix = self.name.as_ref().or(self.output.as_ref());
        prefix.map_or(Path::new(""), PathBuf::as_path)
    }

    /// Returns the maximum number of savefiles.
    pub(crate) fn max_files(&self) -> usize {
        self.max_files.map_or(usize::MAX, |files| files as usize)
    }
}
