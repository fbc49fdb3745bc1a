//! Merges savefiles into one, by the times of their packets.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs;
use std::io::{self, IsTerminal};
use std::mem;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use indicatif::ProgressBar;
use pcap_core::{Capture, Dlt, Filter, Offline, Packet, Precision, Timestamp};
use pcap_examples::copying::Copying;
use pcap_examples::ending::{self, Ending};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files::{is_same_file, length, listed};
use pcap_examples::output;
use pcap_examples::savefile::{Buffering, Savefile};
use pcap_examples::summary::{self, Summary};
use pcap_examples::{input, program, progress, stop};
use tempfile::TempDir;

const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-merge -w day.pcap hour-*.pcap             by time, whatever their order
  pcap-merge -w all.pcap --append a.pcap b.pcapng
  pcap-merge -w - left.pcap right.pcap | pcap-read -
  find . -name '*.pcap' > names && pcap-merge -w /tmp/all.pcap --files-from names

The savefiles must have the same link type. The new one has their largest snaplen, and nanoseconds
if one of them has (pcapng always does). What all say of a frame check sequence behind each packet
it says, too; if they differ, a warning is printed. Where times are equal, the packets of the file
that is named first come first. Packets of one file keep their order: one that is earlier than those
before it follows them.

What cannot be read, whole files and what follows a damage, is reported and left out, and so are
packets that the savefile cannot hold, such as those of a time before 1970 or after 2106; the rest is
merged and the status is 1. Ctrl-C ends it: what is written is complete then, and the
status is 1.";

const JSON_HELP: &str = "  \
  Also inputs and unread: how many savefiles were named, and of how many something is left out that
  cannot be read or written. If writing fails, not_written is the number of packets that are missing,
  bytes is the length of what is there, and first and last are left out.
  With `-w -` it goes to standard error.";

/// Merges savefiles into a new one, in the order of the times of their packets.
///
/// It says on standard error how many packets of how many savefiles it wrote.
#[derive(Parser)]
#[command(name = NAME, version,
    after_help = format!("{HELP}\n\n{}\n\n{}\n\n{}\n{JSON_HELP}", stop::HELP, ending::HELP, summary::HELP))]
pub(crate) struct Args {
    /// The savefiles to read, pcap and pcapng, also compressed by gzip; `-` is standard input
    #[arg(value_name = "IN", required_unless_present = "files_from")]
    inputs: Vec<PathBuf>,
    /// More of them, from a file of names, one per line, for more than a command line can hold; `-`
    /// is standard input
    #[arg(long, value_name = "FILE")]
    files_from: Option<PathBuf>,
    /// The savefile to write; `-` is standard output
    #[arg(short, long, value_name = "OUT")]
    write: PathBuf,
    /// Only packets that pass this filter, in the language of pcap-filter(7)
    #[arg(short, long, value_name = "EXPR")]
    filter: Option<String>,
    /// Write one savefile after the other, whatever the times
    #[arg(short, long)]
    append: bool,
    /// Keep at most so many inputs open at once, for which twice as many descriptors and half as
    /// many MiB are needed. More are merged in rounds, through files in the folder for temporary
    /// files (TMPDIR)
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(2..))]
    max_open: u32,
    /// Print a line of JSON for the savefile (see below)
    #[arg(long)]
    json: bool,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

fn main() -> ExitCode {
    program::main(NAME, run)
}

