//! Sends the packets of a savefile.

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
use pcap_examples::progress::Status;
use pcap_examples::send_schedule::Schedule;
use pcap_examples::{program, signals};

use crate::args::{Args, NAME};
use crate::batch::Together;
use crate::counts::{Counts, Sent};
use crate::replay::Replay;

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
}

fn run(args: &Args) -> Outcome {
    if args.file == Path::new("-") && args.loops != 1 {
        exit::usage::<Args>("cannot send standard input more than once");
    }
    // The savefile comes first: its errors need no privileges to be found.
    let input = open::savefile(args)?;
    let device = open::device(args)?;
    signals::breaks(device.break_handle());
    let sent = Arc::new(Mutex::new(Sent::default()));
    let asked = Arc::clone(&sent);
    signals::on_report(move || asked.lock().unwrap_or_else(PoisonError::into_inner).tell());
    // Nothing is buffered.
    signals::on_flush(|| {});
    open::check(args, input.capture().datalink(), device.datalink())?;
    if !args.quiet {
        exit::say(
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
        schedule: Schedule::new(args.pace()),
        start: None,
        status: Status::new(!args.quiet).lost_are("not sent"),
        counts: Counts::default(),
        sent,
        // A pipe may be slow: its packets are sent one by one.
        together: (args.fast && args.file.is_file()).then(Together::default),
    };
    let outcome = replay.all(input);
    // Even if the savefile could not be read to its end.
    replay.flush();
    replay.status.clear();
    let counts = replay.counts;
    let reported = counts.report(args);
    outcome.and(reported)?;
    counts
        .first
        .map_or(Ok(()), |first| Err(Failure::Text(first)))
}
