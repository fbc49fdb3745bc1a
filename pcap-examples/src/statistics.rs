//! The statistics of a capture, which are printed at its end and on SIGUSR1.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::BreakHandle;

use crate::background_writer::{self, Totals, WrittenTotals};
use crate::counted::{self, counted};
use crate::exit::Outcome;
use crate::interface_counts::InterfaceCounts;
use crate::json::JsonOutput;
use crate::{json, signals, stderr};

/// How long to wait until broken captures have reported and their buffered packets are usually written.
const REPORT_PAUSE: Duration = Duration::from_millis(150);

/// The statistics of a capture.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// The packets passed to the outputs.
    pub received: Totals,
    /// The packets that were printed or written completely.
    pub written: Totals,
    /// The number of packets that were received but not written.
    pub not_written: u64,
    /// The counts of the interfaces.
    pub interfaces: Vec<InterfaceCounts>,
    /// The counts of further outputs.
    pub outputs: Vec<OutputCounts>,
    /// The current savefile, if a single thread captures.
    pub file: Option<PathBuf>,
}

/// The counts of a further output, which has its own filter.
#[derive(Clone, Debug)]
pub struct OutputCounts {
    /// The path of the command line.
    pub path: String,
    /// The filter expression.
    pub filter: String,
    /// The packets that passed the filter.
    pub received: Totals,
    /// The outputs, which count the packets written.
    pub written: WrittenTotals,
}

impl OutputCounts {
    /// Returns the number of packets that passed the filter, but were not written.
    #[must_use]
    pub fn not_written(&self) -> u64 {
        let written = self.written.totals().packets;
        self.received.packets.saturating_sub(written)
    }
}

impl Statistics {
    /// Returns the sum of the counts of all interfaces, if libpcap has any.
    #[must_use]
    pub fn total(&self) -> Option<InterfaceCounts> {
        let mut total = InterfaceCounts::default();
        for interface in &self.interfaces {
            total.add(interface);
        }
        Some(total).filter(|total| total.stats.is_some())
    }

    /// Prints the statistics on standard error, at the end.
    pub fn print(&self) {
        self.print_with("not written");
    }

    /// Prints the statistics so far on standard error. Packets may wait for a disk or a compressor.
    pub fn print_so_far(&self) {
        self.print_with("not written yet");
    }

