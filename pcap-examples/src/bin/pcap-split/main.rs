//! Splits a savefile into several: by packets, by size, by time or by flow.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use clap::Parser;
use indicatif::ProgressBar;
use pcap_core::{Capture, CompileOptions, Dumper, Filter, Offline, Packet, Timestamp};
use pcap_examples::ending::Ending;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files::is_too_many_open;
use pcap_examples::flow::{Flow, Tracker};
use pcap_examples::input::Input;
use pcap_examples::left_out::{self, LeftOut};
use pcap_examples::names::Names;
use pcap_examples::output::Output;
use pcap_examples::savefile;
use pcap_examples::summary::{self, Summary};
use pcap_examples::{json, program, stop, units};

const NAME: &str = env!("CARGO_BIN_NAME");

/// What the savefiles hold back is written this often.
const FLUSH: Duration = Duration::from_millis(500);

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
    input: PathBuf,
    /// What the names of the savefiles begin with; `PREFIX-00000.pcap` is the first. If it is a
    /// folder, they are in it and begin with the name of IN, without what it ends in. Folders have
    /// to be there
    #[arg(short, long, value_name = "PREFIX")]
    output: PathBuf,
    #[command(flatten)]
    by: By,
    /// Only packets that pass this filter, in the language of pcap-filter(7)
    #[arg(short, long, value_name = "EXPR")]
    filter: Option<String>,
    /// Replace savefiles that are there already; those with higher numbers stay
    #[arg(long)]
    force: bool,
    /// How many digits the numbers have. Those that have more do not sort
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u8).range(1..=18))]
    digits: u8,
    /// Keep at most so many savefiles of flows open at once, and fewer if there are not as many
    /// descriptors [default: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_open: Option<u32>,
    /// Print a line of JSON for each savefile (see below)
    #[arg(long)]
    json: bool,
    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct By {
    /// So many packets in each savefile
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    packets: Option<u64>,
    /// At most so many KiB in each, headers included, or with a unit: 64K, 10M, 1G. Only a single
    /// packet that has more by itself makes a savefile longer
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    size: Option<usize>,
    /// This time in each, in seconds or with a unit: 0.5, 60s, 5m, 1h, 500ms. The first span begins with the first packet, and
    /// the others follow it without gaps; a packet just at the end of a span is in the next, an
    /// earlier one than those before it stays with them, and there is no savefile without packets
    #[arg(long, value_name = "TIME", value_parser = units::span)]
    every: Option<Duration>,
    /// A savefile for each flow, both directions together: the addresses and ports of TCP, UDP,
    /// UDP-Lite, SCTP and DCCP; the addresses and the protocol of everything else; the protocol alone
    /// of what has no addresses. The addresses are the innermost ones of a tunnel (GRE, IP in IP, VXLAN,
    /// Geneve). Fragments of IP follow the first one of their packet, which has the ports; those
    /// that come before it are told apart by addresses and protocol
    #[arg(long)]
    flow: bool,
}

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    if args.max_open.is_some() && !args.by.flow {
        exit::usage::<Args>("--max-open is for --flow, and otherwise one savefile is open");
    }
    check(&args.output)?;
    let input = Input::open(&args.input, true)?;
    let names = Names::new(&args.output, &args.input, args.digits.into(), args.force);
    match &args.by {
        By { flow: true, .. } => split(args, input, Flows::new(args, names)),
        by => split(args, input, Parts::new(by, names)),
    }
}

/// Refuses names that say something else than pcap before the numbers.
fn check(prefix: &Path) -> Outcome {
    if prefix.is_dir() {
        return Ok(());
    }
    match Ending::of(prefix)? {
        Ending::PCAP => Ok(()),
        _ => Err(Failure::Text(format!(
            "cannot write `{}-…`: the savefiles are pcap, not compressed, and their names end in \
             `.pcap`; `pcap-recode` makes others of them",
            prefix.display()
        ))),
    }
}

/// Where packets go.
trait Pieces: Send + 'static {
    /// Writes a packet to where it belongs, and lists the savefiles that are complete with it.
    fn take(&mut self, capture: &Capture<Offline>, packet: Packet<'_>, list: &mut List) -> Outcome;

    /// Writes out what the savefiles hold back. An error comes again when more is written.
    fn flush(&mut self);

    /// Completes and lists the remaining savefiles, all that can be: the error is the first.
    fn close(&mut self, list: &mut List) -> Outcome;
}

/// The work, which the loop over the packets shares with those that look at the clock and answer signals: the loop may
/// wait for its input.
struct Work<P> {
    pieces: P,
    list: List,
    /// How many packets were read.
    read: u64,
}

