//! `pcap-top`: shows the traffic of devices or of a savefile on a full screen.

mod allocator;
mod args;
mod conversation;
mod counter;
mod debug;
mod device;
mod draw;
mod filter_edit;
mod json_lines;
mod keys;
mod line_edit;
mod look;
mod memory;
mod model;
mod number;
mod packet_page;
mod report;
mod save;
mod savefile;
mod screen;
mod series;
mod source;
mod table;
mod ui;
mod view;

use std::io::{self, IsTerminal};
use std::panic;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use pcap_examples::background_writer::Totals;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::json::JsonOutput;
use pcap_examples::line_output::LineOutput;
use pcap_examples::statistics::Statistics;
use pcap_examples::traffic::TrafficLimits;
use pcap_examples::{counted, program, signals, stderr};

use crate::args::{Args, NAME};
use crate::json_lines::JsonLines;
use crate::look::Look;
use crate::model::Model;
use crate::savefile::Savefile;
use crate::source::{Kind, Source};
use crate::ui::Ui;
use crate::view::View;

fn main() -> ExitCode {
    allocator::return_large_blocks();
    signals::watch_for_screen();
    program::main(NAME, |args: Args| run(args))
}

/// The sources of packets, before they are read.
struct Opened {
    sources: Vec<Arc<Source>>,
    readings: Vec<Reading>,
    /// What to print once packets are counted.
    announcement: Vec<String>,
}

/// What a thread does: it reads packets until the source ends.
type Reading = Box<dyn FnOnce() -> Outcome + Send>;

fn run(args: Args) -> Outcome {
    if let Some(list) = args.devices.list() {
        return list.print(|| args.devices.devices());
    }
    check_source(&args);
    if args.devices.reads_stdin() && args.read.as_deref() == Some(Path::new("-")) {
        exit::usage_error::<Args>("cannot read standard input twice");
    }
    if !args.json {
        check_terminal();
    }
    let limits = limits(&args);
    let Opened {
        sources,
        readings,
        announcement,
    } = match &args.read {
        Some(_) => open_savefile(&args, limits)?,
        None => open_devices(&args, limits)?,
    };
    signals::end_gracefully();
    args.user.drop_privileges()?;
    if let Some(duration) = args.duration {
        signals::end_at(Instant::now() + duration);
    }
    let model = Model::new(sources.clone(), limits);
    if !args.json {
        screen::close_at_any_end();
    }
    for line in &announcement {
        stderr::print_message(NAME, line);
    }
    let (readers, started) = start(readings);
    let shown = match (started, args.json) {
        (Err(failure), _) => exit::both(Err(failure), end(&sources, readers)),
        (Ok(()), true) => print_json(&args, model, &sources, readers),
        (Ok(()), false) => show(&args, model, &sources, readers),
    };
    finish(&args, shown, &sources)
}

/// Ends the program if an option does not suit the source. clap does not detect this, because `-i` conflicts with `-r`.
fn check_source(args: &Args) {
    match (&args.read, args.devices.capture_option()) {
        (Some(_), Some(option)) => exit::usage_error::<Args>(&format!(
            "{option} cannot be used with -r: it is an option of captures"
        )),
        (None, _) if args.follow => {
            exit::usage_error::<Args>("--follow requires -r: only a savefile can be followed");
        }
        _ => {}
    }
}

/// Ends the program unless it can show a screen.
fn check_terminal() {
    if !io::stdout().is_terminal() {
        exit::usage_error::<Args>(
            "expected a terminal on standard output; use --json, or `pcap-stats` for statistics as text",
        );
    }
    if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        exit::usage_error::<Args>(
            "expected a terminal with a full screen, found TERM=dumb; use --json, or `pcap-stats`",
        );
    }
}

fn limits(args: &Args) -> TrafficLimits {
    TrafficLimits {
        conversations: usize::try_from(args.max_conversations).unwrap_or(usize::MAX),
        // What only pcap-stats shows.
        dns_names: 1,
        rate_buckets: 16,
        hosts: 1,
        host_buckets: 16,
        ..TrafficLimits::default()
    }
}

fn open_savefile(args: &Args, limits: TrafficLimits) -> Outcome<Opened> {
    let path = args.read.clone().unwrap_or_default();
    let selection = args.devices.selection()?;
    let savefile = Savefile {
        follow: args.follow,
        selection: selection.clone(),
        path,
        is_searching: false,
    };
    let input = savefile.open()?;
    let kind = match args.follow || !savefile.is_regular() {
        true => Kind::GrowingSavefile,
        false => Kind::Savefile,
    };
    let name = savefile.path.display().to_string();
    let source = Source::new(0, name, selection.source(), kind, limits);
    let of_thread = source.clone();
    let reading: Reading = Box::new(move || savefile.read(&of_thread, input));
    Ok(Opened {
        sources: vec![source],
        readings: vec![reading],
        announcement: Vec::new(),
    })
}

