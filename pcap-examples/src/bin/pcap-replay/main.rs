//! Sends the packets of a savefile.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser;
use pcap_core::{
    Active, Capture, Dlt, Error, ErrorKind, Filter, Insn, Linktype, Packet, Precision, SendQueue,
    Timestamp, Unsent,
};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::input::Input;
use pcap_examples::json::Object;
use pcap_examples::output::Output;
use pcap_examples::pace::{self, Pace, Schedule};
use pcap_examples::progress::Status;
use pcap_examples::{device, program, stop, units};

const NAME: &str = env!("CARGO_BIN_NAME");

/// Savefiles with packets of so many bytes are read once, and sent from memory in further loops,
/// if there is so much.
const MEMORY: usize = 64 << 20;

/// At top speed so many packets, or so many bytes of them, are sent with one call.
const TOGETHER: (usize, usize) = (256, 256 << 10);

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
    file: PathBuf,
    /// The device to send on, which takes packets of the savefile's link type
    #[arg(short = 'i', long, visible_alias = "interface", value_name = "DEV")]
    device: OsString,
    /// So many times as fast as the packets were [default: 1]
    #[arg(long, value_name = "TIMES", group = "pace", value_parser = units::positive)]
    speed: Option<f64>,
    /// So many packets a second
    #[arg(long, value_name = "RATE", group = "pace", value_parser = units::positive)]
    pps: Option<f64>,
    /// So many millions of bits a second, of the packets as they are in the savefile
    #[arg(long, value_name = "RATE", group = "pace", value_parser = units::positive)]
    mbps: Option<f64>,
    /// As fast as it goes
    #[arg(long, group = "pace")]
    fast: bool,
    /// Send the savefile so many times; 0 is until it is stopped
    #[arg(long, value_name = "N", default_value_t = 1)]
    loops: u64,
    /// At most so many packets, of all loops together [default: all]
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Only packets that pass this filter, in the language of pcap-filter(7)
    #[arg(short, long, value_name = "EXPR")]
    filter: Option<String>,
    /// Send also packets that a snaplen has cut, as much of them as there is
    #[arg(long)]
    cut: bool,
    /// End at the first packet that is not sent
    #[arg(long)]
    stop_on_error: bool,
    /// Print the summary as JSON (see below)
    #[arg(long)]
    json: bool,
    /// Say nothing but errors, and JSON if it is asked for
    #[arg(short, long)]
    quiet: bool,
}

impl Args {
    fn pace(&self) -> Pace {
        match (self.speed, self.pps, self.mbps) {
            (Some(speed), ..) => Pace::Times(speed),
            (_, Some(rate), _) => Pace::Packets(rate),
            (.., Some(rate)) => Pace::Megabits(rate),
            _ if self.fast => Pace::Fast,
            _ => Pace::Times(1.0),
        }
    }
}

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    if args.file == Path::new("-") && args.loops != 1 {
        exit::usage::<Args>("standard input can be sent only once");
    }
    // The savefile first: what is wrong with it is seen without any rights.
    let input = open(args)?;
    let device = open_device(args)?;
    stop::breaks(device.break_handle());
    let sent = Arc::new(Mutex::new(Sent::default()));
    let asked = Arc::clone(&sent);
    stop::on_report(move || asked.lock().unwrap_or_else(PoisonError::into_inner).tell());
    // Nothing is held back.
    stop::on_flush(|| {});
    agree(args, input.capture().datalink(), device.datalink())?;
    if !args.quiet {
        exit::say(
            NAME,
            format_args!(
                "sending `{}` on {}, {}",
                args.file.display(),
                device.name(),
                device.datalink()
            ),
        );
    }
    let mut replay = Replay {
        args,
        device,
        schedule: Schedule::new(args.pace()),
        start: None,
        status: Status::new(!args.quiet).lost_are("not sent"),
        counts: Counts::default(),
        sent,
        // What comes through a pipe may come slowly, and is not held back.
        together: (args.fast && args.file.is_file()).then(Together::default),
    };
    let outcome = replay.all(input);
    // Also when the savefile could not be read to its end.
    replay.flush();
    replay.status.clear();
    let counts = replay.counts;
    let reported = counts.report(args);
    outcome.and(reported)?;
    counts
        .first
        .map_or(Ok(()), |first| Err(Failure::Text(first)))
}

