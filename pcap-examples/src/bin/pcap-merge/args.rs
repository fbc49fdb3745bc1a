//! The command line of `pcap-merge`.

use std::path::PathBuf;

use clap::Parser;
use pcap_examples::comment_args::CommentArgs;
use pcap_examples::options::filter::FilterOption;
use pcap_examples::output_format::FormatArg;
use pcap_examples::value_parsers::{self, TimeShift};
use pcap_examples::{savefile_summary, signals};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-merge -w day.pcap hour-*.pcap             merge by time
  pcap-merge -w all.pcapng wlan.pcap eth.pcapng  different link types
  pcap-merge -w all.pcap --append a.pcap b.pcapng
  pcap-merge -w all.pcap a.pcap b.pcap --shift 2=-1.5s
  pcap-merge -w - left.pcap right.pcap | pcap-read -
  find . -name '*.pcap' > names && pcap-merge -w all.pcap --files-from names

Packets with equal times are ordered like the inputs on the command line. Packets of one input keep
their order, even if their times do not ascend; `pcap-filter --sort` sorts such an input. Packets
without a time stay behind the packet before them.

--shift adds to the times of an input before they are compared, for a clock that was wrong. It also
changes the times of statistics and journal entries. A filter sees packets before --snapshot-length.

If OUT is classic pcap, all inputs must have the same link type. OUT has the longest snaplen of the
inputs, and nanosecond precision if one of them does, as pcapng always does. It declares the length
of the frame check sequence if all inputs declare the same; otherwise a warning is printed. An
interface that a pcapng input describes after its first packets must not have a longer snaplen.

If OUT is pcapng, it has one section, in the byte order of the first input (of this machine if that
is classic), with the interfaces of all inputs and everything that the blocks of the inputs contain:
options, names, secrets and statistics. Blocks without a packet follow the packet before them in
their input. Comments of the inputs' headers are kept once each. The hardware, operating system and
application of the first header are kept, and those of the others become comments. An interface of a
section that begins later in an input has the comments of its header.

Interfaces are kept apart even if their descriptions are equal, because the statistics of each count
one capture; --join-interfaces joins them, for example for the files of one capture. Classic inputs
have no statistics, so those with the same link type, snaplen and precision share an interface.
Simple packet blocks, which have neither a time nor an interface number, become enhanced packet
blocks with the time 0 unless their interface is the first one of OUT.

Blocks and options that must not be copied (the custom blocks and options of this kind, and those
for local use), and those of unknown types that cannot be converted to the byte order of OUT, are
left out. They are counted on standard error at the end. Packets of USB and NFLOG have fields in the
byte order of their input; if that is not the byte order of OUT, the input is an error.

A filter is compiled for each link type. Packets of a link type for which it does not compile match
nothing, and cause a warning.

Unreadable inputs, packets after a damaged record, and packets that the format of OUT cannot
represent, such as those with a time before 1970 or after 2106 in classic pcap, are reported and
skipped. Everything else is merged, and the status is 1. After Ctrl-C, OUT contains the packets
merged so far, and the status is 1.";

/// The section of `--help` about the format of the output.
const FORMAT_HELP: &str = "\
Formats:
  The extension of OUT determines its format, in upper or lower case:
  `.pcapng` means pcapng, and `.pcap`, `.cap` and `.dmp` mean classic pcap.
  With another extension or none, and on standard output, it is pcapng if an
  input is, or if the inputs have different link types, and otherwise classic
  pcap. --format overrides this. If `.gz`, `.zst` or `.lz4` follows, OUT is
  compressed. --compress overrides this. Extensions of other compression
  formats, such as `.xz`, are rejected.";

const JSON_HELP: &str = "  \
  Further members are inputs (the number of inputs), unread (the number of inputs of which
  something was skipped) and, if not 0, left_out (the number of blocks, options and texts of
  headers that were left out). If writing fails, not_written is the number of missing packets,
  bytes is the length that was written, and first and last are missing. If the program fails, error
  says why; an error before the output exists has an object of its own, with the type \"error\". With
  `-w -`, both are printed on standard error.";

/// Merges savefiles into a new one, in the order of packet times.
///
/// Prints on standard error how many packets it wrote, and the number of inputs.
#[derive(Parser)]
#[command(name = NAME,
    after_help = format!(
        "{HELP}\n\n{}\n\n{}\n\n{}\n{JSON_HELP}",
        signals::HELP, FORMAT_HELP, savefile_summary::HELP
    ),
    mut_arg("comment", |comment| {
        comment.help("Add a comment to packet N of OUT, counted from 1. OUT must be pcapng. Can be repeated")
    })
)]
pub(crate) struct Args {
    /// The savefiles to read, pcap or pcapng, optionally compressed; `-` means standard input
    #[arg(value_name = "IN", required_unless_present = "files_from")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Read the names of further inputs from a file, one per line; `-` means standard input. For more
    /// names than fit on a command line
    #[arg(long, value_name = "FILE")]
    pub(crate) files_from: Option<PathBuf>,
    /// The savefile to write; `-` means standard output
    #[arg(short, long, value_name = "OUT", value_parser = value_parsers::output_path())]
    pub(crate) write: PathBuf,
    #[command(flatten)]
    pub(crate) filter: FilterOption,
    #[command(flatten)]
    pub(crate) format: FormatArg,
    #[command(flatten)]
    pub(crate) comments: CommentArgs,
    /// Add TIME to the times of input N, in seconds or with a unit: 2=-1.5, 1=+1h. The inputs are
    /// counted from 1, those of --files-from last. Can be repeated
    #[arg(long, value_name = "N=TIME", value_parser = value_parsers::numbered_time_shift)]
    pub(crate) shift: Vec<(usize, TimeShift)>,
    /// Truncate packets to this length; their length on the wire is kept
    #[arg(short, long = "snapshot-length", value_name = "BYTES",
        value_parser = value_parsers::number(1_u32..=0x7fff_ffff))]
    pub(crate) snaplen: Option<u32>,
    /// In pcapng, join interfaces of different inputs whose descriptions are equal
    #[arg(long)]
    pub(crate) join_interfaces: bool,
    /// Write the packets of one input after those of another, regardless of their times
    #[arg(long)]
    pub(crate) append: bool,
    /// The maximum number of inputs open at once. Each needs two file descriptors and half a MiB of
    /// memory. More inputs are merged in rounds, using temporary files (in TMPDIR)
    #[arg(long, value_name = "N", default_value = "100", value_parser = value_parsers::number(2_u32..))]
    pub(crate) max_open: u32,
    /// Print the summary as a line of JSON (see below)
    #[arg(long)]
    pub(crate) json: bool,
    /// Print only errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
