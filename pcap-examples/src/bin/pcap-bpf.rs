//! `pcap-bpf`: compiles filter expressions, and prints or runs the resulting BPF programs.

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Parser};
use pcap_core::{Capture, Dlt, Filter, Offline};
use pcap_examples::exit::Outcome;
use pcap_examples::json::{self, Object};
use pcap_examples::line_output::LineOutput;
use pcap_examples::options::filter::{FilterWords, Selection};
use pcap_examples::program;
use pcap_examples::{savefile_reader, value_parsers};

const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-bpf 'tcp port 443'             the instructions, like tcpdump -d
  pcap-bpf -ddd -y RAW ip6            decimal numbers, for raw IP packets
  pcap-bpf --bytecode -y RAW tcp      one line, for iptables -m bpf
  pcap-bpf -O host 192.0.2.1          the instructions, not optimized
  pcap-bpf --match trace.pcap icmp    how many packets of a savefile match

Without an expression, the filter accepts all packets. Savefiles may be pcap or pcapng, optionally
compressed with gzip, zstd or lz4. `-` means standard input.";

const JSON_HELP: &str = "\
JSON:
  One object of schema (the version of the schema: 1), type (\"filter\"),
  expression, linktype, snaplen and instructions (an array of objects of code,
  jt, jf, k and text). With --run, one object of schema, type (\"result\"),
  number (of the packet, from 1) and value per packet. With --match, one object
  of schema, type (\"summary\"), read and matched (numbers of packets).";

/// Compiles a filter expression for a link type and prints its instructions, or runs it on a
/// savefile.
#[derive(Parser)]
#[command(name = NAME, after_help = format!("{HELP}\n\n{JSON_HELP}"),
    mut_arg("filter", |filter| filter.help("Compile this filter expression, as described in pcap-filter(7)")))]
pub(crate) struct Args {
    #[command(flatten)]
    filter: FilterWords,
    /// The link type, by its DLT name or number
    #[arg(short = 'y', long, value_name = "LINKTYPE", default_value = "EN10MB", value_parser = value_parsers::datalink)]
    linktype: Dlt,
    /// The snaplen, which the filter returns for packets that it accepts; 0 means the default. With --run
    /// and --match, it is the snaplen of the savefile
    #[arg(
        short,
        long = "snapshot-length",
        value_name = "BYTES",
        default_value = "262144",
        value_parser = value_parsers::number(0_u32..)
    )]
    snaplen: u32,
    /// The netmask of the network, for `ip broadcast` [default: unknown]
    #[arg(long, value_name = "MASK", value_parser = value_parsers::netmask)]
    netmask: Option<Ipv4Addr>,
    /// Print readable instructions (-d, the default), C code (-dd) or decimal numbers (-ddd)
    #[arg(short, action = ArgAction::Count)]
    dump: u8,
    /// Print decimal numbers on one line, for iptables and tc
    #[arg(long, conflicts_with = "dump")]
    bytecode: bool,
    /// Print what the filter returns for each packet of a savefile: 0 if it rejects the packet
    #[arg(long, value_name = "SAVEFILE", conflicts_with_all = ["linktype", "snaplen", "dump", "bytecode"])]
    run: Option<PathBuf>,
    /// Print how many packets of a savefile the filter accepts
    #[arg(long, value_name = "SAVEFILE", conflicts_with_all = ["linktype", "snaplen", "dump", "bytecode", "run"])]
    r#match: Option<PathBuf>,
    /// Print JSON instead of text (see below)
    #[arg(long, conflicts_with_all = ["dump", "bytecode"])]
    json: bool,
}

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    let savefiles = [&args.run, &args.r#match].into_iter().flatten();
    args.filter.check_stdin::<Args>(savefiles);
    let Selection {
        expression,
        options,
    } = args.filter.selection()?;
    let options = options.netmask(args.netmask);
    let mut output = LineOutput::stdout();
    match args.run.as_ref().or(args.r#match.as_ref()) {
        Some(path) => {
            let mut capture = savefile_reader::open_capture(path)?;
            let filter = options.compile_for(&capture, &expression)?;
            match args.run.is_some() {
                true => print_results(&mut capture, &filter, args.json, &mut output)?,
                false => print_count(&mut capture, &filter, args.json, &mut output)?,
            }
        }
        None => {
            let filter = options
                .snaplen(args.snaplen)
                .compile(args.linktype, &expression)?;
            if args.json {
                output.print_line(|out| json_filter(out, &filter, &expression, args.snaplen))?;
                return Ok(output.flush()?);
            }
            let listing = match args.dump {
                _ if args.bytecode => filter.to_bytecode(),
                0 | 1 => filter.to_string(),
                2 => filter.to_c_listing(),
                _ => filter.to_decimal_listing(),
            };
            output.print_listing(&listing)?;
        }
    }
    Ok(output.flush()?)
}

/// Prints what a filter returns for each packet.
fn print_results(
    capture: &mut Capture<Offline>,
    filter: &Filter,
    is_json: bool,
    output: &mut LineOutput,
) -> Outcome {
    let mut number = 0_u64;
    while let Some(packet) = capture.next_packet()? {
        let value = filter.run(packet.data(), packet.wire_len());
        number += 1;
        output.print_line(|out| {
            if is_json {
                let object = Object::of_type(out, "result").number("number", number);
                object.number("value", value).end();
                out.push(b'\n');
                return;
            }
            // Writing to memory cannot fail.
            let _ = writeln!(out, "{value}");
        })?;
    }
    Ok(())
}

/// Prints how many packets a filter accepts.
fn print_count(
    capture: &mut Capture<Offline>,
    filter: &Filter,
    is_json: bool,
    output: &mut LineOutput,
) -> Outcome {
    let (mut read, mut matched) = (0_u64, 0_u64);
    capture.for_each(|packet| {
        read += 1;
        matched += u64::from(filter.matches_packet(packet));
    })?;
    output.print_line(|out| {
        if is_json {
            let object = Object::of_type(out, "summary").number("read", read);
            object.number("matched", matched).end();
            out.push(b'\n');
        } else {
            out.extend(format!("{matched}\n").bytes());
        }
    })?;
    Ok(())
}

/// Appends the line of JSON for a filter.
fn json_filter(out: &mut Vec<u8>, filter: &Filter, expression: &str, snaplen: u32) {
    let listing = filter.to_string();
    let object = Object::of_type(out, "filter")
        .text("expression", expression)
        .text("linktype", filter.datalink())
        .number("snaplen", snaplen);
    let instructions = filter.instructions().iter().zip(listing.lines());
    let object = object.member("instructions", |out| {
        json::list(out, instructions, |out, (instruction, line)| {
            let words: Vec<&str> = line.split_whitespace().skip(1).collect();
            Object::new(out)
                .number("code", instruction.code)
                .number("jt", instruction.jt)
                .number("jf", instruction.jf)
                .number("k", instruction.k)
                .text("text", words.join(" "))
                .end();
        });
    });
    object.end();
    out.push(b'\n');
}
