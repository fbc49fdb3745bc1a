//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;
use pcap_examples::pace::Pace;
use pcap_examples::{stop, units};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-replay -i eth0 trace.pcap                 with the times between packets that they had
  pcap-replay -i eth0 --speed 10 -f 'udp port 53' trace.pcap.gz
  pcap-replay -i eth0 --mbps 100 --loops 0 trace.pcap
  pcap-recode -l ETHERNET any.pcap - | pcap-replay -i eth0 --fast -

Each packet has its time counted from the first one, so that delays do not add up; a packet that is
late is sent at once. Times that go back in the savefile are not waited for. While a packet is less
than 0.2 ms away it is waited for without sleeping. A further loop begins right after the last
packet of the one before.

What the device refuses, such as packets above its MTU, is counted and reported, and so are packets
that a snaplen had cut, which are not sent without --cut. If there are any the status is 1. A full
queue is waited for. A packet that the device drops, such as one above the MTU of the other end, is
tried for a second, and further ones as long as it only briefly. Ctrl-C ends it
with the summary. The same rights are needed as for capturing.";

const JSON_HELP: &str = "\
JSON:
  One object: type (\"summary\"), packets and bytes (sent), seconds (from the first to the last),
  pps and mbps (packets and millions of bits a second), cut (packets sent with --cut), not_sent
  (packets), errors (an object of reasons and how many), late_seconds (the most that a packet was
  later than its time), loops (that were begun).";

/// Sends the packets of a savefile on a device, at the pace that they had or at another one.
///
/// At the end it prints on standard error how many were sent, how fast, and what was refused and why.
#[derive(Parser)]
#[command(name = NAME, version, after_help = format!("{HELP}\n\n{}\n\n{JSON_HELP}", stop::HELP))]
pub(crate) struct Args {
    /// The savefile, pcap or pcapng, also compressed by gzip; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The device to send on, which takes packets of the savefile's link type
    #[arg(short = 'i', long, visible_alias = "interface", value_name = "DEV")]
    pub(crate) device: OsString,
    /// So many times as fast as the packets were [default: 1]
    #[arg(long, value_name = "TIMES", group = "pace", value_parser = units::positive)]
    pub(crate) speed: Option<f64>,
    /// So many packets a second
    #[arg(long, value_name = "RATE", group = "pace", value_parser = units::positive)]
    pub(crate) pps: Option<f64>,
    /// So many millions of bits a second, of the packets as they are in the savefile
    #[arg(long, value_name = "RATE", group = "pace", value_parser = units::positive)]
    pub(crate) mbps: Option<f64>,
    /// As fast as it goes
    #[arg(long, group = "pace")]
    pub(crate) fast: bool,
    /// Send the savefile so many times; 0 is until it is stopped
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) loops: u64,
    /// At most so many packets, of all loops together [default: all]
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Only packets that pass this filter, in the language of pcap-filter(7)
    #[arg(short, long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,
    /// Send also packets that a snaplen has cut, as much of them as there is
    #[arg(long)]
    pub(crate) cut: bool,
    /// End at the first packet that is not sent
    #[arg(long)]
    pub(crate) stop_on_error: bool,
    /// Print the summary as JSON (see below)
    #[arg(long)]
    pub(crate) json: bool,
    /// Say nothing but errors, and JSON if it is asked for
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl Args {
    pub(crate) fn pace(&self) -> Pace {
        match (self.speed, self.pps, self.mbps) {
            (Some(speed), ..) => Pace::Times(speed),
            (_, Some(rate), _) => Pace::Packets(rate),
            (.., Some(rate)) => Pace::Megabits(rate),
            _ if self.fast => Pace::Fast,
            _ => Pace::Times(1.0),
        }
    }
}
