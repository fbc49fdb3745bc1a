//! `pcap-merge`: merges savefiles into one, in the order of packet times.

mod args;
mod filters;
mod inputs;
mod merge;
mod merged_format;
mod output_savefile;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use pcap_examples::copy_progress::CopyProgress;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files::{is_same_file, length, read_path_list};
use pcap_examples::output_format::OutputFormat;
use pcap_examples::savefile_summary::SavefileSummary;
use pcap_examples::savefile_writer::Buffering;
use pcap_examples::{program, progress, signals, stderr};

use crate::args::{Args, NAME};
use crate::filters::Filters;
use crate::inputs::inspect_inputs;
use crate::merge::Merge;
use crate::output_savefile::OutputSavefile;

fn main() -> ExitCode {
    program::main(NAME, run)
}

fn run(mut args: Args) -> Outcome {
    if let Some(path) = &args.files_from {
        let fail = |e| Failure::Text(format!("cannot read `{}`: {e}", path.display()));
        args.inputs.extend(read_path_list(path).map_err(fail)?);
    }
    let args = &args;
    let to_stdout = args.write == Path::new("-");
    if to_stdout && io::stdout().is_terminal() {
        exit::usage_error::<Args>("cannot write a savefile to a terminal");
    }
    let read = || args.inputs.iter().chain(&args.files_from);
    if read().filter(|path| path.as_os_str() == "-").count() > 1 {
        exit::usage_error::<Args>("cannot read standard input twice");
    }
    if let Some(path) = read().find(|path| is_same_file(path, &args.write)) {
        let (out, path) = (args.write.display(), path.display());
        let text = format!("cannot write `{out}`: it is also the input `{path}`");
        return Err(Failure::Text(text));
    }
    let output_format = OutputFormat::of_path(&args.write)?;
    let bar = progress::byte_bar(args.inputs.iter().map(|path| length(path)).sum());
    let mut filters = Filters::new(args.filter.as_deref());
    let (inputs, format, unread) = inspect_inputs(args, &bar, &mut filters)?;
    let Some(format) = format else {
        return Err(match unread {
            0 => Failure::Text("cannot merge: found no savefiles".to_owned()),
            _ => Failure::Reported,
        });
    };
    if !args.quiet {
        format.report_fcs();
    }
    // Before this point there is no output to complete, and opening a FIFO may block forever.
    signals::end_gracefully();
    let mut out = OutputSavefile::new(format.create(&args.write, output_format)?);
    args.inputs
        .iter()
        .for_each(|path| out.savefile.set_buffering_for_input(path));
    if args.filter.is_some() {
        // If the filter passes few packets, the dumper would keep them for a long time.
        out.savefile.set_buffering(Buffering::WriterOnly);
    }
    let mut merge = Merge {
        format: &format,
        output_format,
        filters,
        copy_progress: CopyProgress::new(&out.savefile, &bar),
        bar,
        read: 0,
        unread,
    };
    let merged = match args.append {
        true => merge.append(inputs, &mut out),
        false => merge.merge_in_rounds(args.max_open as usize, inputs, &mut out),
    };
    merge.bar.finish_and_clear();
    let (closed, mut summary) = out.close();
    let unwritten = merge.copy_progress.unwritten();
    if unwritten > 0 {
        // It is unknown which packet was written last.
        summary.times = None;
        summary.bytes = merge.copy_progress.length();
    }
    summary.packets = merge.copy_progress.written();
    let printed = print_summary(args, &summary, merge.unread, unwritten);
    stderr::print_unwritten(unwritten);
    merged.and(closed)?;
    if signals::end_requested().is_some() {
        let text = "stopped: only the packets merged so far are written";
        return Err(Failure::Text(text.to_owned()));
    }
    match merge.unread {
        0 => printed,
        _ => Err(Failure::Reported),
    }
}

/// Prints how many packets of how many savefiles were written, and the summary as JSON.
fn print_summary(args: &Args, summary: &SavefileSummary, unread: usize, unwritten: u64) -> Outcome {
    let inputs = args.inputs.len();
    if !args.quiet {
        stderr::print_line(format_args!(
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
            stderr::print_line(String::from_utf8_lossy(&line));
        } else {
            line.push(b'\n');
            pcap_examples::line_output::LineOutput::stdout()
                .print_line(|out| out.append(&mut line))?;
        }
    }
    Ok(())
}
