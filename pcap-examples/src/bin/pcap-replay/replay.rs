//! Sends the packets of savefiles on schedule.

use std::fmt::Display;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pcap_core::{Dlt, Error, ErrorKind, Packet, Unsent};
use pcap_examples::exit::Outcome;
use pcap_examples::progress::StatusLine;
use pcap_examples::rewrite::Rewriter;
use pcap_examples::send_schedule::{self, SendSchedule};
use pcap_examples::signals;

use crate::args::Args;
use crate::batch::Batch;
use crate::counts::{Counts, SentCounts};
use crate::input::{Input, Outgoing};
use crate::outlet::Outlet;
use crate::packet_cache::PacketCache;

/// The state of the replay.
pub(crate) struct Replay<'a> {
    pub(crate) args: &'a Args,
    /// The device of each side.
    pub(crate) outlets: Vec<Outlet>,
    pub(crate) schedule: SendSchedule,
    /// When the first packet was sent.
    pub(crate) start: Option<Instant>,
    pub(crate) status: StatusLine,
    pub(crate) counts: Counts,
    /// A snapshot of the counts, for SIGUSR1.
    pub(crate) sent: Arc<Mutex<SentCounts>>,
    /// About which part of the savefiles was read, in this loop.
    pub(crate) fraction: Option<f64>,
}

/// Whether to continue after a packet.
#[derive(PartialEq)]
pub(crate) enum Step {
    Continue,
    Stop,
}

impl<'a> Replay<'a> {
    /// Sends the savefiles in all loops.
    pub(crate) fn send_all_loops(
        &mut self,
        mut input: Input<'a>,
        mut rewriter: Option<Rewriter>,
    ) -> Outcome {
        let loops = self.args.loops;
        let datalinks = input.datalinks();
        let mut cache = (loops != 1).then(PacketCache::default);
        loop {
            self.begin_loop();
            while let Some(outgoing) = input.next_packet()? {
                let outgoing = rewritten(rewriter.as_mut(), datalinks.0, outgoing);
                cache = cache.and_then(|cache| cache.with_packet(outgoing));
                if self.send_packet(outgoing)? == Step::Stop {
                    return Ok(());
                }
                if self.is_status_due() {
                    self.fraction = input.fraction();
                    self.show_status();
                }
            }
            // A savefile without packets would loop forever.
            if signals::end_noticed() || self.counts.loops == loops || self.processed_packets() == 0
            {
                return Ok(());
            }
            if let Some(cache) = cache {
                return self.send_from_cache(&cache);
            }
            // The files may have been replaced since the previous loop.
            input = Input::open(self.args)?;
            input.check_devices(&self.outlets)?;
        }
    }

