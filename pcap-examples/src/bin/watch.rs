//! Watches a device until Ctrl-C.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use pcap_core::{BreakHandle, Capture, Device, Packet, Stats};
use pcap_examples::drain::drain;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::outlet::{self, Outlet};
use pcap_examples::output::Output;
use pcap_examples::{device, program, stop};

const NAME: &str = env!("CARGO_BIN_NAME");

/// Prints the time and the length of each packet of a device until Ctrl-C, then the statistics: the
/// shortest program that captures and ends properly.
#[derive(Parser)]
#[command(name = NAME, version, after_help = stop::HELP)]
struct Args {
    /// The device [default: the first that is up and running]
    device: Option<OsString>,
}

fn main() -> ExitCode {
    program::main(NAME, run)
}

fn run(args: Args) -> Outcome {
    let device = match args.device {
        Some(name) => name,
        None => Device::default_device()?.name().into(),
    };
    let options = Capture::from_device(&device).immediate_mode(true);
    let mut capture = device::activate(&device, options, |options| Ok(options.activate()?))?;
    // From here on Ctrl-C ends the loop below, and not the program.
    stop::breaks(capture.break_handle());
    Outlet::stdout().breaks(capture.break_handle());
    let asked = Arc::new(AtomicBool::new(false));
    answer(Arc::clone(&asked), capture.break_handle());
    exit::note(format_args!("watching {}", device.to_string_lossy()));
    let mut output = Output::stdout().line_buffered(true);
    let mut print = |packet: Packet<'_>| {
        let line = format!("{} {} bytes\n", packet.timestamp(), packet.wire_len());
        output.packet(packet.wire_len(), |out| out.extend(line.bytes()))
    };
    let mut outcome = Ok(());
    while stop::asked().is_none() && outcome.is_ok() {
        outcome = match capture.next_packet() {
            Ok(Some(packet)) => print(packet).map_err(Failure::Stdout),
            Ok(None) if asked.swap(false, Ordering::Relaxed) => capture
                .stats()
                .map(|stats| tell(&stats))
                .map_err(Failure::Pcap),
            Ok(None) => Outlet::stdout().check().map_err(Failure::Stdout),
            Err(error) => Err(error.into()),
        };
    }
    if outcome.is_ok() {
        // What had arrived by then.
        outcome = drain(&mut capture, |packet| {
            print(packet)?;
            Ok(true)
        });
    }
    outcome = outcome.and(Output::stdout().flush().map_err(Failure::Stdout));
    // Also of a device that has disappeared.
    match capture.close() {
        Ok(stats) => tell(&stats),
        Err(error) => outcome = outcome.and(Err(error.into())),
    }
    if !outcome.as_ref().is_err_and(Failure::is_broken_pipe) {
        exit::unwritten(outlet::unwritten());
    }
    outcome
}

/// Has SIGUSR1 end the reading call, after which the loop sees that it was asked.
fn answer(asked: Arc<AtomicBool>, capture: BreakHandle) {
    stop::on_report(move || {
        asked.store(true, Ordering::Relaxed);
        capture.breakloop();
    });
}

fn tell(stats: &Stats) {
    let Stats {
        received, dropped, ..
    } = stats;
    exit::note(format_args!("{received} received, {dropped} dropped"));
}
