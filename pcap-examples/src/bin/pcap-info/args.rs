//! The command line of `pcap-info`.

use clap::Parser;
use pcap_examples::options::input::InputOptions;
use pcap_examples::options::range::{self, RangeOptions};
use pcap_examples::signals;
use pcap_examples::value_parsers::number;

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-info trace.pcap                 describe a savefile
  pcap-info --hash trace.pcap.gz       with SHA-256 and SHA-1 of the file
  pcap-info -r trace.pcap udp port 53  only packets that pass a filter
  pcap-info --after +60s trace.pcap    without the first minute
  pcap-info --csv *.pcap               a line per file, for a spreadsheet
  pcap-info --json *.pcap | jq -r 'select(.disordered > 0).path'
  tcpdump -w - | pcap-info -           describe a capture when it ends

Each file is described on its own: --packets, --except and -c count its packets
from 1, and +60s is relative to its first packet. Only packets that all options
select count; sections, interfaces, statistics and comments of the file are
described in any case, as far as it is read. The size and the hashes are those
of the file as it is, which may be compressed. They are unknown if a pipe is not
read to its end.

first, last      the times of the first and the last packet in the file. If
                 packets are out of order, also the earliest and the latest
duration         from the earliest to the latest time; rates are averages
data size        the length of the packets on the wire
truncated        packets of which not all bytes were captured. If they have the
                 same length, that is probably the snaplen
time order       strict, or the number of packets that are earlier than the
                 packet before them, as capinfos tests it
largest gap      the longest time between a packet and the next one
dropped          packets that the file says were lost: in statistics, or before
                 another packet

Sections, interfaces and comments are described up to 16 MiB of the file. The
rest is only counted. At most 10 comments of packets are printed, all of them by
pcap-read.

If a file is truncated or damaged, the packets before the damage are described.
If a file cannot be opened, only its error is printed, with --json also an
object, and with --csv a line, with path and error. The other files are described in any case, and the status
is 1. It is also 1 if Ctrl-C ends the program before the end of a file.";

/// The section of `--help` about JSON and CSV.
const JSON_HELP: &str = "\
JSON:
  One object per file, of type \"info\", or of type \"error\" with path and error
  if the file cannot be opened or the filter does not suit it. A member is missing if it is unknown. A
  JSON Schema is in pcap-examples/schema/v1.json, which is installed in
  PREFIX/share.

  path, path_hex   the path, and its bytes if it is not UTF-8
  format           \"pcap\" or \"pcapng\"
  variant          of pcap: \"nanosecond\", \"modified\" or \"other\"
  compression      \"gzip\", \"zstd\" or \"lz4\"
  file_size        bytes of the file
  sha256, sha1     with --hash
  end              where reading ended: \"complete\", \"truncated\" (within a packet
                   or block), \"damaged\", \"stopped\" by a signal, or \"limit\" of
                   the options
  error            why the file is truncated or damaged
  packets_read     packets up to there, with those that are not selected
  linktypes        array of objects of linktype and packets
  snaplen          if all interfaces have the same
  inferred_snaplen object of min and max: the lengths of truncated packets
  packets, bytes, captured_bytes, truncated, average_len
                   numbers of packets and bytes, and the average length
  first, last, earliest, latest, duration
                   times in seconds, as strings
  pps, bytes_per_second, bits_per_second
                   rates
  disordered, strict_time_order, without_time
                   packets earlier than the one before them, whether there are
                   none, and packets without a time
  largest_gap      object of after and before (numbers of packets), start and
                   duration
  dropped          packets lost before other packets
  sections         array of objects of section, byte_order, version, hardware,
                   os, application and comments
  interfaces       array of objects of section, interface_id, name,
                   description, hardware, os, linktype, snaplen, resolution,
                   filter, filter_instructions, speed, fcs_len, comments,
                   packets and statistics (an object of blocks, received,
                   accepted, dropped, dropped_by_interface and delivered)
  packet_comments  the number of comments of packets
  comments         array of objects of packet (its number) and text
  ipv4_names, ipv6_names, secrets, journal_entries, custom_blocks,
  unknown_blocks   numbers of names, and of blocks
  omitted          the number of sections, interfaces and comments beyond 16 MiB

  --csv has the members of these that are not arrays, in this order.";

/// Describes savefiles (pcap or pcapng, optionally compressed): their format, interfaces and comments, and the number,
/// lengths, times, order and rates of their packets.
#[derive(Parser)]
#[command(name = NAME, after_help = format!("{HELP}\n\n{}\n\n{}\n\n{}", range::HELP, signals::HELP, JSON_HELP))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) input: InputOptions,
    #[command(flatten)]
    pub(crate) range: RangeOptions,
    /// The maximum number of packets to describe, in each file [default: all]
    #[arg(short = 'c', long, value_name = "N", value_parser = packet_limit)]
    limit: Option<u64>,
    /// Also print SHA-256 and SHA-1 of each file
    #[arg(long)]
    pub(crate) hash: bool,
    /// Print JSON instead of text, one object per file (see below)
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Print comma-separated values, with a header and one line per file
    #[arg(long)]
    pub(crate) csv: bool,
}

/// Parses the value of `-c`. Of capinfos, `-c` has no value.
fn packet_limit(text: &str) -> Result<u64, String> {
    number(1_u64..)(text)
        .map_err(|expected| format!("{expected}; the number of packets is printed without `-c`"))
}

impl Args {
    /// Returns the maximum number of packets to describe, in each file.
    pub(crate) fn limit(&self) -> u64 {
        self.limit.unwrap_or(u64::MAX)
    }
}