fn open(args: &Args) -> Outcome<Input> {
    let mut input = Input::open(&args.file, false)?;
    if let Some(expression) = &args.filter {
        input.capture_mut().set_filter(expression)?;
    }
    Ok(input)
}

/// Opens the device to send on, with as little of a capture as can be.
fn open_device(args: &Args) -> Outcome<Capture<Active>> {
    let mut device = Capture::from_device(device::named(args.device.as_ref()))
        .snaplen(64)
        .buffer_size(256 * 1024)
        // On Linux nanoseconds make the kernel look at the clock for each packet.
        .precision(Precision::Micro)
        .activate()?;
    // Returns 0: no packet is wanted.
    let nothing = Filter::from_instructions(device.datalink(), &[Insn::new(0x06, 0, 0, 0)])?;
    device.set_filter(&nothing)?;
    Ok(device)
}

/// Whether the device takes what the savefile has.
fn agree(args: &Args, packets: Dlt, device: Dlt) -> Outcome {
    if packets == device {
        return Ok(());
    }
    let (file, name) = (args.file.display(), args.device.to_string_lossy());
    let linktype = Linktype::from(device).to_string();
    let linktype = linktype.trim_start_matches("LINKTYPE_");
    Err(Failure::Text(format!(
        "cannot send `{file}` on `{name}`: its packets are {packets} and the device takes {device}; \
         `pcap-recode --linktype {linktype}` may convert them"
    )))
}

struct Replay<'a> {
    args: &'a Args,
    device: Capture<Active>,
    schedule: Schedule,
    /// When the first packet was due.
    start: Option<Instant>,
    status: Status,
    counts: Counts,
    /// The same, in short, for those who ask.
    sent: Arc<Mutex<Sent>>,
    together: Option<Together>,
}

/// Packets that wait to be sent with one call.
#[derive(Default)]
struct Together {
    queue: SendQueue,
    /// Which of them a snaplen had cut.
    cut: Vec<bool>,
}

impl Together {
    /// Puts one more in, and says whether they are enough.
    fn push(&mut self, packet: Packet<'_>) -> Result<bool, Error> {
        self.queue.push(packet.data())?;
        self.cut.push(packet.header().is_truncated());
        Ok(self.queue.len() >= TOGETHER.0 || self.queue.bytes() >= TOGETHER.1)
    }
}

/// The packets of a savefile for the loops after the first.
#[derive(Default)]
struct Kept {
    /// Their times, their lengths on the wire, and where their bytes end.
    packets: Vec<(Timestamp, u32, usize)>,
    bytes: Vec<u8>,
}

impl Kept {
    /// With one more; `None` if they are too many, or there is no memory for them: the savefile is
    /// read again then.
    fn with(mut self, packet: Packet<'_>) -> Option<Kept> {
        let data = packet.data();
        self.packets.try_reserve(1).ok()?;
        self.bytes.try_reserve(data.len()).ok()?;
        self.bytes.extend_from_slice(data);
        let end = self.bytes.len();
        self.packets
            .push((packet.timestamp(), packet.wire_len(), end));
        (size_of_val(&self.packets[..]) + end <= MEMORY).then_some(self)
    }

    fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        let mut start = 0;
        self.packets.iter().map(move |&(time, len, end)| {
            let data = &self.bytes[start..end];
            start = end;
            Packet::new(time, len, data)
        })
    }
}

/// Whether there is more to be done.
#[derive(PartialEq)]
enum Flow {
    Next,
    End,
}

