//! `pcap-info`: describes savefiles.

mod args;
mod blocks;
mod csv;
mod description;
mod hashes;
mod interface_info;
mod json;
mod packets;
mod room;
mod section_info;
mod table;
mod totals;

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use pcap_core::ErrorKind;
use pcap_examples::counted;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files;
use pcap_examples::line_output::LineOutput;
use pcap_examples::options::input::Input;
use pcap_examples::packet_counter::PacketCounter;
use pcap_examples::savefile_input::SavefileInput;
use pcap_examples::{program, signals, stderr};

use crate::args::{Args, NAME};
use crate::description::{Description, End};
use crate::hashes::Hashing;

fn main() -> ExitCode {
    program::main(NAME, |args: Args| {
        if let Some(mistake) = args.range.mistake() {
            exit::usage_error::<Args>(&mistake);
        }
        let input = args.input.input::<Args>()?;
        if !input.has_file() {
            input.check(NAME)?;
        }
        run(&args, &input)
    })
}

/// Describes all files.
fn run(args: &Args, input: &Input) -> Outcome {
    let packets_read = Arc::new(PacketCounter::default());
    let report = Arc::clone(&packets_read);
    signals::on_report(move || {
        let packets = counted::packets(report.get());
        stderr::print_line(format_args!("{packets} read"));
    });
    let mut output = LineOutput::stdout();
    if args.csv {
        output.print_line(csv::push_header)?;
    }
    let mut outcome = Ok(());
    let mut is_first = true;
    for path in &input.files {
        if signals::end_requested().is_some() {
            let text = format!("stopped before `{}`", path.display());
            return outcome.and(Err(Failure::Text(text)));
        }
        // A signal may kill the program while it opens this file.
        output.flush()?;
        packets_read.set(0);
        let described = describe(args, input, path, &packets_read);
        let failure = match described {
            Ok((description, failure)) => {
                print(args, &mut output, &description, is_first)?;
                is_first = false;
                failure
            }
            Err(failure) => {
                let reason = failure.reason();
                if args.json {
                    output.print_line(|out| json::push_error(out, path, &reason))?;
                } else if args.csv {
                    output.print_line(|out| csv::push_error(out, path, &reason))?;
                }
                Some(failure)
            }
        };
        if let Some(failure) = failure {
            // Print the description of this file before the error.
            output.flush()?;
            failure.report(NAME);
            outcome = Err(Failure::Reported);
        }
    }
    output.flush()?;
    outcome
}

/// Describes one file. Also returns why it was not read to its end, if that is a failure.
fn describe<'a>(
    args: &Args,
    input: &Input,
    path: &'a Path,
    packets_read: &PacketCounter,
) -> Outcome<(Description<'a>, Option<Failure>)> {
    input.check_file(path)?;
    let (hashing, observer) = match args.hash {
        // Hashing standard input may take a long time.
        true => {
            let (hashing, observer) = signals::while_killable(|| Hashing::start(path));
            (Some(hashing), observer)
        }
        false => (None, None),
    };
    // Opening a FIFO blocks until its other end is opened.
    let mut savefile = signals::while_killable(|| SavefileInput::open_observed(path, observer))?;
    signals::break_on_end(savefile.break_handle());
    let mut description = Description::new(path, savefile.kind());
    let selection = &input.selection;
    let read = match &mut savefile {
        SavefileInput::Packets(input) => {
            packets::read(args, selection, input, &mut description, packets_read)?
        }
        SavefileInput::Blocks(input) => {
            blocks::read(args, selection, input, &mut description, packets_read)?
        }
    };
    savefile.bar().finish_and_clear();
    let (end, failure) = match read {
        // Ignore an error of reading: the signal may have truncated the last packet of a pipe.
        _ if signals::end_requested().is_some() => {
            let text = format!("stopped before the end of `{}`", path.display());
            (End::Stopped, Some(Failure::Text(text)))
        }
        Ok(end) => (end, None),
        Err(failure) => (end_of(&failure), Some(failure)),
    };
    let is_complete = end == End::Complete;
    let hashes = hashing.map_or(Ok(None), |hashing| hashing.finish(is_complete));
    let failure = match hashes {
        Ok(hashes) => {
            description.hashes = hashes;
            failure
        }
        Err(error) => failure.or_else(|| {
            let path = path.display();
            Some(Failure::Text(format!("cannot hash `{path}`: {error}")))
        }),
    };
    description.end = end;
    description.error = failure.as_ref().map(Failure::reason);
    description.file_size = file_size(path, end, &savefile);
    Ok((description, failure))
}

/// Returns where reading has ended because of a failure.
fn end_of(failure: &Failure) -> End {
    match failure {
        Failure::Pcap(error)
            if error.kind() == ErrorKind::SavefileTruncated
                || error
                    .io_error()
                    .is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof) =>
        {
            End::Truncated
        }
        _ => End::Damaged,
    }
}

/// Returns the size of a file. That of a pipe is known once it was read to its end.
fn file_size(path: &Path, end: End, savefile: &SavefileInput) -> Option<u64> {
    let metadata = match path == Path::new("-") {
        true => files::stdin().and_then(|file| file.metadata().ok()),
        false => fs::metadata(path).ok(),
    };
    match metadata {
        Some(metadata) if metadata.is_file() => Some(metadata.len()),
        _ if end == End::Complete => savefile.stream_position(),
        _ => None,
    }
}

/// Prints the description of a file.
fn print(
    args: &Args,
    output: &mut LineOutput,
    description: &Description<'_>,
    is_first: bool,
) -> Outcome {
    if args.json {
        return Ok(output.print_line(|out| json::push(out, description))?);
    }
    if args.csv {
        return Ok(output.print_line(|out| csv::push(out, description))?);
    }
    if !is_first {
        output.print_line(|out| out.push(b'\n'))?;
    }
    for line in table::lines(description) {
        output.print_line(|out| {
            out.extend(line.bytes());
            out.push(b'\n');
        })?;
    }
    Ok(())
}

/// Names the file in an error of compiling the filter.
fn filter_failure(path: &Path, failure: impl std::fmt::Display) -> Failure {
    Failure::Text(format!("cannot filter `{}`: {failure}", path.display()))
}
