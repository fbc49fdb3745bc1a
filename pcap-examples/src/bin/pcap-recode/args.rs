//! The command line of `pcap-recode`.

use std::path::{Path, PathBuf};

use clap::Parser;
use pcap_core::{Linktype, Precision};
use pcap_examples::comment_args::CommentArgs;
use pcap_examples::options::rewrite::{self, RewriteOptions};
use pcap_examples::output_format::FormatArg;
use pcap_examples::value_parsers::{self, Chop, TimeShift};
use pcap_examples::{output_format, signals, skipped_packets};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-recode trace.pcapng.gz trace.pcap         decompress and convert
  pcap-recode -y RAW --skip eth.pcap ip.pcap     only the IP packets
  pcap-recode -y ETHERNET any.pcap eth.pcap      for `pcap-replay`
  pcap-recode -s 96 - small.pcap.gz              headers only, compressed
  pcap-recode --format pcapng - -                convert in a pipe
  pcap-recode --shift -1h a.pcap b.pcap          make times an hour earlier
  pcap-recode --ip 10.0.0.0/8=198.18.0.0/8 --ttl 64 a.pcap b.pcap
  pcap-recode --fix-lengths pad --fix-checksums cut.pcap whole.pcap
  pcap-recode --anonymize key --new-key --payload cut a.pcapng public.pcapng

Link types:
  Packets are converted from ETHERNET, RAW, IPV4, IPV6, NULL, LOOP, LINUX_SLL or LINUX_SLL2 to
  ETHERNET, RAW, IPV4 or IPV6. A new Ethernet header has zeros as addresses, but keeps the source
  address of a Linux cooked header. Conversion to Ethernet keeps VLAN tags; conversion to IP
  removes and counts them. Padding after a packet is kept. A packet that cannot be converted, such
  as ARP to RAW, is an error; with --skip, such packets are skipped and counted.

The declared length of the frame check sequence is kept unless the link type is converted, or --chop
removes bytes from the end.

From pcapng to pcapng, everything else is kept: sections, interfaces, statistics, names, secrets,
comments and blocks of other programs. Each interface is converted with its own link type and
resolution. --shift also changes the times of statistics and journal entries. The hashes and the
flags for checksums of a packet are removed if its bytes change. Obsolete packet blocks that change
become enhanced ones, and simple packet blocks only if they cannot state the new length.

From pcapng to pcap, only packets of one link type can be copied. What pcap cannot hold, such as
comments and interfaces, is counted on standard error.

Bytes are removed (--chop) first, then the link type is changed, then packets are rewritten, then the
snaplen and the times change. If IN is damaged or a packet cannot be converted, the packets before
it are copied and the status is 1. After Ctrl-C, the packets read so far are copied and the status
is 1. A packet is in OUT within about a second after it is read, even if OUT is compressed.";

const JSON_HELP: &str = "\
JSON:
  One object with the members schema (the version of the schema: 1), type (\"summary\"), read (packets read), written (packets written),
  skipped (packets that could not be converted), reasons (an object that maps each kind of
  skipped packet to a number), cut (packets truncated by --snapshot-length), untagged (packets that lost
  their VLAN tags), left_out (packets that the format cannot represent, if any) and
  removed_blocks (blocks removed by --anonymize, if any). If the program fails, error says why; an
  error before the output exists has an object of its own, with the type \"error\". Both are printed
  on standard error if the savefile is written to standard output.";

/// Copies a savefile, and changes its link type, snaplen, precision, format, compression, times,
/// addresses or checksums. The name of OUT determines the format and the compression; nothing else
/// changes without an option.
///
/// Prints on standard error how many packets were copied and read, and what happened to the others.
#[derive(Parser)]
#[command(name = NAME,
    after_help = format!(
        "{HELP}\n\n{}\n\n{}\n\n{}\n\n{}\n\n{JSON_HELP}",
        rewrite::HELP, signals::HELP, skipped_packets::HELP, output_format::HELP
    )
)]
pub(crate) struct Args {
    /// The savefile to read, pcap or pcapng, optionally compressed; `-` means standard input
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// The savefile to write; `-` means standard output
    #[arg(value_name = "OUT", value_parser = value_parsers::output_path())]
    pub(crate) output: PathBuf,
    /// Convert packets to this link type, a name or a number (see below)
    #[arg(short = 'y', long, value_name = "LINKTYPE", value_parser = value_parsers::linktype)]
    pub(crate) linktype: Option<Linktype>,
    /// Only declare --linktype in the savefile; do not convert packets
    #[arg(long, requires = "linktype")]
    pub(crate) relabel: bool,
    /// Skip and count packets that cannot be converted
    #[arg(long, requires = "linktype", conflicts_with = "relabel")]
    pub(crate) skip: bool,
    /// Truncate packets to this length; their length on the wire is kept
    #[arg(short, long = "snapshot-length", value_name = "BYTES",
        value_parser = value_parsers::number(1_u32..=0x7fff_ffff))]
    pub(crate) snaplen: Option<u32>,
    /// Remove LENGTH bytes from the start of packets, or with a minus from the end, after OFFSET bytes
    /// that stay there. The length on the wire shrinks as well. Each use removes further bytes
    #[arg(long, value_name = "[OFFSET:]LENGTH", value_parser = value_parsers::chop, allow_hyphen_values = true)]
    pub(crate) chop: Vec<Chop>,
    /// The precision of packet times; finer digits are dropped [default: that of IN; nano from
    /// pcapng to pcap]
    #[arg(long = "time-stamp-precision", value_name = "PRECISION", value_parser = ["micro", "nano"])]
    pub(crate) precision: Option<String>,
    #[command(flatten)]
    pub(crate) format: FormatArg,
    #[command(flatten)]
    pub(crate) comments: CommentArgs,
    /// Add this to each packet time, in seconds or with a unit: -3600, +0.5, -1h, 500ms
    #[arg(long, value_name = "TIME", value_parser = value_parsers::time_shift, allow_hyphen_values = true)]
    pub(crate) shift: Option<TimeShift>,
    /// Print the summary as JSON (see below)
    #[arg(long)]
    pub(crate) json: bool,
    /// Print only errors, and the summary if --json is given
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) rewrite: RewriteOptions,
}

impl Args {
    /// Returns the precision that was asked for.
    pub(crate) fn precision(&self) -> Option<Precision> {
        Some(match self.precision.as_deref()? {
            "micro" => Precision::Micro,
            _ => Precision::Nano,
        })
    }

    /// Returns whether the ends of packets stay, with their frame check sequences.
    pub(crate) fn keeps_ends(&self) -> bool {
        !self.chop.iter().any(|chop| chop.is_from_end())
    }

    pub(crate) fn is_to_stdout(&self) -> bool {
        self.output == Path::new("-")
    }
}
