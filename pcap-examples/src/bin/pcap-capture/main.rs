//! `pcap-capture`: captures packets from a device, and prints them, writes them to a savefile, or both.

mod args;
mod quota;
mod receive;

use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use pcap_core::{Active, Capture, Inactive, SavefileFormat, Stats};
use pcap_examples::background_writer::{self, BackgroundWriter, Totals};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::format_dumper::SavefileHead;
use pcap_examples::interface_names::InterfaceNames;
use pcap_examples::line_output::LineOutput;
use pcap_examples::output_format::OutputFormat;
use pcap_examples::packet_printer::{PacketPrinter, PrintFormat};
use pcap_examples::packet_sink::PacketSink;
use pcap_examples::progress::StatusLine;
use pcap_examples::rotation::{Output, Rotation};
use pcap_examples::savefile_writer::Buffering;
use pcap_examples::statistics::{CaptureReports, Statistics};
use pcap_examples::{capture_threads, program, signals, stderr};

use crate::args::{Args, NAME};
use crate::quota::Quota;
use crate::receive::receive;

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    if let Some(list) = args.devices.list() {
        return list.print(|| args.devices.devices());
    }
    if args.is_to_stdout() && args.print {
        exit::usage_error::<Args>(
            "cannot print packets on standard output: the savefile is written there",
        );
    }
    let rotation = args.rotation.rotation(args.write.as_deref(), &args.stop);
    let rotation = rotation.unwrap_or_else(|why| exit::usage_error::<Args>(&why));
    if args.print && args.rotation.prints_files() && args.form() == PrintFormat::Line {
        exit::usage_error::<Args>(
            "cannot print packets and names of files on standard output: use --json, or printname",
        );
    }
    if args.is_to_stdout() && io::stdout().is_terminal() {
        exit::usage_error::<Args>("cannot write a savefile to a terminal");
    }
    let output_format = args
        .write
        .as_deref()
        .map(OutputFormat::of_path)
        .transpose()?
        .map(|output_format| output_format.with(args.format).for_capture());
    background_writer::set_queue_size(usize::try_from(args.queue).unwrap_or(usize::MAX));
    if args.write.is_none() && args.format.is_given() {
        exit::usage_error::<Args>("--format and --compress require --write");
    }
    let devices = args.devices.devices()?;
    let [device] = &devices[..] else {
        return Err(Failure::Text(
            "cannot capture on several devices: expected one".to_owned(),
        ));
    };
    if let Some(threads) = args.threads {
        return device.activate(|options| run_in_threads(args, &device.name, &options, threads));
    }
    let mut capture = device.activate(|options| Ok(options.activate()?))?;
    signals::break_on_end(capture.break_handle());
    let destination = args.write.as_deref().zip(output_format);
    let savefile = destination
        .map(|(path, output_format)| create(args, path, output_format, rotation, &capture));
    let savefile = savefile.transpose()?;
    let print = args.print || savefile.is_none();
    let printer = print.then(|| printer(args, &capture));
    let mut sink = PacketSink::new(printer, savefile).output(args.display.output());
    let reports = CaptureReports::default();
    let handles = vec![capture.break_handle()];
    reports.answer_signals(handles, args.devices.timeout(), sink.written());
    let mut status = StatusLine::new(!print && !args.display.is_quiet());
    if !args.display.is_quiet() {
        announce(&device.name, &capture);
    }

    let quota = Quota::new(args.stop.packets());
    let received = receive(args, &mut capture, &mut sink, &mut status, &quota, &reports);
    status.clear();
    let outcome = received.and(sink.close());
    let (stats, error) = match capture.stats() {
        Ok(stats) => (Some(stats), Ok(())),
        Err(error) => (None, Err(error.into())),
    };
    let outcome = outcome.and(error);
    // Closing takes a while. In this time, an output that the program has given up may still accept data.
    drop(capture);
    print_statistics(
        args,
        outcome,
        sink.received(),
        sink.written().totals(),
        stats,
    )
}

