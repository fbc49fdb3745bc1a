//! The command line of `pcap-top`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use pcap_examples::options::device::DeviceOptions;
use pcap_examples::options::display::DisplayOptions;
use pcap_examples::options::user::UserOption;
use pcap_examples::{signals, value_parsers};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-top                               all packets of a device
  pcap-top -i eth0 tcp port 443          packets that pass a filter
  pcap-top -i eth0 -i wlan0 -Z nobody    two devices, as another user
  pcap-top -r trace.pcap                 the packets of a savefile
  ssh host tcpdump -w - | pcap-top -r -  the packets of a pipe
  pcap-top --json -i eth0                a line of JSON per second

Screen:
  The first lines show the devices, the filter and the packets that were
  dropped: by the kernel, because the program did not read fast enough, and by
  the interface. Reading never waits for the terminal. Below are the rates over
  time and a table. The rates of a table are those of the last interval, with -r
  the means over the whole file. In the tables, bytes are those on the wire. Those
  of TCP connections have retransmissions (Retr), on a narrow screen once they are
  sorted by them.

Keys:
  Tab, 1, 2, 3     conversations, endpoints or protocols
  l, L             the next or previous layer: eth, ip, ipv6, tcp, udp, sctp
  <, >, r          sort by another column, or in the other direction
  Up, Down, j, k, Page Up, Page Down, Home, End, g, G
                   move in the table
  Enter            the last packets of the conversation; Escape goes back
  s, n, N          search, next, previous
  /, f             edit the filter
  + and -          a longer or shorter time in the graphs
  Space            pause the screen; packets are still captured and counted
  z                set all counts to zero
  w                save what is shown to a new file, as text or JSON
  ?, h             help
  q, Ctrl-C        quit

The filter changes at once, and the counts continue; with -r and a regular
file, the file is read again. If the filter is wrong, the previous one stays.

The tables hold --max-conversations conversations of each layer. Packets of
further ones are counted together, and the screen says how many they are.";

const JSON_HELP: &str = "\
JSON:
  With --json, there is no screen. Once per --interval, and at the end, a line
  is printed, with an object of type (\"top\"), time (seconds since 1970, a
  string), uptime_seconds, sources (an array of objects of source, state, error,
  filter, and received, dropped and if_dropped as pcap-capture prints them),
  packets, bytes, packets_per_second, bits_per_second, omitted_packets
  (packets in no table), layer, and three arrays of --rows objects each, those with
  most bytes first: conversations (a, b, packets, bytes, a_to_b_bytes,
  b_to_a_bytes, bits_per_second, with tcp retransmissions), endpoints (endpoint, packets, bytes,
  sent_bytes, received_bytes, bits_per_second) and protocols (protocol, depth,
  packets, bytes, bits_per_second), which is complete and a tree in pre-order.
  With devices, the last line is an object of type \"top_summary\": packets,
  bytes, received, dropped, if_dropped, interfaces (an array of objects of
  interface, received, dropped and if_dropped, if there are several), and error.";

const QUIET_HELP: &str = "Show shorter lines of packets, and print no statistics on standard error";

/// Shows the traffic of devices or of a savefile on a full screen: rates over time, conversations, endpoints and
/// protocols.
///
/// At the end, prints statistics on standard error, as pcap-capture does.
#[derive(Parser)]
#[command(name = NAME, after_help = format!("{HELP}\n\n{}\n\n{JSON_HELP}", signals::HELP),
    mut_arg("quiet", |quiet| quiet.help(QUIET_HELP)))]
pub(crate) struct Args {
    /// Read this savefile instead of a device; `-` means standard input
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["interface", "user"])]
    pub(crate) read: Option<PathBuf>,
    /// At the end of the savefile, wait for more packets
    #[arg(long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) devices: DeviceOptions,
    #[command(flatten)]
    pub(crate) user: UserOption,
    /// Quit after this time, in seconds or with a unit: 0.5, 60s, 5m, 1h, 500ms
    #[arg(long, value_name = "TIME", value_parser = value_parsers::nonzero_seconds)]
    pub(crate) duration: Option<Duration>,
    /// How often the screen is updated, or JSON is printed
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = interval)]
    pub(crate) interval: Duration,
    /// The layer of the conversations and endpoints to begin with
    #[arg(long, value_name = "LAYER", default_value = "ip")]
    pub(crate) layer: LayerArg,
    /// The maximum number of conversations in the tables, for each layer; a TCP connection needs about 1.2 KB of memory
    #[arg(long, value_name = "N", default_value = "100000", value_parser = value_parsers::number(1_u64..=10_000_000))]
    pub(crate) max_conversations: u64,
    /// Print JSON instead of showing a screen, one object per line (see below)
    #[arg(long)]
    pub(crate) json: bool,
    /// The number of conversations and endpoints in JSON
    #[arg(long, value_name = "N", default_value = "20", requires = "json", value_parser = value_parsers::number(0_u64..))]
    pub(crate) rows: u64,
    #[command(flatten)]
    pub(crate) display: DisplayOptions,
}

/// The layer of conversations and endpoints, by the name that Wireshark's tools use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayerArg {
    Eth,
    Ip,
    Ipv6,
    Tcp,
    Udp,
    Sctp,
}

/// Parses the time between two updates.
fn interval(text: &str) -> Result<Duration, String> {
    let interval = value_parsers::nonzero_seconds(text)?;
    match interval < Duration::from_millis(100) || interval > Duration::from_secs(3600) {
        true => Err("expected a time from 0.1 to 3600 seconds".to_owned()),
        false => Ok(interval),
    }
}