fn run(mut args: Args) -> Outcome {
    if let Some(path) = &args.files_from {
        let fail = |e| Failure::Text(format!("cannot read `{}`: {e}", path.display()));
        args.inputs.extend(listed(path).map_err(fail)?);
    }
    let args = &args;
    let to_stdout = args.write == Path::new("-");
    if to_stdout && io::stdout().is_terminal() {
        exit::usage::<Args>("a savefile cannot be written to a terminal");
    }
    let read = || args.inputs.iter().chain(&args.files_from);
    if read().filter(|path| path.as_os_str() == "-").count() > 1 {
        exit::usage::<Args>("standard input can be read only once");
    }
    if let Some(path) = read().find(|path| is_same_file(path, &args.write)) {
        let (out, path) = (args.write.display(), path.display());
        let text = format!("cannot write `{out}`: it is `{path}`, which is read");
        return Err(Failure::Text(text));
    }
    let ending = Ending::of(&args.write)?;
    let bar = progress::bytes(args.inputs.iter().map(|path| length(path)).sum());
    let mut filters = Filters {
        expression: args.filter.as_deref(),
        by_order: [None, None],
    };
    let (inputs, format, unread) = look(args, &bar, &mut filters)?;
    let Some(format) = format else {
        return Err(match unread {
            0 => Failure::Text("there is no savefile to merge".to_owned()),
            _ => Failure::Reported,
        });
    };
    if !args.quiet {
        format.report_fcs();
    }
    // Until here a request to end finds nothing to complete: opening a FIFO may take for ever.
    stop::gracefully();
    let mut out = Output::new(format.create(&args.write, ending)?);
    args.inputs
        .iter()
        .for_each(|path| out.savefile.is_fed_by(path));
    if args.filter.is_some() {
        // Of many packets that are read, few may be written.
        out.savefile.set_buffering(Buffering::Outlet);
    }
    let mut merge = Merge {
        format: &format,
        ending,
        filters,
        copying: Copying::new(&out.savefile, &bar),
        bar,
        read: 0,
        unread,
    };
    let merged = match args.append {
        true => merge.append(inputs, &mut out),
        false => merge.rounds(args.max_open as usize, inputs, &mut out),
    };
    merge.bar.finish_and_clear();
    let (closed, mut summary) = out.close();
    let unwritten = merge.copying.unwritten();
    if unwritten > 0 {
        // Which of the packets is the last one there is not known.
        summary.times = None;
        summary.bytes = merge.copying.length();
    }
    summary.packets = merge.copying.written();
    let told = tell(args, &summary, merge.unread, unwritten);
    exit::unwritten(unwritten);
    merged.and(closed)?;
    if stop::asked().is_some() {
        let text = "stopped: what is written is complete, what follows is left out";
        return Err(Failure::Text(text.to_owned()));
    }
    match merge.unread {
        0 => told,
        _ => Err(Failure::Reported),
    }
}

/// A savefile to merge.
struct Input {
    path: PathBuf,
    /// Open already, because it can be opened only once or there are descriptors enough.
    open: Option<input::Input>,
    /// It is the result of a round, and to be removed.
    is_ours: bool,
}

/// The filter for the savefiles.
struct Filters<'a> {
    expression: Option<&'a str>,
    /// The expression, compiled for savefiles of either byte order: the link layer's numbers may be in it, too.
    by_order: [Option<Filter>; 2],
}

impl Filters<'_> {
    /// Compiles the expression for a savefile.
    fn prepare(&mut self, capture: &Capture<Offline>) -> Outcome {
        let filter = &mut self.by_order[usize::from(capture.is_swapped())];
        if let (Some(expression), None) = (self.expression, &filter) {
            *filter = Some(capture.compile(expression)?);
        }
        Ok(())
    }

    fn pass(&self, capture: &Capture<Offline>, packet: Packet<'_>) -> bool {
        let filter = &self.by_order[usize::from(capture.is_swapped())];
        filter
            .as_ref()
            .is_none_or(|filter| filter.matches_packet(packet))
    }
}

/// What the new savefile is like.
struct Format {
    linktype: Dlt,
    snaplen: u32,
    precision: Precision,
    fcs: Fcs,
    /// The savefile that the link type is of.
    path: PathBuf,
}

/// How long the frame check sequence behind each packet is.
enum Fcs {
    /// All savefiles say the same of it.
    Same(Option<u32>),
    /// They do not: why the new one says nothing.
    Differ(String),
}

