//! `pcap-replay`: sends the packets of a savefile on a device.

mod args;
mod batch;
mod counts;
mod open;
mod packet_cache;
mod replay;

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::progress::StatusLine;
use pcap_examples::send_schedule::SendSchedule;
use pcap_examples::{program, signals, stderr};

use crate::args::{Args, NAME};
use crate::batch::Batch;
use crate::counts::{Counts, SentCounts};
use crate::replay::Replay;

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    if args.file == Path::new("-") && args.loops != 1 {
        exit::usage_error::<Args>("cannot send standard input more than once");
    }
    // Open the savefile first: finding its errors requires no privileges.
    let input = open::savefile(args)?;
    let device = open::device(args)?;
    signals::break_on_end(device.break_handle());
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
    open::check_link_types(args, input.capture().datalink(), device.datalink())?;
    if !args.quiet {
        stderr::print_message(
            NAME,
            format_args!(
                "sending `{}` on {}, {}",
                args.file.display(),
                device.name(),
                device.datalink()
            ),
        );
    }
    let mut replay = Replay {
        args,
        device,
        schedule: SendSchedule::new(args.pace()),
        start: None,
        status: StatusLine::new(!args.quiet).lost_label("not sent"),
        counts: Counts::default(),
        sent,
        // A pipe may be slow, so its packets are sent one by one.
        batch: (args.fast && args.file.is_file()).then(Batch::default),
    };
    let outcome = replay.send_all_loops(input);
    // Send the batch even if reading the savefile failed.
    replay.flush();
    replay.status.clear();
    let counts = replay.counts;
    let reported = counts.report(args);
    outcome.and(reported)?;
    counts
        .first_error
        .map_or(Ok(()), |error| Err(Failure::Text(error)))
}
