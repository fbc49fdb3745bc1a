//! Adds records to others, each to that of the same conversation.

use super::connection::Connection;
use super::contexts::{ContextId, Contexts};
use super::hosts::Hosts;
use super::records::{Passing, Record, RecordId, Records};

impl Passing {
    /// Returns a packet of a record, inside other layers.
    pub(super) fn of(record: &Record, context: ContextId) -> Passing {
        Passing {
            key: record.key,
            is_reversed: record.is_reversed,
            context,
            segment: None,
            length: 0,
            time: None,
        }
    }
}

impl Records {
    /// Adds the counts of other records. Afterwards, there may be more records than the limit.
    pub(super) fn merge(
        &mut self,
        mut other: Records,
        (contexts, other_contexts): (&mut Contexts, &Contexts),
        hosts: &mut Hosts,
    ) {
        for (layer, counts) in other.omitted() {
            self.omit(layer, counts);
        }
        self.evicted += other.evicted;
        // The new number of each record that is primary.
        let mut primaries: Vec<RecordId> = Vec::with_capacity(other.list.len());
        for id in 0..other.list.len() {
            let record = &other.list[id];
            let context = contexts.copy(other_contexts, record.context);
            let packet = Passing::of(record, context);
            let hash = self.hash(&packet.key);
            let is_primary = record.primary as usize == id;
            let primary = match is_primary {
                true => self.find_same(hash, record, &other.connections),
                false => Some(primaries[record.primary as usize]),
            };
            let found = self.find_or_create(primary, hash, &packet, |key| hosts.of(key));
            let mine = &mut self.list[found as usize];
            mine.sums.add(&record.sums);
            primaries.push(mine.primary);
            let connection = other.connections.get_mut(record.connection as usize);
            let mine = self.connections.get_mut(mine.connection as usize);
            if let (Some(mine), Some(other), true) = (mine, connection, is_primary) {
                mine.merge(other);
            }
        }
    }

    /// Returns the primary record of the same conversation as a record of another list.
    fn find_same(
        &self,
        hash: u64,
        record: &Record,
        connections: &[Connection],
    ) -> Option<RecordId> {
        let found = self.find(hash, &record.key)?;
        let mine = self.list[found as usize].connection;
        let mine = self.connections.get(mine as usize);
        match (mine, connections.get(record.connection as usize)) {
            (Some(mine), Some(other)) if mine.is_before(other) => None,
            _ => Some(found),
        }
    }
}
