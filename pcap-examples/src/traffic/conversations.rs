//! Counts the packets between endpoints.

use std::collections::HashMap;

use super::layers::{Layers, Pair, Segment};
use super::{Conversation, Counts, EndpointCounts, Layer, TcpCounts, nanos};
use crate::decode::Endpoint;

/// The packets between the endpoints of a pair, which is in the order that both directions share.
#[derive(Clone, Debug)]
struct Record {
    /// The packets from the first to the second endpoint, and the others.
    counts: [Counts; 2],
    /// Whether the second endpoint sent the first packet.
    is_reversed: bool,
    /// The times of the earliest and latest packet.
    times: Option<(i64, i64)>,
    tcp: TcpCounts,
}

/// Counts the packets between endpoints.
#[derive(Clone, Debug)]
pub(super) struct Conversations {
    records: HashMap<Pair, Record>,
    limit: usize,
    omitted: HashMap<Layer, Counts>,
}

impl Conversations {
    pub(super) fn new(limit: usize) -> Conversations {
        Conversations {
            records: HashMap::new(),
            limit,
            omitted: HashMap::new(),
        }
    }

    /// Counts a packet in the conversations of all its layers.
    pub(super) fn add(&mut self, layers: &Layers<'_>, length: u32, time: Option<i64>) {
        let innermost = layers.pairs.len();
        for (number, pair) in (1..).zip(&layers.pairs) {
            let (key, is_reversed) = pair.ordered();
            let segment = layers.segment.filter(|_| number == innermost);
            if self.records.len() >= self.limit && !self.records.contains_key(&key) {
                let omitted = self.omitted.entry(key.layer).or_default();
                omitted.add_packet(length);
                continue;
            }
            let record = self.records.entry(key).or_insert_with(|| Record {
                counts: [Counts::default(); 2],
                is_reversed,
                times: None,
                tcp: TcpCounts {
                    connections: 1,
                    ..TcpCounts::default()
                },
            });
            record.counts[usize::from(is_reversed)].add_packet(length);
            if let Some(time) = time {
                let (first, last) = record.times.unwrap_or((time, time));
                record.times = Some((first.min(time), last.max(time)));
            }
            if let Some(segment) = segment {
                let has = |flag| u64::from(segment.flags & flag != 0);
                let syn = has(Segment::SYN);
                record.tcp.syns += syn & (1 - has(Segment::ACK));
                record.tcp.syn_acks += syn & has(Segment::ACK);
                record.tcp.fins += has(Segment::FIN);
                record.tcp.resets += has(Segment::RST);
            }
        }
    }

    /// Adds the counts of others.
    pub(super) fn merge(&mut self, other: Conversations) {
        for (layer, counts) in other.omitted {
            *self.omitted.entry(layer).or_default() += counts;
        }
        for (key, record) in other.records {
            if let Some(known) = self.records.get_mut(&key) {
                for (mine, other) in known.counts.iter_mut().zip(record.counts) {
                    *mine += other;
                }
                known.times = match (known.times, record.times) {
                    (Some(mine), Some(other)) => Some((mine.0.min(other.0), mine.1.max(other.1))),
                    (mine, other) => mine.or(other),
                };
                known.tcp += record.tcp;
            } else if self.records.len() < self.limit {
                self.records.insert(key, record);
            } else {
                let omitted = self.omitted.entry(key.layer).or_default();
                *omitted += record.counts[0];
                *omitted += record.counts[1];
            }
        }
    }

    /// Returns the conversations of a layer, those with the most bytes first.
    pub(super) fn list(&self, layer: Layer) -> Vec<Conversation> {
        let of_layer = self.records.iter().filter(|(pair, _)| pair.layer == layer);
        let mut list: Vec<_> = of_layer
            .map(|(pair, record)| {
                let (from, to) = match record.is_reversed {
                    true => (1, 0),
                    false => (0, 1),
                };
                Conversation {
                    a: pair.endpoint(from),
                    b: pair.endpoint(to),
                    a_to_b: record.counts[from],
                    b_to_a: record.counts[to],
                    first: record.times.map(|times| nanos::to_time(times.0)),
                    last: record.times.map(|times| nanos::to_time(times.1)),
                    tcp: (layer == Layer::Tcp).then_some(record.tcp),
                }
            })
            .collect();
        list.sort_by(|x, y| {
            let bytes = |conversation: &Conversation| conversation.both().bytes;
            bytes(y)
                .cmp(&bytes(x))
                .then_with(|| (x.first, x.a, x.b).cmp(&(y.first, y.a, y.b)))
        });
        list
    }

    /// Returns the endpoints of a layer, those with the most bytes first.
    pub(super) fn endpoints(&self, layer: Layer) -> Vec<EndpointCounts> {
        let mut counts: HashMap<Endpoint, [Counts; 2]> = HashMap::new();
        for conversation in self.list(layer) {
            let a = counts.entry(conversation.a).or_default();
            a[0] += conversation.a_to_b;
            a[1] += conversation.b_to_a;
            let b = counts.entry(conversation.b).or_default();
            b[0] += conversation.b_to_a;
            b[1] += conversation.a_to_b;
        }
        let endpoints = counts
            .into_iter()
            .map(|(endpoint, [sent, received])| EndpointCounts {
                endpoint,
                sent,
                received,
            });
        let mut list: Vec<_> = endpoints.collect();
        list.sort_by(|x, y| {
            let bytes = |end: &EndpointCounts| end.both().bytes;
            bytes(y)
                .cmp(&bytes(x))
                .then_with(|| x.endpoint.cmp(&y.endpoint))
        });
        list
    }

    /// Returns the counts of all TCP segments.
    pub(super) fn tcp(&self) -> TcpCounts {
        let mut sum = TcpCounts::default();
        for (pair, record) in &self.records {
            if pair.layer == Layer::Tcp {
                sum += record.tcp;
            }
        }
        sum
    }

    /// Returns the packets of each layer that belong to no conversation.
    pub(super) fn omitted(&self) -> Vec<(Layer, Counts)> {
        let omitted = |layer| Some((layer, *self.omitted.get(&layer)?));
        Layer::ALL.into_iter().filter_map(omitted).collect()
    }
}
