//! Makes room for new conversations: those with the fewest bytes become omitted.
//!
//! This happens between packets, when there are more than the limit allows. Then half of them are left, so that it takes
//! as many new ones until it happens again, and costs little per packet.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::contexts::{ContextId, Contexts};
use super::conversations::Conversations;
use super::hosts::Hosts;
use super::key::Key;
use super::records::{NONE, Passing, Record, RecordId, Records, level};
use super::rollup::for_each_layer;

/// Returns which of these values are among the greatest, for as many as are left when there are more than the limit.
pub(super) fn greatest<T: Ord + Copy>(mut values: Vec<T>, limit: usize) -> impl Fn(&T) -> bool {
    let left = limit.div_ceil(2).min(values.len());
    let least = match values.len() - left {
        first if left > 0 => Some(*values.select_nth_unstable(first).1),
        _ => None,
    };
    move |value| least.is_some_and(|least| *value >= least)
}

impl Conversations {
    /// Makes room if there are too many conversations or hosts. No packet is pending.
    #[inline]
    pub(super) fn make_room(&mut self) {
        let is_full = self.records.full_level().is_some();
        if is_full || self.contexts.is_full() || self.hosts.is_full() {
            self.evict();
        }
    }

    #[cold]
    #[inline(never)]
    fn evict(&mut self) {
        // Records note the bytes of the current interval, and the hosts note these records.
        self.hosts.finish(&self.records.list);
        // What is inside fewer layers then may be too much there. It has a layer less each time, so this ends.
        while let Some(full) = self.records.full_level() {
            let left = self.records.left(full, &self.contexts);
            let moved = |context| context;
            let contexts = &self.contexts;
            self.records
                .rebuild(&left, moved, contexts, &mut self.hosts);
        }
        if self.contexts.is_full() {
            self.evict_contexts();
        }
        if self.hosts.is_full() {
            self.hosts.evict(&mut self.records.list);
        }
    }

    /// Evicts the layers with the fewest bytes around conversations.
    fn evict_contexts(&mut self) {
        let list = &self.records.list;
        let bytes = list
            .iter()
            .map(|record| (record.context, record.sums.both().bytes));
        let (contexts, evicted) = self.contexts.with_the_greatest(bytes);
        for id in 0..self.records.list.len() {
            let record = &self.records.list[id];
            let counts = record.sums.both();
            for key in self.contexts.evicted(record.context, &evicted) {
                key.layers()
                    .for_each(|layer| self.records.omit(layer, counts));
            }
        }
        let left = vec![true; self.records.list.len()];
        let moved = |context| contexts.moved(context, &evicted);
        self.records
            .rebuild(&left, moved, &contexts, &mut self.hosts);
        self.contexts = contexts;
        self.forget_links();
    }
}

impl Records {
    /// Returns for each record whether it is left when those with the fewest bytes of a level are evicted.
    fn left(&self, full: usize, contexts: &Contexts) -> Vec<bool> {
        // The bytes of conversations may be spread over several records, and over those inside.
        let mut sums: HashMap<(Key, RecordId), u64, RandomState> = HashMap::default();
        for record in &self.list {
            for_each_layer(record, contexts, |key, _| {
                if level(key.kind()) == full {
                    *sums.entry((key, connection_of(record, key))).or_default() +=
                        record.sums.both().bytes;
                }
            });
        }
        let rank = |(id, record): (usize, &Record)| {
            if level(record.key.kind()) != full {
                return None;
            }
            let sum = sums.get(&(record.key, connection_of(record, record.key)));
            let bytes = record.sums.both().bytes;
            // Of equal ones, the newer is left.
            Some((
                sum.copied().unwrap_or(0),
                record.primary,
                bytes,
                id as RecordId,
            ))
        };
        let ranks: Vec<_> = self.list.iter().enumerate().map(rank).collect();
        let is_great = greatest(ranks.iter().flatten().copied().collect(), self.limit);
        let is_left = |rank: &Option<_>| rank.as_ref().map(&is_great).unwrap_or(true);
        ranks.iter().map(is_left).collect()
    }

    /// Keeps only some records, possibly inside other layers. The packets of the others are omitted in their innermost
    /// layer, and count in the conversations around it.
    fn rebuild(
        &mut self,
        left: &[bool],
        moved: impl Fn(ContextId) -> ContextId,
        contexts: &Contexts,
        hosts: &mut Hosts,
    ) {
        let old = self.take();
        // The new number of each primary record, or that of the first one that is left of its conversation.
        let mut primaries = vec![NONE; old.list.len()];
        for (record, &is_left) in old.list.iter().zip(left) {
            let packet = Passing::of(record, moved(record.context));
            if !is_left {
                self.add_outside(&packet, record, contexts, hosts);
                continue;
            }
            let hash = self.hash(&packet.key);
            let primary = &mut primaries[record.primary as usize];
            let known = match *primary {
                // Connections with the same endpoints are different conversations.
                NONE if record.connection != NONE => None,
                NONE => self.find(hash, &packet.key),
                primary => Some(primary),
            };
            let id = self.find_or_create(known, hash, &packet, |_| record.hosts);
            let mine = &mut self.list[id as usize];
            mine.sums.add(&record.sums);
            *primary = mine.primary;
            let mine = self.connections.get_mut(mine.connection as usize);
            let connection = old.connections.get(record.connection as usize);
            if let (Some(mine), Some(connection)) = (mine, connection) {
                *mine = *connection;
            }
        }
        for (id, record) in old.list.iter().enumerate() {
            let connection = old.connections.get(record.connection as usize);
            if record.primary as usize == id && primaries[id] == NONE {
                self.evicted += connection.map(|one| one.counts()).unwrap_or_default();
            }
        }
    }

    /// Adds the packets of an evicted record to the conversation around it.
    fn add_outside(
        &mut self,
        packet: &Passing,
        record: &Record,
        contexts: &Contexts,
        hosts: &mut Hosts,
    ) {
        let mut sums = record.sums;
        self.omit(packet.key.kind().layer(), sums.both());
        let Some(outer) = outer(packet, contexts) else {
            return;
        };
        if outer.is_reversed != packet.is_reversed {
            sums.counts.reverse();
        }
        let hash = self.hash(&outer.key);
        let primary = self.find(hash, &outer.key);
        let id = self.find_or_create(primary, hash, &outer, |key| {
            match packet.key.network() == Some(*key) {
                true => record.hosts,
                false => hosts.of(key),
            }
        });
        self.list[id as usize].sums.add(&sums);
    }
}

/// Returns the number that distinguishes connections with the same endpoints.
fn connection_of(record: &Record, key: Key) -> RecordId {
    match record.connection != NONE && key == record.key {
        true => record.primary,
        false => NONE,
    }
}

/// Returns the packet without its innermost layer.
fn outer(packet: &Passing, contexts: &Contexts) -> Option<Passing> {
    let without_ports = packet.key.network().map(|key| Passing {
        key,
        segment: None,
        ..*packet
    });
    without_ports.or_else(|| {
        let (key, is_reversed, context) = contexts.innermost(packet.context)?;
        Some(Passing {
            key,
            is_reversed: packet.is_reversed ^ is_reversed,
            context,
            segment: None,
            ..*packet
        })
    })
}

#[cfg(test)]
mod tests;
