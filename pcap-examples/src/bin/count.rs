//! Counts the packets of several devices at once, on one thread.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use clap::Parser;
use pcap_core::stream::{AsyncCapture, Tokio};
use pcap_core::{Active, BreakHandle, Capture, Device, End, Stats};
use pcap_examples::drain::LONGEST_TIMEOUT;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::json::Object;
use pcap_examples::outlet::Tally;
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

Ctrl-C ends it: packets that had arrived by then are counted, and the totals are printed, also of
devices that have disappeared. The status is 0, or 1 if a device failed.

JSON:
  One object per line: type (\"interval\" or \"total\"), device, packets, bytes; a total also has
  received, dropped and if_dropped.";

/// Counts packets and bytes on several devices at once.
#[derive(Parser)]
#[command(name = NAME, version, after_help = format!("{HELP}\n\n{}", stop::HELP))]
pub(crate) struct Args {
    /// A device to count on; can be given several times [default: all that are up]
    #[arg(short, long, value_name = "DEVICE")]
    interface: Vec<OsString>,
    /// Print each time that this has passed, in seconds or with a unit: 0.5, 60s, 5m, 1h, 500ms
    #[arg(long, value_name = "TIME", default_value = "1", value_parser = units::span)]
    every: Duration,
    /// How long packets may wait in the buffer to be delivered together, in milliseconds or with a unit;
    /// more than a second is taken as one
    #[arg(long, value_name = "MS", default_value = "100", value_parser = units::milliseconds)]
    timeout: Duration,
    /// Print JSON, one object per line (see below)
    #[arg(long)]
    json: bool,
    /// Count only what passes this filter
    #[arg(value_name = "EXPRESSION")]
    expression: Vec<String>,
}

/// What came on a device.
#[derive(Default)]
struct Count(Mutex<(Tally, Option<Stats>)>);

impl Count {
    fn now(&self) -> Tally {
        self.lock().0
    }

    fn stats(&self) -> Option<Stats> {
        self.lock().1
    }

    fn lock(&self) -> MutexGuard<'_, (Tally, Option<Stats>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A device that is counted on.
struct Counted {
    name: String,
    count: Arc<Count>,
    /// What was printed already.
    before: Tally,
}

impl Counted {
    /// What came since the last time.
    fn interval(&mut self) -> Tally {
        let now = self.count.now();
        let since = Tally {
            packets: now.packets - self.before.packets,
            bytes: now.bytes - self.before.bytes,
        };
        self.before = now;
        since
    }

    /// The line for people.
    fn line(&self, tally: Tally, is_total: bool) -> String {
        let Tally { packets, bytes } = tally;
        let mut line = format!("{}: {packets} packets, {bytes} bytes", self.name);
        if is_total {
            line += " in all";
            if let Some(stats) = self.count.stats() {
                line += &format!(", {} dropped", stats.dropped);
            }
        }
        line
    }

    /// Adds the line for whoever it is for.
    fn push(&self, out: &mut Vec<u8>, json: bool, tally: Tally, is_total: bool) {
        if json {
            let object = Object::new(out)
                .text("type", if is_total { "total" } else { "interval" })
                .text("device", &self.name)
                .plain("packets", tally.packets)
                .plain("bytes", tally.bytes);
            match self.count.stats().filter(|_| is_total) {
                None => object.end(),
                Some(stats) => object
                    .plain("received", stats.received)
                    .plain("dropped", stats.dropped)
                    .plain("if_dropped", stats.if_dropped)
                    .end(),
            }
        } else {
            out.extend(self.line(tally, is_total).bytes());
        }
        out.push(b'\n');
    }
}

fn main() -> ExitCode {
    program::main(NAME, |args: Args| run(&args))
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
    let (mut tasks, mut counted, mut handles) = (JoinSet::new(), Vec::new(), Vec::new());
    for device in devices {
        let options = Capture::from_device(device::named(device.as_ref()))
            .timeout(args.timeout.min(LONGEST_TIMEOUT))
            .filter(filter.as_str());
        let capture = device::activate(device, options, |options| Ok(options.activate()?))?;
        let capture = capture.into_tokio()?;
        handles.push(capture.break_handle());
        let count = Arc::new(Count::default());
        counted.push(Counted {
            name: device.to_string_lossy().into_owned(),
            count: Arc::clone(&count),
            before: Tally::default(),
        });
        let which = counted.len() - 1;
        tasks.spawn(async move { (which, follow(capture, &count).await) });
    }
    handles.iter().cloned().for_each(stop::breaks);
    answer(&counted, handles);
    exit::note(format_args!("listening on {} devices", counted.len()));

    let mut output = Output::stdout().line_buffered(true);
    let every = args.every;
    // What is too far away never comes.
    let first = Instant::now().checked_add(every);
    let first = first.unwrap_or_else(|| Instant::now() + Duration::from_secs(u32::MAX.into()));
    let mut ticks = tokio::time::interval_at(first, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failed = false;
    let mut printed = Ok(());
    while printed.is_ok() {
        tokio::select! {
            _ = ticks.tick() => for device in &mut counted {
                let since = device.interval();
                printed = printed.and(output.line(|out| device.push(out, args.json, since, false)));
            },
            over = tasks.join_next() => match over {
                None => break,
                Some(Err(error)) => return Err(Failure::Text(format!("cannot count: {error}"))),
                Some(Ok((which, ended))) => {
                    if let Err(error) = ended {
                        // The others go on.
                        failed = true;
                        exit::say(NAME, error);
                    }
                    let device = &counted[which];
                    let total = device.count.now();
                    printed = output.line(|out| device.push(out, args.json, total, true));
                }
            },
        }
    }
    printed = printed.and(output.flush());
    if printed.is_err() {
        // Where the totals went nobody reads them.
        let total = |device: &Counted| exit::note(device.line(device.count.now(), true));
        counted.iter().for_each(total);
    }
    match failed {
        true => Err(Failure::Reported),
        false => Ok(printed?),
    }
}

/// Answers SIGUSR1 with the totals so far; SIGUSR2 finds nothing that is held back.
fn answer(counted: &[Counted], handles: Vec<BreakHandle>) {
    let counted: Vec<_> = counted
        .iter()
        .map(|device| Counted {
            name: device.name.clone(),
            count: Arc::clone(&device.count),
            before: Tally::default(),
        })
        .collect();
    stop::on_report(move || {
        handles.iter().for_each(BreakHandle::breakloop);
        // By then they have asked libpcap for its statistics.
        thread::sleep(Duration::from_millis(100));
        for device in &counted {
            exit::note(device.line(device.count.now(), true));
        }
    });
    stop::on_flush(|| {});
}

/// Counts on one device, until it is to end.
async fn follow(mut capture: AsyncCapture<Active, Tokio>, count: &Count) -> pcap_core::Result<()> {
    let ended = loop {
        match capture.advance().await {
            Ok(true) => {
                let length = capture.packet().map_or(0, |packet| packet.wire_len());
                count.lock().0.add(length);
            }
            Ok(false) if capture.ended() == Some(End::Eof) || stop::urgent().is_some() => {
                break Ok(());
            }
            // What had arrived by then is still counted.
            Ok(false) if stop::asked().is_some() => match capture.get_mut().stop() {
                Ok(()) => {}
                Err(error) => break Err(error),
            },
            // Somebody asks how far it is.
            Ok(false) => count.lock().1 = capture.stats().ok(),
            Err(error) => break Err(error),
        }
    };
    count.lock().1 = capture.stats().ok();
    ended
}
