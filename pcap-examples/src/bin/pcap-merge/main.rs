//! `pcap-merge`: merges savefiles into one, in the order of packet times.

mod args;
mod changes;
mod create;
mod header;
mod inputs;
mod interfaces;
mod left_out;
mod merge;
mod merged_format;
mod output_savefile;
mod source;
mod translator;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use pcap_core::SavefileFormat;
use pcap_examples::copy_progress::CopyProgress;
use pcap_examples::counted::{self, counted};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files::{TERMINAL_ERROR, is_same_file, length, read_path_list};
use pcap_examples::json::JsonOutput;
use pcap_examples::link_filters::LinkFilters;
use pcap_examples::lost_parts::LostParts;
use pcap_examples::output_format::OutputFormat;
use pcap_examples::savefile_summary::SavefileSummary;
use pcap_examples::savefile_writer::Buffering;
use pcap_examples::{program, progress, signals, stderr};

use crate::args::{Args, NAME};
use crate::merge::Merge;
use crate::translator::Translator;

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
        exit::usage_error::<Args>(TERMINAL_ERROR);
    }
    let read = || args.inputs.iter().chain(&args.files_from);
    args.filter.check_stdin::<Args>(read());
    args.check_shifts();
    if let Some(path) = read().find(|path| is_same_file(path, &args.write)) {
        let (out, path) = (args.write.display(), path.display());
        let text = format!("cannot write `{out}`: it is also the input `{path}`");
        return Err(Failure::Text(text));
    }
    let output_format = OutputFormat::of_path(&args.write)?.with(args.format);
    if let Some(format) = output_format.format {
        args.comments.check(&args.write, format)?;
    }
    let bar = progress::byte_bar(args.inputs.iter().map(|path| length(path)).sum());
    let mut merge = Merge {
        format: output_format.format,
        has_pcapng: false,
        classic: None,
        translator: Translator::new(args.join_interfaces),
        lost: LostParts::default(),
        filters: LinkFilters::new(NAME, args.filter.selection()?),
        copy_progress: CopyProgress::without_output(&bar),
        bar,
        is_created: false,
        read: 0,
        unread: 0,
    };
    let inputs = merge.inspect(args)?;
    if inputs.is_empty() {
        return Err(match merge.unread {
            0 => Failure::Text("cannot merge: found no savefiles".to_owned()),
            _ => Failure::Reported,
        });
    }
    merge.filters.outcome()?;
    let format = merge.choose_format();
    args.comments.check(&args.write, format)?;
    if let (Some(classic), SavefileFormat::Pcap, false) = (&merge.classic, format, args.quiet) {
        classic.report_fcs();
    }
    // Before this point there is no output to complete, and opening a FIFO may block forever.
    signals::end_gracefully();
    let mut out =
        merge.create_main_output(&args.write, output_format.compression, &args.comments)?;
    merge.copy_progress.set_output(&out.savefile);
    args.inputs
        .iter()
        .for_each(|path| out.savefile.set_buffering_for_input(path));
    if !merge.filters.accepts_all() {
        // If the filter passes few packets, the dumper would keep them for a long time.
        out.savefile.set_buffering(Buffering::WriterOnly);
    }
    let merged = match args.append {
        true => merge.append(inputs, &mut out),
        false => merge.merge_in_rounds(args.max_open as usize, inputs, &mut out),
    };
    merge.bar.finish_and_clear();
    let commented = out.check_comments();
    let (closed, mut summary) = out.close();
    let unwritten = merge.copy_progress.unwritten();
    if unwritten > 0 {
        // It is unknown which packet was written last.
        summary.times = None;
        summary.bytes = merge.copy_progress.length();
    }
    summary.packets = merge.copy_progress.written();
    if !args.quiet {
        merge.lost.report(NAME, &merge.bar);
        merge.translator.left_out.report(&merge.bar);
    }
    let stopped = match signals::end_requested() {
        Some(_) => Err(Failure::Text(
            "stopped: only the packets merged so far are written".to_owned(),
        )),
        None => Ok(()),
    };
    let all_read = match merge.unread {
        0 => Ok(()),
        _ => Err(Failure::Reported),
    };
    let outcome = merged.and(closed).and(stopped).and(commented).and(all_read);
    let outcome = print_summary(args, &summary, &merge, unwritten, outcome);
    stderr::print_unwritten(unwritten);
    outcome
}

/// Prints how many packets of how many savefiles were written, and the summary as JSON. Returns the outcome of the
/// merge.
fn print_summary(
    args: &Args,
    summary: &SavefileSummary,
    merge: &Merge,
    unwritten: u64,
    outcome: Outcome,
) -> Outcome {
    let inputs = args.inputs.len();
    if !args.quiet {
        stderr::print_line(format_args!(
            "{} of {}",
            counted::packets(summary.packets),
            counted(inputs as u64, "savefile")
        ));
    }
    if !args.json {
        return outcome;
    }
    let some = |count: u64| Some(count).filter(|&count| count > 0);
    JsonOutput::beside(args.write == Path::new("-")).print_summary(outcome, |out| {
        summary
            .object(out, &args.write)
            .plain("inputs", inputs)
            .plain("unread", merge.unread)
            .some_plain("not_written", some(unwritten))
            .some_plain("left_out", some(merge.translator.left_out.total()))
    })
}
