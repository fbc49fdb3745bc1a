//! What was counted so far, on the side that shows it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pcap_core::Timestamp;
use pcap_examples::background_writer::Totals;
use pcap_examples::interface_counts::InterfaceCounts;
use pcap_examples::traffic::{Layer, Traffic, TrafficLimits};

use crate::memory::PacketMemory;
use crate::series::Series;
use crate::source::{Source, State, current_second};
use crate::table::{Key, Row, Tab};

/// Packets of the last seconds were captured now.
const RECENT: u64 = 10;

/// The shortest interval. A rate of an even shorter time would say little.
const SHORTEST: Duration = Duration::from_millis(100);

/// The sums of what the sources have counted.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) sources: Vec<Arc<Source>>,
    pub(crate) traffic: Traffic,
    pub(crate) series: Series,
    pub(crate) totals: Totals,
    /// The packets and bytes per second, in the last interval or, of a savefile, on average.
    pub(crate) rate: (f64, f64),
    pub(crate) started: Instant,
    limits: TrafficLimits,
    /// What was counted in the last interval, and how long it was.
    last: Option<(Traffic, Duration)>,
    taken: Instant,
    generations: Vec<u64>,
    /// The packets that each source has counted, also before counts were set to zero.
    counted: Vec<u64>,
    /// The counts of libpcap for each source that is a device, as of the last update.
    pub(crate) interfaces: Vec<Option<InterfaceCounts>>,
}

impl Model {
    pub(crate) fn new(sources: Vec<Arc<Source>>, limits: TrafficLimits) -> Model {
        Model {
            generations: vec![0; sources.len()],
            counted: vec![0; sources.len()],
            interfaces: vec![None; sources.len()],
            sources,
            traffic: Traffic::new(limits),
            series: Series::default(),
            totals: Totals::default(),
            rate: (0.0, 0.0),
            started: Instant::now(),
            limits,
            last: None,
            taken: Instant::now(),
        }
    }

    /// Returns whether packets arrive now: from a device, or from a savefile that grows.
    pub(crate) fn is_live(&self) -> bool {
        let is_live = |source: &Arc<Source>| {
            source.is_device || source.is_live && source.status().state == State::Running
        };
        self.sources.iter().any(is_live)
    }

    /// Returns whether all sources have ended.
    pub(crate) fn is_over(&self) -> bool {
        let mut sources = self.sources.iter();
        sources.all(|source| source.status().state != State::Running)
    }

    /// Adds what was counted since the last call. Calls the closure with the packets that may belong to the wanted
    /// conversation, and with `recent` also with the last packets of all, which come first.
    pub(crate) fn update(&mut self, recent: bool, mut found: impl FnMut(&PacketMemory)) {
        let now = Instant::now();
        let elapsed = now.duration_since(self.taken);
        self.taken = now;
        let mut last = Traffic::new(self.limits);
        let mut arrived = Totals::default();
        for (number, source) in self.sources.iter().enumerate() {
            let status = source.status();
            let is_searched = status.is_repeatable && status.state == State::AtEnd;
            for part in source.counter.take(recent && !is_searched) {
                if part.generation < self.generations[number] {
                    continue;
                }
                if part.generation > self.generations[number] {
                    // Only a savefile is read again, and it is the only source.
                    self.generations[number] = part.generation;
                    (self.traffic, self.series) = (Traffic::new(self.limits), Series::default());
                    self.totals = Totals::default();
                }
                self.totals += part.totals;
                self.counted[number] += part.totals.packets;
                arrived += part.totals;
                self.series.merge(&part.series);
                part.recent.iter().for_each(&mut found);
                found(&part.found);
                last.merge(part.traffic);
            }
            if recent && is_searched {
                source.request_find();
            }
            self.interfaces[number] = source.status().interface.map(|mut counts| {
                // They are read a few times per second, and packets may have been counted since.
                if let Some(stats) = &mut counts.stats {
                    stats.received = stats.received.max(self.counted[number]);
                }
                counts
            });
        }
        if self.is_live() {
            let now = current_second();
            // The packets of a pipe may be old.
            let is_recent = now.abs_diff(self.series.end()) < RECENT;
            if is_recent || self.sources.iter().any(|source| source.is_device) {
                self.series.extend_to(now);
            }
            let elapsed = elapsed.max(SHORTEST);
            let seconds = elapsed.as_secs_f64();
            self.rate = (
                arrived.packets as f64 / seconds,
                arrived.bytes as f64 / seconds,
            );
            self.last = Some((last.clone(), elapsed));
        }
        self.traffic.merge(last);
        if !self.is_live() {
            let seconds = self.duration();
            let rate = |count: u64| {
                if seconds > 0.0 {
                    count as f64 / seconds
                } else {
                    0.0
                }
            };
            self.rate = (rate(self.totals.packets), rate(self.totals.bytes));
        }
    }

