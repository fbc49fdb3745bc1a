//! Copies a savefile as another one: link type, snaplen, precision, format, times, compression.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use pcap_core::{Capture, Linktype, Offline, Packet, Precision, SavefileFormat};
use pcap_examples::copying::Copying;
use pcap_examples::ending::{self, Ending};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files;
use pcap_examples::input::Input;
use pcap_examples::json::Object;
use pcap_examples::left_out::{self, LeftOut};
use pcap_examples::output::Output;
use pcap_examples::program;
use pcap_examples::relink::{Relink, Unfit};
use pcap_examples::savefile::Savefile;
use pcap_examples::stop;
use pcap_examples::units::{self, Shift};

const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-recode trace.pcapng.gz trace.pcap         a classic savefile, not compressed
  pcap-recode -l RAW --skip eth.pcap ip.pcap     without Ethernet headers; skips packets other than IP
  pcap-recode -l ETHERNET any.pcap eth.pcap      of a capture on `any`, for `pcap-replay`
  pcap-recode -s 96 --precision micro - small.pcap.gz
  pcap-recode --format pcapng - -                through a pipe
  pcap-recode --shift -1h a.pcap b.pcap          an hour earlier

Link types:
  From ETHERNET, RAW, IPV4, IPV6, NULL, LOOP, LINUX_SLL and LINUX_SLL2 to ETHERNET, RAW, IPV4 and
  IPV6. A new Ethernet header has the type of what follows it and addresses of zeros, but for the
  source that Linux's cooked headers tell. VLAN tags stay in Ethernet; they go with the header where
  only IP is left, and are counted. Padding behind a packet stays. What cannot be converted, such as
  ARP to RAW, is an error that names the packet, or with --skip left out and counted.

What the header says of a frame check sequence behind each packet is kept if the link type stays as
it is.

The order is: link type, then snaplen, then times. Of a damaged savefile, and before a packet that
cannot be converted, the packets up to there are copied; the status is 1. So it is after Ctrl-C.
Packets are in the savefile within about a second after they are read, also compressed.";

const JSON_HELP: &str = "\
JSON:
  One object: type (\"summary\"), read and written (packets), skipped (packets), reasons (an object
  of what they were and how many), cut (packets, by --snaplen), untagged (packets that lost their
  VLAN tags), left_out (packets that the savefile cannot hold, if there are any). It goes to standard
  error where the savefile goes to standard output.";

/// Copies a savefile as another one, with another link type, snaplen, precision, format, time or
/// compression. What no option changes stays as it is, but for the format and the compression, which
/// the name of OUT decides. Comments, names and other things that pcapng has beside packets are not
/// copied.
///
/// It says on standard error how many packets were copied of how many, and what became of the rest.
#[derive(Parser)]
#[command(name = NAME, version,
    after_help = format!("{HELP}\n\n{}\n\n{}\n\n{}\n\n{JSON_HELP}", stop::HELP, left_out::HELP, ending::HELP))]
pub(crate) struct Args {
    /// The savefile to read, pcap or pcapng, also compressed by gzip; `-` is standard input
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The savefile to write; `-` is standard output
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Convert the packets to this link type, a name or a number (see below)
    #[arg(short, long, value_name = "LINKTYPE", value_parser = units::linktype)]
    linktype: Option<Linktype>,
    /// Only write the number of --linktype, and leave the packets as they are
    #[arg(long, requires = "linktype")]
    relabel: bool,
    /// Leave out what cannot be converted, and count it
    #[arg(long, requires = "linktype", conflicts_with = "relabel")]
    skip: bool,
    /// Cut packets to so many bytes; how long they were on the wire stays
    #[arg(short, long, value_name = "BYTES",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(i32::MAX)))]
    snaplen: Option<u32>,
    /// The precision of the times; what is finer is cut off [default: that of IN; of
    /// pcapng nano]
    #[arg(long, value_name = "PRECISION", value_parser = ["micro", "nano"])]
    precision: Option<String>,
    /// The format of the savefile, whatever its name [default: by the name, see below]
    #[arg(long, value_name = "FORMAT", value_parser = ["pcap", "pcapng"])]
    format: Option<String>,
    /// Add this to each time, in seconds or with a unit: -3600, +0.5, -1h, 500ms
    #[arg(long, value_name = "TIME", value_parser = units::shift, allow_hyphen_values = true)]
    shift: Option<Shift>,
    /// Compress by gzip, whatever the name of OUT
    #[arg(long)]
    gzip: bool,
    /// Print the summary as JSON (see below)
    #[arg(long)]
    json: bool,
    /// Say nothing but errors, and JSON if it is asked for
    #[arg(short, long)]
    quiet: bool,
}

