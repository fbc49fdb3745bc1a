//! Receives the packets of a capture, and passes them to the outputs.

use std::mem;
use std::path::Path;
use std::time::{Duration, Instant};

use pcap_core::{End, Next};
use pcap_examples::background_writer::{self, Waiting, Waits};
use pcap_examples::drain::{URGENT_WAIT, drain_capture};
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::signals;
use pcap_examples::statistics::{ReportSlot, ThreadCounts};

use crate::limits::Limits;
use crate::merge::{Merge, Step};
use crate::outputs::Outputs;
use crate::source::Source;

/// How often the program checks for buffered packets while no packets arrive.
const FLUSH_INTERVAL: Duration = Duration::from_millis(100);
/// The number of packets between two readings of the clock.
const CLOCK_INTERVAL: u32 = 64;
/// How often the counts of libpcap are read. If the program waits for an output in such an interval, packets that the
/// kernel drops in it count as dropped because of the output.
const UPDATE_INTERVAL: Duration = Duration::from_millis(100);

/// Passes the packets of interfaces to outputs.
pub(crate) struct Receiver<'a> {
    sources: Vec<Source<'a>>,
    outputs: Outputs,
    limits: &'a Limits,
    slot: ReportSlot,
    updated: Instant,
    /// The waits for outputs when the counts of libpcap were read.
    waits: Waits,
}

