//! `pcap-read`: prints the packets of savefiles.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Parser;
use pcap_core::{Capture, ErrorKind, Offline};
use pcap_examples::background_writer::{self, BackgroundWriter};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::json;
use pcap_examples::line_output::LineOutput;
use pcap_examples::packet_counter::PacketCounter;
use pcap_examples::packet_printer::{PacketPrinter, PrintFormat};
use pcap_examples::program;
use pcap_examples::savefile_reader;
use pcap_examples::savefile_source;
use pcap_examples::signals;
use pcap_examples::stderr;

const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-read trace.pcap                           one line per packet
  pcap-read -f 'tcp port 443' -c 10 a.pcap b.pcapng
  pcap-read --count -f arp *.pcap                the number of ARP packets in all files
  tcpdump -i eth0 -w - | pcap-read --json -l -   read from standard input
  pcap-read --follow growing.pcap                wait for more packets until Ctrl-C

If a file is damaged, the packets before the damage are printed, then the error, then the packets
of the remaining files, and the status is 1. The status is also 1 if Ctrl-C ends the program before
the end of a file, except with --follow. If a file does not exist, no packets are printed.";

/// Prints the packets of savefiles (pcap or pcapng, optionally compressed with gzip): one line each,
/// with the time in UTC, the addresses, the protocol and the length on the wire in bytes.
#[derive(Parser)]
#[command(name = NAME, version, after_help = format!("{HELP}\n\n{}\n\n{}", signals::HELP, json::HELP))]
pub(crate) struct Args {
    /// The savefiles to read; `-` means standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print only packets that pass this filter expression, as described in pcap-filter(7)
    #[arg(short, long, value_name = "EXPR")]
    filter: Option<String>,
    /// The maximum number of packets to print, in all files together [default: all]
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Print only the number of packets in all files together
    #[arg(long, conflicts_with_all = ["raw", "json"])]
    count: bool,
    /// Print packets in hexadecimal: SECONDS.NANOSECONDS CAPLEN LEN HEX; HEX is `-` if there are no bytes
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    /// Print packets as JSON, one object per line (see below)
    #[arg(long)]
    json: bool,
    /// At the end of the file, wait for more packets until Ctrl-C. Requires a single classic savefile that
    /// is not compressed
    #[arg(long)]
    follow: bool,
    /// Write each line immediately, even to a pipe, instead of within a fraction of a second
    #[arg(short, long)]
    line_buffered: bool,
}

impl Args {
    /// Returns the maximum number of packets to print.
    fn limit(&self) -> u64 {
        self.limit.unwrap_or(u64::MAX)
    }
}

fn main() -> ExitCode {
    program::main(NAME, |args: Args| {
        if args.follow && args.files.len() > 1 {
            exit::usage_error::<Args>("cannot follow more than one file");
        }
        run(&args)
    })
}

fn run(args: &Args) -> Outcome {
    check_files(&args.files)?;
    let mut output = LineOutput::stdout().line_buffered(args.line_buffered || args.follow);
    let packets_read = Arc::new(PacketCounter::default());
    let report = Arc::clone(&packets_read);
    signals::on_report(move || {
        let packets = report.get();
        stderr::print_line(format_args!("{packets} packets read"));
    });
    signals::on_flush(|| BackgroundWriter::stdout().request_flush());
    let printed = print_files(args, &packets_read, &mut output);
    // It is not an error if the reader of the lines has closed the pipe.
    if !printed.as_ref().is_err_and(Failure::is_broken_pipe) {
        stderr::print_unwritten(background_writer::unwritten_packets());
    }
    printed
}

