//! `pcap-replay`: sends the packets of savefiles on a device, or on two.

mod args;
mod batch;
mod counts;
mod input;
mod lane;
mod open;
mod outlet;
mod packet_cache;
mod replay;
mod sides;

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pcap_core::{Active, Capture};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::progress::StatusLine;
use pcap_examples::send_schedule::SendSchedule;
use pcap_examples::signals::{self, End};
use pcap_examples::{device, program, stderr};

use crate::args::{Args, NAME};
use crate::counts::{Counts, SentCounts};
use crate::input::Input;
use crate::outlet::Outlet;
use crate::replay::Replay;

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    let files = || args.files.iter().chain(&args.peer_file);
    args.filter.check_stdin::<Args>(files());
    if args.loops != 1 && files().any(|path| path == Path::new("-")) {
        exit::usage_error::<Args>("cannot send standard input more than once");
    }
    if args.rewrite.cuts_payload() && !args.cut {
        exit::usage_error::<Args>(
            "`--payload cut` truncates packets, which are only sent with `--cut`",
        );
    }
    let names = [Some(&args.device), args.peer.as_ref()];
    let names = names.into_iter().flatten();
    let names = names.map(|name| device::resolve_name(name));
    let names = names.collect::<Outcome<Vec<_>>>()?;
    if names.len() == 2 && names[0] == names[1] {
        exit::usage_error::<Args>("expected two devices for `--interface` and `--peer`, found one");
    }
    let open_devices = || -> Outcome<Vec<_>> { names.iter().cloned().map(open::device).collect() };
    let mut devices: Vec<Capture<Active>> = Vec::new();
    // With `-Z`, no byte of the savefile is read with privileges.
    if args.user.is_given() {
        devices = open_devices()?;
        args.user.drop_privileges()?;
    }
    // Otherwise, open the savefile first: finding its errors requires no privileges.
    args.start_duration();
    let input = Input::open(args).map_err(|failure| match signals::end() {
        Some(End::Due(_)) => Failure::Text(format!(
            "cannot send `{}`: it had no packets before the end of the duration",
            args.files[0].display()
        )),
        _ => failure,
    })?;
    let rewriter = args.rewrite.rewriter()?;
    if let Some(rewriter) = &rewriter {
        rewriter.check(input.datalinks().0).map_err(Failure::Text)?;
    }
    if devices.is_empty() {
        devices = open_devices()?;
    }
    for device in &devices {
        signals::break_on_end(device.break_handle());
    }
    // A pipe may be slow, so its packets are sent one by one.
    let mut files = args.files.iter().chain(&args.peer_file);
    let uses_batches = args.fast && files.all(|path| path.is_file());
    let outlets = devices
        .into_iter()
        .map(|device| Outlet::new(device, uses_batches));
    let outlets: Vec<_> = outlets.collect();
    let sent = Arc::new(Mutex::new(SentCounts::default()));
    let reported = Arc::clone(&sent);
    signals::on_report(move || {
        reported
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .print();
    });
    // Packets are not buffered.
    signals::on_flush(|| {});
    input.check_devices(&outlets)?;
    if !args.quiet {
        let paths = args
            .files
            .iter()
            .map(|path| format!("`{}`", path.display()));
        let paths = paths.collect::<Vec<_>>().join(", ");
        let devices = outlets
            .iter()
            .map(|outlet| format!("{}, {}", outlet.device.name(), outlet.device.datalink()));
        let devices = devices.collect::<Vec<_>>().join(", and on ");
        stderr::print_message(NAME, format_args!("sending {paths} on {devices}"));
    }
    let mut replay = Replay {
        args,
        outlets,
        schedule: SendSchedule::new(args.pace())
            .max_gap(args.max_gap.unwrap_or(Duration::MAX))
            .loop_delay(args.loop_delay.unwrap_or_default()),
        start: None,
        status: StatusLine::new(!args.quiet).lost_label("not sent"),
        counts: Counts::default(),
        sent,
        fraction: None,
    };
    let outcome = replay.send_all_loops(input, rewriter);
    // Send the batch even if reading the savefile failed.
    replay.flush();
    replay.status.clear();
    let counts = replay.counts;
    let first_error = counts.first_error.clone();
    let outcome = outcome.and(first_error.map_or(Ok(()), |error| Err(Failure::Text(error))));
    counts.report(args, &replay.outlets, outcome)
}
