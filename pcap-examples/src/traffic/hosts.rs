//! The bytes of the busiest hosts over time.
//!
//! A row of the table is a host, a column is an interval. Records count the bytes of the current interval. When the next
//! one begins, these bytes are added to the rows of their hosts.

use std::hash::BuildHasher;
use std::time::Duration;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use pcap_core::Timestamp;

use super::eviction::greatest;
use super::key::Key;
use super::limits::SHORTEST_INTERVAL;
use super::rates::{Bucket, Grid};
use super::records::{Record, RecordId};
use super::{huge_pages, nanos};
use crate::decode::Endpoint;

/// The bytes of the busiest hosts over time. A packet counts for its source and for its destination.
///
/// If there are more hosts than rows, a host without a row gets that of the least busy one when it has twice its bytes.
/// The bytes of that one, and the earlier bytes of the host itself, then count for the other hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostsOverTime {
    /// The time at which the first interval begins.
    pub start: Timestamp,
    /// The length of each interval.
    pub interval: Duration,
    /// The hosts, the busiest first.
    pub hosts: Vec<HostOverTime>,
    /// The bytes of all other hosts in each interval.
    pub others: Vec<u64>,
}

/// The bytes of a host over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostOverTime {
    /// The innermost address of the host: an IP address, or a MAC address if the packets have no IP addresses.
    pub host: Endpoint,
    /// The bytes that the host sent and received in each interval.
    pub bytes: Vec<u64>,
}

/// The number of a host.
pub(super) type HostId = u32;

/// The number of a host for which there is no place, and of no row.
const NONE: u32 = u32::MAX;
/// The index of the other hosts in a column. Those with rows follow.
const OTHERS: usize = 0;

#[derive(Clone, Debug)]
struct Host {
    address: Endpoint,
    /// The bytes in all intervals before the current one.
    total: u64,
    /// The bytes in the current interval, while they are added up.
    recent: u64,
    row: u32,
}

/// The bytes of hosts in one interval.
#[derive(Clone, Debug, Default)]
struct Column(Vec<u64>);

impl Column {
    fn add(&mut self, index: usize, bytes: u64) {
        if index >= self.0.len() {
            self.0.resize(index + 1, 0);
        }
        self.0[index] += bytes;
    }

    fn get(&self, index: usize) -> u64 {
        self.0.get(index).copied().unwrap_or_default()
    }
}

impl Bucket for Column {
    fn merge(&mut self, other: Column) {
        for (index, bytes) in other.0.into_iter().enumerate() {
            self.add(index, bytes);
        }
    }
}

/// Counts the bytes of hosts over time.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    list: Vec<Host>,
    index: HashTable<HostId>,
    hasher: RandomState,
    /// The maximum number of hosts.
    limit: usize,
    columns: Grid<Column>,
    /// The host of each row.
    rows: Vec<HostId>,
    max_rows: usize,
    /// The least busy host with a row at the time when this was last determined, and its bytes.
    least: (usize, u64),
    /// The number of the current interval, which changes whenever another one begins.
    current: u32,
    /// The times at which the current interval begins and ends.
    range: (i64, i64),
    /// The records with packets in the current interval.
    touched: Vec<RecordId>,
}

impl Hosts {
    pub(super) fn new(rows: usize, columns: usize, limit: usize) -> Hosts {
        Hosts {
            list: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::default(),
            limit: limit.min(NONE as usize / 4),
            columns: Grid::new(columns, SHORTEST_INTERVAL),
            rows: Vec::new(),
            // The other half changes.
            max_rows: rows.min(limit / 2),
            least: (0, 0),
            current: 0,
            range: (i64::MAX, i64::MIN),
            touched: Vec::new(),
        }
    }

    /// Returns the number of the current interval.
    #[inline]
    pub(super) fn current(&self) -> u32 {
        self.current
    }

