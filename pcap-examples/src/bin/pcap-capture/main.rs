//! Captures packets from a device: prints them, writes them to a savefile, or both.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::mem;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser;
use pcap_core::{
    Active, BreakHandle, Capture, CompileOptions, Device, Direction, Dlt, End, Inactive, Next,
    Precision, Stats, TstampType,
};
use pcap_examples::drain::{LONGEST_TIMEOUT, drain};
use pcap_examples::ending::{self, Ending};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::interfaces::Interfaces;
use pcap_examples::outlet::{Outlet, Tally};
use pcap_examples::output::Output;
use pcap_examples::printer::{Form, Printer};
use pcap_examples::progress::Status;
use pcap_examples::savefile::{Buffering, Savefile};
use pcap_examples::sink::Sink;
use pcap_examples::statistics::{Place, Reports, Statistics};
use pcap_examples::{device, expression, group, json, program, stop, units};

const NAME: &str = env!("CARGO_BIN_NAME");

/// What waits to be written is looked at this often.
const TICK: Duration = Duration::from_millis(100);
/// Once in this many packets the clock is looked at.
const LOOK: u32 = 64;

const HELP: &str = "\
Examples:
  pcap-capture                                   all packets of the default device, a line each
  pcap-capture -i eth0 -c 10 tcp port 443        ten packets that pass a filter
  pcap-capture -i any --duration 60 -w day.pcap  a minute of all devices, into a savefile
  pcap-capture -w - -U | pcap-read -l -          through a pipe, packet by packet

Packets are printed, or in the savefile, within about a second after libpcap delivers them, also
without -U: SIGKILL loses no more than that. Ctrl-C ends the capture: packets that had arrived by
then are still written, the savefile is complete, and the statistics are printed. They count as
captured the packets that the output has accepted. The status is 0, or 1 if packets are not written;
a reader of the printed lines that goes away is no error.";

/// Captures packets from a device: prints a line for each, with the time in UTC, the addresses, the
/// protocol and the length on the wire in bytes; or writes a savefile.
///
/// At the end it prints the statistics on standard error: how many packets the device received that
/// passed the filter, how many were dropped because they were not read fast enough, and how many the
/// interface dropped by itself.
#[derive(Parser)]
#[command(name = NAME, version,
    after_help = format!("{HELP}\n\n{}\n\n{}\n\n{}\n{JSON_HELP}", stop::HELP, ending::HELP, json::HELP))]
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
    /// unit; more than a second is taken as one
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
    /// Write each packet to the savefile at once, instead of within about a second
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
  written), not_written (packets that were to be), received, dropped, if_dropped. With `-w -` it goes
  to standard error.";

impl Args {
    fn is_to_stdout(&self) -> bool {
        self.write.as_deref() == Some(Path::new("-"))
    }

    /// How long packets may wait in the kernel's buffer.
    fn timeout(&self) -> Duration {
        match self.immediate {
            true => Duration::ZERO,
            false => self.timeout.min(LONGEST_TIMEOUT),
        }
    }

    fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Line }
    }
}

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
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
    stop::breaks(capture.break_handle());
    let target = args.write.as_deref().zip(ending);
    let savefile = target.map(|(path, ending)| create(args, path, ending, &capture));
    let savefile = savefile.transpose()?;
    let print = args.print || savefile.is_none();
    let printer = print.then(|| printer(args, &capture));
    let mut sink = Sink::new(printer, savefile);
    let reports = Reports::default();
    let handles = vec![capture.break_handle()];
    reports.answer(handles, args.timeout(), sink.outlet().clone());
    let mut status = Status::new(!print && !args.quiet);
    if !args.quiet {
        announce(&device, &capture);
    }

    let quota = Quota::new(args.count);
    let received = receive(args, &mut capture, &mut sink, &mut status, &quota, &reports);
    status.clear();
    let outcome = received.and(sink.close());
    let (stats, error) = match capture.stats() {
        Ok(stats) => (Some(stats), Ok(())),
        Err(error) => (None, Err(error.into())),
    };
    let outcome = outcome.and(error);
    // That takes its time, in which an output that was given up may yet take something.
    drop(capture);
    tell(args, outcome, sink.taken(), sink.outlet().tally(), stats)
}

