//! `pcap-recode`: copies a savefile, and changes its link type, snaplen, precision, format, compression or times.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use pcap_core::{Capture, Linktype, Offline, Packet, Precision};
use pcap_examples::copy_progress::CopyProgress;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files;
use pcap_examples::json::Object;
use pcap_examples::line_output::LineOutput;
use pcap_examples::link_converter::{Inconvertible, LinkConverter};
use pcap_examples::output_format::{self, FormatArg, OutputFormat};
use pcap_examples::program;
use pcap_examples::savefile_reader::SavefileReader;
use pcap_examples::savefile_writer::SavefileWriter;
use pcap_examples::signals;
use pcap_examples::skipped_packets::{self, SkippedPackets};
use pcap_examples::stderr;
use pcap_examples::value_parsers::{self, TimeShift};

const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-recode trace.pcapng.gz trace.pcap         write an uncompressed classic savefile
  pcap-recode -l RAW --skip eth.pcap ip.pcap     copy only IP packets, without Ethernet headers
  pcap-recode -l ETHERNET any.pcap eth.pcap      convert a capture on `any` for `pcap-replay`
  pcap-recode -s 96 --precision micro - small.pcap.gz
  pcap-recode --format pcapng - -                convert in a pipe
  pcap-recode --shift -1h a.pcap b.pcap          make all times an hour earlier

Link types:
  Packets are converted from ETHERNET, RAW, IPV4, IPV6, NULL, LOOP, LINUX_SLL or LINUX_SLL2 to
  ETHERNET, RAW, IPV4 or IPV6. A new Ethernet header has zeros as addresses, but keeps the source
  address of a Linux cooked header. Conversion to Ethernet keeps VLAN tags; conversion to IP
  removes and counts them. Padding after a packet is kept. A packet that cannot be converted, such
  as ARP to RAW, is an error; with --skip, such packets are skipped and counted.

The declared length of the frame check sequence is kept unless the link type is converted.

The link type is changed first, then the snaplen, then the times. If IN is damaged or a packet
cannot be converted, the packets before it are copied and the status is 1. After Ctrl-C, the
packets read so far are copied and the status is 1. A packet is in OUT within about a second after
it is read, even if OUT is compressed.";

