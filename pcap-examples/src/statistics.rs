//! The statistics of a capture, which are printed at its end and on SIGUSR1.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use pcap_core::{Active, BreakHandle, Capture, Stats};

use crate::background_writer::{self, Totals, WrittenTotals};
use crate::exit::Outcome;
use crate::line_output::LineOutput;
use crate::packet_sink::PacketSink;
use crate::{json, signals, stderr};

/// How long to wait until broken captures have reported and their buffered packets are usually written.
const REPORT_PAUSE: Duration = Duration::from_millis(150);

/// The statistics of a capture.
#[derive(Clone, Copy, Debug)]
pub struct Statistics {
    /// The packets that were printed or written completely.
    pub written: Totals,
    /// The number of packets that were received but not written.
    pub not_written: u64,
    /// The statistics of libpcap, if they are available.
    pub stats: Option<Stats>,
}

impl Statistics {
    /// Prints the statistics on standard error.
    pub fn print(&self) {
        let Totals { packets, bytes } = self.written;
        stderr::print_line(format_args!("{packets} packets captured, {bytes} bytes"));
        stderr::print_unwritten(self.not_written);
        if let Some(stats) = &self.stats {
            stderr::print_line(format_args!(
                "{} packets received, {} dropped, {} dropped by the interface",
                stats.received, stats.dropped, stats.if_dropped
            ));
        }
        let waits = background_writer::waits();
        if waits.count > 0 {
            stderr::print_line(format_args!(
                "waited {:.1} s for the output, which was too slow {} times",
                waits.time.as_secs_f64(),
                waits.count
            ));
        }
    }

    /// Prints the statistics as a line of JSON, on standard output or on standard error.
    ///
    /// # Errors
    ///
    /// Returns the error of standard output if it has failed.
    pub fn print_json(&self, to_stdout: bool) -> Outcome {
        let mut line = Vec::new();
        let stats = self.stats.as_ref();
        json::push_statistics(&mut line, self.written, self.not_written, stats);
        if to_stdout {
            let mut output = LineOutput::stdout();
            output.print_line(|out| out.append(&mut line))?;
            output.flush()?;
        } else {
            stderr::print_line(String::from_utf8_lossy(line.trim_ascii_end()));
        }
        Ok(())
    }
}

/// What several captures report for SIGUSR1: their statistics, and the number of packets received by their sinks.
#[derive(Clone, Debug, Default)]
pub struct CaptureReports(Arc<Mutex<Vec<(Stats, u64)>>>);

impl CaptureReports {
    /// Handles SIGUSR1 and SIGUSR2 for these captures, whose packets are counted by `written`.
    ///
    /// Packets may wait in the kernel's buffer for up to `timeout`. The report waits that long, so that it
    /// includes all packets that arrived before the signal.
    pub fn answer_signals(
        &self,
        captures: Vec<BreakHandle>,
        timeout: Duration,
        written: WrittenTotals,
    ) {
        let reports = self.clone();
        let handles = captures.clone();
        signals::on_flush(move || captures.iter().for_each(BreakHandle::breakloop));
        signals::on_report(move || {
            thread::sleep(timeout);
            handles.iter().for_each(BreakHandle::breakloop);
            thread::sleep(REPORT_PAUSE);
            reports.sum(written.totals()).print();
        });
    }

    /// Adds a slot in which one more capture reports.
    pub fn add_slot(&self) -> ReportSlot {
        let mut slots = self.slots();
        slots.push((Stats::default(), 0));
        ReportSlot {
            reports: self.clone(),
            index: slots.len() - 1,
        }
    }

    fn sum(&self, written: Totals) -> Statistics {
        let (mut stats, mut received) = (Stats::default(), 0);
        for (one, packets) in self.slots().iter() {
            stats.received += one.received;
            stats.dropped += one.dropped;
            // All captures are on one interface, so each has the same count.
            stats.if_dropped = stats.if_dropped.max(one.if_dropped);
            received += packets;
        }
        Statistics {
            written,
            not_written: received.saturating_sub(written.packets),
            stats: Some(stats),
        }
    }

    fn slots(&self) -> MutexGuard<'_, Vec<(Stats, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A slot in which one capture reports.
#[derive(Debug)]
pub struct ReportSlot {
    reports: CaptureReports,
    index: usize,
}

impl ReportSlot {
    /// Records the statistics of a capture, and requests that its packets are written now.
    ///
    /// # Errors
    ///
    /// Returns an error if libpcap has no statistics or the output has failed.
    pub fn report(&self, capture: &Capture<Active>, sink: &mut PacketSink) -> Outcome {
        let stats = capture.stats()?;
        self.reports.slots()[self.index] = (stats, sink.received().packets);
        sink.request_flush()
    }
}