/// The savefile that packets are written to.
fn create(
    args: &Args,
    path: &Path,
    ending: Ending,
    capture: &Capture<Active>,
) -> Outcome<Savefile> {
    let mut savefile = Savefile::create(path, capture, ending.format, ending.gzip)?;
    if args.packet_buffered {
        savefile.set_buffering(Buffering::None);
    }
    Ok(savefile)
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
    let reports = Reports::default();
    let opened = |captures: &[Capture<Active>]| {
        let handles: Vec<_> = captures.iter().map(Capture::break_handle).collect();
        handles.iter().cloned().for_each(stop::breaks);
        reports.answer(handles.clone(), args.timeout(), Outlet::stdout().clone());
        let _ = quota.handles.set(handles);
        if !args.quiet {
            announce(device, &captures[0]);
        }
        Ok(())
    };
    let taken = Mutex::new(Tally::default());
    let (outcome, stats) = group::in_threads(options, threads.into(), opened, |capture| {
        let printer = printer(args, capture);
        let mut sink = Sink::new(Some(printer), None);
        let mut status = Status::new(false);
        let received = receive(args, capture, &mut sink, &mut status, &quota, &reports);
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.packets += sink.taken().packets;
        received
    })?;
    let mut output = Output::stdout();
    let outcome = outcome.and(output.flush().map_err(Failure::Stdout));
    let taken = taken.into_inner().unwrap_or_else(PoisonError::into_inner);
    tell(args, outcome, taken, Outlet::stdout().tally(), Some(stats))
}

/// Prints what was captured and what the device counted.
fn tell(
    args: &Args,
    outcome: Outcome,
    taken: Tally,
    written: Tally,
    stats: Option<Stats>,
) -> Outcome {
    // Lines that nobody wanted any more are not missing.
    let is_unwanted = outcome.as_ref().is_err_and(Failure::is_broken_pipe);
    let not_written = taken.packets.saturating_sub(written.packets);
    let statistics = Statistics {
        written,
        not_written: if is_unwanted { 0 } else { not_written },
        stats,
    };
    if !args.quiet {
        statistics.tell();
    }
    let told = match args.json {
        true => statistics.tell_json(!args.is_to_stdout()),
        false => Ok(()),
    };
    outcome.and(told)
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
        .timeout(args.timeout.min(LONGEST_TIMEOUT))
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
    let compile = CompileOptions::new().optimize(!args.no_optimize);
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

/// Hands packets on until there were enough, the time is over, or somebody says so; then what had arrived by that
/// time.
fn receive(
    args: &Args,
    capture: &mut Capture<Active>,
    sink: &mut Sink,
    status: &mut Status,
    quota: &Quota,
    reports: &Reports,
) -> Outcome {
    let end = args
        .duration
        .and_then(|time| Instant::now().checked_add(time));
    let received = hand_on(capture, sink, status, quota, &reports.place(), end);
    let is_ended = match &received {
        Ok(is_ended) => *is_ended && !quota.is_used_up(),
        Err(failure) => sink.is_failed() && !failure.is_broken_pipe(),
    };
    let mut outcome = received.map(drop);
    if is_ended {
        let drained = drain(capture, |packet| {
            let is_wanted = quota.take();
            if is_wanted {
                // Of an output that takes no more, what is missing is counted.
                let taken = sink.take(packet);
                outcome = mem::replace(&mut outcome, Ok(())).and(taken);
            }
            Ok(is_wanted)
        });
        outcome = outcome.and(drained);
    }
    outcome
}

/// Hands packets on until the capture is to be ended, which is `true`, or has ended.
fn hand_on(
    capture: &mut Capture<Active>,
    sink: &mut Sink,
    status: &mut Status,
    quota: &Quota,
    place: &Place,
    end: Option<Instant>,
) -> Outcome<bool> {
    let mut wait = Duration::ZERO;
    let mut packets = 0_u32;
    while !quota.is_used_up() && stop::asked().is_none() {
        match capture.next_packet_timeout(wait)? {
            Next::Packet(_) if !quota.take() => break,
            Next::Packet(packet) => {
                sink.take(packet)?;
                wait = Duration::ZERO;
                packets = packets.wrapping_add(1);
                // Of packets that are there the clock is not asked each time.
                if packets % LOOK != 0 {
                    continue;
                }
            }
            Next::Timeout => {
                sink.hand_over()?;
                wait = TICK;
            }
            Next::End(End::Break) => place.report(capture, sink)?,
            Next::End(End::Eof) => return Ok(false),
        }
        let now = Instant::now();
        if let Some(end) = end {
            if end <= now {
                break;
            }
            wait = wait.min(end - now);
        }
        sink.tick(now)?;
        if status.is_due(now) {
            let Tally { packets, bytes } = sink.taken();
            status.show(now, packets, bytes, capture.stats()?.dropped);
        }
    }
    Ok(true)
}
