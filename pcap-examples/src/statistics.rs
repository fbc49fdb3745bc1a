//! What came of a capture: printed at the end, and whenever SIGUSR1 asks for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use pcap_core::{Active, BreakHandle, Capture, Stats};

use crate::exit::{self, Outcome};
use crate::outlet::{Outlet, Tally};
use crate::output::Output;
use crate::sink::Sink;
use crate::{json, stop};

/// After this the captures have said how far they are, and what they held back is written, as a rule.
const PAUSE: Duration = Duration::from_millis(150);

/// The statistics of a capture.
#[derive(Clone, Copy, Debug)]
pub struct Statistics {
    /// The packets that were printed or written, as a whole.
    pub written: Tally,
    /// How many were to be, and are not.
    pub not_written: u64,
    /// What libpcap counted, if it says so.
    pub stats: Option<Stats>,
}

impl Statistics {
    /// Prints them on standard error.
    pub fn tell(&self) {
        let Tally { packets, bytes } = self.written;
        exit::note(format_args!("{packets} packets captured, {bytes} bytes"));
        exit::unwritten(self.not_written);
        if let Some(stats) = &self.stats {
            exit::note(format_args!(
                "{} packets received, {} dropped, {} dropped by the interface",
                stats.received, stats.dropped, stats.if_dropped
            ));
        }
    }

    /// Prints them as a line of JSON, on standard output or on standard error.
    ///
    /// # Errors
    ///
    /// If standard output took no more.
    pub fn tell_json(&self, to_stdout: bool) -> Outcome {
        let mut line = Vec::new();
        let stats = self.stats.as_ref();
        json::push_statistics(&mut line, self.written, self.not_written, stats);
        if to_stdout {
            let mut output = Output::stdout();
            output.line(|out| out.append(&mut line))?;
            output.flush()?;
        } else {
            exit::note(String::from_utf8_lossy(line.trim_ascii_end()));
        }
        Ok(())
    }
}

/// How far each of the captures is, for those who ask in the middle.
#[derive(Clone, Debug, Default)]
pub struct Reports(Arc<Mutex<Vec<(Stats, u64)>>>);

impl Reports {
    /// Answers SIGUSR1 and SIGUSR2 for these captures, whose packets go to an outlet. Packets lie in the kernel's
    /// buffer for up to `timeout`: those that had arrived are counted.
    pub fn answer(&self, captures: Vec<BreakHandle>, timeout: Duration, outlet: Outlet) {
        let reports = self.clone();
        let handles = captures.clone();
        stop::on_flush(move || captures.iter().for_each(BreakHandle::breakloop));
        stop::on_report(move || {
            thread::sleep(timeout);
            handles.iter().for_each(BreakHandle::breakloop);
            thread::sleep(PAUSE);
            reports.sum(outlet.tally()).tell();
        });
    }

    /// A place for a capture to say how far it is.
    pub fn place(&self) -> Place {
        let mut places = self.places();
        places.push((Stats::default(), 0));
        Place {
            reports: self.clone(),
            index: places.len() - 1,
        }
    }

    fn sum(&self, written: Tally) -> Statistics {
        let (mut stats, mut taken) = (Stats::default(), 0);
        for (one, packets) in self.places().iter() {
            stats.received += one.received;
            stats.dropped += one.dropped;
            // All are on one interface.
            stats.if_dropped = stats.if_dropped.max(one.if_dropped);
            taken += packets;
        }
        Statistics {
            written,
            not_written: taken.saturating_sub(written.packets),
            stats: Some(stats),
        }
    }

    fn places(&self) -> MutexGuard<'_, Vec<(Stats, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a capture says how far it is.
#[derive(Debug)]
pub struct Place {
    reports: Reports,
    index: usize,
}

impl Place {
    /// Takes note of how far a capture is, and has what it holds back written.
    ///
    /// # Errors
    ///
    /// If libpcap does not say, or the output took no more.
    pub fn report(&self, capture: &Capture<Active>, sink: &mut Sink) -> Outcome {
        let stats = capture.stats()?;
        self.reports.places()[self.index] = (stats, sink.taken().packets);
        sink.flush()
    }
}
