//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;
use pcap_examples::send_schedule::Pace;
use pcap_examples::{signals, value_parsers};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-replay -i eth0 trace.pcap                 at the original pace
  pcap-replay -i eth0 --speed 10 -f 'udp port 53' trace.pcap.gz
  pcap-replay -i eth0 --mbps 100 --loops 0 trace.pcap
  pcap-recode -l ETHERNET any.pcap - | pcap-replay -i eth0 --fast -

The time of each packet counts from the first one, so delays do not add up; a late packet is
sent at once. Times that go back in the savefile cause no wait. The last 0.2 ms before a packet
are a busy wait. Each further loop begins right after the last packet of the previous one.

Packets that the device rejects, such as those above its MTU, are counted and reported, and so
are truncated packets, which are sent only with --cut. If there are any, the status is 1. The
program waits while the queue of the device is full. A packet that the device drops, such as one
above the MTU of the other end, is retried for a second; further ones are retried briefly while
the device keeps dropping. Ctrl-C ends the program with the summary. Sending requires the same
privileges as capturing.";

const JSON_HELP: &str = "\
JSON:
  One object: type (\"summary\"), packets and bytes (sent), seconds (from the first packet to the
  last), pps and mbps (packets and millions of bits per second), cut (packets sent with --cut),
  not_sent (packets), errors (an object that maps each reason to a number of packets),
  late_seconds (the largest delay of a packet), loops (begun).";

/// Sends the packets of a savefile on a device, at their original pace or another.
///
/// At the end, prints on standard error how many packets were sent, how fast, and which were rejected
/// and why.
#[derive(Parser)]
#[command(name = NAME, version, after_help = format!("{HELP}\n\n{}\n\n{JSON_HELP}", signals::HELP))]
pub(crate) struct Args {
    /// The savefile, pcap or pcapng, optionally compressed with gzip; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The device to send on; its link type must be that of the savefile
    #[arg(short = 'i', long, visible_alias = "interface", value_name = "DEV")]
    pub(crate) device: OsString,
    /// Speed relative to the original pace [default: 1]
    #[arg(long, value_name = "TIMES", group = "pace", value_parser = value_parsers::positive_number)]
    pub(crate) speed: Option<f64>,
    /// Packets per second
    #[arg(long, value_name = "RATE", group = "pace", value_parser = value_parsers::positive_number)]
    pub(crate) pps: Option<f64>,
    /// Millions of bits per second, counting packets as they are in the savefile
    #[arg(long, value_name = "RATE", group = "pace", value_parser = value_parsers::positive_number)]
    pub(crate) mbps: Option<f64>,
    /// As fast as possible
    #[arg(long, group = "pace")]
    pub(crate) fast: bool,
    /// How many times to send the savefile; 0 means until stopped
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) loops: u64,
    /// The maximum number of packets, in all loops together [default: all]
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Only packets that pass this filter, in the language of pcap-filter(7)
    #[arg(short, long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,
    /// Also send truncated packets, as far as they were captured
    #[arg(long)]
    pub(crate) cut: bool,
    /// End at the first packet that is not sent
    #[arg(long)]
    pub(crate) stop_on_error: bool,
    /// Print the summary as JSON (see below)
    #[arg(long)]
    pub(crate) json: bool,
    /// Print only errors, and JSON if requested
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl Args {
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