type Shared<P> = Arc<Mutex<Work<P>>>;

fn lock<P>(work: &Shared<P>) -> MutexGuard<'_, Work<P>> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has what is held back written every so often, and when SIGUSR2 asks for it; SIGUSR1 prints how far it is.
fn watch<P: Pieces>(work: &Shared<P>) -> Outcome {
    let [clock, report, flush] = [(); 3].map(|()| Arc::clone(work));
    stop::on_report(move || {
        let work = lock(&report);
        let Work { list, read, .. } = &*work;
        let (packets, files) = (list.packets, list.files);
        list.bar.suspend(|| {
            exit::note(format_args!(
                "{read} packets read, {packets} of them in {files} savefiles that are complete"
            ));
        });
    });
    stop::on_flush(move || lock(&flush).pieces.flush());
    let watching = thread::Builder::new().spawn(move || {
        loop {
            thread::sleep(FLUSH);
            lock(&clock).pieces.flush();
        }
    });
    let failed = |e| Failure::Text(format!("cannot start a thread: {e}"));
    watching.map(drop).map_err(failed)
}

fn split(args: &Args, mut input: Input, pieces: impl Pieces) -> Outcome {
    let filter = args.filter.as_ref().map(|expression| {
        let options = CompileOptions::new();
        options.compile_for(input.capture(), expression)
    });
    let filter = filter.transpose()?;
    stop::breaks(input.capture().break_handle());
    let bar = input.bar().clone();
    let work = Arc::new(Mutex::new(Work {
        pieces,
        list: List::new(args, &bar),
        read: 0,
    }));
    watch(&work)?;
    let mut left_out = LeftOut::new(NAME, &bar);
    let end = loop {
        match input.advance() {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            // Of a pipe the end may be in the middle of a packet because of that.
            Err(_) if stop::asked().is_some() => break Ok(()),
            Err(failure) => break Err(failure),
        }
        let Some(packet) = input.packet() else {
            break Ok(());
        };
        let mut work = lock(&work);
        let Work { pieces, list, read } = &mut *work;
        *read += 1;
        let passes = |filter: &Filter| filter.matches_packet(packet);
        if !filter.as_ref().is_none_or(passes) {
            continue;
        }
        if let Err(why) = savefile::holds(packet) {
            left_out.count(*read, format_args!("cannot write it: {why}"));
            continue;
        }
        if let Err(failure) = pieces.take(input.capture(), packet, list) {
            break Err(failure);
        }
    };
    let mut work = lock(&work);
    let Work { pieces, list, read } = &mut *work;
    let closed = pieces.close(list);
    bar.finish_and_clear();
    let stopped = match stop::asked() {
        None => Ok(()),
        Some(_) => Err(Failure::Text(format!(
            "stopped after {read} packets: what was read is written, what follows is not"
        ))),
    };
    let outcome = end.and(closed).and(stopped);
    let listed = list.end(*read, left_out.packets(), outcome.as_ref().err());
    outcome.and(listed).and(left_out.outcome())
}

/// Savefiles one after another.
struct Parts {
    names: Names,
    limit: Limit,
    part: Option<(Dumper, Summary)>,
    /// How many are complete.
    count: usize,
}

/// Until when packets go into the same savefile.
enum Limit {
    Packets(u64),
    Size(u64),
    /// Nanoseconds: how long a span is, and when the present one ends.
    Every(i128, Option<i128>),
}

impl Parts {
    fn new(by: &By, names: Names) -> Parts {
        let limit = match by {
            By {
                every: Some(span), ..
            } => Limit::Every(span.as_nanos() as i128, None),
            By {
                size: Some(size), ..
            } => Limit::Size(*size as u64),
            by => Limit::Packets(by.packets.unwrap_or(u64::MAX)),
        };
        Parts {
            names,
            limit,
            part: None,
            count: 0,
        }
    }

    fn close_part(&mut self, list: &mut List) -> Outcome {
        if let Some((dumper, mut summary)) = self.part.take() {
            summary.bytes = dumper.position();
            if let Err(error) = dumper.close() {
                list.incomplete += 1;
                return Err(self.names.named(error, self.count));
            }
            list.file(&summary, &self.names, self.count);
            self.count += 1;
        }
        Ok(())
    }
}