    /// Notes a record that has packets in the current interval.
    #[inline]
    pub(super) fn touch(&mut self, record: RecordId) {
        self.touched.push(record);
    }

    /// Returns the number of a host.
    pub(super) fn id(&mut self, address: Endpoint) -> HostId {
        let hash = self.hasher.hash_one(address);
        let list = &self.list;
        let is_same = |&id: &HostId| list[id as usize].address == address;
        if let Some(&id) = self.index.find(hash, is_same) {
            return id;
        }
        if self.list.len() >= self.limit {
            return NONE;
        }
        let id = self.list.len() as HostId;
        let host = Host {
            address,
            total: 0,
            recent: 0,
            row: NONE,
        };
        huge_pages::push(&mut self.list, host);
        let (list, hasher) = (&self.list, &self.hasher);
        let hash_of = |&id: &HostId| hasher.hash_one(list[id as usize].address);
        self.index.insert_unique(hash, id, hash_of);
        id
    }

    /// Returns the numbers of both hosts of a key.
    pub(super) fn of(&mut self, key: &Key) -> [HostId; 2] {
        [0, 1].map(|side| self.id(key.end(side).host()))
    }

    /// Begins the interval of this time, unless it is the current one.
    #[inline]
    pub(super) fn advance(&mut self, time: i64, records: &[Record]) {
        let (start, end) = self.range;
        if time < start || time > end {
            self.finish(records);
            self.columns.at(time);
            self.range = self.columns.range(time);
        }
    }

    /// Adds the bytes of the current interval to the rows.
    #[inline(never)]
    pub(super) fn finish(&mut self, records: &[Record]) {
        let time = self.range.0;
        self.range = (i64::MAX, i64::MIN);
        self.current = self.current.wrapping_add(1) % NONE;
        let mut unknown = 0;
        let mut busy = Vec::new();
        let mut touched = std::mem::take(&mut self.touched);
        for record in touched.drain(..) {
            let record = &records[record as usize];
            for (side, mut host) in record.hosts.into_iter().enumerate() {
                if host == NONE {
                    // There may be a place now.
                    host = self.id(record.key.end(side).host());
                }
                match self.list.get_mut(host as usize) {
                    Some(known) => {
                        if known.recent == 0 {
                            busy.push(host);
                        }
                        known.recent += record.recent_bytes;
                    }
                    None => unknown += record.recent_bytes,
                }
            }
        }
        self.touched = touched;
        if unknown == 0 && busy.is_empty() {
            return;
        }
        for id in busy {
            let host = &mut self.list[id as usize];
            let bytes = std::mem::take(&mut host.recent);
            host.total += bytes;
            let index = match self.row(id) {
                Some(row) => 1 + row,
                None => OTHERS,
            };
            self.columns.at(time).add(index, bytes);
        }
        self.columns.at(time).add(OTHERS, unknown);
    }

    /// Returns the row of a host, if it has one or is so busy that it gets one.
    fn row(&mut self, id: HostId) -> Option<usize> {
        let host = &self.list[id as usize];
        if host.row != NONE {
            return Some(host.row as usize);
        }
        let row = match self.rows.len() < self.max_rows {
            true => {
                self.rows.push(id);
                self.rows.len() - 1
            }
            false => {
                let row = self.less_busy(host.total)?;
                let other = std::mem::replace(&mut self.rows[row], id);
                self.list[other as usize].row = NONE;
                for column in self.columns.buckets_mut() {
                    let bytes = column.get(1 + row);
                    if bytes > 0 {
                        column.add(OTHERS, bytes);
                        column.0[1 + row] = 0;
                    }
                }
                row
            }
        };
        self.list[id as usize].row = row as u32;
        Some(row)
    }