    /// Sets all counts to zero, except those of the devices.
    pub(crate) fn reset(&mut self) {
        self.traffic = Traffic::new(self.limits);
        self.series = Series::default();
        self.totals = Totals::default();
        self.rate = (0.0, 0.0);
        self.last = None;
    }

    /// Returns the time between the first and the last packet, in seconds.
    pub(crate) fn duration(&self) -> f64 {
        let times = self.traffic.times();
        times.map_or(0.0, |(first, last)| seconds_between(first, last))
    }

    /// Returns the number of packets that are in no table, because there are too many conversations or protocols.
    pub(crate) fn omitted(&self) -> u64 {
        let omitted = self.traffic.omitted();
        let layers = omitted
            .conversations
            .iter()
            .map(|(_, counts)| counts.packets);
        layers.max().unwrap_or(0).max(omitted.protocols.packets)
    }

    /// Returns the rows of a table, with the most bytes first; those of protocols are a tree.
    pub(crate) fn rows(&self, tab: Tab, layer: Layer) -> Vec<Row> {
        let mut rows = rows_of(&self.traffic, tab, layer);
        if self.is_live() {
            let Some((last, elapsed)) = &self.last else {
                return rows;
            };
            let last = rows_of(last, tab, layer);
            let rates: HashMap<Key, u64> =
                last.into_iter().map(|row| (row.key, row.bytes)).collect();
            for row in &mut rows {
                // The conversation may have been counted with its endpoints in the other order.
                let bytes = rates
                    .get(&row.key)
                    .or_else(|| rates.get(&row.key.reversed()?));
                row.rate = bytes.map_or(0, |&bytes| bits(bytes, elapsed.as_secs_f64()));
            }
        } else {
            let seconds = self.duration();
            for row in &mut rows {
                row.rate = bits(row.bytes, seconds);
            }
        }
        rows
    }
}

/// Returns bits per second.
fn bits(bytes: u64, seconds: f64) -> u64 {
    match seconds > 0.0 {
        true => (bytes as f64 * 8.0 / seconds).round() as u64,
        false => 0,
    }
}

fn seconds_between(first: Timestamp, last: Timestamp) -> f64 {
    last.saturating_duration_since(first).as_secs_f64()
}

fn rows_of(traffic: &Traffic, tab: Tab, layer: Layer) -> Vec<Row> {
    match tab {
        Tab::Conversations => {
            let conversations = traffic.conversations(layer).into_iter();
            let rows = conversations.map(|one| Row {
                key: Key::Pair(one.a, one.b),
                depth: 0,
                packets: one.both().packets,
                bytes: one.both().bytes,
                forth: one.a_to_b.bytes,
                back: one.b_to_a.bytes,
                rate: 0,
                tcp: one.tcp,
            });
            rows.collect()
        }
        Tab::Endpoints => {
            let endpoints = traffic.endpoints(layer).into_iter();
            let rows = endpoints.map(|one| Row {
                key: Key::One(one.endpoint),
                depth: 0,
                packets: one.both().packets,
                bytes: one.both().bytes,
                forth: one.sent.bytes,
                back: one.received.bytes,
                rate: 0,
                tcp: None,
            });
            rows.collect()
        }
        Tab::Protocols => {
            let mut path = Vec::new();
            let protocols = traffic.protocols().into_iter();
            let rows = protocols.map(|one| {
                path.truncate(one.depth);
                path.push(one.name);
                Row {
                    key: Key::Protocol(path.clone()),
                    depth: one.depth,
                    packets: one.packets,
                    bytes: one.bytes,
                    forth: 0,
                    back: 0,
                    rate: 0,
                    tcp: None,
                }
            });
            rows.collect()
        }
    }
}
