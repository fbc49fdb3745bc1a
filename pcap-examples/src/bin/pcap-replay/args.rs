//! The command line of `pcap-replay`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;
use pcap_examples::options::filter::FilterOption;
use pcap_examples::options::rewrite::{self, RewriteOptions};
use pcap_examples::options::user::UserOption;
use pcap_examples::send_schedule::Pace;
use pcap_examples::{signals, value_parsers};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-replay -i eth0 trace.pcap                 at the original pace
  pcap-replay -i eth0 --speed 10 -f 'udp port 53' trace.pcap.gz
  pcap-replay -i eth0 --mbps 100 --loops 0 trace.pcap
  pcap-replay -i eth0 morning.pcap noon.pcap     one after the other
  pcap-replay -i eth0 --peer eth1 trace.pcap     servers on eth1
  pcap-replay -i eth0 --peer eth1 --peer-file in.pcap out.pcap
  pcap-replay -i eth0 --dst-mac 02:00:00:00:00:01 --ttl 64 trace.pcap
  pcap-recode -y ETHERNET any.pcap - | pcap-replay -i eth0 --fast -

The time to send a packet is relative to the first packet, so delays do not accumulate. A late
packet is sent immediately. If a time in the savefile is earlier than the previous one, the packet
is sent without waiting. The last 0.2 ms before a packet are a busy wait. Each loop begins
immediately after the last packet of the previous loop, or after --loop-delay.

Several files are sent one after the other, without a pause between them.

With --peer, the packets of servers are sent on the second device. All packets
between two hosts follow the first one: its sender is the client, unless it
accepts a TCP connection, or is from a port below 1024 to a higher one.
--peer-filter selects the packets instead, by network, port or MAC address.
With --peer-file, the packets of these savefiles are sent on the second
device, and the times in both decide when. With --fast, the devices get their
packets in batches: the order within a device stays the same, that between the
devices does not.

Packets that the device rejects, such as those above its MTU, are counted and reported. So are
truncated packets, which are only sent with --cut. If a packet is not sent, the status is 1. The
program waits while the queue of the device is full. A packet that the device drops, such as one
above the MTU of the other end, is retried for a second. Further packets are retried briefly while
the device keeps dropping. Ctrl-C ends the program, which then prints the summary. Sending requires
the same privileges as capturing. With -Z, the program opens the devices, gives up its
privileges, and then opens the savefiles, which the user must be able to read.";

const JSON_HELP: &str = "\
JSON:
  One object with the members schema (the version of the schema: 1), type (\"summary\"), packets and bytes (sent), seconds (from the first
  packet to the last), pps and mbps (packets and millions of bits per second), cut (truncated
  packets sent), not_sent (packets not sent), errors (an object that maps each reason to a number
  of packets), late_seconds (the largest delay of a packet), loops (loops begun) and devices (an
  array of objects with the name of each device, and its packets and bytes). If the program fails,
  error says why; an error before the start has an object of its own, with the type \"error\".";

/// Sends the packets of savefiles on a device, or on two, at the original pace or at another one.
///
/// At the end, prints on standard error how many packets were sent, at what rate, and why packets were
/// not sent.
#[derive(Parser)]
#[command(name = NAME, after_help = format!("{HELP}\n\n{}\n\n{}\n\n{JSON_HELP}", rewrite::HELP, signals::HELP))]
pub(crate) struct Args {
    /// The savefiles to send, pcap or pcapng, optionally compressed; `-` means standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The device to send on, by its name or its number in `pcap-capture -D`; its link type must be that of the
    /// savefile
    #[arg(short = 'i', long = "interface", value_name = "DEV")]
    pub(crate) device: OsString,
    /// Send the packets of servers, or those of the other --peer options, on this second device
    #[arg(long, value_name = "DEV")]
    pub(crate) peer: Option<OsString>,
    /// Send the packets that match this filter expression on the second device
    #[arg(
        long,
        value_name = "EXPR",
        requires = "peer",
        conflicts_with = "peer_file"
    )]
    pub(crate) peer_filter: Option<String>,
    /// Send the packets of this savefile on the second device. Can be repeated
    #[arg(long, value_name = "FILE", requires = "peer")]
    pub(crate) peer_file: Vec<PathBuf>,
    /// Send at this multiple of the original pace [default: 1]
    #[arg(long, value_name = "TIMES", group = "pace", value_parser = value_parsers::positive_number)]
    pub(crate) speed: Option<f64>,
    /// Send at this number of packets per second
    #[arg(long, value_name = "RATE", group = "pace", value_parser = value_parsers::positive_number)]
    pub(crate) pps: Option<f64>,
    /// Send at this number of millions of bits per second, counting the bytes in the savefile
    #[arg(long, value_name = "RATE", group = "pace", value_parser = value_parsers::positive_number)]
    pub(crate) mbps: Option<f64>,
    /// Send as fast as possible
    #[arg(long, group = "pace")]
    pub(crate) fast: bool,
    /// Shorten longer gaps between packets in the savefile to this, in seconds or with a unit
    #[arg(long, value_name = "TIME", value_parser = value_parsers::seconds,
        conflicts_with_all = ["pps", "mbps", "fast"])]
    pub(crate) max_gap: Option<Duration>,
    /// How many times to send the savefile; 0 means until Ctrl-C
    #[arg(long, value_name = "N", default_value = "1", value_parser = value_parsers::number(0_u64..))]
    pub(crate) loops: u64,
    /// Pause between loops, in seconds or with a unit
    #[arg(long, value_name = "TIME", value_parser = value_parsers::seconds, conflicts_with = "fast")]
    pub(crate) loop_delay: Option<Duration>,
    /// The maximum number of packets to send, in all loops together [default: all]
    #[arg(short = 'c', long, value_name = "N", value_parser = value_parsers::number(1_u64..))]
    pub(crate) limit: Option<u64>,
    /// How long to send, in seconds or with a unit: 0.5, 60s, 5m, 1h [default: no limit]
    ///
    /// The time begins with the first packet. If a pipe has no packet for this long, the program ends, too.
    #[arg(long, value_name = "TIME", value_parser = value_parsers::nonzero_seconds)]
    pub(crate) duration: Option<Duration>,
    #[command(flatten)]
    pub(crate) filter: FilterOption,
    #[command(flatten)]
    pub(crate) user: UserOption,
    /// Also send truncated packets: the bytes that were captured
    #[arg(long)]
    pub(crate) cut: bool,
    /// End after the first packet that cannot be sent
    #[arg(long)]
    pub(crate) stop_on_error: bool,
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
    /// Starts the time of --duration. Returns when that is.
    pub(crate) fn start_duration(&self) -> Instant {
        let now = Instant::now();
        let end = self.duration.and_then(|duration| now.checked_add(duration));
        end.into_iter().for_each(signals::end_at);
        now
    }

    /// Returns how fast to send packets.
    pub(crate) fn pace(&self) -> Pace {
        match (self.speed, self.pps, self.mbps) {
            (Some(speed), ..) => Pace::Speed(speed),
            (_, Some(rate), _) => Pace::PacketsPerSecond(rate),
            (.., Some(rate)) => Pace::MegabitsPerSecond(rate),
            _ if self.fast => Pace::Unlimited,
            _ => Pace::Speed(1.0),
        }
    }
}