const JSON_HELP: &str = "\
JSON:
  One object with the members type (\"summary\"), read (packets read), written (packets written),
  skipped (packets that could not be converted), reasons (an object that maps each kind of
  skipped packet to a number), cut (packets truncated by --snaplen), untagged (packets that lost
  their VLAN tags) and left_out (packets that the format cannot represent, if any). It is printed
  on standard error if the savefile is written to standard output.";

/// Copies a savefile, and changes its link type, snaplen, precision, format, compression or times. The
/// name of OUT determines the format and the compression; nothing else changes without an option. Only
/// packets are copied, not the comments, names and other data of pcapng.
///
/// Prints on standard error how many packets were copied and read, and what happened to the others.
#[derive(Parser)]
#[command(name = NAME, version,
    after_help = format!(
        "{HELP}\n\n{}\n\n{}\n\n{}\n\n{JSON_HELP}",
        signals::HELP, skipped_packets::HELP, output_format::HELP
    )
)]
pub(crate) struct Args {
    /// The savefile to read, pcap or pcapng, optionally compressed with gzip; `-` means standard input
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The savefile to write; `-` means standard output
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Convert packets to this link type, a name or a number (see below)
    #[arg(short, long, value_name = "LINKTYPE", value_parser = value_parsers::linktype)]
    linktype: Option<Linktype>,
    /// Only declare --linktype in the savefile; do not convert packets
    #[arg(long, requires = "linktype")]
    relabel: bool,
    /// Skip and count packets that cannot be converted
    #[arg(long, requires = "linktype", conflicts_with = "relabel")]
    skip: bool,
    /// Truncate packets to this length; their length on the wire is kept
    #[arg(short, long, value_name = "BYTES",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(i32::MAX)))]
    snaplen: Option<u32>,
    /// The precision of packet times; finer digits are dropped [default: that of IN; nano for pcapng]
    #[arg(long, value_name = "PRECISION", value_parser = ["micro", "nano"])]
    precision: Option<String>,
    #[command(flatten)]
    format: FormatArg,
    /// Add this to each packet time, in seconds or with a unit: -3600, +0.5, -1h, 500ms
    #[arg(long, value_name = "TIME", value_parser = value_parsers::time_shift, allow_hyphen_values = true)]
    shift: Option<TimeShift>,
    /// Compress OUT with gzip, regardless of its name
    #[arg(long)]
    gzip: bool,
    /// Print the summary as JSON (see below)
    #[arg(long)]
    json: bool,
    /// Print only errors, and the summary if --json is given
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
        exit::usage_error::<Args>("cannot write a savefile to a terminal");
    }
    if files::is_same_file(&args.input, &args.output) {
        let path = args.output.display();
        let text = format!("cannot write `{path}`: it is also the input");
        return Err(Failure::Text(text));
    }
    let output_format = OutputFormat::of_path(&args.output)?;
    let mut input = SavefileReader::open(&args.input, !args.quiet)?;
    signals::break_on_end(input.capture().break_handle());
    let (mut recoder, mut savefile) = prepare(args, output_format, input.capture())?;
    let mut skipped = SkippedPackets::new(NAME, input.bar());

    savefile.set_buffering_for_input(&args.input);
    let copy_progress = CopyProgress::new(&savefile, input.bar());
    let mut counts = Counts::default();
    let (read, outcome) = input.for_each_packet(|number, packet| {
        copy_progress.set_read(number);
        if let Some(packet) = recoder.recode(args, &mut counts, number, packet)? {
            skipped.check_written(number, savefile.write(packet))?;
        }
        savefile.tick()
    });
    let closed = savefile.close();
    counts.written = copy_progress.written();
    counts.untagged = recoder
        .link_converter
        .map_or(0, |link_converter| link_converter.untagged());
    counts.unwritable = skipped.packets();
    let reported = counts.report(args, read);
    stderr::print_unwritten(savefile.background_writer().unwritten_packets());
    closed?;
    // The signal may have ended a pipe, and truncated its last packet.
    let outcome = match signals::end_requested() {
        Some(_) => Err(Failure::Text(format!(
            "stopped before the end of `{}`",
            args.input.display()
        ))),
        None => outcome,
    };
    outcome.and(reported).and(skipped.outcome())
}

/// Returns the converter for packets, and creates the savefile.
fn prepare(
    args: &Args,
    output_format: OutputFormat,
    capture: &Capture<Offline>,
) -> Outcome<(Recoder, SavefileWriter)> {
    let from = capture.linktype();
    let to = args.linktype.unwrap_or(from);
    let link_converter = if args.relabel || to == from {
        None
    } else {
        let text = format!(
            "cannot convert {from} to {to}: --help lists the supported link types; \
             --relabel only changes the declared link type"
        );
        Some(LinkConverter::new(from, to).ok_or(Failure::Text(text))?)
    };
    let precision = match args.precision.as_deref() {
        Some("micro") => Precision::Micro,
        Some(_) => Precision::Nano,
        None => capture.precision(),
    };
    let shift = args.shift.unwrap_or_default();
    if precision == Precision::Micro && !shift.is_micros() {
        let text = "cannot shift by a fraction of a microsecond: the savefile has microsecond precision; \
                    use --precision nano";
        return Err(Failure::Text(text.to_owned()));
    }
    // Readers reject packets above 262144 bytes, so exceed that only if the input does.
    let max_snaplen = capture.snaplen().max(262_144);
    let growth = link_converter.as_ref().map_or(0, LinkConverter::growth);
    let snaplen = capture.snaplen().saturating_add(growth).min(max_snaplen);
    let snaplen = args.snaplen.unwrap_or(snaplen);
    let gzip = args.gzip || output_format.gzip;
    let format = output_format
        .with(args.format)
        .format_for(capture.savefile_format());
    let is_same = (to, snaplen, precision) == (from, capture.snaplen(), capture.precision());
    let savefile = if is_same {
        // This also keeps the other fields of the header.
        SavefileWriter::create(&args.output, capture, format, gzip)?
    } else {
        let fcs = capture.fcs_len().filter(|_| to == from);
        let capture = Capture::dead_with(to, snaplen, precision)?.with_fcs_len(fcs)?;
        SavefileWriter::create(&args.output, &capture, format, gzip)?
    };
    let recoder = Recoder {
        link_converter,
        shift,
        snaplen: args.snaplen,
    };
    Ok((recoder, savefile))
}

