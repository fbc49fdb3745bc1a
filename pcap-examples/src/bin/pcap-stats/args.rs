//! The command line of `pcap-stats`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ColorChoice, Parser};
use pcap_examples::options::device::SourceOptions;
use pcap_examples::options::plot::PlotArg;
use pcap_examples::options::range::{self, RangeOptions};
use pcap_examples::options::table::{self, Table};
use pcap_examples::options::user::UserOption;
use pcap_examples::traffic::Order;
use pcap_examples::value_parsers;

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-stats trace.pcap                      an overview
  pcap-stats --table conv,tcp --top 0 a.pcap all TCP conversations
  pcap-stats --table endpoints *.pcap.gz     of all files together
  pcap-stats --report trace.html trace.pcap  a page with plots and tables
  pcap-stats -i eth0 --duration 60 udp       one minute of a device
  pcap-stats --csv --table rates,1s a.pcap > rates.csv

Tables:
  summary        packets, bytes, times and rates
  protocols      the headers in the packets, as a tree; also io,phs. Above TCP
                 and UDP, only DNS, DHCP and NTP are recognized
  conversations  pairs of addresses, of a layer if it is named:
                 conversations,tcp (eth, ip, ipv6, tcp, udp, sctp); also conv
  endpoints      addresses, of a layer if it is named: endpoints,ip
  lengths        lengths of packets on the wire; also plen,tree
  rates          packets and bytes over time: rates,10s; also io,stat,10.
                 Intervals begin at multiples of their length since 1970
  tcp            connections, resets and retransmissions
  dns            names in queries and responses; also dns,tree
  hosts          the busiest hosts over time
Without --table, all but hosts are printed, and conversations and endpoints of
Ethernet only if there are no others. With --report or --plot, tables are
printed only on request, with --table or --json.

Bytes are those on the wire. In a tunnel, addresses and ports of all layers
count, as in tshark. Fragments after the first have no ports, so they do not
belong to conversations of TCP or UDP. The direction of the first packet of a
conversation is from A to B.

Several savefiles are read at the same time, and their packets counted
together. Retransmissions are found only within a file. With -c, --packets,
--except, --after or --before, the files are read one after the other, and the
numbers of packets continue in the next file. If a file is damaged, the packets
before the damage count, the other files are still read, and the status is 1.

Memory is bounded. If there are too many conversations, a line below their
table says how many packets are not in it.";

const SIGNALS_HELP: &str = "\
Signals:
  Ctrl-C (SIGINT), SIGTERM and SIGHUP end a capture, and the program prints what
  it has counted. While it reads savefiles, they end the reading: what was
  counted until then is printed, and the status is 1. SIGUSR1 prints the number
  of packets so far on standard error; the program continues.";

const JSON_HELP: &str = "\
JSON:
  One object per table, with the members schema (the version of the schema: 1),
  type (\"table\"), table (its name), layer, rows (an array of objects, whose
  members are named as the columns of --csv), rows_left_out (the number of rows
  beyond --top) and notes. Times are seconds since 1970, and durations seconds,
  with nine decimals, as strings. A JSON Schema is in
  pcap-examples/schema/v1.json, which is installed in PREFIX/share.";

/// Counts what is in packets: protocols, conversations, endpoints, lengths, rates over time,
/// TCP resets and retransmissions, and DNS names. Reads savefiles, or captures on devices.
#[derive(Parser)]
#[command(name = NAME, after_help = format!("{HELP}\n\n{}\n\n{}\n\n{}", range::HELP, SIGNALS_HELP, JSON_HELP))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) source: SourceOptions,
    #[command(flatten)]
    pub(crate) range: RangeOptions,
    /// Stop after this number of packets
    #[arg(short = 'c', long, value_name = "N", value_parser = value_parsers::number(1_u64..))]
    pub(crate) limit: Option<u64>,
    /// Stop the capture after this time, in seconds or with a unit: 0.5, 60s, 5m
    #[arg(long, value_name = "TIME", value_parser = value_parsers::nonzero_seconds)]
    pub(crate) duration: Option<Duration>,
    #[command(flatten)]
    pub(crate) user: UserOption,
    /// Print this table (see below); may be repeated [default: an overview]
    #[arg(long = "table", value_name = "TABLE", value_parser = table::table)]
    pub(crate) tables: Vec<Table>,
    /// The maximum number of conversations, endpoints and DNS names; 0 means all
    #[arg(long, value_name = "N", default_value = "10", value_parser = value_parsers::number(0_u64..))]
    pub(crate) top: u64,
    /// The order of conversations and endpoints. Endpoints have no times: for start and duration, they are in
    /// the order of their bytes
    #[arg(long, value_name = "ORDER", default_value = "bytes")]
    pub(crate) order: Order,
    /// Print JSON instead of text, one object per table (see below)
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Print comma-separated values instead of text; requires a single --table. What the table lacks is
    /// printed on standard error
    #[arg(long, requires = "tables")]
    pub(crate) csv: bool,
    /// Write a page with plots and tables (HTML); `-` means standard output
    #[arg(long, value_name = "FILE", value_parser = value_parsers::output_path())]
    pub(crate) report: Option<PathBuf>,
    /// Write a plot to a picture (SVG, or PNG if Chromium is installed); may be repeated. The plots are rates,
    /// protocols, conversations, endpoints, lengths and hosts
    #[arg(long, value_name = "PLOT=FILE", value_parser = PlotArg::parse)]
    pub(crate) plot: Vec<PlotArg>,
    /// Print no statistics of the capture on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// When to use colors; by default on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    pub(crate) color: ColorChoice,
}
