//! Shows the progress of a capture: on the terminal, in a status file, and to the service manager. This is the work of a
//! thread of its own, because those that read packets may have to wait for an output.

use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pcap_core::Timestamp;
use pcap_examples::background_writer::{self, WrittenTotals};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::interface_counts::InterfaceCounts;
use pcap_examples::json::{self, Object};
use pcap_examples::progress::StatusLine;
use pcap_examples::service_manager::ServiceManager;
use pcap_examples::signals::{self, End};
use pcap_examples::statistics::{CaptureReports, Statistics};
use pcap_examples::status_file::StatusFile;
use pcap_examples::stderr;

use crate::args::{Args, NAME};
use crate::limits::Limits;
use crate::terminal_line::TerminalLine;

/// How often the thread looks at the counts.
const INTERVAL: Duration = Duration::from_millis(100);
/// How often the status file is written.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);
/// A thread that has not updated its counts for this long hangs, unless it waits for an output.
const MAX_SILENCE: Duration = Duration::from_secs(10);
/// How often the program checks whether it must end while it waits for the thread, which a terminal may block.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The thread that shows the progress.
pub(crate) struct Monitor {
    /// Sends whether the capture has failed, at its end.
    end: Sender<bool>,
    is_done: Receiver<()>,
}

impl Monitor {
    /// Writes the first status file, reports that the program is ready, and starts the thread. It also ends the capture
    /// after its duration.
    ///
    /// # Errors
    ///
    /// Returns an error if the status file cannot be written or the thread cannot be started.
    pub(crate) fn start(
        args: &Args,
        limits: &Arc<Limits>,
        reports: &CaptureReports,
        written: Vec<WrittenTotals>,
    ) -> Outcome<Monitor> {
        let is_quiet = args.display.is_quiet();
        let mut progress = Progress {
            line: TerminalLine::new(StatusLine::new(!args.is_printing() && !is_quiet)),
            service: ServiceManager::from_environment(),
            status_file: None,
            limits: Arc::clone(limits),
            reports: reports.clone(),
            written,
            started: (Instant::now(), Timestamp::now()),
            last: (Instant::now(), 0),
            packets_per_second: 0,
            file: None,
            may_warn: !is_quiet,
            prints_count: args.display.is_verbose()
                && !args.is_printing()
                && !is_quiet
                && !io::stderr().is_terminal(),
            printing: None,
            is_ending: false,
        };
        if let Some(path) = &args.status_file {
            let status = progress.status(&progress.statistics(), "running");
            progress.status_file = Some(StatusFile::create(NAME, path, &status)?);
        }
        progress.service.ready();
        let (end, has_ended) = mpsc::channel();
        let (done, is_done) = mpsc::channel();
        let thread = thread::Builder::new().name("monitor".to_owned());
        let started = thread.spawn(move || {
            progress.show_until_end(&has_ended);
            let _ = done.send(());
        });
        match started {
            Ok(_) => Ok(Monitor { end, is_done }),
            Err(error) => Err(Failure::no_thread(&error)),
        }
    }

    /// Writes the last status file, and removes the line from the terminal.
    pub(crate) fn end(self, outcome: &Outcome) {
        // As for the exit status, it is no failure if the reader of the lines has closed the pipe.
        let failure = outcome.as_ref().err();
        let has_failed = failure.is_some_and(|failure| !failure.is_broken_pipe());
        let _ = self.end.send(has_failed);
        let begun = Instant::now();
        while self.is_done.recv_timeout(POLL_INTERVAL) == Err(RecvTimeoutError::Timeout) {
            let is_late = |end: End| end.since().max(begun).elapsed() >= end.stall_limit();
            if signals::end().is_some_and(is_late) {
                return;
            }
        }
    }
}

/// What the thread shows.
struct Progress {
    line: TerminalLine,
    service: ServiceManager,
    status_file: Option<StatusFile>,
    limits: Arc<Limits>,
    reports: CaptureReports,
    written: Vec<WrittenTotals>,
    started: (Instant, Timestamp),
    /// When the status file was last written, and the number of packets then.
    last: (Instant, u64),
    packets_per_second: u64,
    /// The last known savefile.
    file: Option<PathBuf>,
    /// Whether to warn of the first packets that are lost because an output is too slow.
    may_warn: bool,
    /// Whether to print the number of packets once per second, as tcpdump -v does. On a terminal, the line shows it.
    prints_count: bool,
    /// The thread that prints the last message, because standard error may block.
    printing: Option<JoinHandle<()>>,
    /// Whether the service manager knows that the capture is ending.
    is_ending: bool,
}