/// Changes packets as the options require.
struct Recoder {
    link_converter: Option<LinkConverter>,
    snaplen: Option<u32>,
    shift: TimeShift,
}

impl Recoder {
    /// Returns the packet to write, or `None` if it is skipped.
    fn recode<'a>(
        &'a mut self,
        args: &Args,
        counts: &mut Counts,
        number: u64,
        mut packet: Packet<'a>,
    ) -> Outcome<Option<Packet<'a>>> {
        if let Some(link_converter) = &mut self.link_converter {
            packet = match link_converter.convert(packet) {
                Ok(packet) => packet,
                Err(inconvertible) if args.skip => {
                    *counts.skipped.entry(inconvertible).or_default() += 1;
                    return Ok(None);
                }
                Err(inconvertible) => return Err(conversion_failure(args, number, inconvertible)),
            };
        }
        let mut data = packet.data();
        if let Some(short) = self
            .snaplen
            .and_then(|snaplen| data.get(..snaplen as usize))
        {
            counts.truncated += u64::from(short.len() < data.len());
            data = short;
        }
        if data.len() == packet.data().len() && self.shift == TimeShift::default() {
            // An unchanged packet keeps its time even if the fraction exceeds a second, as in damaged savefiles.
            return Ok(Some(packet));
        }
        let time = self.shift.apply(packet.timestamp());
        Ok(Some(Packet::new(time, packet.wire_len(), data)))
    }
}

/// Creates the failure for a packet that cannot be converted.
fn conversion_failure(args: &Args, number: u64, inconvertible: Inconvertible) -> Failure {
    let to = args.linktype.map(|to| to.to_string()).unwrap_or_default();
    let input = args.input.display();
    Failure::Text(format!(
        "cannot convert packet {number} of `{input}` to {to}: it is {inconvertible}; \
         use --skip to skip such packets"
    ))
}

/// The numbers of packets that were written, skipped or changed.
#[derive(Default)]
struct Counts {
    written: u64,
    skipped: BTreeMap<Inconvertible, u64>,
    truncated: u64,
    untagged: u64,
    unwritable: Option<u64>,
}

impl Counts {
    /// Prints the summary.
    fn report(&self, args: &Args, read: u64) -> Outcome {
        let skipped: u64 = self.skipped.values().sum();
        if !args.quiet {
            stderr::print_line(format_args!("{} of {read} packets", self.written));
            if skipped > 0 {
                let reason = |(inconvertible, count): (&Inconvertible, &u64)| {
                    format!("{count} {inconvertible}")
                };
                let reasons: Vec<_> = self.skipped.iter().map(reason).collect();
                stderr::print_line(format_args!("{skipped} skipped: {}", reasons.join(", ")));
            }
            if self.truncated > 0 {
                stderr::print_line(format_args!("{} truncated", self.truncated));
            }
            if self.untagged > 0 {
                stderr::print_line(format_args!("{} lost their VLAN tags", self.untagged));
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
                    .fold(Object::new(out), |object, (inconvertible, count)| {
                        object.plain(&inconvertible.to_string(), count)
                    })
                    .end();
            })
            .plain("cut", self.truncated)
            .plain("untagged", self.untagged)
            .some_plain("left_out", self.unwritable)
            .end();
        if args.is_to_stdout() {
            stderr::print_line(String::from_utf8_lossy(&line));
            return Ok(());
        }
        line.push(b'\n');
        let mut output = LineOutput::stdout();
        output.print_line(|out| out.append(&mut line))?;
        Ok(output.flush()?)
    }
}