fn open_devices(args: &Args, limits: TrafficLimits) -> Outcome<Opened> {
    let (mut sources, mut readings) = (Vec::new(), Vec::<Reading>::new());
    let mut announcement = Vec::new();
    for (number, device) in args.devices.devices()?.iter().enumerate() {
        let capture = device.activate(|options| Ok(options.activate()?))?;
        let name = device.display_name().into_owned();
        // On a screen, the header shows the device.
        let lines = device.announcement(&capture).into_iter();
        announcement.extend(lines.skip(usize::from(!args.json)));
        let filter = (device.expression.as_str(), device.compile_options);
        let source = Source::new(number, name, filter, Kind::Device, limits);
        source.update(|status| status.linktypes = vec![capture.datalink()]);
        let handle = capture.break_handle();
        signals::break_on_end(handle.clone());
        source.set_handle(handle);
        let of_thread = source.clone();
        readings.push(Box::new(move || device::read(&of_thread, capture)));
        sources.push(source);
    }
    Ok(Opened {
        sources,
        readings,
        announcement,
    })
}

/// Starts the threads that read. If one cannot be started, returns those before it, and the failure.
fn start(readings: Vec<Reading>) -> (Vec<JoinHandle<Outcome>>, Outcome) {
    let mut readers = Vec::new();
    for reading in readings {
        match thread::Builder::new().spawn(reading) {
            Ok(reader) => readers.push(reader),
            Err(error) => return (readers, Err(Failure::no_thread(&error))),
        }
    }
    (readers, Ok(()))
}

/// Shows the screen until its end. Returns the outcome of the screen and of reading.
fn show(
    args: &Args,
    model: Model,
    sources: &[Arc<Source>],
    readers: Vec<JoinHandle<Outcome>>,
) -> Outcome {
    let look = Look::new(args.display.is_colored());
    let view = View::new(look, keys::layer(args.layer));
    let (display, interval) = (args.display.clone(), args.interval);
    stderr::hold();
    let (done, is_done) = mpsc::channel();
    let screen = thread::Builder::new().spawn(move || {
        let _done = done;
        Ui::open(model, view, &display, interval)?.run()
    });
    let shown = match screen {
        Ok(screen) => {
            ui::wait(&is_done);
            // Closes the screen even if the terminal blocks its thread.
            screen::close();
            match is_done.try_recv() {
                Err(TryRecvError::Disconnected) => joined(screen),
                _ => Ok(()),
            }
        }
        Err(error) => Err(Failure::no_thread(&error)),
    };
    let read = end(sources, readers);
    stderr::release();
    exit::both(shown, read)
}

/// Prints JSON until the end, and what was counted last.
fn print_json(
    args: &Args,
    mut model: Model,
    sources: &[Arc<Source>],
    readers: Vec<JoinHandle<Outcome>>,
) -> Outcome {
    let lines = JsonLines {
        layer: keys::layer(args.layer),
        rows: usize::try_from(args.rows).unwrap_or(usize::MAX),
        interval: args.interval,
    };
    let printed = lines.run(&mut model);
    let read = end(sources, readers);
    let mut output = LineOutput::stdout();
    let last = printed.and_then(|()| {
        lines.print(&mut model, &mut output)?;
        Ok(output.flush()?)
    });
    exit::both(read, last)
}

/// Ends the threads that read. Packets that have already arrived are still counted.
fn end(sources: &[Arc<Source>], readers: Vec<JoinHandle<Outcome>>) -> Outcome {
    signals::end_at(Instant::now());
    let _ = signals::end();
    sources.iter().for_each(|source| source.end());
    readers.into_iter().map(joined).fold(Ok(()), exit::both)
}

/// Waits for the end of a thread. If it has panicked, continues the panic, whose message was printed already.
fn joined(thread: JoinHandle<Outcome>) -> Outcome {
    thread
        .join()
        .unwrap_or_else(|panic| panic::resume_unwind(panic))
}

/// Prints the statistics.
fn finish(args: &Args, outcome: Outcome, sources: &[Arc<Source>]) -> Outcome {
    let mut statistics = Statistics::default();
    for source in sources {
        let status = source.status();
        statistics.received += status.received;
        statistics.interfaces.extend(status.interface);
    }
    statistics.written = statistics.received;
    if !args.display.is_quiet() {
        if args.read.is_some() {
            let Totals { packets, bytes } = statistics.received;
            let (packets, bytes) = (counted::packets(packets), counted::bytes(bytes));
            stderr::print_line(format_args!("{packets} read, {bytes}"));
        } else {
            statistics.print();
        }
    }
    match args.json && args.read.is_none() {
        true => JsonOutput::Stdout.print_summary(outcome, |out| report::summary(out, &statistics)),
        false => outcome,
    }
}
