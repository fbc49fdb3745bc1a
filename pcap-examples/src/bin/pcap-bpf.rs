//! `pcap-bpf`: compiles filter expressions, and prints or runs the resulting BPF programs.

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgAction, Parser};
use pcap_core::{CompileOptions, Dlt};
use pcap_examples::exit::Outcome;
use pcap_examples::line_output::LineOutput;
use pcap_examples::options::filter::{FilterWords, Selection};
use pcap_examples::program;
use pcap_examples::savefile_reader;

const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  pcap-bpf 'tcp port 443'             the instructions, as of tcpdump -d
  pcap-bpf -ddd -y RAW ip6            decimal numbers, for raw IP packets
  pcap-bpf --bytecode -y RAW tcp      one line, for iptables -m bpf
  pcap-bpf -O host 192.0.2.1          the instructions, not optimized
  pcap-bpf --match trace.pcap icmp    how many packets of a savefile match

Without an expression, the filter accepts all packets. Savefiles may be pcap or pcapng, optionally
compressed with gzip, zstd or lz4. `-` means standard input.";

/// Compiles a filter expression for a link type and prints its instructions, or runs it on a
/// savefile.
#[derive(Parser)]
#[command(name = NAME, after_help = HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: FilterWords,
    /// The link type: a DLT name or number
    #[arg(short = 'y', long, value_name = "LINKTYPE", default_value = "EN10MB")]
    linktype: Dlt,
    /// The snaplen, which the filter returns for packets that it accepts; 0 means the default. With --run
    /// and --match, it is the snaplen of the savefile
    #[arg(
        short,
        long = "snapshot-length",
        value_name = "BYTES",
        default_value_t = 262_144
    )]
    snaplen: u32,
    /// The netmask of the network, for `ip broadcast` [default: unknown]
    #[arg(long, value_name = "MASK")]
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
}

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    let Selection {
        expression,
        options,
    } = args.filter.selection()?;
    let options = options.netmask(args.netmask);
    let mut output = LineOutput::stdout();
    match (&args.run, &args.r#match) {
        (Some(path), _) => run_on(path, &options, &expression, &mut output)?,
        (_, Some(path)) => match_on(path, &options, &expression, &mut output)?,
        _ => {
            let filter = options
                .snaplen(args.snaplen)
                .compile(args.linktype, &expression)?;
            let listing = match args.dump {
                _ if args.bytecode => filter.to_bytecode(),
                0 | 1 => filter.to_string(),
                2 => filter.to_c_listing(),
                _ => filter.to_decimal_listing(),
            };
            for line in listing.lines() {
                output.print_line(|out| out.extend([line.as_bytes(), b"\n"].concat()))?;
            }
        }
    }
    Ok(output.flush()?)
}

/// Compiles the filter for a savefile, and prints what it returns for each packet.
fn run_on(
    path: &Path,
    options: &CompileOptions,
    expression: &str,
    output: &mut LineOutput,
) -> Outcome {
    let mut capture = savefile_reader::open_capture(path)?;
    let filter = options.compile_for(&capture, expression)?;
    while let Some(packet) = capture.next_packet()? {
        let value = filter.run(packet.data(), packet.wire_len());
        output.print_line(|out| {
            // Writing to memory cannot fail.
            let _ = writeln!(out, "{value}");
        })?;
    }
    Ok(())
}

/// Compiles the filter for a savefile, and prints how many packets it accepts.
fn match_on(
    path: &Path,
    options: &CompileOptions,
    expression: &str,
    output: &mut LineOutput,
) -> Outcome {
    let mut capture = savefile_reader::open_capture(path)?;
    let filter = options.compile_for(&capture, expression)?;
    let mut passed = 0_u64;
    let counted = capture.for_each(|packet| passed += u64::from(filter.matches_packet(packet)));
    counted?;
    output.print_line(|out| out.extend(format!("{passed}\n").bytes()))?;
    Ok(())
}
