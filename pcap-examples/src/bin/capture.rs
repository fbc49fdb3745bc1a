//! Captures packets from a device: prints them, writes them to a savefile, or both.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser;
use pcap_core::{
    Active, BreakHandle, Capture, CompileOptions, Device, Direction, Dlt, Inactive, Next,
    Precision, Stats, Timestamp, TstampType,
};
use pcap_examples::ending::{self, Ending};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::interfaces::Interfaces;
use pcap_examples::output::Output;
use pcap_examples::printer::{Form, Printer};
use pcap_examples::progress::Status;
use pcap_examples::savefile::Savefile;
use pcap_examples::sink::Sink;
use pcap_examples::{device, expression, group, json, program, stop, units};

const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  capture                                   all packets of the default device, a line each
  capture -i eth0 -c 10 tcp port 443        ten packets that pass a filter
  capture -i any --duration 60 -w day.pcap  a minute of all devices, into a savefile
  capture -w - -U | read -l -               through a pipe, packet by packet

Ctrl-C (or SIGTERM) ends it: what had arrived by then is still delivered, the savefile is complete
and the statistics are printed. The status is 0.";

/// Captures packets from a device: prints a line for each, with the time in UTC, the addresses, the
/// protocol and the length on the wire in bytes; or writes a savefile.
///
/// At the end it prints the statistics on standard error: how many packets the device received that
/// passed the filter, how many were dropped because they were not read fast enough, and how many the
/// interface dropped by itself.
#[derive(Parser)]
#[command(name = NAME, version,
    after_help = format!("{HELP}\n\n{}\n\n{}\n{JSON_HELP}", ending::HELP, json::HELP))]
pub(crate) struct Args {
    /// The device [default: the first that is up and running]
    #[arg(short, long, value_name = "DEV")]
    interface: Option<OsString>,
    /// Only packets that pass this filter, in the language of pcap-filter(7)
    #[arg(short, long, value_name = "EXPR", conflicts_with = "expression")]
    filter: Option<String>,
    /// The filter, as words that are joined by spaces
    #[arg(value_name = "EXPR", allow_negative_numbers = true)]
    expression: Vec<String>,
    /// Do not optimize the filter
    #[arg(short = 'O', long)]
    no_optimize: bool,
    /// End after so many packets [default: never]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after this time, in seconds or with a unit: 0.5, 60s, 5m, 1h, 500ms [default: never]
    #[arg(long, value_name = "TIME", value_parser = units::seconds)]
    duration: Option<Duration>,
    /// Capture at most so many bytes of a packet; 0 is the largest, 262144
    #[arg(short, long, value_name = "BYTES", default_value_t = 0)]
    snaplen: u32,
    /// Capture packets that are not for this host, too
    #[arg(short, long)]
    promisc: bool,
    /// Capture in monitor mode, for wireless devices
    #[arg(long)]
    rfmon: bool,
    /// Deliver each packet as soon as it arrives, without the timeout
    #[arg(long)]
    immediate: bool,
    /// The kernel's buffer, in KiB unless it has a unit (64K, 8M, 1G) [default: libpcap's]
    #[arg(short = 'B', long, value_name = "KIB", value_parser = units::size)]
    buffer_size: Option<usize>,
    /// How long packets may wait in the buffer to be delivered together, in milliseconds or with a
    /// unit
    #[arg(long, value_name = "MS", default_value = "100", value_parser = units::milliseconds)]
    timeout: Duration,
    /// Which clock stamps the packets: host, adapter …, see pcap-tstamp(7) [default: the device's]
    #[arg(short = 'j', long, value_name = "NAME")]
    tstamp_type: Option<TstampType>,
    /// The precision of the times
    #[arg(long, value_name = "PRECISION", default_value = "nano", value_parser = ["micro", "nano"])]
    precision: String,
    /// Only packets that are received, only those that are sent, or both
    #[arg(short = 'Q', long, value_name = "WAY", default_value = "inout",
        value_parser = ["in", "out", "inout"])]
    direction: String,
    /// The link type: a DLT name or number [default: the device's first; of `any` LINUX_SLL2, which has
    /// the interface of each packet, and LINUX_SLL is the older one]
    #[arg(short = 'y', long, value_name = "LINKTYPE")]
    linktype: Option<Dlt>,
    /// Capture in so many threads, over which Linux spreads the flows; lines are in order within each
    #[arg(long, value_name = "N", conflicts_with = "write",
        value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Write the packets to a savefile instead of printing them; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Write each packet to the savefile at once
    #[arg(short = 'U', long, requires = "write")]
    packet_buffered: bool,
    /// Print the packets, although they are written
    #[arg(long)]
    print: bool,
    /// Print packets and statistics as JSON, one object per line (see below)
    #[arg(long)]
    json: bool,
    /// Nothing on standard error but errors: no status while it runs, no statistics
    #[arg(short, long)]
    quiet: bool,
}