/// Creates the output for savefiles.
fn create(
    args: &Args,
    path: &Path,
    output_format: OutputFormat,
    rotation: Rotation,
    capture: &Capture<Active>,
) -> Outcome<Output> {
    let format = output_format.format_for(SavefileFormat::Pcap);
    let head = SavefileHead::for_capture(capture, format)?;
    let json = args.form() == PrintFormat::Json;
    let rotation = args.rotation.open(rotation, NAME, json)?;
    let mut savefile = Output::create(path, output_format, head, rotation)?;
    if args.packet_buffered {
        savefile.set_buffering(Buffering::None);
    }
    Ok(savefile)
}

/// Captures with several threads, each of which prints its own packets.
fn run_in_threads(
    args: &Args,
    device: &OsStr,
    options: &Capture<Inactive>,
    threads: u16,
) -> Outcome {
    let quota = Quota::new(args.stop.packets());
    let reports = CaptureReports::default();
    let opened = |captures: &[Capture<Active>]| {
        let handles: Vec<_> = captures.iter().map(Capture::break_handle).collect();
        handles.iter().cloned().for_each(signals::break_on_end);
        reports.answer_signals(
            handles.clone(),
            args.devices.timeout(),
            BackgroundWriter::stdout().clone().into(),
        );
        let _ = quota.handles.set(handles);
        if !args.display.is_quiet() {
            announce(device, &captures[0]);
        }
        Ok(())
    };
    // The threads share the numbers of packets and the first time.
    let lines = args.display.lines();
    let received_totals = Mutex::new(Totals::default());
    let (outcome, stats) = capture_threads::run(options, threads.into(), opened, |capture| {
        let printer = printer(args, capture).lines(lines.clone());
        let mut sink = PacketSink::new(Some(printer), None).output(args.display.output());
        let mut status = StatusLine::new(false);
        let received = receive(args, capture, &mut sink, &mut status, &quota, &reports);
        let mut totals = received_totals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        totals.packets += sink.received().packets;
        received
    })?;
    let mut output = LineOutput::stdout();
    let outcome = outcome.and(output.flush().map_err(Failure::Stdout));
    let received = received_totals
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    print_statistics(
        args,
        outcome,
        received,
        BackgroundWriter::stdout().written_totals(),
        Some(stats),
    )
}

/// Prints the statistics.
fn print_statistics(
    args: &Args,
    outcome: Outcome,
    received: Totals,
    written: Totals,
    stats: Option<Stats>,
) -> Outcome {
    // If the reader of the lines has closed the pipe, no lines are missing.
    let is_unwanted = outcome.as_ref().is_err_and(Failure::is_broken_pipe);
    let not_written = received.packets.saturating_sub(written.packets);
    let statistics = Statistics {
        written,
        not_written: if is_unwanted { 0 } else { not_written },
        stats,
    };
    if !args.display.is_quiet() {
        statistics.print();
    }
    let printed = match args.json.json {
        true => statistics.print_json(!args.is_to_stdout()),
        false => Ok(()),
    };
    outcome.and(printed)
}

/// Creates the printer for packets.
fn printer(args: &Args, capture: &Capture<Active>) -> PacketPrinter {
    PacketPrinter::new(args.form(), capture)
        .lines(args.display.lines())
        .interfaces(InterfaceNames::of_this_system())
        .json_fields(args.json.packet_fields())
}

/// Prints the device, its link type and its snaplen, and then the warnings of libpcap.
fn announce(device: &OsStr, capture: &Capture<Active>) {
    let linktype = capture.datalink();
    let what = linktype.description().unwrap_or_default();
    let (name, snaplen) = (device.to_string_lossy(), capture.snaplen());
    stderr::print_message(
        NAME,
        format_args!("listening on {name}, {linktype} ({what}), snaplen {snaplen} bytes"),
    );
    for warning in capture.warnings() {
        stderr::print_message(NAME, format_args!("warning: {name}: {warning}"));
    }
}
