//! Captures on one device with several threads, each of which prints its own packets or writes its own savefiles.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pcap_core::{Active, Capture, Inactive};
use pcap_examples::background_writer::WrittenTotals;
use pcap_examples::exit::Outcome;
use pcap_examples::options::device::ChosenDevice;
use pcap_examples::rotation::Rotation;
use pcap_examples::statistics::{CaptureReports, ReportSlot};
use pcap_examples::{capture_threads, signals, stderr};

use crate::args::{Args, NAME};
use crate::limits::Limits;
use crate::monitor::Monitor;
use crate::outputs::{Outputs, Purpose};
use crate::receive::Receiver;
use crate::source::Source;
use crate::{checks, finish, open_rotation};

pub(crate) fn run(
    args: &Args,
    device: &ChosenDevice,
    rotation: &Rotation,
    threads: u16,
) -> Outcome {
    device.activate(|options| run_with(args, device, &options, rotation, threads))
}

fn run_with(
    args: &Args,
    device: &ChosenDevice,
    options: &Capture<Inactive>,
    rotation: &Rotation,
    threads: u16,
) -> Outcome {
    let limits = Arc::new(Limits::new(&args.stop));
    let monitor = OnceLock::new();
    let reports = CaptureReports::default();
    let parts: Mutex<Vec<Option<(Outputs, ReportSlot)>>> = Mutex::default();
    let written: Mutex<Vec<WrittenTotals>> = Mutex::default();
    let opened = |captures: &[Capture<Active>]| {
        let handles: Vec<_> = captures.iter().map(Capture::break_handle).collect();
        handles.iter().cloned().for_each(signals::break_on_end);
        args.user.drop_privileges()?;
        checks::check_outputs(args, rotation, captures.len() as u64)?;
        let rotation = open_rotation(args, rotation.clone())?;
        let lines = args.display.lines();
        let mut parts = parts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        for (number, capture) in (1..).zip(captures) {
            let outputs = Outputs::create(
                args,
                &Purpose {
                    devices: std::slice::from_ref(device),
                    captures: std::slice::from_ref(capture),
                    thread: Some(number),
                    rotation: &rotation,
                    lines: &lines,
                },
            )?;
            written.push(outputs.written());
            // The order of the slots is that of the outputs in the statistics.
            parts.push(Some((outputs, reports.add_slot())));
        }
        if args.write.is_none() {
            // All threads print to the same output.
            written.truncate(1);
        }
        reports.answer_signals(handles.clone(), args.devices.timeout(), written.clone());
        limits.set_captures(handles);
        let _ = monitor.set(Monitor::start(args, &limits, &reports, written.clone())?);
        if !args.display.is_quiet() {
            let listening = device.announcement(&captures[0]);
            listening
                .iter()
                .for_each(|line| stderr::print_message(NAME, line));
        }
        Ok(())
    };
    let (outcome, _) = capture_threads::run(options, threads.into(), opened, |number, capture| {
        let mut parts = parts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((outputs, slot)) = parts.get_mut(number).and_then(Option::take) else {
            return Ok(());
        };
        drop(parts);
        let receiver = Receiver::new(
            vec![Source::new(&device.display_name(), capture)],
            outputs,
            &limits,
            slot,
        );
        receiver.run()
    })?;
    if let Some(monitor) = monitor.into_inner() {
        monitor.end(&outcome);
    }
    let written = written.into_inner().unwrap_or_else(PoisonError::into_inner);
    finish(args, outcome, &reports.statistics(&written))
}
