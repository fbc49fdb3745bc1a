//! `pcap-read`: prints the packets of savefiles.

mod args;
mod blocks;
mod packets;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pcap_core::ErrorKind;
use pcap_examples::background_writer::{self, BackgroundWriter};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::line_output::LineOutput;
use pcap_examples::packet_counter::PacketCounter;
use pcap_examples::packet_printer::PacketPrinter;
use pcap_examples::program;
use pcap_examples::savefile_input::SavefileInput;
use pcap_examples::savefile_source;
use pcap_examples::signals;
use pcap_examples::stderr;

use crate::args::{Args, NAME};

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
    let mut output = args.display.output().line_buffered(args.follow);
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
    let mut printer = PacketPrinter::for_blocks(args.form())
        .lines(args.display.lines())
        .json_fields(args.json.packet_fields());
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
        match print_file(args, path, packets_read, &mut printer, output) {
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
fn open(path: &Path, follow: bool) -> Outcome<SavefileInput> {
    loop {
        if let (true, Some(format)) = (follow, savefile_source::file_compression(path)) {
            let path = path.display();
            let text = format!("cannot follow `{path}`: it is compressed with {format}");
            return Err(Failure::Text(text));
        }
        // Opening a FIFO blocks until its other end is opened.
        match signals::while_killable(|| SavefileInput::open(path, false)) {
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
    printer: &mut PacketPrinter,
    output: &mut LineOutput,
) -> Outcome {
    match open(path, args.follow)? {
        SavefileInput::Packets(input) => {
            packets::print(args, path, input, packets_read, printer, output)
        }
        SavefileInput::Blocks(input) => {
            blocks::print(args, path, input, packets_read, printer, output)
        }
    }
}

/// Returns the outcome of reading a file to its end, or to a request to end the program.
fn outcome_of_reading(args: &Args, path: &Path, read: Outcome) -> Outcome {
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
            read
        }
    }
}

/// Names the file in an error of compiling the filter.
fn filter_failure(path: &Path, failure: impl std::fmt::Display) -> Failure {
    Failure::Text(format!("cannot filter `{}`: {failure}", path.display()))
}
