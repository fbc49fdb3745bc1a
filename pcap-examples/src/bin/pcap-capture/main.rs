//! `pcap-capture`: captures packets from devices, and prints them, writes them to savefiles, or both.

mod also;
mod args;
mod checks;
mod limits;
mod merge;
mod monitor;
mod outputs;
mod receive;
mod source;
mod terminal_line;
mod threads;
mod wait;

use std::process::ExitCode;
use std::sync::Arc;

use pcap_core::Capture;
use pcap_examples::background_writer;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::options::device::ChosenDevice;
use pcap_examples::packet_printer::PrintFormat;
use pcap_examples::rotation::Rotation;
use pcap_examples::statistics::{CaptureReports, Statistics};
use pcap_examples::{program, signals, stderr};

use crate::args::{Args, NAME};
use crate::limits::Limits;
use crate::monitor::Monitor;
use crate::outputs::{Outputs, Purpose};
use crate::receive::Receiver;
use crate::source::Source;

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    if let Some(list) = args.devices.list() {
        return list.print(|| args.devices.devices());
    }
    let rotation = checks::check_options(args);
    background_writer::set_queue_size(usize::try_from(args.queue).unwrap_or(usize::MAX));
    let devices = args.devices.devices()?;
    match (args.threads, &devices[..]) {
        (None, devices) => run_on(args, devices, rotation),
        (Some(threads), [device]) => threads::run(args, device, &rotation, threads),
        (Some(_), _) => exit::usage_error::<Args>("--threads requires a single device"),
    }
}

/// Captures on all devices with one thread.
fn run_on(args: &Args, devices: &[ChosenDevice], rotation: Rotation) -> Outcome {
    let mut captures = source::open_all(devices)?;
    let handles: Vec<_> = captures.iter().map(Capture::break_handle).collect();
    handles.iter().cloned().for_each(signals::break_on_end);
    // The outputs are created after that, and belong to this user.
    args.user.drop_privileges()?;
    checks::check_outputs(args, &rotation, 1)?;
    let rotation = open_rotation(args, rotation)?;
    let purpose = Purpose {
        devices,
        captures: &captures,
        thread: None,
        rotation: &rotation,
        lines: &args.display.lines(),
    };
    let outputs = Outputs::create(args, &purpose)?;
    let written = outputs.written();
    let reports = CaptureReports::default();
    let limits = Arc::new(Limits::new(&args.stop));
    limits.set_captures(handles.clone());
    reports.answer_signals(handles, args.devices.timeout(), vec![written.clone()]);
    let is_quiet = args.display.is_quiet();
    let listening = devices.iter().zip(&captures);
    let listening: Vec<_> = listening
        .map(|(device, capture)| device.announcement(capture))
        .collect();
    let sources = devices.iter().zip(&mut captures);
    let sources = sources.map(|(device, capture)| Source::new(&device.display_name(), capture));
    let receiver = Receiver::new(sources.collect(), outputs, &limits, reports.add_slot());
    let monitor = Monitor::start(args, &limits, &reports, vec![written.clone()])?;
    if !is_quiet {
        listening
            .iter()
            .flatten()
            .for_each(|line| stderr::print_message(NAME, line));
    }
    let outcome = receiver.run();
    monitor.end(&outcome);
    // Closing takes a while. In this time, an output that the program has given up may still accept data.
    drop(captures);
    finish(args, outcome, &reports.statistics(&[written]))
}

/// Opens what each finished savefile is reported to.
fn open_rotation(args: &Args, rotation: Rotation) -> Outcome<Rotation> {
    let json = args.form() == PrintFormat::Json;
    args.rotation.open(rotation, NAME, json)
}

/// Prints the statistics.
fn finish(args: &Args, outcome: Outcome, statistics: &Statistics) -> Outcome {
    let mut statistics = statistics.clone();
    // If the reader of the lines has closed the pipe, no lines are missing.
    if args.write.is_none() && outcome.as_ref().is_err_and(Failure::is_broken_pipe) {
        statistics.not_written = 0;
    }
    if !args.display.is_quiet() {
        statistics.print();
    }
    let printed = match args.json.json {
        true => statistics.print_json(!args.is_to_stdout()),
        false => Ok(()),
    };
    exit::both(outcome, printed)
}