impl Format {
    fn of(capture: &Capture<Offline>, path: &Path) -> Format {
        Format {
            linktype: capture.datalink(),
            snaplen: capture.snaplen(),
            precision: capture.precision(),
            fcs: Fcs::Same(capture.fcs_len()),
            path: path.to_owned(),
        }
    }

    fn widen(&mut self, other: &Format) {
        if let (Fcs::Same(here), Fcs::Same(there)) = (&self.fcs, &other.fcs) {
            if here != there {
                let length = |length: &Option<u32>| match length {
                    Some(bytes) => format!("{bytes} bytes"),
                    None => "not given".to_owned(),
                };
                let (first, path) = (self.path.display(), other.path.display());
                let (here, there) = (length(here), length(there));
                self.fcs = Fcs::Differ(format!(
                    "the length of the frame check sequences is {here} in `{first}` and {there} in \
                     `{path}`"
                ));
            }
        }
        self.snaplen = self.snaplen.max(other.snaplen);
        if other.precision == Precision::Nano {
            self.precision = Precision::Nano;
        }
    }

    /// Says that the new savefile does not have the length of the frame check sequences that is in the
    /// others.
    fn report_fcs(&self) {
        if let Fcs::Differ(why) = &self.fcs {
            let text = format!("warning: {why}: the new savefile says nothing of it");
            exit::say(NAME, text);
        }
    }

    /// Refuses a savefile of another link type.
    fn check(&self, capture: &Capture<Offline>, path: &Path) -> Outcome {
        let (there, here) = (capture.datalink(), self.linktype);
        if there == here {
            return Ok(());
        }
        let (path, first) = (path.display(), self.path.display());
        Err(Failure::Text(format!(
            "cannot merge `{path}` with `{first}`: their link types differ, {there} and {here}"
        )))
    }

    fn create(&self, path: &Path, ending: Ending) -> Outcome<Savefile> {
        let dead = Capture::dead_with(self.linktype, self.snaplen, self.precision)?;
        let dead = dead.with_fcs_len(match self.fcs {
            Fcs::Same(length) => length,
            Fcs::Differ(_) => None,
        })?;
        Savefile::create(path, &dead, ending.format, ending.gzip)
    }
}

/// Opens a savefile, or tells why not. That there are too many is not the fault of the savefile, and
/// ends it all.
fn open(path: &Path, bar: &ProgressBar) -> Outcome<Option<input::Input>> {
    match input::Input::open_with(path, bar.clone()) {
        Ok(input) => Ok(Some(input)),
        Err(Failure::TooManyOpen(text)) => Err(Failure::Text(format!(
            "{text}; take a lower --max-open, or raise the limit (`ulimit -n`)"
        ))),
        Err(failure) => {
            report(bar, &failure);
            Ok(None)
        }
    }
}

fn report(bar: &ProgressBar, failure: &Failure) {
    bar.suspend(|| failure.report(NAME));
}

/// Looks into each savefile before anything is written: returns those that can be read, what they
/// make together, and how many cannot be read.
fn look(
    args: &Args,
    bar: &ProgressBar,
    filters: &mut Filters<'_>,
) -> Outcome<(Vec<Input>, Option<Format>, usize)> {
    let keep = !args.append && args.inputs.len() <= args.max_open as usize;
    let mut inputs = Vec::new();
    let mut format: Option<Format> = None;
    let mut unread = 0;
    for path in &args.inputs {
        let is_kept = keep || length(path).is_none();
        let bar = if is_kept {
            bar.clone()
        } else {
            ProgressBar::hidden()
        };
        let Some(input) = open(path, &bar)? else {
            unread += 1;
            continue;
        };
        let capture = input.capture();
        match &mut format {
            None => format = Some(Format::of(capture, path)),
            Some(format) => {
                format.check(capture, path)?;
                format.widen(&Format::of(capture, path));
            }
        }
        filters.prepare(capture)?;
        inputs.push(Input {
            open: is_kept.then_some(input),
            path: path.clone(),
            is_ours: false,
        });
    }
    Ok((inputs, format, unread))
}