impl Limit {
    /// Whether a packet is the first of the next savefile. The first of all may be or not.
    fn is_reached(&mut self, packet: Packet<'_>, part: Option<&(Dumper, Summary)>) -> bool {
        match self {
            Limit::Packets(most) => part.is_some_and(|(_, there)| there.packets >= *most),
            Limit::Size(most) => {
                let record = 16 + u64::from(packet.caplen());
                part.is_some_and(|(dumper, _)| dumper.position() + record > *most)
            }
            Limit::Every(span, end) => {
                let time = nanos(packet.timestamp());
                let old = *end.get_or_insert(time);
                let over = time >= old;
                if over {
                    *end = Some(old + ((time - old) / *span + 1) * *span);
                }
                over
            }
        }
    }
}

fn nanos(time: Timestamp) -> i128 {
    i128::from(time.secs()) * 1_000_000_000 + i128::from(time.subsec_nanos())
}

impl Pieces for Parts {
    fn take(&mut self, capture: &Capture<Offline>, packet: Packet<'_>, list: &mut List) -> Outcome {
        if self.limit.is_reached(packet, self.part.as_ref()) {
            self.close_part(list)?;
        }
        let (dumper, summary) = match &mut self.part {
            Some(part) => part,
            none => {
                let dumper = self.names.create(capture, self.count)?;
                none.insert((dumper, Summary::default()))
            }
        };
        let written = dumper.write(packet);
        written.map_err(|error| self.names.named(error, self.count))?;
        summary.count(packet);
        Ok(())
    }

    fn flush(&mut self) {
        if let Some((dumper, _)) = &mut self.part {
            let _ = dumper.flush();
        }
    }

    fn close(&mut self, list: &mut List) -> Outcome {
        self.close_part(list)
    }
}

/// The length of a savefile's header.
const HEADER: u64 = 24;

/// A savefile for each flow, of which some are open.
struct Flows {
    names: Names,
    tracker: Tracker,
    numbers: HashMap<Flow, usize>,
    files: Vec<FlowFile>,
    open: Vec<Open>,
    most: usize,
    /// How many packets were taken: the clock by which the one that was used last is known.
    clock: u64,
}

struct FlowFile {
    summary: Summary,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    /// It was not created so far.
    New,
    /// At this place in those that are open.
    Open(usize),
    /// All its packets are in it.
    Complete,
    /// It could not be completed.
    Incomplete,
}

struct Open {
    dumper: Dumper,
    number: usize,
    /// Bytes that the dumper does not know of, since it began with the savefile as it was.
    before: u64,
    used: u64,
}

impl Flows {
    fn new(args: &Args, names: Names) -> Flows {
        Flows {
            names,
            tracker: Tracker::default(),
            numbers: HashMap::new(),
            files: Vec::new(),
            open: Vec::new(),
            most: args.max_open.unwrap_or(200) as usize,
            clock: 0,
        }
    }

    /// Opens a savefile, for which another is closed if there are enough.
    fn open(&mut self, capture: &Capture<Offline>, number: usize) -> Outcome<usize> {
        let (dumper, before) = loop {
            if self.open.len() >= self.most {
                let oldest = (0..self.open.len()).min_by_key(|&place| self.open[place].used);
                self.close_one(oldest.unwrap_or_default())?;
            }
            let FlowFile { summary, state } = &self.files[number];
            let length = summary.bytes;
            let opened = match state {
                State::New => self.names.create(capture, number),
                _ => self.reopen(capture, number, length),
            };
            match opened {
                // There are fewer descriptors than that, and no more are tried from now on.
                Err(Failure::TooManyOpen(_)) if !self.open.is_empty() => {
                    self.most = self.open.len();
                }
                opened => break (opened?, length.saturating_sub(HEADER)),
            }
        };
        let place = self.open.len();
        self.open.push(Open {
            dumper,
            number,
            before,
            used: 0,
        });
        self.files[number].state = State::Open(place);
        Ok(place)
    }

    /// Opens a savefile that was closed. `dump_append` would walk it, however long it is, to see
    /// whether its last record is whole: it is ours, so its length tells.
    fn reopen(&self, capture: &Capture<Offline>, number: usize, length: u64) -> Outcome<Dumper> {
        let path = self.names.path(number);
        let text = |why: String| format!("cannot append to `{}`: {why}", path.display());
        let fail = |e: io::Error| match is_too_many_open(&e) {
            true => Failure::TooManyOpen(text(e.to_string())),
            false => Failure::Text(text(e.to_string())),
        };
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.map_err(fail)?;
        let there = file.metadata().map_err(fail)?.len();
        if there != length {
            let why = format!("it has {there} bytes, and {length} were written");
            return Err(Failure::Text(text(why)));
        }
        let header = HEADER as usize;
        Ok(capture.dump_to(Records { file, header })?)
    }

