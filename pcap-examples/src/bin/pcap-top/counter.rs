//! Counts packets in the thread that reads them, and hands the counts over to the one that shows them. The thread that
//! reads never waits for the other one: it counts into a part of its own, which is taken away as a whole.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use pcap_core::{Dlt, Packet};
use pcap_examples::background_writer::Totals;
use pcap_examples::traffic::{Traffic, TrafficLimits};

use crate::conversation::Wanted;
use crate::memory::PacketMemory;
use crate::series::{Second, Series};

/// How long to wait for a thread that is counting.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was counted since the last part was taken.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) traffic: Traffic,
    pub(crate) series: Series,
    pub(crate) totals: Totals,
    /// The packets that may belong to the wanted conversation.
    pub(crate) found: PacketMemory,
    /// The last packets of all, if they were requested.
    pub(crate) recent: Option<PacketMemory>,
    /// How often counting began anew. Parts of earlier times are obsolete.
    pub(crate) generation: u64,
    wanted: Option<Arc<Wanted>>,
}

/// What the thread that reads counts into.
#[derive(Debug)]
pub(crate) struct Counting {
    source: usize,
    limits: TrafficLimits,
    part: Part,
    recent: PacketMemory,
    /// The number of packets that may be kept before the next [`Counting::refill`].
    to_keep: u32,
}

/// The counts of one source of packets.
#[derive(Debug)]
pub(crate) struct Counter {
    counting: Mutex<Counting>,
    /// Whether the thread that reads must hand over its part.
    is_requested: AtomicBool,
    wants_recent: AtomicBool,
    wanted: Mutex<Option<Arc<Wanted>>>,
    handed: Mutex<(Sender<Part>, Receiver<Part>)>,
}

impl Part {
    fn new(traffic: Traffic, wanted: Option<Arc<Wanted>>, generation: u64) -> Part {
        Part {
            traffic,
            series: Series::default(),
            totals: Totals::default(),
            found: PacketMemory::default(),
            recent: None,
            generation,
            wanted,
        }
    }
}

impl Counting {
    /// Counts a packet in this second. In pcapng savefiles, packets may have no time.
    #[inline]
    pub(crate) fn count(&mut self, linktype: Dlt, packet: Packet<'_>, second: i64, has_time: bool) {
        let part = &mut self.part;
        match has_time {
            true => part.traffic.count(linktype, packet),
            false => part.traffic.count_without_time(linktype, packet),
        }
        part.totals.add(packet.wire_len());
        let bytes = u64::from(packet.wire_len());
        part.series.add(second, Second { packets: 1, bytes });
        if self.to_keep > 0 {
            self.to_keep -= 1;
            let time = has_time.then(|| packet.timestamp());
            self.recent.keep(self.source, linktype, time, packet);
        }
        if part.wanted.is_some() {
            self.find(linktype, packet, has_time);
        }
    }

    /// Keeps a packet if it may belong to the wanted conversation.
    pub(crate) fn find(&mut self, linktype: Dlt, packet: Packet<'_>, has_time: bool) {
        let part = &mut self.part;
        if part
            .wanted
            .as_ref()
            .is_some_and(|wanted| wanted.may_contain(packet))
        {
            let time = has_time.then(|| packet.timestamp());
            part.found.keep(self.source, linktype, time, packet);
        }
    }

    /// Lets this number of packets be kept. Copying each packet of a flood would cost more than counting it.
    pub(crate) fn refill(&mut self, packets: u32) {
        self.to_keep = packets;
    }

    /// Begins anew.
    pub(crate) fn reset(&mut self) {
        let generation = self.part.generation + 1;
        self.part = Part::new(
            Traffic::new(self.limits),
            self.part.wanted.clone(),
            generation,
        );
        self.recent = PacketMemory::default();
    }
}

impl Counter {
    pub(crate) fn new(source: usize, limits: TrafficLimits) -> Counter {
        Counter {
            counting: Mutex::new(Counting {
                source,
                part: Part::new(Traffic::new(limits), None, 0),
                limits,
                recent: PacketMemory::default(),
                to_keep: u32::MAX,
            }),
            is_requested: AtomicBool::new(false),
            wants_recent: AtomicBool::new(false),
            wanted: Mutex::default(),
            handed: Mutex::new(channel()),
        }
    }

    /// Begins to count. The thread that reads must not wait for anything before it drops the guard.
    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, Counting> {
        self.counting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over the part if it is requested. The thread that reads calls this often.
    #[inline]
    pub(crate) fn hand_over(&self, counting: &mut Counting) {
        if self.is_requested.load(Ordering::Relaxed)
            && self.is_requested.swap(false, Ordering::Acquire)
        {
            let part = self.exchange(counting);
            let handed = self.handed.lock().unwrap_or_else(PoisonError::into_inner);
            // The receiver exists as long as the sender.
            let _ = handed.0.send(part);
        }
    }

    /// Sets the conversation whose packets are kept from now on. The next part has those of the previous one.
    pub(crate) fn set_wanted(&self, wanted: Option<Arc<Wanted>>) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = wanted;
    }

    /// Takes what was counted since the last call, with `recent` also a copy of the last packets.
    pub(crate) fn take(&self, recent: bool) -> Vec<Part> {
        self.wants_recent.store(recent, Ordering::Relaxed);
        self.is_requested.store(true, Ordering::Release);
        let begun = Instant::now();
        let mut parts = Vec::new();
        while parts.is_empty() && begun.elapsed() < PATIENCE {
            // The thread that reads does not count now.
            let counting = match self.counting.try_lock() {
                Ok(counting) => Some(counting),
                Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            };
            if let Some(mut counting) = counting
                && self.is_requested.swap(false, Ordering::Acquire)
            {
                parts.push(self.exchange(&mut counting));
                break;
            }
            let received = self.received(Duration::from_micros(500));
            parts.extend(received);
        }
        self.is_requested.store(false, Ordering::Relaxed);
        while let Some(part) = self.received(Duration::ZERO) {
            parts.push(part);
        }
        parts
    }

    fn received(&self, wait: Duration) -> Option<Part> {
        // The thread that sends holds this lock only to send.
        let begun = Instant::now();
        loop {
            let handed = self.handed.lock().unwrap_or_else(PoisonError::into_inner);
            if let Ok(part) = handed.1.try_recv() {
                return Some(part);
            }
            drop(handed);
            if begun.elapsed() >= wait {
                return None;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    fn exchange(&self, counting: &mut Counting) -> Part {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let traffic = counting.part.traffic.successor(counting.limits);
        let next = Part::new(traffic, wanted.clone(), counting.part.generation);
        let mut part = mem::replace(&mut counting.part, next);
        if self.wants_recent.load(Ordering::Relaxed) {
            part.recent = Some(counting.recent.clone());
        }
        part
    }
}
