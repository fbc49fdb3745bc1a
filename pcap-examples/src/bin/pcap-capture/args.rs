//! The command line of `pcap-capture`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use pcap_core::{Dlt, TstampType};
use pcap_examples::drain::MAX_TIMEOUT;
use pcap_examples::options::display::DisplayOptions;
use pcap_examples::options::filter::FilterWords;
use pcap_examples::packet_printer::PrintFormat;
use pcap_examples::{json, output_format, signals, value_parsers};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-capture                                   print all packets of the default device
  pcap-capture -i eth0 -c 10 tcp port 443        print ten packets that pass a filter
  pcap-capture -i any --duration 60 -w all.pcap  save one minute of packets of all devices
  pcap-capture -w - -U | pcap-read -l -          pass each packet through a pipe immediately

Packets are printed, or written to the savefile, within about a second after libpcap delivers
them, even without -U. SIGKILL loses only packets that are not written yet. Ctrl-C ends the
capture: packets that have already arrived are still written, the savefile is completed, and the
statistics are printed. A packet counts as captured once the output has accepted it. The status is
0, or 1 if packets were not written. It is not an error if the reader of the printed lines closes
the pipe.";

const JSON_HELP: &str = "  \
  The last line contains the statistics: type (\"statistics\"), packets and bytes (printed or
  written), not_written (packets received but not written), received, dropped and if_dropped.
  With `-w -`, it is printed on standard error.";

/// Captures packets from a device, and prints a line for each or writes a savefile. A line has the
/// local time, the addresses, the protocol and the length on the wire in bytes.
///
/// At the end, prints statistics on standard error: how many packets passed the filter, how many were
/// dropped because the program did not read fast enough, and how many the interface dropped.
#[derive(Parser)]
#[command(name = NAME,
    after_help = format!("{HELP}\n\n{}\n\n{}\n\n{}\n{JSON_HELP}", signals::HELP, output_format::HELP_WITHOUT_INPUT, json::HELP))]
pub(crate) struct Args {
    /// The device to capture on [default: the first that is up and running]
    #[arg(short, long, value_name = "DEV")]
    pub(crate) interface: Option<OsString>,
    #[command(flatten)]
    pub(crate) filter: FilterWords,
    /// The number of packets to capture [default: no limit]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// How long to capture, in seconds or with a unit: 0.5, 60s, 5m, 1h, 500ms [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = value_parsers::seconds)]
    pub(crate) duration: Option<Duration>,
    /// The maximum number of bytes to capture of each packet; 0 means 262144
    #[arg(short, long, value_name = "BYTES", default_value_t = 0)]
    pub(crate) snaplen: u32,
    /// Capture in promiscuous mode: also packets that are not for this host
    #[arg(short, long)]
    pub(crate) promisc: bool,
    /// Capture in monitor mode, for wireless devices
    #[arg(long)]
    pub(crate) rfmon: bool,
    /// Deliver each packet as soon as it arrives, without the timeout
    #[arg(long)]
    pub(crate) immediate: bool,
    /// The size of the kernel's buffer, in KiB or with a unit: 64K, 8M, 1G [default: libpcap's]
    #[arg(short = 'B', long, value_name = "KIB", value_parser = value_parsers::kibibytes)]
    pub(crate) buffer_size: Option<u64>,
    /// The packet-buffer timeout: how long packets may wait to be delivered together, in milliseconds or
    /// with a unit; at most one second
    #[arg(long, value_name = "MS", default_value = "100", value_parser = value_parsers::milliseconds)]
    pub(crate) timeout: Duration,
    /// The source of packet times, such as host or adapter, see pcap-tstamp(7) [default: the device's]
    #[arg(short = 'j', long, value_name = "NAME")]
    pub(crate) tstamp_type: Option<TstampType>,
    /// The precision of packet times
    #[arg(long, value_name = "PRECISION", default_value = "nano", value_parser = ["micro", "nano"])]
    pub(crate) precision: String,
    /// Capture received packets, sent packets, or both
    #[arg(short = 'Q', long, value_name = "WAY", default_value = "inout",
        value_parser = ["in", "out", "inout"])]
    pub(crate) direction: String,
    /// The link type: a DLT name or number [default: the first of the device, but LINUX_SLL2 for `any`,
    /// because LINUX_SLL lacks the interface of each packet]
    #[arg(short = 'y', long, value_name = "LINKTYPE")]
    pub(crate) linktype: Option<Dlt>,
    /// Capture with N threads; Linux distributes flows among them, and order is kept within a thread
    #[arg(long, value_name = "N", conflicts_with = "write",
        value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Write packets to a savefile instead of printing them; `-` means standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
    /// Write each packet to the savefile immediately, instead of within about a second
    #[arg(short = 'U', long, requires = "write")]
    pub(crate) packet_buffered: bool,
    /// Print packets, even with --write
    #[arg(long)]
    pub(crate) print: bool,
    /// Print packets and statistics as JSON, one object per line (see below)
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) display: DisplayOptions,
}

impl Args {
    pub(crate) fn is_to_stdout(&self) -> bool {
        self.write.as_deref() == Some(Path::new("-"))
    }

    /// Returns how long packets may wait in the kernel's buffer, at most.
    pub(crate) fn timeout(&self) -> Duration {
        match self.immediate {
            true => Duration::ZERO,
            false => self.timeout.min(MAX_TIMEOUT),
        }
    }

    pub(crate) fn form(&self) -> PrintFormat {
        if self.json {
            PrintFormat::Json
        } else {
            PrintFormat::Line
        }
    }
}