impl Args {
    fn is_to_stdout(&self) -> bool {
        self.output == Path::new("-")
    }
}

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    if args.is_to_stdout() && io::stdout().is_terminal() {
        exit::usage::<Args>("a savefile cannot be written to a terminal");
    }
    if files::is_same_file(&args.input, &args.output) {
        let path = args.output.display();
        let text = format!("cannot write `{path}`: it is the savefile that is read");
        return Err(Failure::Text(text));
    }
    let ending = Ending::of(&args.output)?;
    let mut input = Input::open(&args.input, !args.quiet)?;
    stop::breaks(input.capture().break_handle());
    let (mut recoder, mut savefile) = plan(args, ending, input.capture())?;
    let mut left_out = LeftOut::new(NAME, input.bar());

    savefile.is_fed_by(&args.input);
    let copying = Copying::new(&savefile, input.bar());
    let mut counts = Counts::default();
    let (read, outcome) = input.each(|number, packet| {
        copying.read(number);
        if let Some(packet) = recoder.recode(args, &mut counts, number, packet)? {
            left_out.sort(number, savefile.write(packet))?;
        }
        savefile.tick()
    });
    let closed = savefile.close();
    counts.written = copying.written();
    counts.untagged = recoder.relink.map_or(0, |relink| relink.untagged());
    counts.left_out = left_out.packets();
    let reported = counts.report(args, read);
    exit::unwritten(savefile.outlet().unwritten());
    closed?;
    // Of a pipe the end, and a cut packet, may be due to that.
    let outcome = match stop::asked() {
        Some(_) => Err(Failure::Text(format!(
            "stopped before the end of `{}`",
            args.input.display()
        ))),
        None => outcome,
    };
    outcome.and(reported).and(left_out.outcome())
}

/// What is done with each packet, and the savefile that they go to.
fn plan(args: &Args, ending: Ending, capture: &Capture<Offline>) -> Outcome<(Recoder, Savefile)> {
    let from = capture.linktype();
    let to = args.linktype.unwrap_or(from);
    let relink = if args.relabel || to == from {
        None
    } else {
        let text = format!(
            "cannot convert {from} to {to}: see --help for what can be; \
             --relabel writes the number alone"
        );
        Some(Relink::new(from, to).ok_or(Failure::Text(text))?)
    };
    let precision = match args.precision.as_deref() {
        Some("micro") => Precision::Micro,
        Some(_) => Precision::Nano,
        None => capture.precision(),
    };
    let shift = args.shift.unwrap_or_default();
    if precision == Precision::Micro && !shift.is_micros() {
        let text = "cannot shift by less than a microsecond: the times have no nanoseconds; \
                    --precision nano gives them some";
        return Err(Failure::Text(text.to_owned()));
    }
    // Beyond this nobody reads a packet, unless it was so before.
    let most = capture.snaplen().max(262_144);
    let growth = relink.as_ref().map_or(0, Relink::growth);
    let snaplen = capture.snaplen().saturating_add(growth).min(most);
    let snaplen = args.snaplen.unwrap_or(snaplen);
    let gzip = args.gzip || ending.gzip;
    let format = match args.format.as_deref() {
        Some("pcapng") => SavefileFormat::Pcapng,
        Some(_) => SavefileFormat::Pcap,
        None => ending.format,
    };
    let is_same = (to, snaplen, precision) == (from, capture.snaplen(), capture.precision());
    let savefile = if is_same {
        // With all that the header says, which is more than these three.
        Savefile::create(&args.output, capture, format, gzip)?
    } else {
        let fcs = capture.fcs_len().filter(|_| to == from);
        let capture = Capture::dead_with(to, snaplen, precision)?.with_fcs_len(fcs)?;
        Savefile::create(&args.output, &capture, format, gzip)?
    };
    let recoder = Recoder {
        relink,
        shift,
        snaplen: args.snaplen,
    };
    Ok((recoder, savefile))
}

