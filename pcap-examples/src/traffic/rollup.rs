//! Sums up records as conversations and endpoints of one layer.

use std::cmp::Ordering;
use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::contexts::Contexts;
use super::key::{End, Key};
use super::order::{self, Order};
use super::records::{NONE, Record, RecordId, Records, Sums};
use super::{Conversation, Counts, EndpointCounts, Layer, TcpCounts, nanos};

/// The sums of a conversation.
struct Conversing {
    key: Key,
    /// For TCP, the first record of the connection. Connections with the same endpoints are different conversations.
    primary: RecordId,
    /// For TCP, the number of the connection.
    connection: u32,
    sums: Sums,
    /// Whether the second endpoint sent the first packet.
    is_reversed: bool,
}

/// The sums of an endpoint.
struct Ending {
    end: End,
    /// The packets that it sent, and those that it received.
    counts: [Counts; 2],
}

/// Calls the closure with each layer of a record that has endpoints, and whether they are exchanged.
pub(super) fn for_each_layer(
    record: &Record,
    contexts: &Contexts,
    mut call: impl FnMut(Key, bool),
) {
    let outer = contexts.layers(record.context);
    for (key, is_reversed) in std::iter::once((record.key, false)).chain(outer) {
        call(key, is_reversed);
        if let Some(network) = key.network() {
            call(network, is_reversed);
        }
    }
}

impl Records {
    /// Returns whether there are conversations of a layer.
    pub(super) fn has(&self, layer: Layer, contexts: &Contexts) -> bool {
        let is_of_layer = |record: &Record| {
            let mut found = false;
            for_each_layer(record, contexts, |key, _| {
                found |= key.kind().layer() == layer;
            });
            found
        };
        self.list.iter().any(is_of_layer)
    }

    /// Returns the first conversations of a layer in this order, and the number of all.
    pub(super) fn conversations(
        &self,
        layer: Layer,
        contexts: &Contexts,
        (order, number): (Order, usize),
    ) -> (Vec<Conversation>, usize) {
        let all = self.conversing(layer, contexts);
        let length = all.len();
        let first = order::first(all, number, |x, y| {
            let order = order.compare(&x.sums, &y.sums);
            order.then_with(|| x.compare_others(y))
        });
        let connection = |one: &Conversing| self.connections.get(one.connection as usize);
        let list = first.iter().map(|one| {
            let tcp = connection(one).map(|connection| connection.counts());
            one.conversation(tcp)
        });
        (list.collect(), length)
    }

    /// Returns the sums of the conversations of a layer.
    fn conversing(&self, layer: Layer, contexts: &Contexts) -> Vec<Conversing> {
        let mut all: Vec<Conversing> = Vec::new();
        let mut index = HashTable::new();
        let hash = |key: &Key, primary: RecordId| self.hasher.hash_one((key, primary));
        let is_single = self.is_single(layer, contexts);
        for record in &self.list {
            for_each_layer(record, contexts, |key, is_reversed| {
                if key.kind().layer() != layer {
                    return;
                }
                let mut part = record.sums;
                if key.is_symmetric() {
                    part.counts = [record.sums.both(), Counts::default()];
                } else if is_reversed {
                    part.counts.reverse();
                }
                let (primary, connection) = match layer {
                    Layer::Tcp => (record.primary, record.connection),
                    _ => (0, NONE),
                };
                let hash_of = |&at: &u32| {
                    let one: &Conversing = &all[at as usize];
                    hash(&one.key, one.primary)
                };
                let is_same = |&at: &u32| {
                    let one = &all[at as usize];
                    one.key == key && one.primary == primary
                };
                let at = all.len();
                if !is_single {
                    let hash = hash(&key, primary);
                    if let Some(&at) = index.find(hash, is_same) {
                        all[at as usize].sums.add(&part);
                        return;
                    }
                    index.insert_unique(hash, at as u32, hash_of);
                }
                all.push(Conversing {
                    key,
                    primary,
                    connection,
                    sums: part,
                    is_reversed: (is_reversed ^ record.is_reversed) && !key.is_symmetric(),
                });
            });
        }
        all
    }

    /// Returns whether each conversation of a layer has a single record, and each record a single conversation.
    fn is_single(&self, layer: Layer, contexts: &Contexts) -> bool {
        let is_network = matches!(layer, Layer::Ipv4 | Layer::Ipv6);
        !is_network && self.others.is_empty() && !contexts.has(layer)
    }

    /// Returns the first endpoints of a layer in this order, and the number of all.
    pub(super) fn endpoints(
        &self,
        layer: Layer,
        contexts: &Contexts,
        (order, number): (Order, usize),
    ) -> (Vec<EndpointCounts>, usize) {
        let mut all: Vec<Ending> = Vec::new();
        let mut index = HashTable::new();
        let mut count = |end: End, counts: [Counts; 2]| {
            let hash = |end: &End| self.hasher.hash_one(end);
            let is_same = |&at: &u32| all[at as usize].end == end;
            let at = match index.find(hash(&end), is_same) {
                Some(&at) => at as usize,
                None => {
                    let at = all.len();
                    index.insert_unique(hash(&end), at as u32, |&at| hash(&all[at as usize].end));
                    all.push(Ending {
                        end,
                        counts: Default::default(),
                    });
                    at
                }
            };
            for (sum, counts) in all[at].counts.iter_mut().zip(counts) {
                *sum += counts;
            }
        };
        for record in &self.list {
            for_each_layer(record, contexts, |key, is_reversed| {
                if key.kind().layer() == layer && record.sums.both().packets > 0 {
                    let [mut sent, mut received] = record.sums.counts;
                    if is_reversed {
                        std::mem::swap(&mut sent, &mut received);
                    }
                    count(key.end(0), [sent, received]);
                    count(key.end(1), [received, sent]);
                }
            });
        }
        let length = all.len();
        let first = order::first(all, number, |x, y| {
            let order = order.compare_counts(x.both(), y.both());
            order.then_with(|| x.end.endpoint().cmp(&y.end.endpoint()))
        });
        let list = first.iter().map(|ending| EndpointCounts {
            endpoint: ending.end.endpoint(),
            sent: ending.counts[0],
            received: ending.counts[1],
        });
        (list.collect(), length)
    }

    /// Returns the counts of all TCP segments.
    pub(super) fn tcp(&self) -> TcpCounts {
        let mut sum = self.evicted;
        for connection in &self.connections {
            sum += connection.counts();
        }
        sum
    }
}

impl Conversing {
    /// Compares what does not depend on the order of the user.
    fn compare_others(&self, other: &Conversing) -> Ordering {
        let rank = |one: &Conversing| {
            let found = one.conversation(None);
            (one.sums.first, found.a, found.b, one.primary)
        };
        rank(self).cmp(&rank(other))
    }

    fn conversation(&self, tcp: Option<TcpCounts>) -> Conversation {
        let a = usize::from(self.is_reversed);
        let b = 1 - a;
        let time = |time| (self.sums.first <= self.sums.last).then(|| nanos::to_time(time));
        Conversation {
            a: self.key.end(a).endpoint(),
            b: self.key.end(b).endpoint(),
            a_to_b: self.sums.counts[a],
            b_to_a: self.sums.counts[b],
            first: time(self.sums.first),
            last: time(self.sums.last),
            tcp,
        }
    }
}

impl Ending {
    fn both(&self) -> Counts {
        let [mut both, received] = self.counts;
        both += received;
        both
    }
}