    /// Prints the statistics. `unwritten` says what packets are that were received but not written.
    fn print_with(&self, unwritten: &str) {
        let Totals { packets, bytes } = self.written;
        let (packets, bytes) = (counted::packets(packets), counted::bytes(bytes));
        stderr::print_line(format_args!("{packets} captured, {bytes}"));
        if let not_written @ 1.. = self.not_written {
            let packets = counted::packets(not_written);
            stderr::print_line(format_args!("{packets} {unwritten}"));
        }
        if let Some(total) = self.total() {
            stderr::print_line(&total);
        }
        if let [_, _, ..] = &self.interfaces[..] {
            for interface in self.interfaces.iter().filter(|one| one.stats.is_some()) {
                stderr::print_line(format_args!("{}: {interface}", interface.name));
            }
        }
        for output in &self.outputs {
            let (path, written) = (&output.path, output.written.totals());
            let Totals { packets, bytes } = written;
            let (packets, bytes) = (counted::packets(packets), counted::bytes(bytes));
            let mut line = format!("`{path}`: {packets} written, {bytes}");
            if let not_written @ 1.. = output.not_written() {
                line += &format!(", {} {unwritten}", counted::packets(not_written));
            }
            stderr::print_line(line);
        }
        let waits = background_writer::waits();
        if waits.count > 0 {
            stderr::print_line(format_args!(
                "waited {:.1} s for the output, which was too slow {}",
                waits.time.as_secs_f64(),
                counted(waits.count, "time")
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
        json::push_statistics(&mut line, self);
        JsonOutput::beside(!to_stdout).print(line)
    }
}

/// What one thread of a capture has counted.
#[derive(Clone, Debug, Default)]
pub struct ThreadCounts {
    /// The packets passed to the outputs.
    pub received: Totals,
    /// The counts of the interfaces.
    pub interfaces: Vec<InterfaceCounts>,
    /// The counts of further outputs.
    pub outputs: Vec<OutputCounts>,
    /// The current savefile.
    pub file: Option<PathBuf>,
}

/// The counts of the threads of a capture: for its end, for SIGUSR1, and for what shows the progress.
#[derive(Clone, Debug, Default)]
pub struct CaptureReports(Arc<Mutex<Vec<Slot>>>);

/// The counts of one thread, and when it set them.
#[derive(Debug)]
struct Slot {
    counts: ThreadCounts,
    set: Instant,
}

impl CaptureReports {
    /// Handles SIGUSR1 and SIGUSR2 for these captures, whose packets are counted by `written`.
    ///
    /// Packets may wait in the kernel's buffer for up to `timeout`. The report waits that long, so that it
    /// includes all packets that arrived before the signal.
    pub fn answer_signals(
        &self,
        captures: Vec<BreakHandle>,
        timeout: Duration,
        written: Vec<WrittenTotals>,
    ) {
        let reports = self.clone();
        let handles = captures.clone();
        signals::on_flush(move || captures.iter().for_each(BreakHandle::breakloop));
        signals::on_report(move || {
            thread::sleep(timeout);
            handles.iter().for_each(BreakHandle::breakloop);
            thread::sleep(REPORT_PAUSE);
            reports.statistics(&written).print_so_far();
        });
    }

    /// Adds a slot for one more thread.
    #[must_use]
    pub fn add_slot(&self) -> ReportSlot {
        let mut slots = self.slots();
        slots.push(Slot {
            counts: ThreadCounts::default(),
            set: Instant::now(),
        });
        ReportSlot {
            reports: self.clone(),
            index: slots.len() - 1,
        }
    }

    /// Returns the sum of the counts of all threads. The threads have the same interfaces.
    #[must_use]
    pub fn statistics(&self, written: &[WrittenTotals]) -> Statistics {
        let mut sum = Statistics::default();
        for written in written {
            sum.written += written.totals();
        }
        let slots = self.slots();
        for Slot { counts, .. } in slots.iter() {
            sum.received += counts.received;
            for (index, interface) in counts.interfaces.iter().enumerate() {
                match sum.interfaces.get_mut(index) {
                    Some(other) => other.add_thread(interface),
                    None => sum.interfaces.push(interface.clone()),
                }
            }
            sum.outputs.extend(counts.outputs.iter().cloned());
        }
        if let [slot] = &slots[..] {
            sum.file.clone_from(&slot.counts.file);
        }
        sum.not_written = sum.received.packets.saturating_sub(sum.written.packets);
        sum
    }

    /// Returns for how long a thread has not set its counts, at most. Threads set them several times per second, unless
    /// they wait for an output.
    #[must_use]
    pub fn silence(&self, now: Instant) -> Duration {
        let slots = self.slots();
        let silences = slots
            .iter()
            .map(|slot| now.saturating_duration_since(slot.set));
        silences.max().unwrap_or_default()
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A slot for the counts of one thread.
#[derive(Debug)]
pub struct ReportSlot {
    reports: CaptureReports,
    index: usize,
}

impl ReportSlot {
    /// Sets the current counts of the thread.
    pub fn set(&self, counts: ThreadCounts) {
        let set = Instant::now();
        self.reports.slots()[self.index] = Slot { counts, set };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thread that hangs is noticed, even if another one works.
    #[test]
    fn the_longest_silence_counts() {
        let reports = CaptureReports::default();
        let now = Instant::now();
        assert_eq!(reports.silence(now), Duration::ZERO);
        let _hanging = reports.add_slot();
        let minute = Duration::from_secs(60);
        assert!(reports.silence(Instant::now() + minute) >= minute);
        let working = reports.add_slot();
        working.set(ThreadCounts::default());
        assert!(reports.silence(Instant::now() + minute) >= minute);
        reports.slots().remove(0);
        assert!(reports.silence(Instant::now()) < minute);
    }
}
