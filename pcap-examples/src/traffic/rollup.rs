//! Sums up records as conversations and endpoints of one layer.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::contexts::Contexts;
use super::key::Key;
use super::records::{Record, RecordId, Records, Sums};
use super::{Conversation, Counts, EndpointCounts, Layer, TcpCounts, nanos};
use crate::decode::Endpoint;

/// The sums of a conversation.
struct Conversing {
    sums: Sums,
    /// Whether the second endpoint sent the first packet.
    is_reversed: bool,
    tcp: Option<TcpCounts>,
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

    /// Returns the conversations of a layer, those with the most bytes first.
    pub(super) fn conversations(&self, layer: Layer, contexts: &Contexts) -> Vec<Conversation> {
        // Connections with the same endpoints are different conversations.
        let mut sums: HashMap<(Key, RecordId), Conversing, RandomState> = HashMap::default();
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
                let tcp = self.connections.get(record.connection as usize);
                let tcp = tcp.filter(|_| layer == Layer::Tcp);
                let primary = tcp.map_or(0, |_| record.primary);
                let sum = sums.entry((key, primary)).or_insert_with(|| Conversing {
                    sums: Sums::EMPTY,
                    is_reversed: (is_reversed ^ record.is_reversed) && !key.is_symmetric(),
                    tcp: tcp.map(|connection| connection.counts()),
                });
                sum.sums.add(&part);
            });
        }
        let list = sums
            .into_iter()
            .map(|((key, _), sum)| sum.conversation(key));
        let mut list: Vec<_> = list.collect();
        list.sort_unstable_by(|x, y| {
            let order = |conversation: &Conversation| {
                let Conversation { first, a, b, .. } = *conversation;
                (std::cmp::Reverse(conversation.both().bytes), first, a, b)
            };
            order(x).cmp(&order(y))
        });
        list
    }

    /// Returns the endpoints of a layer, those with the most bytes first.
    pub(super) fn endpoints(&self, layer: Layer, contexts: &Contexts) -> Vec<EndpointCounts> {
        let mut counts: HashMap<Endpoint, [Counts; 2], RandomState> = HashMap::default();
        for record in &self.list {
            for_each_layer(record, contexts, |key, is_reversed| {
                if key.kind().layer() != layer {
                    return;
                }
                for (direction, counted) in record.sums.counts.into_iter().enumerate() {
                    if counted.packets > 0 {
                        let sender = direction ^ usize::from(is_reversed);
                        counts.entry(key.endpoint(sender)).or_default()[0] += counted;
                        counts.entry(key.endpoint(1 - sender)).or_default()[1] += counted;
                    }
                }
            });
        }
        let list = counts.into_iter();
        let list = list.map(|(endpoint, [sent, received])| EndpointCounts {
            endpoint,
            sent,
            received,
        });
        let mut list: Vec<_> = list.collect();
        list.sort_unstable_by_key(|counts| {
            (std::cmp::Reverse(counts.both().bytes), counts.endpoint)
        });
        list
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
    fn conversation(&self, key: Key) -> Conversation {
        let a = usize::from(self.is_reversed);
        let b = 1 - a;
        let time = |time| (self.sums.first <= self.sums.last).then(|| nanos::to_time(time));
        Conversation {
            a: key.endpoint(a),
            b: key.endpoint(b),
            a_to_b: self.sums.counts[a],
            b_to_a: self.sums.counts[b],
            first: time(self.sums.first),
            last: time(self.sums.last),
            tcp: self.tcp,
        }
    }
}