const JSON_HELP: &str = "  \
  The last line is the statistics: type (\"statistics\"), packets and bytes (what was printed or
  written), received, dropped, if_dropped. With `-w -` it goes to standard error.";

impl Args {
    fn is_to_stdout(&self) -> bool {
        self.write.as_deref() == Some(Path::new("-"))
    }

    fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Line }
    }
}

fn main() -> ExitCode {
    exit::status(NAME, run(&program::parse::<Args>()))
}

fn run(args: &Args) -> Outcome {
    if args.is_to_stdout() && args.print {
        exit::usage::<Args>("packets cannot be printed where the savefile goes");
    }
    if args.is_to_stdout() && io::stdout().is_terminal() {
        exit::usage::<Args>("a savefile cannot be written to a terminal");
    }
    let ending = args.write.as_deref().map(Ending::of).transpose()?;
    let device = match &args.interface {
        Some(name) => name.clone(),
        None => Device::default_device()?.name().into(),
    };
    let options = options(args, &device);
    if let Some(threads) = args.threads {
        let run = |options| run_in_threads(args, &device, &options, threads);
        return activate(args, &device, options, run);
    }
    let mut capture = activate(args, &device, options, |options| Ok(options.activate()?))?;
    stop::on_ctrl_c(capture.break_handle())?;
    let create = |(path, ending): (&PathBuf, Ending)| {
        Savefile::create(path, &capture, ending.format, ending.gzip)
    };
    let savefile = args.write.as_ref().zip(ending).map(create).transpose()?;
    let print = args.print || savefile.is_none();
    let printer = print.then(|| printer(args, &capture));
    let mut sink = Sink::new(printer, savefile, args.packet_buffered);
    let mut status = Status::new(!print && !args.quiet);
    if !args.quiet {
        announce(&device, &capture);
    }

    let quota = Quota::new(args.count);
    let received = receive(args, &mut capture, &mut sink, &mut status, &quota);
    status.clear();
    let stats = capture.stats();
    let closed = match &received {
        // There is no more room for the end than there was for the rest.
        Err(Failure::Pcap(error)) if error.operation() == Some("write") => Ok(()),
        _ => sink.close(),
    };
    let outcome = received.and(closed);
    match stats {
        _ if outcome.as_ref().is_err_and(Failure::is_broken_pipe) => outcome,
        Ok(stats) => {
            let counts = (sink.packets(), sink.bytes());
            outcome.and(statistics(args, counts, sink.output(), &stats))
        }
        Err(error) => outcome.and(Err(error.into())),
    }
}

/// Activates captures with the link type of the command line, or the one for the device.
fn activate<T>(
    args: &Args,
    device: &OsStr,
    options: Capture<Inactive>,
    activate: impl Fn(Capture<Inactive>) -> Outcome<T>,
) -> Outcome<T> {
    match args.linktype {
        Some(linktype) => activate(options.datalink(linktype)),
        None => device::activate(device, options, activate),
    }
}

/// The same in several threads, each of which prints its packets by itself.
fn run_in_threads(
    args: &Args,
    device: &OsStr,
    options: &Capture<Inactive>,
    threads: u16,
) -> Outcome {
    let quota = Quota::new(args.count);
    let opened = |captures: &[Capture<Active>]| {
        let handles: Vec<_> = captures.iter().map(Capture::break_handle).collect();
        stop::all_on_ctrl_c(handles.clone())?;
        let _ = quota.handles.set(handles);
        if !args.quiet {
            announce(device, &captures[0]);
        }
        Ok(())
    };
    let counts = Mutex::new((0, 0));
    let (outcome, stats) = group::in_threads(options, threads.into(), opened, |capture| {
        let printer = printer(args, capture);
        let mut sink = Sink::new(Some(printer), None, false);
        let received = receive(args, capture, &mut sink, &mut Status::new(false), &quota);
        let outcome = received.and(sink.close());
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts = (counts.0 + sink.packets(), counts.1 + sink.bytes());
        outcome
    })?;
    if outcome.as_ref().is_err_and(Failure::is_broken_pipe) {
        return outcome;
    }
    let counts = counts.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcome.and(statistics(args, counts, &mut Output::stdout(), &stats))
}

/// How many packets are still wanted, of all threads together.
struct Quota {
    /// `None` if all are.
    left: Option<Mutex<u64>>,
    /// Those to end when there are enough.
    handles: OnceLock<Vec<BreakHandle>>,
}

impl Quota {
    fn new(count: Option<u64>) -> Quota {
        Quota {
            left: count.map(Mutex::new),
            handles: OnceLock::new(),
        }
    }

    fn is_used_up(&self) -> bool {
        self.left().is_some_and(|left| *left == 0)
    }

    /// Whether one more is wanted. It is counted.
    fn take(&self) -> bool {
        let Some(mut left) = self.left() else {
            return true;
        };
        let wanted = *left > 0;
        *left = left.saturating_sub(1);
        if wanted && *left == 0 {
            let others = self.handles.get().into_iter().flatten();
            others.for_each(BreakHandle::breakloop);
        }
        wanted
    }

