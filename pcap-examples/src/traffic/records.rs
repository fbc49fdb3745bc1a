//! The counts of conversations, each with the layers around it.

use std::hash::BuildHasher;
use std::hint::black_box;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::connection::Connection;
use super::contexts::ContextId;
use super::continuation::Continuation;
use super::hosts::{HostId, Hosts};
use super::key::{Key, Kind};
use super::layers::Segment;
use super::{Counts, Layer, TcpCounts, huge_pages};

/// The number of a record. They are in the order of the first packets.
pub(super) type RecordId = u32;

/// The number of no record and no connection.
pub(super) const NONE: u32 = u32::MAX;

/// The number of packets that are counted together. Their records must fit into the innermost cache.
pub(super) const BATCH: usize = 64;

/// The packets of a conversation inside the same outer layers.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Record {
    pub(super) key: Key,
    /// The layers around the conversation, in the order of the key.
    pub(super) context: ContextId,
    /// The number of the TCP connection.
    pub(super) connection: u32,
    pub(super) sums: Sums,
    /// The bytes in the latest interval of `Hosts` in which there were any.
    pub(super) recent_bytes: u64,
    /// The number of that interval.
    recent: u32,
    pub(super) hosts: [HostId; 2],
    /// The first record of the conversation. It is this one, unless the first one has other layers around it.
    pub(super) primary: RecordId,
    /// Whether the second endpoint sent the first packet.
    pub(super) is_reversed: bool,
}

/// The sums of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    /// The packets from the first to the second endpoint, and the others.
    pub(super) counts: [Counts; 2],
    /// The times of the earliest and latest packet. If no packet has a time, the first is after the last.
    pub(super) first: i64,
    pub(super) last: i64,
}

impl Sums {
    pub(super) const EMPTY: Sums = Sums {
        counts: [Counts {
            packets: 0,
            bytes: 0,
        }; 2],
        first: i64::MAX,
        last: i64::MIN,
    };