impl<'a> Receiver<'a> {
    pub(crate) fn new(
        sources: Vec<Source<'a>>,
        outputs: Outputs,
        limits: &'a Limits,
        slot: ReportSlot,
    ) -> Receiver<'a> {
        let receiver = Receiver {
            sources,
            outputs,
            limits,
            slot,
            updated: Instant::now(),
            waits: background_writer::waits(),
        };
        receiver.slot.set(receiver.counts());
        receiver
    }

    /// Receives packets until a thread reaches a limit or fails, or until a request to end the program, and then the
    /// packets that have already arrived, unless the number of packets is reached. Closes the outputs.
    pub(crate) fn run(mut self) -> Outcome {
        // The first savefile may end before the next update. If libpcap has no statistics, that is an error at the end.
        let _ = self.update();
        let received = match self.sources.len() {
            1 => self.receive(),
            _ => self.receive_merged(),
        };
        let updated = self.update();
        exit::both(exit::both(received, self.outputs.close()), updated)
    }

    /// Receives the packets of a single interface.
    fn receive(&mut self) -> Outcome {
        let received = self.receive_until_end();
        self.limits.end();
        let mut outcome = Ok(());
        let must_drain = match received {
            Ok(must_stop) => must_stop && !self.limits.is_used_up(),
            Err(failure) => {
                outcome = Err(failure);
                self.outputs.has_failed_before_end()
            }
        };
        if must_drain {
            let (limits, outputs) = (self.limits, &mut self.outputs);
            let drained = drain_capture(self.sources[0].capture, |packet| {
                let is_wanted = limits.claim();
                if is_wanted {
                    // Even if the output has failed, the sink counts the packets.
                    let written = outputs.write(0, packet);
                    outcome = exit::both(mem::replace(&mut outcome, Ok(())), written);
                }
                Ok(is_wanted)
            });
            outcome = exit::both(outcome, drained);
        }
        outcome
    }

    /// Passes packets to the outputs. Returns `false` if the capture has ended by itself, and `true` if it must be
    /// stopped.
    fn receive_until_end(&mut self) -> Outcome<bool> {
        let mut wait = Duration::ZERO;
        let mut packets = 0_u32;
        while !self.must_end() {
            if !self.wait_for_room() {
                continue;
            }
            match self.sources[0].capture.next_packet_timeout(wait)? {
                Next::Packet(_) if !self.limits.claim() => break,
                Next::Packet(packet) => {
                    self.outputs.write(0, packet)?;
                    wait = Duration::ZERO;
                    packets = packets.wrapping_add(1);
                    // Reading the clock for each packet would be too slow.
                    if !packets.is_multiple_of(CLOCK_INTERVAL) {
                        continue;
                    }
                }
                Next::Timeout => {
                    self.outputs.flush_dumper()?;
                    wait = FLUSH_INTERVAL;
                }
                Next::End(End::Break) => self.report()?,
                Next::End(End::Eof) => return Ok(false),
            }
            match self.tick(Instant::now())? {
                Some(left) => wait = wait.min(left),
                None => break,
            }
        }
        Ok(true)
    }

    /// Receives the packets of several interfaces.
    fn receive_merged(&mut self) -> Outcome {
        let mut merge = Merge::new(self.sources.len());
        let mut outcome = self.merge_until_end(&mut merge);
        self.limits.end();
        let must_drain = match &outcome {
            Ok(()) => !self.limits.is_used_up(),
            Err(_) => self.outputs.has_failed_before_end(),
        };
        if must_drain {
            let drained = self.drain_merged(&mut merge);
            outcome = exit::both(outcome, drained);
        }
        match merge.has_failed {
            true => exit::both(outcome, Err(Failure::Reported)),
            false => outcome,
        }
    }

    fn merge_until_end(&mut self, merge: &mut Merge) -> Outcome {
        let mut packets = 0_u32;
        while !self.must_end() {
            if !self.wait_for_room() {
                continue;
            }
            let mut wait = Duration::ZERO;
            match merge.next(&mut self.sources) {
                Step::Packet(number) => {
                    let packet = self.sources[number].capture.packet();
                    if let Some(packet) = packet {
                        if !self.limits.claim() {
                            break;
                        }
                        merge.release(number);
                        self.outputs.write(number, packet)?;
                    }
                    packets = packets.wrapping_add(1);
                    if !packets.is_multiple_of(CLOCK_INTERVAL) {
                        continue;
                    }
                }
                Step::Idle => {
                    self.outputs.flush_dumper()?;
                    wait = FLUSH_INTERVAL;
                }
                Step::Break => self.report()?,
                Step::End => break,
            }
            match self.tick(Instant::now())? {
                Some(left) => wait = wait.min(left),
                None => break,
            }
            if !wait.is_zero() && !self.must_end() {
                merge.wait(&self.sources, wait);
            }
        }
        Ok(())
    }

    /// Passes the packets that have already arrived to the outputs.
    fn drain_merged(&mut self, merge: &mut Merge) -> Outcome {
        let mut outcome = merge.stop(&mut self.sources);
        loop {
            match merge.next(&mut self.sources) {
                Step::Packet(number) => {
                    if let Some(packet) = self.sources[number].capture.packet() {
                        if !self.limits.claim() {
                            return outcome;
                        }
                        // Even if the output has failed, the sink counts the packets.
                        let written = self.outputs.write(number, packet);
                        outcome = exit::both(outcome, written);
                    }
                    merge.release(number);
                }
                Step::Idle => {
                    let requested = signals::immediate_end_requested();
                    if requested.is_some_and(|requested| requested.elapsed() >= URGENT_WAIT) {
                        return outcome;
                    }
                    merge.wait(&self.sources, FLUSH_INTERVAL / 2);
                }
                // Another signal arrived.
                Step::Break => {}
                Step::End => return outcome,
            }
        }
    }

    fn must_end(&self) -> bool {
        self.limits.has_ended() || self.outputs.must_end() || signals::end_noticed()
    }

    /// Waits while the queue of an output is full, and keeps the counts for reports current. Returns `false` if the
    /// capture must end.
    #[inline]
    fn wait_for_room(&mut self) -> bool {
        self.outputs.full().is_none() || self.wait_for_full_output()
    }

    #[cold]
    fn wait_for_full_output(&mut self) -> bool {
        let _waiting = Waiting::begin();
        while let Some(output) = self.outputs.full() {
            output.wait_briefly_for_room();
            if self.must_end() {
                return false;
            }
            if self.updated.elapsed() >= UPDATE_INTERVAL {
                // If libpcap has no statistics, that is an error at the end.
                let _ = self.update();
            }
        }
        true
    }

    /// Does what is due. Returns how long the capture may still last, or `None` at its end.
    fn tick(&mut self, now: Instant) -> Outcome<Option<Duration>> {
        let left = self.limits.time_left(now);
        if left.is_zero() {
            return Ok(None);
        }
        if now.duration_since(self.updated) >= UPDATE_INTERVAL {
            // If libpcap has no statistics, that is an error at the end.
            let _ = self.update();
        }
        self.outputs.tick(now)?;
        Ok(Some(left))
    }

    /// Reads the counts of libpcap, and sets the counts for reports.
    fn update(&mut self) -> Outcome {
        let waits = background_writer::waits();
        let has_waited = waits.count != self.waits.count || self.waits.waiting > 0;
        (self.waits, self.updated) = (waits, Instant::now());
        let mut outcome = Ok(());
        for (number, source) in self.sources.iter_mut().enumerate() {
            let updated = source.update(has_waited);
            outcome = outcome.and(updated);
            if let Some(stats) = source.counts.stats {
                self.outputs.set_statistics(number, stats);
            }
        }
        self.slot.set(self.counts());
        outcome
    }

    /// Reports the current counts for a signal, and requests that the packets are written now.
    fn report(&mut self) -> Outcome {
        // If libpcap has no statistics, that is an error at the end.
        let _ = self.update();
        self.outputs.request_flush()
    }

    fn counts(&self) -> ThreadCounts {
        ThreadCounts {
            received: self.outputs.received(),
            interfaces: self
                .sources
                .iter()
                .map(|source| source.counts.clone())
                .collect(),
            outputs: self.outputs.counts(),
            file: self.outputs.current_path().map(Path::to_owned),
        }
    }
}