struct Recoder {
    relink: Option<Relink>,
    snaplen: Option<u32>,
    shift: Shift,
}

impl Recoder {
    /// The packet as it is written; `None` if it is left out.
    fn recode<'a>(
        &'a mut self,
        args: &Args,
        counts: &mut Counts,
        number: u64,
        mut packet: Packet<'a>,
    ) -> Outcome<Option<Packet<'a>>> {
        if let Some(relink) = &mut self.relink {
            packet = match relink.convert(packet) {
                Ok(packet) => packet,
                Err(unfit) if args.skip => {
                    *counts.skipped.entry(unfit).or_default() += 1;
                    return Ok(None);
                }
                Err(unfit) => return Err(refused(args, number, unfit)),
            };
        }
        let mut data = packet.data();
        if let Some(short) = self
            .snaplen
            .and_then(|snaplen| data.get(..snaplen as usize))
        {
            counts.cut += u64::from(short.len() < data.len());
            data = short;
        }
        if data.len() == packet.data().len() && self.shift == Shift::default() {
            // Also a fraction of more than a second stays then, as damaged savefiles have it.
            return Ok(Some(packet));
        }
        let time = self.shift.apply(packet.timestamp());
        Ok(Some(Packet::new(time, packet.wire_len(), data)))
    }
}

fn refused(args: &Args, number: u64, unfit: Unfit) -> Failure {
    let to = args.linktype.map(|to| to.to_string()).unwrap_or_default();
    let input = args.input.display();
    Failure::Text(format!(
        "cannot convert packet {number} of `{input}` to {to}: it is {unfit}; \
         --skip leaves such packets out"
    ))
}

/// What became of the packets.
#[derive(Default)]
struct Counts {
    written: u64,
    skipped: BTreeMap<Unfit, u64>,
    cut: u64,
    untagged: u64,
    left_out: Option<u64>,
}

impl Counts {
    fn report(&self, args: &Args, read: u64) -> Outcome {
        let skipped: u64 = self.skipped.values().sum();
        if !args.quiet {
            exit::note(format_args!("{} of {read} packets", self.written));
            if skipped > 0 {
                let reason = |(unfit, count): (&Unfit, &u64)| format!("{count} {unfit}");
                let reasons: Vec<_> = self.skipped.iter().map(reason).collect();
                exit::note(format_args!("{skipped} skipped: {}", reasons.join(", ")));
            }
            if self.cut > 0 {
                exit::note(format_args!("{} cut", self.cut));
            }
            if self.untagged > 0 {
                exit::note(format_args!("{} without their VLAN tags", self.untagged));
            }
        }
        if !args.json {
            return Ok(());
        }
        let mut line = Vec::new();
        Object::new(&mut line)
            .text("type", "summary")
            .plain("read", read)
            .plain("written", self.written)
            .plain("skipped", skipped)
            .member("reasons", |out| {
                let reasons = self.skipped.iter();
                reasons
                    .fold(Object::new(out), |object, (unfit, count)| {
                        object.plain(&unfit.to_string(), count)
                    })
                    .end();
            })
            .plain("cut", self.cut)
            .plain("untagged", self.untagged)
            .some_plain("left_out", self.left_out)
            .end();
        if args.is_to_stdout() {
            exit::note(String::from_utf8_lossy(&line));
            return Ok(());
        }
        line.push(b'\n');
        let mut output = Output::stdout();
        output.line(|out| out.append(&mut line))?;
        Ok(output.flush()?)
    }
}