    pub(super) fn add(&mut self, other: &Sums) {
        for (mine, other) in self.counts.iter_mut().zip(other.counts) {
            *mine += other;
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// A packet of a conversation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passing {
    pub(super) key: Key,
    /// Whether the second endpoint of the key sent it.
    pub(super) is_reversed: bool,
    /// The layers around the conversation, in the order of the key.
    pub(super) context: ContextId,
    pub(super) segment: Option<Segment>,
    pub(super) length: u32,
    pub(super) time: Option<i64>,
}

/// The counts of conversations.
#[derive(Clone, Debug)]
pub(super) struct Records {
    pub(super) list: Vec<Record>,
    pub(super) connections: Vec<Connection>,
    /// The newest primary record of each key.
    index: HashTable<RecordId>,
    /// The other records, by their primary record and their context.
    pub(super) others: HashTable<RecordId>,
    pub(super) hasher: RandomState,
    /// The number of records of the link layer, the network layer and the transport layer.
    lengths: [usize; 3],
    /// The number of records of each of these at which some are evicted, once the next packets are counted.
    pub(super) limit: usize,
    omitted: [Counts; Layer::ALL.len()],
    /// The counts of the evicted connections.
    pub(super) evicted: TcpCounts,
    /// The connections of the counter before this one.
    pub(super) continuation: Continuation,
}

impl Records {
    pub(super) fn new(limit: usize) -> Records {
        Records {
            list: Vec::new(),
            connections: Vec::new(),
            index: HashTable::new(),
            others: HashTable::new(),
            hasher: RandomState::default(),
            lengths: [0; 3],
            // Merging doubles the number of records of each of three levels.
            limit: limit.min(NONE as usize / 8),
            omitted: [Counts::default(); Layer::ALL.len()],
            evicted: TcpCounts::default(),
            continuation: Continuation::default(),
        }
    }

    /// Removes all records, but not the counts of what is omitted. Returns the records.
    pub(super) fn take(&mut self) -> Records {
        let empty = Records {
            hasher: self.hasher.clone(),
            omitted: self.omitted,
            evicted: self.evicted,
            continuation: std::mem::take(&mut self.continuation),
            ..Records::new(self.limit)
        };
        std::mem::replace(self, empty)
    }

    /// Returns a level with more records than the limit.
    #[inline]
    pub(super) fn full_level(&self) -> Option<usize> {
        let is_full = |&length: &usize| length > self.limit;
        self.lengths.iter().rposition(is_full)
    }

    /// Returns the hash of a key.
    #[inline]
    pub(super) fn hash(&self, key: &Key) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Reads the records with these hashes, so that they come from memory at the same time.
    #[inline]
    pub(super) fn fetch(&self, hashes: impl Iterator<Item = u64>) {
        let mut found = [NONE; BATCH];
        for (hash, place) in hashes.zip(&mut found) {
            // The first record with the same short hash. It is nearly always the right one.
            self.index.find(hash, |&id| {
                *place = id;
                true
            });
        }
        for place in &mut found {
            if let Some(record) = self.list.get(*place as usize) {
                // A record has two cache lines.
                black_box(record.sums.counts[0].packets);
                *place = record.connection;
            }
        }
        let mut sum = 0;
        for place in found {
            if let Some(connection) = self.connections.get(place as usize) {
                sum ^= connection.fetch();
            }
        }
        black_box(sum);
    }

    /// Counts a packet, given the hash of its key.
    #[inline]
    pub(super) fn add(&mut self, hash: u64, packet: &Passing, hosts: &mut Hosts) {
        let list = &self.list;
        let is_same = |&id: &RecordId| list[id as usize].key == packet.key;
        let mut primary = self.index.find(hash, is_same).copied();
        let new = |id: &RecordId| self.begins_new(*id, packet);
        if packet.segment.is_some() && primary.as_ref().is_some_and(new) {
            primary = None;
        }
        let is_expected = |&id: &RecordId| self.list[id as usize].context == packet.context;
        let id = match primary.filter(is_expected) {
            Some(id) => id,
            None => self.find_or_create(primary, hash, packet, |key| hosts.of(key)),
        };
        let record = &mut self.list[id as usize];
        record.sums.counts[usize::from(packet.is_reversed)].add_packet(packet.length);
        if let Some(segment) = &packet.segment
            && let Some(connection) = self.connections.get_mut(record.connection as usize)
        {
            connection.add(packet.is_reversed, segment, packet.time);
        }
        if let Some(time) = packet.time {
            record.sums.first = record.sums.first.min(time);
            record.sums.last = record.sums.last.max(time);
            if record.recent != hosts.current() {
                record.recent = hosts.current();
                record.recent_bytes = 0;
                hosts.touch(id);
            }
            record.recent_bytes += u64::from(packet.length);
        }
    }

    /// Returns whether a segment begins another connection than that of a record.
    fn begins_new(&self, id: RecordId, packet: &Passing) -> bool {
        let Some(segment) = packet.segment.filter(Segment::is_request) else {
            return false;
        };
        let connection = self.list[id as usize].connection;
        let known = self.connections.get(connection as usize);
        known.is_some_and(|known| known.is_other(packet.is_reversed, segment.sequence))
    }

    /// Returns the record of a packet, given the primary record of its conversation. Creates it if need be, with the hosts
    /// that the closure returns.
    #[cold]
    #[inline(never)]
    pub(super) fn find_or_create(
        &mut self,
        primary: Option<RecordId>,
        hash: u64,
        packet: &Passing,
        hosts: impl FnOnce(&Key) -> [HostId; 2],
    ) -> RecordId {
        if let Some(primary) = primary
            && let Some(found) = self.find_other(primary, packet.context)
        {
            return found;
        }
        let kind = packet.key.kind();
        self.lengths[level(kind)] += 1;
        let id = self.list.len() as RecordId;
        let connection = match (primary, kind) {
            (Some(primary), _) => self.list[primary as usize].connection,
            (None, Kind::Tcp4 | Kind::Tcp6) => {
                let connection = self.continuation.take(packet);
                huge_pages::push(&mut self.connections, connection);
                self.connections.len() as u32 - 1
            }
            (None, _) => NONE,
        };
        let record = Record {
            key: packet.key,
            context: packet.context,
            connection,
            sums: Sums::EMPTY,
            recent_bytes: 0,
            recent: u32::MAX,
            hosts: hosts(&packet.key),
            primary: primary.unwrap_or(id),
            is_reversed: packet.is_reversed,
        };
        huge_pages::push(&mut self.list, record);
        let (list, hasher) = (&self.list, &self.hasher);
        match primary {
            Some(primary) => {
                let hash = hasher.hash_one((primary, packet.context));
                self.others.insert_unique(hash, id, |&id| {
                    let record = &list[id as usize];
                    hasher.hash_one((record.primary, record.context))
                });
            }
            None => {
                let is_same = |&id: &RecordId| list[id as usize].key == packet.key;
                match self.index.find_mut(hash, is_same) {
                    Some(newest) => *newest = id,
                    None => {
                        let hash_of = |&id: &RecordId| hasher.hash_one(list[id as usize].key);
                        self.index.insert_unique(hash, id, hash_of);
                    }
                }
            }
        }
        id
    }

    /// Returns the newest primary record with a key.
    pub(super) fn find(&self, hash: u64, key: &Key) -> Option<RecordId> {
        let is_same = |&id: &RecordId| self.list[id as usize].key == *key;
        self.index.find(hash, is_same).copied()
    }

    /// Returns the record of the same conversation with other layers around it.
    fn find_other(&self, primary: RecordId, context: ContextId) -> Option<RecordId> {
        if self.list[primary as usize].context == context {
            return Some(primary);
        }
        let hash = self.hasher.hash_one((primary, context));
        let is_same = |&id: &RecordId| {
            let record = &self.list[id as usize];
            record.primary == primary && record.context == context
        };
        self.others.find(hash, is_same).copied()
    }

    /// Counts packets that belong to no conversation of a layer.
    pub(super) fn omit(&mut self, layer: Layer, counts: Counts) {
        self.omitted[layer as usize] += counts;
    }

    /// Returns the packets of each layer that belong to no conversation.
    pub(super) fn omitted(&self) -> Vec<(Layer, Counts)> {
        let all = Layer::ALL.into_iter().zip(self.omitted);
        all.filter(|(_, counts)| counts.packets > 0).collect()
    }
}

impl Sums {
    /// Returns the counts of both directions together.
    pub(super) fn both(&self) -> Counts {
        let [mut both, back] = self.counts;
        both += back;
        both
    }
}

/// Returns the index into `Records::lengths`.
pub(super) fn level(kind: Kind) -> usize {
    match kind {
        Kind::Ethernet => 0,
        Kind::Ipv4 | Kind::Ipv6 => 1,
        _ => 2,
    }
}