/// Prints the packets of all files, or their number.
fn print_files(args: &Args, packets_read: &PacketCounter, output: &mut LineOutput) -> Outcome {
    let mut outcome = Ok(());
    for path in &args.files {
        if packets_read.get() == args.limit() {
            break;
        }
        if signals::end_requested().is_some() {
            let text = format!("stopped before `{}`", path.display());
            outcome = Err(Failure::Text(text));
            break;
        }
        // A signal may kill the program while it opens this file.
        output.flush()?;
        match print_file(args, path, packets_read, output) {
            Ok(()) => {}
            // Further lines would fail, too.
            Err(Failure::Stdout(error)) => return Err(error.into()),
            Err(failure) => {
                // Print the packets of this file before the error.
                output.flush()?;
                failure.report(NAME);
                outcome = Err(Failure::Reported);
            }
        }
    }
    if args.count {
        let packets = packets_read.get();
        output.print_line(|out| out.extend(format!("{packets}\n").bytes()))?;
    }
    output.flush()?;
    outcome
}

/// Checks that all arguments are files, before anything is printed. The user may have forgotten `-f` before a filter.
fn check_files(files: &[PathBuf]) -> Outcome {
    let mut outcome = Ok(());
    for path in files.iter().filter(|path| path.as_os_str() != "-") {
        let why = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => "it is a folder",
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                "no such file"
            }
            // Other errors are reported when the file is opened.
            _ => continue,
        };
        let path = path.display();
        stderr::print_message(
            NAME,
            format_args!("cannot open `{path}`: {why}; use -f for a filter"),
        );
        outcome = Err(Failure::Reported);
    }
    outcome
}

/// Opens a savefile. With `follow`, waits until its header is complete.
fn open_capture(path: &Path, follow: bool) -> Outcome<Capture<Offline>> {
    loop {
        if follow && savefile_source::is_gzip(path) {
            let path = path.display();
            let text = format!("cannot follow `{path}`: it is compressed with gzip");
            return Err(Failure::Text(text));
        }
        // Opening a FIFO blocks until its other end is opened.
        match signals::while_killable(|| savefile_reader::open_capture(path)) {
            Err(Failure::Pcap(error)) if follow && error.kind() == ErrorKind::SavefileTruncated => {
                thread::sleep(Duration::from_millis(100));
            }
            opened => return opened,
        }
    }
}

/// Prints the packets of one file, and counts them.
fn print_file(
    args: &Args,
    path: &Path,
    packets_read: &PacketCounter,
    output: &mut LineOutput,
) -> Outcome {
    let mut capture = open_capture(path, args.follow)?;
    if args.follow {
        capture.follow(true)?;
    }
    if let Some(expression) = &args.filter {
        let named = |e| Failure::Text(format!("cannot filter `{}`: {e}", path.display()));
        // Resolving host names may take a long time.
        signals::while_killable(|| capture.set_filter(expression)).map_err(named)?;
    }
    signals::break_on_end(capture.break_handle());
    BackgroundWriter::stdout().break_on_failure(capture.break_handle());
    let form = match (args.raw, args.json) {
        (true, _) => PrintFormat::Raw,
        (_, true) => PrintFormat::Json,
        _ => PrintFormat::Line,
    };
    let mut printer = PacketPrinter::new(form, &capture);
    let limit = args.limit();
    let flow = capture.try_for_each(|packet| {
        let count = packets_read.get() + 1;
        packets_read.set(count);
        if !args.count {
            let print = |out: &mut Vec<u8>| printer.push(out, packet);
            if let Err(error) = output.print_packet(packet.wire_len(), print) {
                return ControlFlow::Break(Err(error.into()));
            }
        }
        match count == limit {
            true => ControlFlow::Break(Ok(())),
            false => ControlFlow::Continue(()),
        }
    });
    if let Ok(ControlFlow::Break(outcome)) = flow {
        return outcome;
    }
    match signals::end_requested() {
        Some(_) if args.follow => Ok(()),
        // Ignore an error of reading: the signal may have truncated the last packet of a pipe.
        Some(_) => Err(Failure::Text(format!(
            "stopped before the end of `{}`",
            path.display()
        ))),
        None => {
            // Without another packet, nothing has noticed an error of the output yet.
            BackgroundWriter::stdout().check()?;
            Ok(flow.map(drop)?)
        }
    }
}
