//! Shows the progress of a capture: on the terminal, in a status file, and to the service manager.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::Timestamp;
use pcap_examples::background_writer::WrittenTotals;
use pcap_examples::exit::Outcome;
use pcap_examples::interface_counts::InterfaceCounts;
use pcap_examples::json::{self, Object};
use pcap_examples::progress::StatusLine;
use pcap_examples::service_manager::ServiceManager;
use pcap_examples::statistics::ThreadCounts;
use pcap_examples::status_file::StatusFile;
use pcap_examples::stderr;

use crate::args::NAME;

/// How often the status file is written.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// What shows the progress.
pub(crate) struct Monitor<'a> {
    line: StatusLine,
    service: ServiceManager,
    status_path: Option<&'a Path>,
    status_file: Option<StatusFile>,
    written: WrittenTotals,
    started: (Instant, Timestamp),
    /// When the status file was last written, and the number of packets then.
    last: (Instant, u64),
    packets_per_second: u64,
    /// The last known savefile.
    file: Option<PathBuf>,
    /// Whether to warn of the first packets that are lost because an output is too slow.
    may_warn: bool,
}

impl<'a> Monitor<'a> {
    /// Creates a monitor that shows nothing.
    pub(crate) fn hidden() -> Monitor<'a> {
        let now = Instant::now();
        Monitor {
            line: StatusLine::new(false),
            service: ServiceManager::default(),
            status_path: None,
            status_file: None,
            written: WrittenTotals::default(),
            started: (now, Timestamp::now()),
            last: (now, 0),
            packets_per_second: 0,
            file: None,
            may_warn: false,
        }
    }

    /// Sets whether to warn of an output that is too slow.
    #[must_use]
    pub(crate) fn warnings(self, on: bool) -> Monitor<'a> {
        Monitor {
            may_warn: on,
            ..self
        }
    }

    /// Prints a warning, once. A thread prints it, because standard error may block.
    pub(crate) fn warn_of_slow_output(&mut self) {
        if std::mem::take(&mut self.may_warn) {
            // Without a thread, the statistics at the end still tell.
            let _ = thread::Builder::new().spawn(|| {
                stderr::print_message(
                    NAME,
                    "warning: packets are lost because an output is too slow",
                );
            });
        }
    }

    /// Creates a monitor with a status line, if it is to be shown, and a status file, which is written now.
    pub(crate) fn new(
        line: bool,
        status_path: Option<&'a Path>,
        written: WrittenTotals,
    ) -> Monitor<'a> {
        Monitor {
            line: StatusLine::new(line),
            service: ServiceManager::from_environment(),
            status_path,
            written,
            ..Monitor::hidden()
        }
    }

    /// Writes the first status file.
    ///
    /// # Errors
    ///
    /// Returns an error if the status file cannot be written.
    pub(crate) fn start(&mut self, counts: &ThreadCounts) -> Outcome {
        if let Some(path) = self.status_path {
            let status = self.status(counts, "running");
            self.status_file = Some(StatusFile::create(NAME, path, &status)?);
        }
        Ok(())
    }

    /// Reports that the program is ready.
    pub(crate) fn ready(&self) {
        self.service.ready();
    }

    /// Returns whether something is due. Call this several times per second.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        self.service.alive(now);
        self.line.is_due(now) || self.is_status_due(now)
    }

    fn is_status_due(&self, now: Instant) -> bool {
        self.status_file.is_some() && now.duration_since(self.last.0) >= STATUS_INTERVAL
    }

    /// Shows these counts where it is due.
    pub(crate) fn show(&mut self, now: Instant, counts: &ThreadCounts, file: Option<&Path>) {
        if let Some(file) = file.filter(|&file| self.file.as_deref() != Some(file)) {
            self.file = Some(file.to_owned());
            let name = file.file_name().unwrap_or_default();
            self.line.set_note(name.as_encoded_bytes());
        }
        let received = counts.received;
        if self.line.is_due(now) {
            let lost = counts.interfaces.iter().map(InterfaceCounts::lost).sum();
            self.line.show(now, received.packets, received.bytes, lost);
        }
        if self.is_status_due(now) {
            let seconds = now.duration_since(self.last.0).as_secs_f64();
            let rate = (received.packets - self.last.1) as f64 / seconds;
            self.packets_per_second = rate as u64;
            self.last = (now, received.packets);
            let status = self.status(counts, "running");
            if let Some(file) = &self.status_file {
                file.set(status);
            }
        }
    }

    /// Removes the line from the terminal, and reports that the program is ending.
    pub(crate) fn clear(&mut self) {
        self.line.clear();
        self.service.stopping();
    }

    /// Writes the last status file.
    pub(crate) fn end(&mut self, counts: &ThreadCounts, has_failed: bool) {
        self.packets_per_second = 0;
        let state = if has_failed { "failed" } else { "ended" };
        let status = self.status(counts, state);
        if let Some(file) = self.status_file.take() {
            file.set(status);
        }
    }

    /// Returns the content of the status file.
    fn status(&self, counts: &ThreadCounts, state: &str) -> Vec<u8> {
        let mut total = InterfaceCounts::default();
        counts.interfaces.iter().for_each(|one| total.add(one));
        let written = self.written.totals();
        let not_written = counts.received.packets.saturating_sub(written.packets);
        let (start, start_time) = self.started;
        let mut out = Vec::new();
        let mut object = Object::of_type(&mut out, "status")
            .text("state", state)
            .plain("pid", std::process::id())
            .text("start", start_time)
            .text("time", Timestamp::now())
            .plain("uptime_seconds", start.elapsed().as_secs())
            .plain("packets", written.packets)
            .plain("bytes", written.bytes)
            .plain("pending", not_written)
            .plain("packets_per_second", self.packets_per_second);
        object = json::push_counts(object, &total);
        if let Some(file) = &self.file {
            object = object.path("file", file);
        }
        object
            .member("interfaces", |out| {
                json::list(out, &counts.interfaces, json::push_interface);
            })
            .member("outputs", |out| {
                json::list(out, &counts.outputs, json::push_output);
            })
            .end();
        out.push(b'\n');
        out
    }
}