    /// Returns the row of the least busy host, if it has at most half of these bytes.
    fn less_busy(&mut self, total: u64) -> Option<usize> {
        // Totals only grow, so that the earlier minimum is a lower limit.
        if total / 2 < self.least.1 {
            return None;
        }
        let totals = self.rows.iter().map(|&id| self.list[id as usize].total);
        self.least = totals
            .enumerate()
            .min_by_key(|&(_, total)| total)
            .unwrap_or((0, u64::MAX));
        (total / 2 >= self.least.1).then_some(self.least.0)
    }

    /// Returns whether there is no place for another host.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= self.limit.max(1)
    }

    /// Returns the number of hosts.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Evicts the least busy hosts. `finish` has been called with the records. If an evicted one sends or receives
    /// again, it is a new host.
    pub(super) fn evict(&mut self, records: &mut [Record]) {
        let old = std::mem::take(&mut self.list);
        let rank = |(id, host): (usize, &Host)| (host.row != NONE, host.total, id);
        let ranks: Vec<_> = old.iter().enumerate().map(rank).collect();
        let is_left = greatest(ranks.clone(), self.limit);
        self.index.clear();
        let mut ids = Vec::with_capacity(old.len());
        for (host, rank) in old.into_iter().zip(&ranks) {
            if !is_left(rank) {
                ids.push(NONE);
                continue;
            }
            let id = self.id(host.address);
            self.list[id as usize] = host;
            ids.push(id);
        }
        let moved = |id: &HostId| ids.get(*id as usize).copied().unwrap_or(NONE);
        self.rows.iter_mut().for_each(|id| *id = moved(id));
        for record in records {
            record.hosts = record.hosts.map(|id| moved(&id));
        }
    }

    /// Adds the counts of others. For both, `finish` has been called.
    pub(super) fn merge(&mut self, other: &Hosts) {
        // Afterwards, there may be more hosts than the limit.
        let limit = std::mem::replace(&mut self.limit, usize::MAX);
        let hosts = other.list.iter();
        let ids: Vec<_> = hosts.map(|host| self.id(host.address)).collect();
        self.limit = limit;
        for (host, &id) in other.list.iter().zip(&ids) {
            if let Some(mine) = self.list.get_mut(id as usize) {
                mine.total += host.total;
            }
        }
        let mut indexes = vec![OTHERS; 1 + other.rows.len()];
        for (row, &host) in other.rows.iter().enumerate() {
            let id = ids[host as usize];
            if id != NONE {
                indexes[1 + row] = self.row(id).map_or(OTHERS, |row| 1 + row);
            }
        }
        // A host may have lost its row to one of the next hosts.
        for (row, &host) in other.rows.iter().enumerate() {
            let mine = self.list.get(ids[host as usize] as usize);
            let row_of = mine.filter(|mine| mine.row != NONE);
            indexes[1 + row] = row_of.map_or(OTHERS, |mine| 1 + mine.row as usize);
        }
        let columns = other.columns.map(|column| {
            let mut mapped = Column::default();
            for (&bytes, &index) in column.0.iter().zip(&indexes) {
                mapped.add(index, bytes);
            }
            mapped
        });
        self.columns.merge(columns);
    }

    /// Returns the busiest hosts. The records are those whose numbers were noted.
    pub(super) fn over_time(&self, records: &[Record]) -> HostsOverTime {
        let mut finished = self.clone();
        finished.finish(records);
        let (start, interval, columns) = finished.columns.parts();
        let row = |index: usize| columns.iter().map(move |column| column.get(index));
        let hosts = finished.rows.iter().enumerate();
        let hosts = hosts.map(|(number, &id)| HostOverTime {
            host: finished.list[id as usize].address,
            bytes: row(1 + number).collect(),
        });
        let mut hosts: Vec<_> = hosts.collect();
        let busy = |host: &HostOverTime| std::cmp::Reverse(host.bytes.iter().sum::<u64>());
        hosts.sort_by_key(|host| (busy(host), host.host));
        HostsOverTime {
            start: nanos::to_time(start),
            interval: Duration::from_nanos(interval as u64),
            hosts,
            others: row(OTHERS).collect(),
        }
    }
}
