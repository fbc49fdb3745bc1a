//! Watches a device until Ctrl-C.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use pcap_core::{Capture, Device};
use pcap_examples::exit::{self, Outcome};
use pcap_examples::output::Output;
use pcap_examples::{device, stop};

const NAME: &str = env!("CARGO_BIN_NAME");

/// Prints the time and the length of each packet of a device until Ctrl-C, then the statistics: the
/// shortest program that captures and ends properly.
#[derive(Parser)]
#[command(name = NAME, version)]
struct Args {
    /// The device [default: the first that is up and running]
    device: Option<OsString>,
}

fn main() -> ExitCode {
    exit::status(NAME, run(Args::parse()))
}

fn run(args: Args) -> Outcome {
    let device = match args.device {
        Some(name) => name,
        None => Device::default_device()?.name().into(),
    };
    let options = Capture::from_device(&device).immediate_mode(true);
    let mut capture = device::activate(&device, options, |options| Ok(options.activate()?))?;
    // From here on Ctrl-C ends the loop below, and not the program.
    stop::on_ctrl_c(capture.break_handle())?;
    exit::note(format_args!("watching {}", device.to_string_lossy()));
    let mut output = Output::stdout().line_buffered(true);
    while let Some(packet) = capture.next_packet()? {
        let line = format!("{} {} bytes\n", packet.timestamp(), packet.len());
        output.line(|out| out.extend(line.bytes()))?;
    }
    let stats = capture.close()?;
    exit::note(format_args!(
        "{} received, {} dropped",
        stats.received, stats.dropped
    ));
    Ok(())
}
