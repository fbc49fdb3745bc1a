//! Sends the packets of a savefile on schedule.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use pcap_core::{Active, Capture, Error, ErrorKind, Packet, Unsent};
use pcap_examples::exit::Outcome;
use pcap_examples::progress::StatusLine;
use pcap_examples::savefile_reader::SavefileReader;
use pcap_examples::send_schedule::{self, SendSchedule};
use pcap_examples::signals;

use crate::args::Args;
use crate::batch::Batch;
use crate::counts::{Counts, SentCounts};
use crate::open;
use crate::packet_cache::PacketCache;

/// The state of the replay.
pub(crate) struct Replay<'a> {
    pub(crate) args: &'a Args,
    pub(crate) device: Capture<Active>,
    pub(crate) schedule: SendSchedule,
    /// When the first packet was sent.
    pub(crate) start: Option<Instant>,
    pub(crate) status: StatusLine,
    pub(crate) counts: Counts,
    /// A snapshot of the counts, for SIGUSR1.
    pub(crate) sent: Arc<Mutex<SentCounts>>,
    /// The packets that wait to be sent together. `None` if packets are sent one by one.
    pub(crate) batch: Option<Batch>,
}

/// Whether to continue after a packet.
#[derive(PartialEq)]
pub(crate) enum Step {
    Continue,
    Stop,
}