impl Replay<'_> {
    /// Sends the savefile as often as it is to be.
    fn all(&mut self, mut input: Input) -> Outcome {
        let loops = self.args.loops;
        let mut kept = (loops != 1).then(Kept::default);
        loop {
            self.begin();
            while let Some(packet) = next(&self.args.file, &mut input)? {
                kept = kept.and_then(|kept| kept.with(packet));
                if self.one(packet)? == Flow::End {
                    return Ok(());
                }
            }
            // A savefile without packets would be read for ever.
            if stop::asked().is_some() || self.counts.loops == loops || self.seen() == 0 {
                return Ok(());
            }
            if let Some(kept) = kept {
                return self.again(&kept);
            }
            input = stop::at_once(|| open(self.args))?;
            // It may be another one by now.
            agree(
                self.args,
                input.capture().datalink(),
                self.device.datalink(),
            )?;
        }
    }

    /// Sends the packets in further loops.
    fn again(&mut self, kept: &Kept) -> Outcome {
        loop {
            self.begin();
            for packet in kept.packets() {
                if self.one(packet)? == Flow::End {
                    return Ok(());
                }
            }
            if self.counts.loops == self.args.loops {
                return Ok(());
            }
        }
    }

    fn begin(&mut self) {
        self.counts.loops += 1;
        self.schedule.begin_again();
    }

    /// Sends a packet when its time has come, or puts it to those that are sent together.
    fn one(&mut self, packet: Packet<'_>) -> Outcome<Flow> {
        let is_stopped = || stop::asked().is_some();
        if is_stopped() {
            return Ok(Flow::End);
        }
        let start = *self.start.get_or_insert_with(Instant::now);
        let offset = self.schedule.next(packet.timestamp(), packet.caplen());
        if let Some(offset) = offset {
            match pace::wait(start, offset, is_stopped) {
                Some(late) => self.counts.late = self.counts.late.max(late),
                None => return Ok(Flow::End),
            }
        }
        let is_cut = packet.header().is_truncated();
        let mut flow = Flow::Next;
        if is_cut && !self.args.cut {
            // Those before it first: it is the next number.
            if self.flush() == Flow::End {
                return Ok(Flow::End);
            }
            let why = "cut by a snaplen, --cut sends what there is";
            self.failed(packet.data(), "cut by a snaplen", why);
        } else if let Some(together) = &mut self.together {
            match together.push(packet) {
                Ok(true) => flow = self.flush(),
                Ok(false) if self.seen() < self.limit() => return Ok(Flow::Next),
                Ok(false) => flow = self.flush(),
                Err(error) => {
                    if self.flush() == Flow::End {
                        return Ok(Flow::End);
                    }
                    self.failed(packet.data(), error.text(), &error);
                }
            }
        } else {
            match self.device.inject(packet.data()) {
                Ok(_) => self.counts.sent(packet.data().len(), is_cut),
                Err(error) => flow = self.refused(packet.data(), &error),
            }
        }
        self.show();
        let is_over = self.args.stop_on_error && self.counts.not_sent > 0;
        Ok(if is_over || self.seen() >= self.limit() {
            Flow::End
        } else {
            flow
        })
    }

    /// Sends the packets that wait to be sent together.
    fn flush(&mut self) -> Flow {
        let Some(Together { mut queue, mut cut }) = self.together.take() else {
            return Flow::Next;
        };
        let (mut next, mut flow) = (0, Flow::Next);
        while next < queue.len() && flow == Flow::Next {
            let sent = self.device.inject_queue_range(&queue, next..);
            let unsent = sent.as_ref().err().and_then(Error::unsent);
            let end = unsent.map_or(queue.len(), Unsent::index);
            for (packet, &is_cut) in queue.iter().zip(&cut).take(end).skip(next) {
                self.counts.sent(packet.len(), is_cut);
            }
            next = end + 1;
            if let Some(unsent) = unsent {
                flow = self.refused(queue.get(end).unwrap_or_default(), unsent.error());
            }
        }
        if !queue.is_empty() {
            self.show();
        }
        queue.clear();
        cut.clear();
        self.together = Some(Together { queue, cut });
        flow
    }

    /// A packet that the device did not take; a break is not its fault.
    fn refused(&mut self, packet: &[u8], error: &Error) -> Flow {
        if error.kind() == ErrorKind::Break {
            return Flow::End;
        }
        self.failed(packet, error.text(), error);
        if is_gone(error) || self.args.stop_on_error {
            Flow::End
        } else {
            Flow::Next
        }
    }

    fn failed(&mut self, packet: &[u8], reason: &str, why: impl Display) {
        self.counts.failed(packet.len(), reason, why);
    }

    /// What happened so far, and until when.
    fn show(&mut self) {
        let now = Instant::now();
        if let Some(start) = self.start {
            self.counts.time = now - start;
        }
        let counts = &self.counts;
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = Sent {
            packets: counts.packets,
            bytes: counts.bytes,
            not_sent: counts.not_sent,
            time: counts.time,
        };
        if self.status.is_due(now) {
            self.status
                .show(now, counts.packets, counts.bytes, counts.not_sent);
        }
    }

    /// How many packets there were so far, with those that wait.
    fn seen(&self) -> u64 {
        let waiting = self.together.as_ref().map_or(0, |t| t.queue.len());
        self.counts.seen() + waiting as u64
    }

    fn limit(&self) -> u64 {
        self.args.limit.unwrap_or(u64::MAX)
    }
}