    /// Sends the packets from memory in the remaining loops.
    fn send_from_cache(&mut self, cache: &PacketCache) -> Outcome {
        loop {
            self.begin_loop();
            let packets = cache.packets();
            let total = packets.len() as f64;
            for (index, outgoing) in packets.enumerate() {
                if self.send_packet(outgoing)? == Step::Stop {
                    return Ok(());
                }
                if self.is_status_due() {
                    self.fraction = Some(index as f64 / total);
                    self.show_status();
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
    fn send_packet(&mut self, outgoing: Outgoing<'_>) -> Outcome<Step> {
        let Outgoing { packet, side, .. } = outgoing;
        let start = *self.start.get_or_insert_with(|| self.args.start_duration());
        let duration = self.args.duration;
        let is_stopped = || {
            signals::end_requested().is_some()
                || duration.is_some_and(|duration| start.elapsed() >= duration)
        };
        if is_stopped() {
            return Ok(Step::Stop);
        }
        if outgoing.begins_file {
            self.schedule.begin_file();
        }
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
        let is_below_limit = self.processed_packets() + 1 < self.limit();
        let outlet = &mut self.outlets[side as usize];
        let mut step = Step::Continue;
        if is_truncated && !self.args.cut {
            // Send the packets before it first, so that packets are counted in order.
            if self.flush() == Step::Stop {
                return Ok(Step::Stop);
            }
            let why = "truncated; --cut sends what was captured";
            self.count_unsent(packet.data(), "truncated", why);
        } else if let Some(batch) = &mut outlet.batch {
            match batch.push(packet) {
                Ok(true) => step = self.flush_side(side as usize),
                Ok(false) if is_below_limit => return Ok(Step::Continue),
                Ok(false) => step = self.flush(),
                // The device rejects it as well, and says why.
                Err(_) => {
                    if self.flush() == Step::Stop {
                        return Ok(Step::Stop);
                    }
                    step = self.inject(side as usize, packet);
                }
            }
        } else {
            step = self.inject(side as usize, packet);
        }
        self.publish_counts();
        let is_over = self.args.stop_on_error && self.counts.not_sent > 0;
        Ok(if is_over || self.processed_packets() >= self.limit() {
            Step::Stop
        } else {
            step
        })
    }

    /// Sends a packet by itself.
    fn inject(&mut self, side: usize, packet: Packet<'_>) -> Step {
        let data = packet.data();
        let device = &self.outlets[side].device;
        match device.inject_timeout(data, self.time_left()) {
            Ok(Some(_)) => {
                self.count_sent(side, data.len(), packet.header().is_truncated());
                Step::Continue
            }
            Ok(None) => Step::Stop,
            Err(error) => self.count_rejected(data, &error),
        }
    }

    /// Sends all batches.
    pub(crate) fn flush(&mut self) -> Step {
        let mut step = Step::Continue;
        for side in 0..self.outlets.len() {
            if step == Step::Continue {
                step = self.flush_side(side);
            }
        }
        step
    }

    /// Sends the batch of a side.
    fn flush_side(&mut self, side: usize) -> Step {
        let Some(Batch {
            mut queue,
            mut truncated,
        }) = self.outlets[side].batch.take()
        else {
            return Step::Continue;
        };
        let (mut next, mut step) = (0, Step::Continue);
        while next < queue.len() && step == Step::Continue {
            let device = &self.outlets[side].device;
            let sent = device.inject_queue_timeout(&queue, next.., self.time_left());
            let unsent = sent.as_ref().err().and_then(Error::unsent);
            let end = unsent.map_or(queue.len(), Unsent::index);
            for (packet, &is_truncated) in queue.iter().zip(&truncated).take(end).skip(next) {
                self.count_sent(side, packet.len(), is_truncated);
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
        self.outlets[side].batch = Some(Batch { queue, truncated });
        step
    }

    /// Counts a packet that was sent.
    fn count_sent(&mut self, side: usize, bytes: usize, is_truncated: bool) {
        self.counts.count_sent(bytes, is_truncated);
        let outlet = &mut self.outlets[side];
        outlet.packets += 1;
        outlet.bytes += bytes as u64;
    }

    /// Counts a packet that the device rejected, unless the error is a break or the end of the duration. Returns
    /// whether to continue.
    fn count_rejected(&mut self, packet: &[u8], error: &Error) -> Step {
        if let ErrorKind::Break | ErrorKind::Io(io::ErrorKind::TimedOut) = error.kind() {
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

    /// Returns how long sending may wait: until the end of the duration.
    fn time_left(&self) -> Duration {
        let left = self.args.duration.zip(self.start);
        left.map_or(Duration::MAX, |(duration, start)| {
            duration.saturating_sub(start.elapsed())
        })
    }

    /// Updates the snapshot for SIGUSR1.
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
    }

    /// Returns whether to update the status line. Looking at the clock takes time, so that of batches is rare.
    fn is_status_due(&self) -> bool {
        let is_between = !self.outlets[0].waiting().is_multiple_of(64);
        !is_between && self.status.is_due(Instant::now())
    }

    /// Updates the status line.
    fn show_status(&mut self) {
        let now = Instant::now();
        let counts = &self.counts;
        let elapsed = self.start.map_or(Duration::ZERO, |start| now - start);
        let progress = self.progress(elapsed);
        self.status.set_progress(progress, elapsed);
        self.status
            .show(now, counts.packets, counts.bytes, counts.not_sent);
    }

    /// Returns which part of the work is done: of all loops, of the packets of --limit or of the time of --duration.
    fn progress(&self, elapsed: Duration) -> Option<f64> {
        let done = (self.counts.loops.max(1) - 1) as f64;
        let of_loops = match (self.args.loops, self.fraction) {
            (loops @ 1.., Some(fraction)) => Some((done + fraction) / loops as f64),
            _ => None,
        };
        let limit = self
            .args
            .limit
            .map(|limit| self.processed_packets() as f64 / limit as f64);
        let duration = self.args.duration;
        let of_time = duration.map(|duration| elapsed.as_secs_f64() / duration.as_secs_f64());
        [of_loops, limit, of_time]
            .into_iter()
            .flatten()
            .reduce(f64::max)
    }

    /// Returns the number of packets processed so far, including the batch.
    fn processed_packets(&self) -> u64 {
        let waiting: u64 = self.outlets.iter().map(Outlet::waiting).sum();
        self.counts.processed_packets() + waiting
    }

    /// Returns the maximum number of packets to send.
    fn limit(&self) -> u64 {
        self.args.limit.unwrap_or(u64::MAX)
    }
}

/// Returns a packet as the options change it.
fn rewritten<'p>(
    rewriter: Option<&'p mut Rewriter>,
    dlt: Dlt,
    outgoing: Outgoing<'p>,
) -> Outgoing<'p> {
    let Some(rewriter) = rewriter else {
        return outgoing;
    };
    Outgoing {
        packet: rewriter.rewrite(dlt, outgoing.packet),
        ..outgoing
    }
}

/// Returns whether the device has disappeared. When sending, libpcap reports this only in the error text.
fn is_gone(error: &Error) -> bool {
    error.kind() == ErrorKind::Disappeared || error.text().contains("No such device")
}