struct Merge<'a> {
    format: &'a Format,
    /// Of the savefile that is written.
    ending: Ending,
    filters: Filters<'a>,
    /// For all savefiles.
    bar: ProgressBar,
    copying: Copying,
    /// How many packets were read, those of a round once more.
    read: u64,
    /// Of how many savefiles something is left out.
    unread: usize,
}

/// A savefile that is open, at one of its packets.
struct Source {
    path: PathBuf,
    open: input::Input,
    is_ours: bool,
    /// Something of it is left out.
    is_partial: bool,
}

impl Merge<'_> {
    /// Merges savefiles, in rounds if they are too many to be open at once: consecutive ones are
    /// merged into one, as few as will do. The order is the same as at once.
    fn rounds(&mut self, most: usize, mut inputs: Vec<Input>, out: &mut Output) -> Outcome {
        let mut folder = None;
        let mut count = 0;
        while inputs.len() > most {
            let folder = match &mut folder {
                Some(folder) => folder,
                none => none.insert(temporary()?),
            };
            let mut left = inputs.len() - most;
            let mut rest = inputs.into_iter().peekable();
            inputs = Vec::new();
            while rest.peek().is_some() {
                let group: Vec<Input> = rest.by_ref().take(most.min(left + 1)).collect();
                left -= group.len() - 1;
                if group.len() == 1 {
                    inputs.extend(group);
                    continue;
                }
                let path = folder.path().join(count.to_string());
                count += 1;
                // What the last savefile can hold, those between can hold, too.
                let ending = Ending {
                    gzip: false,
                    ..self.ending
                };
                let mut part = Output::new(self.format.create(&path, ending)?);
                self.merge(group, &mut part)?;
                let (closed, summary) = part.close();
                closed?;
                if self.bar.length().is_some() {
                    // It is read once more from there.
                    self.bar.inc_length(summary.bytes);
                }
                inputs.push(Input {
                    path,
                    open: None,
                    is_ours: true,
                });
                if stop::asked().is_some() {
                    return Ok(());
                }
            }
        }
        self.merge(inputs, out)
    }

    /// Merges savefiles that can all be open.
    fn merge(&mut self, inputs: Vec<Input>, out: &mut Output) -> Outcome {
        let mut sources = Vec::new();
        // The earliest packet of all, and of several the one of the first savefile, is on top.
        let mut heads = BinaryHeap::new();
        for input in inputs {
            let Some(mut source) = self.open(input)? else {
                continue;
            };
            if let Some(time) = self.next(&mut source) {
                heads.push(Reverse((time, sources.len())));
            }
            sources.push(source);
        }
        while let Some(mut head) = heads.peek_mut() {
            if stop::asked().is_some() {
                break;
            }
            let Reverse((_, index)) = *head;
            let source = &mut sources[index];
            self.write(source, out)?;
            match self.next(source) {
                Some(time) => *head = Reverse((time, index)),
                None => {
                    PeekMut::pop(head);
                }
            }
        }
        for source in sources {
            drop(source.open);
            if source.is_ours {
                // What is left behind goes with its folder.
                let _ = fs::remove_file(source.path);
            }
        }
        Ok(())
    }

    /// Writes one savefile after the other.
    fn append(&mut self, inputs: Vec<Input>, out: &mut Output) -> Outcome {
        for input in inputs {
            let Some(mut source) = self.open(input)? else {
                continue;
            };
            while stop::asked().is_none() && self.next(&mut source).is_some() {
                self.write(&mut source, out)?;
            }
        }
        Ok(())
    }

    fn open(&mut self, mut input: Input) -> Outcome<Option<Source>> {
        let open = match input.open.take() {
            Some(open) => Some(open),
            None => open(&input.path, &self.bar)?,
        };
        let Some(open) = open else {
            self.unread += 1;
            return Ok(None);
        };
        // It may be another one by now.
        self.format.check(open.capture(), &input.path)?;
        if !input.is_ours {
            self.filters.prepare(open.capture())?;
        }
        Ok(Some(Source {
            path: input.path,
            open,
            is_ours: input.is_ours,
            is_partial: false,
        }))
    }

    /// Writes the packet that a savefile is at. Those that the new savefile cannot hold are left out;
    /// the first of each savefile is told.
    fn write(&mut self, source: &mut Source, out: &mut Output) -> Outcome {
        match out.take(source.open.packet()) {
            Err(Failure::Unfit { why, .. }) => {
                if !self.mark_partial(source) {
                    let path = source.path.display();
                    let text = format!(
                        "cannot merge all of `{path}`: {why}; what is like that is left out"
                    );
                    self.bar.suspend(|| exit::say(NAME, text));
                }
                Ok(())
            }
            written => written,
        }
    }

    /// Counts a savefile of which something is left out, once. Returns whether it was counted before.
    fn mark_partial(&mut self, source: &mut Source) -> bool {
        let before = mem::replace(&mut source.is_partial, true);
        self.unread += usize::from(!before);
        before
    }

    /// Goes to the next packet that passes the filter, and returns its time.
    fn next(&mut self, source: &mut Source) -> Option<Timestamp> {
        loop {
            match source.open.advance() {
                Ok(true) => {}
                Ok(false) => return None,
                // It ended in the middle of a packet because of that.
                Err(_) if stop::asked().is_some() => return None,
                Err(failure) => {
                    report(&self.bar, &failure);
                    self.mark_partial(source);
                    return None;
                }
            }
            self.read += 1;
            self.copying.read(self.read);
            let packet = source.open.packet()?;
            // Those of a round have passed already.
            if source.is_ours || self.filters.pass(source.open.capture(), packet) {
                return Some(packet.timestamp());
            }
        }
    }
}

