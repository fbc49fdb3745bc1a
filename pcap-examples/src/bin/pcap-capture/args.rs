//! The command line of `pcap-capture`.

use std::path::{Path, PathBuf};

use clap::Parser;
use pcap_examples::options::also::AlsoArg;
use pcap_examples::options::device::DeviceOptions;
use pcap_examples::options::display::DisplayOptions;
use pcap_examples::options::json::JsonOptions;
use pcap_examples::options::rotation::{self, RotationOptions};
use pcap_examples::options::stop::StopOptions;
use pcap_examples::options::user::UserOption;
use pcap_examples::output_format::FormatArg;
use pcap_examples::packet_printer::PrintFormat;
use pcap_examples::{json, output_format, packet_line, signals, value_parsers};

pub(crate) const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-capture                             print all packets of a device
  pcap-capture -i eth0 -c 10 tcp port 443  print ten that pass a filter
  pcap-capture -i any -a duration:60 -w all.pcap
                                           one minute of all devices
  pcap-capture -i eth0 -f arp -i eth1 -w a.pcapng
                                           two devices, one with a filter
  pcap-capture -w all.pcap --also 'port 53=dns.pcap' -Z nobody
                                           two files, of another user
  pcap-capture -w - -U | pcap-read -l -    pass each packet through a pipe

With several devices, the savefile is pcapng unless its name says otherwise,
and each line names its device. Packets are written in the order in which
they arrive at the program, and those that wait together in the order of
their times: a packet may follow later ones of another device by up to the
--timeout. `pcap-filter --sort` restores the order of times. A device that
goes away does not end the others, but the status is 1.

Packets are printed, or written to the savefile, within about a second after
libpcap delivers them, even without -U. SIGKILL loses only packets that are
not written yet. Ctrl-C or the end of the duration ends the capture: packets
that have already arrived are still written, the savefile is completed, and
the statistics are printed. A packet counts as captured once the output has
accepted it. The status is 0, or 1 if packets were not written. It is not an
error if the reader of the printed lines closes the pipe.";

const JSON_HELP: &str = "\n  \
  The last line contains the statistics: type (\"statistics\"), packets and
  bytes (printed or written), not_written (packets received but not written),
  received, dropped (by the kernel), if_dropped (by the interface) and
  dropped_waiting (by the kernel, while the program waited for an output that
  was too slow), waits and waited_seconds (how often and how long it waited).
  With several devices, interfaces is an array of objects with these counts
  and interface (the name). With --also, outputs is an array of objects of
  path, filter, packets, bytes and not_written. With `-w -`, it is printed on
  standard error. With --print-files, there is an object for each finished
  file: type (\"file\"), path, packets, bytes (the length of the file), first
  and last (the times of the first and last packet).

Status file:
  One object of type (\"status\"), state (\"running\", \"ended\" or
  \"failed\"), pid, start and time (seconds since 1970, as strings),
  uptime_seconds, packets and bytes (written), pending (packets not written
  yet), packets_per_second, file (the current savefile, without --threads),
  and received, dropped, if_dropped, dropped_waiting, waits, waited_seconds,
  interfaces and outputs as above. The file is replaced as a whole.";

/// Captures packets from devices, and prints a line for each or writes a savefile. A line has the
/// local time, the addresses, the protocol, its fields and the length in bytes.
///
/// At the end, prints statistics on standard error: how many packets passed the filter, how many were
/// dropped because the program did not read fast enough, how many the interface dropped, and how many
/// were dropped because an output was too slow.
#[derive(Parser)]
#[command(name = NAME,
    after_help = format!("{HELP}\n\n{}\n\n{}\n\n{}\n\n{}\n\n{}\n{JSON_HELP}", packet_line::HELP, rotation::HELP, signals::HELP, output_format::HELP_WITHOUT_INPUT, json::HELP))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) devices: DeviceOptions,
    #[command(flatten)]
    pub(crate) stop: StopOptions,
    /// Capture with N threads, each with its own savefile: a-1.pcap, a-2.pcap, ...
    ///
    /// Linux distributes flows among the threads, and order is kept within a thread. pcap-merge merges the savefiles.
    /// Limits of files apply to the savefiles of each thread. The first thread that reaches a limit ends all threads,
    /// after the packets that have arrived are written.
    #[arg(long, value_name = "N", value_parser = value_parsers::number(1_u16..=256))]
    pub(crate) threads: Option<u16>,
    /// Write packets to a savefile instead of printing them; `-` means standard output
    #[arg(short, long, value_name = "FILE", value_parser = value_parsers::output_path())]
    pub(crate) write: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) format: FormatArg,
    /// How much data may wait for each savefile that is not closed, in KiB or with a unit. While more waits,
    /// the program reads no packets, and the kernel may drop some
    ///
    /// With rotation, up to 16 finished savefiles wait to be closed, besides the one being closed and the current one.
    /// Each has a queue of its own: together they can need 18 times SIZE. A larger queue bridges times when the disk
    /// is slow, but not over packets that always arrive faster than one processor core compresses them.
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = value_parsers::kibibytes)]
    pub(crate) queue: u64,
    /// Also write the packets that pass a filter expression to another savefile
    ///
    /// Can be repeated. The last `=` separates the expression from the path. The savefiles change as those of
    /// -w do, in rings of their own; -a and -W only end the capture by those of -w. A savefile that cannot be
    /// written does not end the capture, but the status is 1.
    #[arg(long, value_name = "EXPR=FILE", value_parser = AlsoArg::parse)]
    pub(crate) also: Vec<AlsoArg>,
    #[command(flatten)]
    pub(crate) user: UserOption,
    /// Write the status to a file once per second, as JSON (see below), for monitoring
    #[arg(long, value_name = "FILE")]
    pub(crate) status_file: Option<PathBuf>,
    /// Write each packet or line immediately, instead of within about a second
    #[arg(short = 'U', long)]
    pub(crate) packet_buffered: bool,
    /// Print packets, even with --write
    #[arg(long)]
    pub(crate) print: bool,
    #[command(flatten)]
    pub(crate) rotation: RotationOptions,
    #[command(flatten)]
    pub(crate) json: JsonOptions,
    #[command(flatten)]
    pub(crate) display: DisplayOptions,
}

impl Args {
    /// Returns whether a savefile is written to standard output.
    pub(crate) fn is_to_stdout(&self) -> bool {
        self.write.as_deref() == Some(Path::new("-")) || self.is_also_to_stdout()
    }

    pub(crate) fn is_also_to_stdout(&self) -> bool {
        self.also.iter().any(|also| also.path == Path::new("-"))
    }

    pub(crate) fn is_printing(&self) -> bool {
        self.print || self.write.is_none()
    }

    pub(crate) fn form(&self) -> PrintFormat {
        if self.json.json {
            PrintFormat::Json
        } else {
            PrintFormat::Line
        }
    }
}
