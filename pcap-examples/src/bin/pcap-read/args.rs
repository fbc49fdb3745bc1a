//! The command line of `pcap-read`.

use clap::Parser;
use pcap_examples::options::accepted::AcceptedOptions;
use pcap_examples::options::display::{self, DisplayOptions};
use pcap_examples::options::input::InputOptions;
use pcap_examples::options::json::JsonOptions;
use pcap_examples::options::range::{self, RangeOptions};
use pcap_examples::packet_printer::PrintFormat;
use pcap_examples::{json, packet_line, signals, value_parsers};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-read trace.pcap                   one line per packet
  pcap-read -r trace.pcap tcp port 443   only packets that pass a filter
  pcap-read -tttt -e -X trace.pcap       dates, link headers and bytes
  pcap-read --after +60s trace.pcap      without the first minute
  pcap-read --count -f arp *.pcap        the number of ARP packets in all files
  tcpdump -w - | pcap-read --json -l -   read from standard input
  pcap-read --follow growing.pcap        wait for more packets until Ctrl-C

Packets of pcapng savefiles also show the name of their interface (its number
if it has no name and the section has several), their direction and their
comments. A packet without a time shows `-`. Each packet is decoded and
filtered with the link type of its interface. Packets of a link type for which
the filter does not compile are not printed, with a warning. Sections of an
unknown version of pcapng are skipped, with a warning.

--packets and --except count the packets of all files together, also those that
the filter rejects. Reading ends after the last packet that they select.

If a file is damaged, the packets before the damage are printed, then the
error, then the packets of the remaining files, and the status is 1. The status
is also 1 if Ctrl-C ends the program before the end of a file, except with
--follow. If a file does not exist, no packets are printed.";

/// Prints the packets of savefiles (pcap or pcapng, optionally compressed): one line each,
/// with the local time, the addresses, the protocol, its fields and the length in bytes.
#[derive(Parser)]
#[command(name = NAME, after_help = format!("{HELP}\n\n{}\n\n{}\n\n{}\n\n{}", range::HELP, packet_line::HELP, signals::HELP, json::HELP))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) input: InputOptions,
    #[command(flatten)]
    pub(crate) range: RangeOptions,
    /// The maximum number of packets to print, in all files together [default: all]
    #[arg(short = 'c', long, value_name = "N", value_parser = value_parsers::number(1_u64..))]
    pub(crate) limit: Option<u64>,
    /// Print only the number of packets in all files together
    #[arg(long, conflicts_with_all = ["raw", "json"])]
    pub(crate) count: bool,
    /// Print packets in hexadecimal: SECONDS.NANOSECONDS CAPLEN LEN HEX; HEX is `-` if there are no bytes
    #[arg(long, conflicts_with = "json", conflicts_with_all = display::OF_LINES)]
    pub(crate) raw: bool,
    #[command(flatten)]
    pub(crate) json: JsonOptions,
    /// At the end of the file, wait for more packets until Ctrl-C. Requires a single savefile that is not
    /// compressed
    #[arg(long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) display: DisplayOptions,
    /// Accepted as in tcpdump: the same as `-l`
    #[arg(short = 'U', long, hide = true)]
    pub(crate) packet_buffered: bool,
    #[command(flatten)]
    accepted: AcceptedOptions,
}

impl Args {
    /// Returns the maximum number of packets to print.
    pub(crate) fn limit(&self) -> u64 {
        self.limit.unwrap_or(u64::MAX)
    }

    /// Returns the format of the lines.
    pub(crate) fn form(&self) -> PrintFormat {
        match (self.raw, self.json.json) {
            (true, _) => PrintFormat::Raw,
            (_, true) => PrintFormat::Json,
            _ => PrintFormat::Line,
        }
    }
}