    fn left(&self) -> Option<MutexGuard<'_, u64>> {
        let left = self.left.as_ref()?;
        Some(left.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A capture on the device with all that the command line says of it.
fn options(args: &Args, device: &OsStr) -> Capture<Inactive> {
    let mut options = Capture::from_device(device::named(device))
        .snaplen(args.snaplen)
        .promisc(args.promisc)
        .rfmon(args.rfmon)
        .immediate_mode(args.immediate)
        .timeout(args.timeout)
        .precision(match args.precision.as_str() {
            "micro" => Precision::Micro,
            _ => Precision::Nano,
        })
        .direction(match args.direction.as_str() {
            "in" => Direction::In,
            "out" => Direction::Out,
            _ => Direction::InOut,
        });
    if let Some(bytes) = args.buffer_size {
        options = options.buffer_size(bytes);
    }
    if let Some(tstamp_type) = args.tstamp_type {
        options = options.tstamp_type(tstamp_type);
    }
    let words = || expression::join(&args.expression);
    let expression = args.filter.clone().unwrap_or_else(words);
    let compile = CompileOptions::default().optimize(!args.no_optimize);
    options.filter((expression.as_str(), compile))
}

fn printer(args: &Args, capture: &Capture<Active>) -> Printer {
    Printer::new(args.form(), capture).interfaces(Interfaces::here())
}

/// Says what is captured, and what libpcap warns of.
fn announce(device: &OsStr, capture: &Capture<Active>) {
    for warning in capture.warnings() {
        exit::say(NAME, format_args!("warning: {warning}"));
    }
    let linktype = capture.datalink();
    let what = linktype.description().unwrap_or_default();
    let (device, snaplen) = (device.to_string_lossy(), capture.snaplen());
    exit::say(
        NAME,
        format_args!("listening on {device}, {linktype} ({what}), snaplen {snaplen} bytes"),
    );
}

/// Hands packets on until there were enough, the time is over, or somebody says so.
fn receive(
    args: &Args,
    capture: &mut Capture<Active>,
    sink: &mut Sink,
    status: &mut Status,
    quota: &Quota,
) -> Outcome {
    let deadline = args
        .duration
        .and_then(|time| Instant::now().checked_add(time));
    while !quota.is_used_up() {
        let now = Instant::now();
        if deadline.is_some_and(|deadline| deadline <= now) {
            return drain(args, capture, sink, quota, Timestamp::now());
        }
        if status.is_due(now) {
            status.show(now, sink.packets(), sink.bytes(), capture.stats()?.dropped);
        }
        // Before waiting, lines that nobody has seen yet are shown.
        let wait = match deadline {
            _ if sink.output().is_pending() => Duration::ZERO,
            Some(deadline) => status.patience().min(deadline - now),
            None => status.patience(),
        };
        match capture.next_packet_timeout(wait)? {
            Next::Packet(packet) if quota.take() => sink.take(packet)?,
            Next::Packet(_) => break,
            Next::Timeout => sink.output().flush()?,
            Next::Break => {
                let asked = stop::asked().unwrap_or_else(Timestamp::now);
                return drain(args, capture, sink, quota, asked);
            }
            Next::Eof => break,
        }
    }
    Ok(())
}

/// Hands on what had arrived by a time and is still in the kernel's buffer, where packets lie for
/// up to the timeout.
fn drain(
    args: &Args,
    capture: &mut Capture<Active>,
    sink: &mut Sink,
    quota: &Quota,
    until: Timestamp,
) -> Outcome {
    let timeout = if args.immediate {
        Duration::ZERO
    } else {
        args.timeout
    };
    let wait = (timeout + Duration::from_millis(50)).min(Duration::from_secs(1));
    let deadline = Instant::now() + wait;
    while !quota.is_used_up() {
        let left = deadline.saturating_duration_since(Instant::now());
        match capture.next_packet_timeout(left)?.packet() {
            Some(packet) if packet.timestamp() <= until && quota.take() => sink.take(packet)?,
            _ => break,
        }
    }
    Ok(())
}

/// Prints what was captured and what the device counted.
fn statistics(
    args: &Args,
    (packets, bytes): (u64, u64),
    output: &mut Output,
    stats: &Stats,
) -> Outcome {
    if !args.quiet {
        exit::note(format_args!("{packets} packets captured, {bytes} bytes"));
        exit::note(format_args!(
            "{} packets received, {} dropped, {} dropped by the interface",
            stats.received, stats.dropped, stats.if_dropped
        ));
    }
    if args.json {
        let mut object = Vec::new();
        json::push_statistics(&mut object, packets, bytes, stats);
        if args.is_to_stdout() {
            exit::note(String::from_utf8_lossy(object.trim_ascii_end()));
        } else {
            output.line(|out| out.append(&mut object))?;
            output.flush()?;
        }
    }
    Ok(())
}