impl Replay<'_> {
    /// Sends the savefile in all loops.
    pub(crate) fn send_all_loops(&mut self, mut input: SavefileReader) -> Outcome {
        let loops = self.args.loops;
        let mut cache = (loops != 1).then(PacketCache::default);
        loop {
            self.begin_loop();
            while let Some(packet) = next_packet(&mut input)? {
                cache = cache.and_then(|cache| cache.with_packet(packet));
                if self.send_packet(packet)? == Step::Stop {
                    return Ok(());
                }
            }
            // A savefile without packets would loop forever.
            if signals::end_requested().is_some()
                || self.counts.loops == loops
                || self.processed_packets() == 0
            {
                return Ok(());
            }
            if let Some(cache) = cache {
                return self.send_from_cache(&cache);
            }
            input = signals::while_killable(|| open::savefile(self.args))?;
            // The file may have been replaced since the previous loop.
            open::check_link_types(
                self.args,
                input.capture().datalink(),
                self.device.datalink(),
            )?;
        }
    }

    /// Sends the packets from memory in the remaining loops.
    fn send_from_cache(&mut self, cache: &PacketCache) -> Outcome {
        loop {
            self.begin_loop();
            for packet in cache.packets() {
                if self.send_packet(packet)? == Step::Stop {
                    return Ok(());
                }
            }
            if self.counts.loops == self.args.loops {
                return Ok(());
            }
        }
    }

    /// Counts a loop, and starts its schedule.
    fn begin_loop(&mut self) {
        self.counts.loops += 1;
        self.schedule.begin_loop();
    }

    /// Waits until a packet is due, then sends it or adds it to the batch.
    fn send_packet(&mut self, packet: Packet<'_>) -> Outcome<Step> {
        let is_stopped = || signals::end_requested().is_some();
        if is_stopped() {
            return Ok(Step::Stop);
        }
        let start = *self.start.get_or_insert_with(Instant::now);
        let offset = self
            .schedule
            .next_offset(packet.timestamp(), packet.caplen());
        if let Some(offset) = offset {
            match send_schedule::wait_until(start, offset, is_stopped) {
                Some(delay) => self.counts.max_delay = self.counts.max_delay.max(delay),
                None => return Ok(Step::Stop),
            }
        }
        let is_truncated = packet.header().is_truncated();
        let mut step = Step::Continue;
        if is_truncated && !self.args.cut {
            // Send the packets before it first, so that packets are counted in order.
            if self.flush() == Step::Stop {
                return Ok(Step::Stop);
            }
            let why = "truncated; --cut sends what was captured";
            self.count_unsent(packet.data(), "truncated", why);
        } else if let Some(batch) = &mut self.batch {
            match batch.push(packet) {
                Ok(true) => step = self.flush(),
                Ok(false) if self.processed_packets() < self.limit() => return Ok(Step::Continue),
                Ok(false) => step = self.flush(),
                Err(error) => {
                    if self.flush() == Step::Stop {
                        return Ok(Step::Stop);
                    }
                    self.count_unsent(packet.data(), error.text(), &error);
                }
            }
        } else {
            match self.device.inject(packet.data()) {
                Ok(_) => self.counts.count_sent(packet.data().len(), is_truncated),
                Err(error) => step = self.count_rejected(packet.data(), &error),
            }
        }
        self.publish_counts();
        let is_over = self.args.stop_on_error && self.counts.not_sent > 0;
        Ok(if is_over || self.processed_packets() >= self.limit() {
            Step::Stop
        } else {
            step
        })
    }

    /// Sends the batch.
    pub(crate) fn flush(&mut self) -> Step {
        let Some(Batch {
            mut queue,
            mut truncated,
        }) = self.batch.take()
        else {
            return Step::Continue;
        };
        let (mut next, mut step) = (0, Step::Continue);
        while next < queue.len() && step == Step::Continue {
            let sent = self.device.inject_queue_range(&queue, next..);
            let unsent = sent.as_ref().err().and_then(Error::unsent);
            let end = unsent.map_or(queue.len(), Unsent::index);
            for (packet, &is_truncated) in queue.iter().zip(&truncated).take(end).skip(next) {
                self.counts.count_sent(packet.len(), is_truncated);
            }
            next = end + 1;
            if let Some(unsent) = unsent {
                step = self.count_rejected(queue.get(end).unwrap_or_default(), unsent.error());
            }
        }
        if !queue.is_empty() {
            self.publish_counts();
        }
        queue.clear();
        truncated.clear();
        self.batch = Some(Batch { queue, truncated });
        step
    }

    /// Counts a packet that the device rejected, unless the error is a break. Returns whether to continue.
    fn count_rejected(&mut self, packet: &[u8], error: &Error) -> Step {
        if error.kind() == ErrorKind::Break {
            return Step::Stop;
        }
        self.count_unsent(packet, error.text(), error);
        if is_gone(error) || self.args.stop_on_error {
            Step::Stop
        } else {
            Step::Continue
        }
    }

    /// Counts a packet that was not sent.
    fn count_unsent(&mut self, packet: &[u8], reason: &str, why: impl Display) {
        self.counts.count_unsent(packet.len(), reason, why);
    }

    /// Updates the snapshot for SIGUSR1 and the status line.
    fn publish_counts(&mut self) {
        let now = Instant::now();
        if let Some(start) = self.start {
            self.counts.time = now - start;
        }
        let counts = &self.counts;
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = SentCounts {
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

    /// Returns the number of packets processed so far, including the batch.
    fn processed_packets(&self) -> u64 {
        let waiting = self.batch.as_ref().map_or(0, |batch| batch.queue.len());
        self.counts.processed_packets() + waiting as u64
    }

    /// Returns the maximum number of packets to send.
    fn limit(&self) -> u64 {
        self.args.limit.unwrap_or(u64::MAX)
    }
}

/// Returns the next packet of the savefile, or `None` at its end.
fn next_packet(input: &mut SavefileReader) -> Outcome<Option<Packet<'_>>> {
    match input.capture_mut().next_packet() {
        // The signal may have ended a pipe in the middle of a packet.
        Err(_) if signals::end_requested().is_some() => Ok(None),
        packet => Ok(packet?),
    }
}

/// Returns whether the device has disappeared. When sending, libpcap reports this only in the error text.
fn is_gone(error: &Error) -> bool {
    error.kind() == ErrorKind::Disappeared || error.text().contains("No such device")
}
