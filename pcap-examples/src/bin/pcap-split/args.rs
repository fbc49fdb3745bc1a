//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use pcap_examples::{left_out, stop, summary, units};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-split day.pcap -o part --packets 1000000  part-00000.pcap, part-00001.pcap, …
  pcap-split day.pcap -o hours/ --every 1h       hours/day-00000.pcap, …
  pcap-split a.pcap.gz -o small --size 10M
  pcap-split day.pcap -o web --flow -f 'tcp port 443' --json

The savefiles are pcap, with the link type, the snaplen and the precision of the one that is read, and
its packets in their order and as they are, also damaged ones; each has at least one. `pcap-merge` makes
one of them again.

Of a damaged savefile the packets before the damage are written; the status is 1. Ctrl-C ends
it: what is written is complete then, and the status is 1. So it is with other errors, but for
savefiles that the disk does not take: they are not listed, and counted as incomplete. A savefile is
listed as soon as it is complete, and packets are in one within about a second after they are read.";

const JSON_HELP: &str = "  \
  With --flow also protocol, source, source_port, destination, destination_port, of its first
  packet. The last line is: type (\"summary\"), read and packets (how many were read, and how many
  of them are in the savefiles that are listed), files, incomplete (how many savefiles are not
  listed, because they could not be completed), left_out (how many packets no savefile can hold, if
  there are any), error (why it ended before the end, if it did).";

/// Splits a savefile into several, which are numbered from 0 on, and prints a line for each: its
/// name, its packets, its length in bytes.
#[derive(Parser)]
#[command(name = NAME, version,
    after_help = format!("{HELP}\n\n{}\n\n{}\n\n{}\n{JSON_HELP}", stop::HELP, left_out::HELP, summary::HELP))]
pub(crate) struct Args {
    /// The savefile to read, pcap or pcapng, also compressed by gzip; `-` is standard input
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// What the names of the savefiles begin with; `PREFIX-00000.pcap` is the first. If it is a
    /// folder, they are in it and begin with the name of IN, without what it ends in. Folders have
    /// to be there
    #[arg(short, long, value_name = "PREFIX")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) by: By,
    /// Only packets that pass this filter, in the language of pcap-filter(7)
    #[arg(short, long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,
    /// Replace savefiles that are there already; those with higher numbers stay
    #[arg(long)]
    pub(crate) force: bool,
    /// How many digits the numbers have. Those that have more do not sort
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u8).range(1..=18))]
    pub(crate) digits: u8,
    /// Keep at most so many savefiles of flows open at once, and fewer if there are not as many
    /// descriptors [default: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_open: Option<u32>,
    /// Print a line of JSON for each savefile (see below)
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct By {
    /// So many packets in each savefile
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) packets: Option<u64>,
    /// At most so many KiB in each, headers included, or with a unit: 64K, 10M, 1G. Only a single
    /// packet that has more by itself makes a savefile longer
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    pub(crate) size: Option<usize>,
    /// This time in each, in seconds or with a unit: 0.5, 60s, 5m, 1h, 500ms. The first span begins with the first packet, and
    /// the others follow it without gaps; a packet just at the end of a span is in the next, an
    /// earlier one than those before it stays with them, and there is no savefile without packets
    #[arg(long, value_name = "TIME", value_parser = units::span)]
    pub(crate) every: Option<Duration>,
    /// A savefile for each flow, both directions together: the addresses and ports of TCP, UDP,
    /// UDP-Lite, SCTP and DCCP; the addresses and the protocol of everything else; the protocol alone
    /// of what has no addresses. The addresses are the innermost ones of a tunnel (GRE, IP in IP, VXLAN,
    /// Geneve). Fragments of IP follow the first one of their packet, which has the ports; those
    /// that come before it are told apart by addresses and protocol
    #[arg(long)]
    pub(crate) flow: bool,
}