/// A folder that is gone with all that is in it when it is dropped.
fn temporary() -> Outcome<TempDir> {
    let folder = tempfile::tempdir()
        .map_err(|e| Failure::Text(format!("cannot create a folder for temporary files: {e}")))?;
    exit::removes(folder.path());
    Ok(folder)
}

/// The savefile that is written.
struct Output {
    savefile: Savefile,
    summary: Summary,
}

impl Output {
    fn new(savefile: Savefile) -> Output {
        Output {
            savefile,
            summary: Summary::default(),
        }
    }

    /// Writes the packet that a savefile is at.
    fn take(&mut self, packet: Option<Packet<'_>>) -> Outcome {
        if let Some(packet) = packet {
            self.savefile.write(packet)?;
            self.summary.count(packet);
        }
        self.savefile.tick()
    }

    /// Completes the savefile.
    fn close(mut self) -> (Outcome, Summary) {
        self.summary.bytes = self.savefile.position();
        (self.savefile.close(), self.summary)
    }
}

/// Says what was written.
fn tell(args: &Args, summary: &Summary, unread: usize, unwritten: u64) -> Outcome {
    let inputs = args.inputs.len();
    if !args.quiet {
        exit::note(format_args!(
            "{} packets of {inputs} savefiles",
            summary.packets
        ));
    }
    if args.json {
        let mut line = Vec::new();
        let object = summary.object(&mut line, &args.write);
        let unwritten = Some(unwritten).filter(|&packets| packets > 0);
        object
            .plain("inputs", inputs)
            .plain("unread", unread)
            .some_plain("not_written", unwritten)
            .end();
        if args.write == Path::new("-") {
            exit::note(String::from_utf8_lossy(&line));
        } else {
            line.push(b'\n');
            output::Output::stdout().line(|out| out.append(&mut line))?;
        }
    }
    Ok(())
}
