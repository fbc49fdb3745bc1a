//! `pcap-read`: prints the packets of savefiles.

mod args;
mod blocks;
mod packets;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pcap_core::ErrorKind;
use pcap_examples::background_writer::{self, BackgroundWriter};
use pcap_examples::counted;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files;
use pcap_examples::line_output::LineOutput;
use pcap_examples::options::filter::Selection;
use pcap_examples::options::input::Input;
use pcap_examples::options::range::PacketRange;
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
        if let Some(mistake) = args.range.mistake() {
            exit::usage_error::<Args>(&mistake);
        }
        let input = args.input.input::<Args>()?;
        if args.follow && input.files.len() > 1 {
            exit::usage_error::<Args>("--follow requires a single savefile");
        }
        input.check(NAME)?;
        run(&args, &input)
    })
}

fn run(args: &Args, input: &Input) -> Outcome {
    let mut output = args
        .display
        .output()
        .line_buffered(args.follow || args.packet_buffered);
    let packets_read = Arc::new(PacketCounter::default());
    let report = Arc::clone(&packets_read);
    signals::on_report(move || {
        let packets = counted::packets(report.get());
        stderr::print_line(format_args!("{packets} read"));
    });
    signals::on_flush(|| BackgroundWriter::stdout().request_flush());
    let mut printing = Printing {
        args,
        selection: &input.selection,
        packets_read: &packets_read,
        range: args.range.start(),
        number: 0,
        printer: PacketPrinter::for_blocks(args.form())
            .lines(args.display.lines())
            .json_fields(args.json.packet_fields()),
        output: &mut output,
    };
    let printed = print_files(&mut printing, &input.files);
    // It is not an error if the reader of the lines has closed the pipe.
    if !printed.as_ref().is_err_and(Failure::is_broken_pipe) {
        stderr::print_unwritten(background_writer::unwritten_packets());
    }
    printed
}

/// What is needed to print the packets of a file.
struct Printing<'a> {
    args: &'a Args,
    selection: &'a Selection,
    packets_read: &'a PacketCounter,
    range: PacketRange,
    /// The number of packets of the files, with those that are not selected.
    number: u64,
    printer: PacketPrinter,
    output: &'a mut LineOutput,
}

/// Prints the packets of all files, or their number.
fn print_files(printing: &mut Printing<'_>, files: &[PathBuf]) -> Outcome {
    let mut outcome = Ok(());
    for path in files {
        let is_over = printing.range.is_over(printing.number);
        if is_over || printing.packets_read.get() == printing.args.limit() {
            break;
        }
        if signals::end_requested().is_some() {
            let text = format!("stopped before `{}`", path.display());
            outcome = Err(Failure::Text(text));
            break;
        }
        // A signal may kill the program while it opens this file.
        printing.output.flush()?;
        match print_file(printing, path) {
            Ok(()) => {}
            // Further lines would fail, too.
            Err(Failure::Stdout(error)) => return Err(error.into()),
            Err(failure) => {
                // Print the packets of this file before the error.
                printing.output.flush()?;
                failure.report(NAME);
                outcome = Err(Failure::Reported);
            }
        }
    }
    if printing.args.count {
        let packets = printing.packets_read.get();
        let line = format!("{packets}\n");
        printing.output.print_line(|out| out.extend(line.bytes()))?;
    }
    printing.output.flush()?;
    outcome
}

/// Returns whether a path is a pipe or a device. The path `-` means standard input.
fn is_stream(path: &Path) -> bool {
    match path.as_os_str() == "-" {
        true => files::stdin().is_some_and(|file| !files::is_regular(&file)),
        false => fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()),
    }
}

/// Opens a savefile. With `follow`, waits until its header is complete.
fn open(path: &Path, follow: bool) -> Outcome<SavefileInput> {
    if follow && is_stream(path) {
        let path = path.display();
        let text = format!(
            "cannot follow `{path}`: expected a regular file; a pipe is read until its other end is closed, \
             without --follow"
        );
        return Err(Failure::Text(text));
    }
    loop {
        // Opening a file twice would lose data of a FIFO.
        let compression = match follow {
            true => savefile_source::file_compression(path),
            false => None,
        };
        if let Some(format) = compression {
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
fn print_file(printing: &mut Printing<'_>, path: &Path) -> Outcome {
    match open(path, printing.args.follow)? {
        SavefileInput::Packets(input) => packets::print(printing, path, input),
        SavefileInput::Blocks(input) => blocks::print(printing, path, input),
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
