//! Counts the packets of several devices at once, on one thread.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Parser;
use pcap_core::stream::{AsyncCapture, Tokio};
use pcap_core::{Active, Capture, Device, Stats};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::json::Object;
use pcap_examples::output::Output;
use pcap_examples::{device, expression, program, stop, units};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

const NAME: &str = env!("CARGO_BIN_NAME");

const HELP: &str = "\
Examples:
  count                                each second, what came on each device that is up
  count -i eth0 -i lo tcp port 443     what passes a filter, on two devices
  count --every 60 --json              each minute, as JSON

Ctrl-C (or SIGTERM) ends it: the totals are printed. The status is 0, or 1 if a device failed.

JSON:
  One object per line: type (\"interval\" or \"total\"), device, packets, bytes; a total also has
  received, dropped and if_dropped.";

/// Counts packets and bytes on several devices at once.
#[derive(Parser)]
#[command(name = NAME, version, after_help = HELP)]
pub(crate) struct Args {
    /// A device to count on; can be given several times [default: all that are up]
    #[arg(short, long, value_name = "DEVICE")]
    interface: Vec<OsString>,
    /// Print each time that this has passed, in seconds or with a unit: 0.5, 60s, 5m, 1h, 500ms
    #[arg(long, value_name = "TIME", default_value = "1", value_parser = units::span)]
    every: Duration,
    /// How long packets may wait in the buffer to be delivered together, in milliseconds or with a unit
    #[arg(long, value_name = "MS", default_value = "100", value_parser = units::milliseconds)]
    timeout: Duration,
    /// Print JSON, one object per line (see below)
    #[arg(long)]
    json: bool,
    /// Count only what passes this filter
    #[arg(value_name = "EXPRESSION")]
    expression: Vec<String>,
}

/// What came on a device: packets and bytes.
#[derive(Default)]
struct Count(Mutex<[u64; 2]>);

impl Count {
    fn now(&self) -> [u64; 2] {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, bytes: u32) {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        count[0] += 1;
        count[1] += u64::from(bytes);
    }
}

fn main() -> ExitCode {
    exit::status(NAME, run(&program::parse::<Args>()))
}

fn run(args: &Args) -> Outcome {
    let mut devices = args.interface.clone();
    if devices.is_empty() {
        let up = Device::list()?.into_iter().filter(Device::is_up);
        // It has the packets of all others.
        let each = up.map(|device| OsString::from(device.name()));
        devices = each.filter(|name| name != "any").collect();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::Text(format!("cannot wait for packets: {e}")))?;
    runtime.block_on(count(args, &devices))
}

/// Counts until Ctrl-C, or until every device has failed.
async fn count(args: &Args, devices: &[OsString]) -> Outcome {
    let filter = expression::join(&args.expression);
    let (mut tasks, mut counts, mut handles) = (JoinSet::new(), Vec::new(), Vec::new());
    for device in devices {
        let options = Capture::from_device(device::named(device.as_ref()))
            .timeout(args.timeout)
            .filter(filter.as_str());
        let capture = device::activate(device, options, |options| Ok(options.activate()?))?;
        let capture = capture.into_tokio()?;
        handles.push(capture.break_handle());
        let count = Arc::new(Count::default());
        counts.push((
            device.to_string_lossy().into_owned(),
            Arc::clone(&count),
            [0; 2],
        ));
        let which = counts.len() - 1;
        tasks.spawn(async move { (which, follow(capture, &count).await) });
    }
    stop::all_on_ctrl_c(handles)?;
    exit::note(format_args!("listening on {} devices", counts.len()));

    let mut output = Output::stdout().line_buffered(true);
    let every = args.every;
    // What is too far away never comes.
    let first = Instant::now().checked_add(every);
    let first = first.unwrap_or_else(|| Instant::now() + Duration::from_secs(u32::MAX.into()));
    let mut ticks = tokio::time::interval_at(first, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failed = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => for (device, count, before) in &mut counts {
                let now = count.now();
                let since = [now[0] - before[0], now[1] - before[1]];
                *before = now;
                output.line(|out| push(out, args.json, device, since, None)).map_err(Failure::Stdout)?;
            },
            over = tasks.join_next() => match over {
                None => break,
                Some(Err(error)) => return Err(Failure::Text(format!("cannot count: {error}"))),
                Some(Ok((which, Ok(stats)))) => {
                    let (device, count, _) = &counts[which];
                    output.line(|out| push(out, args.json, device, count.now(), Some(&stats)))
                        .map_err(Failure::Stdout)?;
                }
                Some(Ok((_, Err(error)))) => {
                    // The others go on.
                    failed = true;
                    exit::say(NAME, error);
                }
            },
        }
    }
    match failed {
        true => Err(Failure::Reported),
        false => Ok(()),
    }
}

/// Counts on one device, until a break.
async fn follow(
    mut capture: AsyncCapture<Active, Tokio>,
    count: &Count,
) -> pcap_core::Result<Stats> {
    while let Some(packet) = capture.next_packet().await? {
        count.add(packet.len());
    }
    capture.stats()
}

/// Adds a line about a device: what came since the last one, or with the statistics in all.
fn push(
    out: &mut Vec<u8>,
    json: bool,
    device: &str,
    [packets, bytes]: [u64; 2],
    end: Option<&Stats>,
) {
    if !json {
        let mut line = format!("{device}: {packets} packets, {bytes} bytes");
        if let Some(stats) = end {
            line += &format!(" in all, {} dropped", stats.dropped);
        }
        line.push('\n');
        out.extend(line.into_bytes());
        return;
    }
    let kind = if end.is_some() { "total" } else { "interval" };
    let object = Object::new(out)
        .text("type", kind)
        .text("device", device)
        .plain("packets", packets)
        .plain("bytes", bytes);
    match end {
        None => object.end(),
        Some(stats) => object
            .plain("received", stats.received)
            .plain("dropped", stats.dropped)
            .plain("if_dropped", stats.if_dropped)
            .end(),
    }
    out.push(b'\n');
}