    fn close_one(&mut self, place: usize) -> Outcome {
        let open = self.open.swap_remove(place);
        if let Some(moved) = self.open.get(place) {
            self.files[moved.number].state = State::Open(place);
        }
        let file = &mut self.files[open.number];
        file.summary.bytes = open.before + open.dumper.position();
        let closed = open.dumper.close();
        file.state = match closed {
            Ok(()) => State::Complete,
            Err(_) => State::Incomplete,
        };
        closed.map_err(|error| self.names.named(error, open.number))
    }
}

impl Pieces for Flows {
    fn take(&mut self, capture: &Capture<Offline>, packet: Packet<'_>, _: &mut List) -> Outcome {
        let flow = self.tracker.flow(capture.datalink(), packet);
        let next = self.files.len();
        let number = *self.numbers.entry(flow.undirected()).or_insert(next);
        if number == next {
            let summary = Summary {
                flow: Some(flow),
                ..Summary::default()
            };
            self.files.push(FlowFile {
                summary,
                state: State::New,
            });
        }
        let place = match self.files[number].state {
            State::Open(place) => place,
            _ => self.open(capture, number)?,
        };
        self.clock += 1;
        let open = &mut self.open[place];
        open.used = self.clock;
        let written = open.dumper.write(packet);
        written.map_err(|error| self.names.named(error, number))?;
        self.files[number].summary.count(packet);
        Ok(())
    }

    fn flush(&mut self) {
        for open in &mut self.open {
            let _ = open.dumper.flush();
        }
    }

    fn close(&mut self, list: &mut List) -> Outcome {
        let mut outcome = Ok(());
        while !self.open.is_empty() {
            let closed = self.close_one(self.open.len() - 1);
            outcome = outcome.and(closed);
        }
        for (number, file) in self.files.iter().enumerate() {
            match file.state {
                State::Complete => list.file(&file.summary, &self.names, number),
                State::Incomplete => list.incomplete += 1,
                State::New | State::Open(_) => {}
            }
        }
        outcome
    }
}

/// A savefile that has its header already: takes what follows it.
struct Records {
    file: File,
    /// How many bytes of the header are still to come, and are left out.
    header: usize,
}

impl Write for Records {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.header > 0 {
            let skipped = self.header.min(bytes.len());
            self.header -= skipped;
            return Ok(skipped);
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The list of the savefiles on standard output. That nobody reads it is no reason to leave packets
/// out: an error waits until all are written.
struct List {
    output: Output,
    bar: ProgressBar,
    json: bool,
    quiet: bool,
    outcome: io::Result<()>,
    /// How many savefiles are on it, and how many packets are in them.
    files: usize,
    packets: u64,
    /// How many are not, because they could not be completed.
    incomplete: usize,
}

impl List {
    fn new(args: &Args, bar: &ProgressBar) -> List {
        List {
            output: Output::stdout(),
            bar: bar.clone(),
            json: args.json,
            quiet: args.quiet,
            outcome: Ok(()),
            files: 0,
            packets: 0,
            incomplete: 0,
        }
    }

    fn file(&mut self, summary: &Summary, names: &Names, number: usize) {
        self.files += 1;
        self.packets += summary.packets;
        let path = names.path(number);
        if self.json {
            self.line(|out| summary.push_json(out, &path));
        } else {
            self.line(|out| summary.push_line(out, &path));
        }
    }

    fn line(&mut self, add: impl FnOnce(&mut Vec<u8>)) {
        if self.outcome.is_ok() && !self.quiet {
            self.outcome = self.bar.suspend(|| self.output.line(add));
        }
    }

    /// Ends the list with what is true of all savefiles.
    fn end(&mut self, read: u64, left_out: Option<u64>, failure: Option<&Failure>) -> Outcome {
        let (files, packets, incomplete) = (self.files, self.packets, self.incomplete);
        if self.json {
            self.line(|out| {
                json::Object::new(out)
                    .text("type", "summary")
                    .plain("read", read)
                    .plain("packets", packets)
                    .plain("files", files)
                    .plain("incomplete", incomplete)
                    .some_plain("left_out", left_out)
                    .some_text("error", failure)
                    .end();
                out.push(b'\n');
            });
        }
        if self.outcome.is_ok() {
            self.outcome = self.output.flush();
        }
        if !self.quiet {
            exit::note(format_args!(
                "{packets} of {read} packets in {files} savefiles"
            ));
            if incomplete > 0 {
                exit::note(format_args!("{incomplete} more are incomplete"));
            }
        }
        let listed = std::mem::replace(&mut self.outcome, Ok(()));
        Ok(listed?)
    }
}