impl Progress {
    fn show_until_end(&mut self, has_ended: &Receiver<bool>) {
        loop {
            let wait = match self.limits.has_ended() {
                true => INTERVAL,
                false => INTERVAL.min(self.limits.time_left(Instant::now())),
            };
            match has_ended.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => self.tick(Instant::now()),
                ended => {
                    self.begin_end();
                    return self.end(ended.unwrap_or(true));
                }
            }
        }
    }

    fn tick(&mut self, now: Instant) {
        if self.limits.time_left(now).is_zero() {
            self.limits.end();
        }
        if self.limits.has_ended() {
            self.begin_end();
        }
        let waiting = background_writer::waits().waiting;
        let is_alive = self.is_ending || waiting > 0 || self.reports.silence(now) < MAX_SILENCE;
        if is_alive {
            self.service.alive(now);
        }
        self.service.status(match waiting {
            0 => "",
            _ => "Waiting for an output that is too slow",
        });
        // If the program does not end by itself, this is the last status.
        let is_status_due = signals::immediate_end_requested().is_some()
            || now.duration_since(self.last.0) >= STATUS_INTERVAL;
        if self.line.is_due(now) || is_status_due || self.may_warn {
            self.show(now, is_status_due);
        }
    }

    fn show(&mut self, now: Instant, is_status_due: bool) {
        let statistics = self.statistics();
        let lost = |interface: &InterfaceCounts| interface.dropped_waiting;
        if self.may_warn && statistics.interfaces.iter().map(lost).sum::<u64>() > 0 {
            self.may_warn = false;
            self.print(format!(
                "{NAME}: warning: packets are lost because an output is too slow"
            ));
        }
        if statistics.file.is_some() && statistics.file != self.file {
            self.file.clone_from(&statistics.file);
        }
        let received = statistics.received;
        if !self.is_ending && self.line.is_due(now) {
            let lost = statistics
                .interfaces
                .iter()
                .map(InterfaceCounts::lost)
                .sum();
            let name = self.file.as_ref().and_then(|path| path.file_name());
            let name = name.map(OsStr::to_owned);
            self.line.update(move |line| {
                if let Some(name) = name {
                    line.set_note(name.as_encoded_bytes());
                }
                line.show(now, received.packets, received.bytes, lost);
            });
        }
        if is_status_due && self.prints_count && !self.is_ending {
            self.print(format!("Got {}", received.packets));
        }
        if is_status_due {
            let seconds = now.duration_since(self.last.0).as_secs_f64();
            let packets = received.packets.saturating_sub(self.last.1);
            self.packets_per_second = (packets as f64 / seconds) as u64;
            self.last = (now, received.packets);
            let state = match signals::immediate_end_requested() {
                Some(_) => "failed",
                None => "running",
            };
            let status = self.status(&statistics, state);
            if let Some(file) = &self.status_file {
                file.set(status);
            }
        }
    }

    /// Removes the line from the terminal, and reports that the program is ending.
    fn begin_end(&mut self) {
        if !std::mem::replace(&mut self.is_ending, true) {
            self.line.begin_clear();
            self.service.stopping();
        }
    }

    /// Writes the last status file, and waits until the terminal has no line.
    fn end(&mut self, has_failed: bool) {
        self.packets_per_second = 0;
        let state = if has_failed { "failed" } else { "ended" };
        let mut statistics = self.statistics();
        if !has_failed {
            // Lines that no reader needs are not pending.
            statistics.not_written = 0;
        }
        let status = self.status(&statistics, state);
        if let Some(file) = self.status_file.take() {
            file.set(status);
        }
        self.line.clear();
    }

    fn statistics(&self) -> Statistics {
        self.reports.statistics(&self.written)
    }

    /// Returns the content of the status file.
    fn status(&self, statistics: &Statistics, state: &str) -> Vec<u8> {
        let (start, start_time) = self.started;
        let mut out = Vec::new();
        let mut object = Object::of_type(&mut out, "status")
            .text("state", state)
            .plain("pid", std::process::id())
            .text("start", start_time)
            .text("time", Timestamp::now())
            .plain("uptime_seconds", start.elapsed().as_secs())
            .plain("packets", statistics.written.packets)
            .plain("bytes", statistics.written.bytes)
            .plain("pending", statistics.not_written)
            .plain("packets_per_second", self.packets_per_second);
        if let Some(total) = statistics.total() {
            object = json::push_counts(object, &total);
        }
        object = json::push_waits(object);
        if let Some(file) = statistics.file.as_ref().or(self.file.as_ref()) {
            object = object.path("file", file);
        }
        object
            .member("interfaces", |out| {
                json::list(out, &statistics.interfaces, json::push_interface);
            })
            .member("outputs", |out| {
                json::list(out, &statistics.outputs, json::push_output);
            })
            .end();
        out.push(b'\n');
        out
    }

    /// Prints a line, unless standard error has not accepted the previous one yet.
    fn print(&mut self, line: String) {
        if self.printing.as_ref().is_none_or(JoinHandle::is_finished) {
            let thread = thread::Builder::new();
            self.printing = thread.spawn(move || stderr::print_line(line)).ok();
        }
    }
}
