//! Merges savefiles into one, by the times of their packets.

mod args;
mod filters;
mod inputs;
mod merge;
mod merged_format;
mod output_savefile;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use pcap_examples::copy_progress::Copying;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::files::{is_same_file, length, listed};
use pcap_examples::output_format::Ending;
use pcap_examples::savefile_summary::Summary;
use pcap_examples::savefile_writer::Buffering;
use pcap_examples::{program, progress, signals};

use crate::args::{Args, NAME};
use crate::filters::Filters;
use crate::inputs::look;
use crate::merge::Merge;
use crate::output_savefile::Output;

fn main() -> ExitCode {
    program::main(NAME, run)
}

fn run(mut args: Args) -> Outcome {
    if let Some(path) = &args.files_from {
        let fail = |e| Failure::Text(format!("cannot read `{}`: {e}", path.display()));
        args.inputs.extend(listed(path).map_err(fail)?);
    }
    let args = &args;
    let to_stdout = args.write == Path::new("-");
    if to_stdout && io::stdout().is_terminal() {
        exit::usage::<Args>("cannot write a savefile to a terminal");
    }
    let read = || args.inputs.iter().chain(&args.files_from);
    if read().filter(|path| path.as_os_str() == "-").count() > 1 {
        exit::usage::<Args>("cannot read standard input twice");
    }
    if let Some(path) = read().find(|path| is_same_file(path, &args.write)) {
        let (out, path) = (args.write.display(), path.display());
        let text = format!("cannot write `{out}`: it is also the input `{path}`");
        return Err(Failure::Text(text));
    }
    let ending = Ending::of(&args.write)?;
    let bar = progress::bytes(args.inputs.iter().map(|path| length(path)).sum());
    let mut filters = Filters::new(args.filter.as_deref());
    let (inputs, format, unread) = look(args, &bar, &mut filters)?;
    let Some(format) = format else {
        return Err(match unread {
            0 => Failure::Text("there is no savefile to merge".to_owned()),
            _ => Failure::Reported,
        });
    };
    if !args.quiet {
        format.report_fcs();
    }
    // Until here there is nothing to complete, and opening a FIFO may block for ever.
    signals::gracefully();
    let mut out = Output::new(format.create(&args.write, ending)?);
    args.inputs
        .iter()
        .for_each(|path| out.savefile.is_fed_by(path));
    if args.filter.is_some() {
        // The filter may pass few of many packets.
        out.savefile.set_buffering(Buffering::Outlet);
    }
    let mut merge = Merge {
        format: &format,
        ending,
        filters,
        copying: Copying::new(&out.savefile, &bar),
        bar,
        read: 0,
        unread,
    };
    let merged = match args.append {
        true => merge.append(inputs, &mut out),
        false => merge.rounds(args.max_open as usize, inputs, &mut out),
    };
    merge.bar.finish_and_clear();
    let (closed, mut summary) = out.close();
    let unwritten = merge.copying.unwritten();
    if unwritten > 0 {
        // The last packet that was written is unknown.
        summary.times = None;
        summary.bytes = merge.copying.length();
    }
    summary.packets = merge.copying.written();
    let told = tell(args, &summary, merge.unread, unwritten);
    exit::unwritten(unwritten);
    merged.and(closed)?;
    if signals::asked().is_some() {
        let text = "stopped: the packets so far are written, the rest is missing";
        return Err(Failure::Text(text.to_owned()));
    }
    match merge.unread {
        0 => told,
        _ => Err(Failure::Reported),
    }
}

/// Prints what was written.
fn tell(args: &Args, summary: &Summary, unread: usize, unwritten: u64) -> Outcome {
    let inputs = args.inputs.len();
    if !args.quiet {
        exit::note(format_args!(
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
            exit::note(String::from_utf8_lossy(&line));
        } else {
            line.push(b'\n');
            pcap_examples::line_output::Output::stdout().line(|out| out.append(&mut line))?;
        }
    }
    Ok(())
}
