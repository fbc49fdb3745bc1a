//! Conversations, and the packets that are about to be counted in them.

use super::TrafficLimits;
use super::contexts::Contexts;
use super::fast::Headers;
use super::hosts::Hosts;
use super::layers::Layers;
use super::link_cache::LinkCache;
use super::records::{BATCH, Passing, Records};

/// The conversations of all layers, and the hosts.
#[derive(Clone, Debug)]
pub(super) struct Conversations {
    pub(super) contexts: Contexts,
    pub(super) records: Records,
    pub(super) hosts: Hosts,
    links: LinkCache,
    /// The next packets, with the hashes of their keys.
    pending: Vec<(u64, Passing)>,
}

impl Conversations {
    pub(super) fn new(limits: TrafficLimits) -> Conversations {
        Conversations {
            contexts: Contexts::new(limits.conversations),
            records: Records::new(limits.conversations),
            hosts: Hosts::new(limits.hosts, limits.host_buckets, limits.conversations),
            links: LinkCache::new(),
            pending: Vec::with_capacity(BATCH),
        }
    }

    /// Counts a packet that `fast` read.
    #[inline]
    pub(super) fn add_headers(&mut self, headers: &Headers, length: u32, time: Option<i64>) {
        let context = match headers.macs {
            None => Contexts::ROOT,
            Some(macs) => {
                let both = self.links.contexts(macs, &mut self.contexts);
                both[usize::from(headers.is_reversed)]
            }
        };
        self.push(Passing {
            key: headers.key,
            is_reversed: headers.is_reversed,
            context,
            segment: headers.segment,
            length,
            time,
        });
    }

    /// Counts a packet with these layers.
    pub(super) fn add_layers(&mut self, layers: &Layers, length: u32, time: Option<i64>) {
        let Some((&(key, is_reversed), outer)) = layers.keys.split_last() else {
            return;
        };
        let mut context = Contexts::ROOT;
        for &(key, is_reversed) in outer {
            context = self.contexts.inside(context, key, is_reversed);
        }
        self.push(Passing {
            key,
            is_reversed,
            context: self.contexts.reversed_if(context, is_reversed),
            segment: layers.segment,
            length,
            time,
        });
    }

    #[inline]
    fn push(&mut self, packet: Passing) {
        self.pending.push((self.records.hash(&packet.key), packet));
        if self.pending.len() == BATCH {
            self.finish();
        }
    }

    /// Counts the pending packets. Their records come from memory at the same time, which is several times as fast as one
    /// after another.
    pub(super) fn finish(&mut self) {
        self.records
            .fetch(self.pending.iter().map(|&(hash, _)| hash));
        for (hash, packet) in self.pending.drain(..) {
            if let Some(time) = packet.time {
                self.hosts.advance(time, &self.records.list);
            }
            self.records.add(hash, &packet, &mut self.hosts);
        }
        self.make_room();
    }

    /// Forgets the contexts of MAC addresses, because they have changed.
    pub(super) fn forget_links(&mut self) {
        self.links = LinkCache::new();
    }

    /// Adds the counts of others.
    pub(super) fn merge(&mut self, mut other: Conversations) {
        self.finish();
        other.finish();
        self.hosts.finish(&self.records.list);
        other.hosts.finish(&other.records.list);
        self.hosts.merge(&other.hosts);
        let contexts = (&mut self.contexts, &other.contexts);
        self.records.merge(other.records, contexts, &mut self.hosts);
        self.make_room();
    }
}
