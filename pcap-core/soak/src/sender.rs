//! Sends numbered packets.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use pcap_core::{Active, Capture, SendQueue};

use crate::device::DEVICE;
use crate::jobs::Shared;
use crate::numbered;

/// How packets are sent in a round.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// At a rate at which no packet should be lost.
    Steady,
    /// As fast as possible.
    Flood,
    /// Many at once, and then none.
    Bursts,
}

impl Pace {
    pub(crate) const ALL: [Pace; 3] = [Pace::Steady, Pace::Flood, Pace::Bursts];

    /// Returns the packets of each queue, and the time until the next one.
    fn queue(self) -> (u64, Duration) {
        match self {
            Pace::Steady => (100, Duration::from_millis(10)),
            Pace::Flood => (1000, Duration::ZERO),
            Pace::Bursts => (20_000, Duration::from_millis(500)),
        }
    }
}

/// Sends packets, each with the next number.
pub(crate) struct Sender {
    capture: Capture<Active>,
    next: u64,
}

impl Sender {
    pub(crate) fn new(next: u64) -> Result<Sender> {
        let mut capture = Capture::from_device(DEVICE).snaplen(64).activate()?;
        // It never reads.
        capture.set_filter("less 1")?;
        Ok(Sender { capture, next })
    }

    /// Sends packets for a time. Returns the number of the next packet.
    pub(crate) fn send(mut self, pace: Pace, length: Duration, shared: &Shared) -> Result<u64> {
        let (number, pause) = pace.queue();
        let mut packet = numbered::packet();
        let mut queue = SendQueue::new();
        let began = Instant::now();
        let mut due = began;
        while began.elapsed() < length {
            queue.clear();
            for _ in 0..number {
                numbered::set(&mut packet, self.next);
                queue.push(&packet)?;
                self.next += 1;
            }
            shared.begun.store(self.next - 1, Ordering::SeqCst);
            self.capture.inject_queue(&queue)?;
            shared.sent.store(self.next - 1, Ordering::SeqCst);
            due += pause;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        Ok(self.next)
    }
}