/// The next packet; an error has the path of the savefile.
fn next<'a>(_path: &Path, input: &'a mut Input) -> Outcome<Option<Packet<'a>>> {
    match input.capture_mut().next_packet() {
        // A pipe that is given up may end in the middle of a packet.
        Err(_) if stop::asked().is_some() => Ok(None),
        packet => Ok(packet?),
    }
}

/// Whether no packet can be sent any more. libpcap has only the text of it when it sends.
fn is_gone(error: &Error) -> bool {
    error.kind() == ErrorKind::Disappeared || error.text().contains("No such device")
}

/// What was sent so far.
#[derive(Clone, Copy, Default)]
struct Sent {
    packets: u64,
    bytes: u64,
    not_sent: u64,
    time: Duration,
}

impl Sent {
    fn tell(&self) {
        let seconds = self.time.as_secs_f64();
        exit::note(format_args!(
            "{} packets sent, {} bytes, in {seconds:.3} s; {} not sent",
            self.packets, self.bytes, self.not_sent
        ));
    }
}

/// What became of the packets.
#[derive(Default)]
struct Counts {
    packets: u64,
    bytes: u64,
    cut: u64,
    not_sent: u64,
    errors: BTreeMap<String, u64>,
    first: Option<String>,
    late: Duration,
    time: Duration,
    loops: u64,
}

impl Counts {
    fn sent(&mut self, bytes: usize, is_cut: bool) {
        self.packets += 1;
        self.bytes += bytes as u64;
        self.cut += u64::from(is_cut);
    }

    fn failed(&mut self, bytes: usize, reason: &str, why: impl Display) {
        self.not_sent += 1;
        match self.errors.get_mut(reason) {
            Some(count) => *count += 1,
            None => {
                self.errors.insert(reason.to_owned(), 1);
            }
        }
        let number = self.seen();
        self.first
            .get_or_insert_with(|| format!("packet {number}, {bytes} bytes: {why}"));
    }

    /// How many packets there were so far.
    fn seen(&self) -> u64 {
        self.packets + self.not_sent
    }

    /// So many of something in a second.
    fn rate(&self, number: f64) -> f64 {
        let seconds = self.time.as_secs_f64();
        if seconds > 0.0 { number / seconds } else { 0.0 }
    }

    fn report(&self, args: &Args) -> Outcome {
        let seconds = self.time.as_secs_f64();
        let pps = self.rate(self.packets as f64);
        let mbps = self.rate(self.bytes as f64 * 8.0 / 1e6);
        if !args.quiet {
            let (packets, bytes) = (self.packets, self.bytes);
            exit::note(format_args!(
                "{packets} packets sent, {bytes} bytes, in {seconds:.3} s: \
                 {pps:.0} packets/s, {mbps:.3} Mbit/s"
            ));
            if self.cut > 0 {
                exit::note(format_args!("{} of them cut by a snaplen", self.cut));
            }
            if !args.fast {
                let late = self.late.as_secs_f64() * 1e3;
                exit::note(format_args!("at most {late:.3} ms late"));
            }
            if self.not_sent > 0 {
                let error = |(reason, count): (&String, &u64)| format!("{count} {reason}");
                let errors: Vec<_> = self.errors.iter().map(error).collect();
                exit::note(format_args!(
                    "{} not sent: {}",
                    self.not_sent,
                    errors.join(", ")
                ));
            }
        }
        if !args.json {
            return Ok(());
        }
        let mut output = Output::stdout();
        output.line(|out| {
            Object::new(out)
                .text("type", "summary")
                .plain("packets", self.packets)
                .plain("bytes", self.bytes)
                .plain("seconds", format_args!("{seconds:.9}"))
                .plain("pps", format_args!("{pps:.3}"))
                .plain("mbps", format_args!("{mbps:.6}"))
                .plain("cut", self.cut)
                .plain("not_sent", self.not_sent)
                .member("errors", |out| {
                    let errors = self.errors.iter();
                    errors
                        .fold(Object::new(out), |object, (reason, count)| {
                            object.plain(reason, count)
                        })
                        .end();
                })
                .plain(
                    "late_seconds",
                    format_args!("{:.9}", self.late.as_secs_f64()),
                )
                .plain("loops", self.loops)
                .end();
            out.push(b'\n');
        })?;
        Ok(output.flush()?)
    }
}
