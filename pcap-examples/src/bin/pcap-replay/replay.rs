//! Sends packets at their times.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use pcap_core::{Active, Capture, Error, ErrorKind, Packet, Unsent};
use pcap_examples::exit::Outcome;
use pcap_examples::progress::Status;
use pcap_examples::savefile_reader::Input;
use pcap_examples::send_schedule::{self, Schedule};
use pcap_examples::signals;

use crate::args::Args;
use crate::batch::Together;
use crate::counts::{Counts, Sent};
use crate::open;
use crate::packet_cache::Kept;

/// The state of the replay.
pub(crate) struct Replay<'a> {
    pub(crate) args: &'a Args,
    pub(crate) device: Capture<Active>,
    pub(crate) schedule: Schedule,
    /// The time of the first packet.
    pub(crate) start: Option<Instant>,
    pub(crate) status: Status,
    pub(crate) counts: Counts,
    /// The counts for SIGUSR1.
    pub(crate) sent: Arc<Mutex<Sent>>,
    pub(crate) together: Option<Together>,
}

/// Whether to continue.
#[derive(PartialEq)]
pub(crate) enum Flow {
    Next,
    End,
}

impl Replay<'_> {
    /// Sends the savefile in all its loops.
    pub(crate) fn all(&mut self, mut input: Input) -> Outcome {
        let loops = self.args.loops;
        let mut kept = (loops != 1).then(Kept::default);
        loop {
            self.begin();
            while let Some(packet) = next(&mut input)? {
                kept = kept.and_then(|kept| kept.with(packet));
                if self.one(packet)? == Flow::End {
                    return Ok(());
                }
            }
            // A savefile without packets would loop for ever.
            if signals::asked().is_some() || self.counts.loops == loops || self.seen() == 0 {
                return Ok(());
            }
            if let Some(kept) = kept {
                return self.again(&kept);
            }
            input = signals::at_once(|| open::savefile(self.args))?;
            // The file may have been replaced meanwhile.
            open::check(
                self.args,
                input.capture().datalink(),
                self.device.datalink(),
            )?;
        }
    }

    /// Sends the packets from memory in the remaining loops.
    fn again(&mut self, kept: &Kept) -> Outcome {
        loop {
            self.begin();
            for packet in kept.packets() {
                if self.one(packet)? == Flow::End {
                    return Ok(());
                }
            }
            if self.counts.loops == self.args.loops {
                return Ok(());
            }
        }
    }

    fn begin(&mut self) {
        self.counts.loops += 1;
        self.schedule.begin_again();
    }

    /// Sends a packet at its time, or adds it to those that are sent together.
    fn one(&mut self, packet: Packet<'_>) -> Outcome<Flow> {
        let is_stopped = || signals::asked().is_some();
        if is_stopped() {
            return Ok(Flow::End);
        }
        let start = *self.start.get_or_insert_with(Instant::now);
        let offset = self.schedule.next(packet.timestamp(), packet.caplen());
        if let Some(offset) = offset {
            match send_schedule::wait(start, offset, is_stopped) {
                Some(late) => self.counts.late = self.counts.late.max(late),
                None => return Ok(Flow::End),
            }
        }
        let is_cut = packet.header().is_truncated();
        let mut flow = Flow::Next;
        if is_cut && !self.args.cut {
            // First the packets before it, so that the numbers are right.
            if self.flush() == Flow::End {
                return Ok(Flow::End);
            }
            let why = "truncated; --cut sends what was captured";
            self.failed(packet.data(), "truncated", why);
        } else if let Some(together) = &mut self.together {
            match together.push(packet) {
                Ok(true) => flow = self.flush(),
                Ok(false) if self.seen() < self.limit() => return Ok(Flow::Next),
                Ok(false) => flow = self.flush(),
                Err(error) => {
                    if self.flush() == Flow::End {
                        return Ok(Flow::End);
                    }
                    self.failed(packet.data(), error.text(), &error);
                }
            }
        } else {
            match self.device.inject(packet.data()) {
                Ok(_) => self.counts.sent(packet.data().len(), is_cut),
                Err(error) => flow = self.refused(packet.data(), &error),
            }
        }
        self.show();
        let is_over = self.args.stop_on_error && self.counts.not_sent > 0;
        Ok(if is_over || self.seen() >= self.limit() {
            Flow::End
        } else {
            flow
        })
    }

    /// Sends the packets that wait to be sent together.
    pub(crate) fn flush(&mut self) -> Flow {
        let Some(Together { mut queue, mut cut }) = self.together.take() else {
            return Flow::Next;
        };
        let (mut next, mut flow) = (0, Flow::Next);
        while next < queue.len() && flow == Flow::Next {
            let sent = self.device.inject_queue_range(&queue, next..);
            let unsent = sent.as_ref().err().and_then(Error::unsent);
            let end = unsent.map_or(queue.len(), Unsent::index);
            for (packet, &is_cut) in queue.iter().zip(&cut).take(end).skip(next) {
                self.counts.sent(packet.len(), is_cut);
            }
            next = end + 1;
            if let Some(unsent) = unsent {
                flow = self.refused(queue.get(end).unwrap_or_default(), unsent.error());
            }
        }
        if !queue.is_empty() {
            self.show();
        }
        queue.clear();
        cut.clear();
        self.together = Some(Together { queue, cut });
        flow
    }

    /// Counts a packet that the device rejected, unless a break ended the call. Returns whether to continue.
    fn refused(&mut self, packet: &[u8], error: &Error) -> Flow {
        if error.kind() == ErrorKind::Break {
            return Flow::End;
        }
        self.failed(packet, error.text(), error);
        if is_gone(error) || self.args.stop_on_error {
            Flow::End
        } else {
            Flow::Next
        }
    }

    fn failed(&mut self, packet: &[u8], reason: &str, why: impl Display) {
        self.counts.failed(packet.len(), reason, why);
    }

    /// Updates the counts for SIGUSR1 and the status.
    fn show(&mut self) {
        let now = Instant::now();
        if let Some(start) = self.start {
            self.counts.time = now - start;
        }
        let counts = &self.counts;
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = Sent {
            packets: counts.packets,
            bytes: counts.bytes,
            not_sent: counts.not_sent,
            time: counts.time,
        };
        if self.status.is_due(now) {
            self.status
                .show(now, counts.packets, counts.bytes, counts.not_sent);
        }
    }

    /// Returns the number of packets so far, including those that wait.
    fn seen(&self) -> u64 {
        let waiting = self.together.as_ref().map_or(0, |t| t.queue.len());
        self.counts.seen() + waiting as u64
    }

    fn limit(&self) -> u64 {
        self.args.limit.unwrap_or(u64::MAX)
    }
}

/// Returns the next packet.
fn next(input: &mut Input) -> Outcome<Option<Packet<'_>>> {
    match input.capture_mut().next_packet() {
        // The signal may have ended a pipe in the middle of a packet.
        Err(_) if signals::asked().is_some() => Ok(None),
        packet => Ok(packet?),
    }
}

/// Returns whether the device is gone. When sending, libpcap reports that only as text.
fn is_gone(error: &Error) -> bool {
    error.kind() == ErrorKind::Disappeared || error.text().contains("No such device")
}
