//! The bytes of the busiest hosts over time.

use std::collections::HashMap;
use std::time::Duration;

use pcap_core::Timestamp;

use super::limits::SHORTEST_INTERVAL;
use super::nanos;
use super::rates::{Bucket, Grid};
use crate::decode::Endpoint;

/// The bytes of the busiest hosts over time. A packet counts for its source and for its destination.
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
    /// The address of the host: an IP address, or a MAC address if the packets have no IP addresses.
    pub host: Endpoint,
    /// The bytes that the host sent and received in each interval.
    pub bytes: Vec<u64>,
}

/// The bytes of hosts in one interval.
#[derive(Clone, Debug, Default)]
struct Column(HashMap<Option<Endpoint>, u64>);

impl Bucket for Column {
    fn merge(&mut self, other: Column) {
        for (host, bytes) in other.0 {
            *self.0.entry(host).or_default() += bytes;
        }
    }
}

/// Counts the bytes of hosts over time.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    columns: Grid<Column>,
    limit: usize,
}

impl Hosts {
    pub(super) fn new(hosts: usize, buckets: usize) -> Hosts {
        Hosts {
            columns: Grid::new(buckets, SHORTEST_INTERVAL),
            limit: hosts,
        }
    }

    /// Counts a packet between two hosts.
    pub(super) fn add(&mut self, ends: [Endpoint; 2], length: u32, time: i64) {
        let limit = self.limit;
        let column = &mut self.columns.at(time).0;
        for end in ends {
            let key = Some(end).filter(|_| column.len() < limit || column.contains_key(&Some(end)));
            *column.entry(key).or_default() += u64::from(length);
        }
    }

    /// Adds the counts of others.
    pub(super) fn merge(&mut self, other: Hosts) {
        self.columns.merge(other.columns);
    }

    /// Returns the busiest hosts.
    pub(super) fn over_time(&self) -> HostsOverTime {
        let (start, interval, columns) = self.columns.parts();
        let mut sums: HashMap<Endpoint, u64> = HashMap::new();
        for column in columns {
            for (host, bytes) in &column.0 {
                if let Some(host) = host {
                    *sums.entry(*host).or_default() += bytes;
                }
            }
        }
        let mut busiest: Vec<_> = sums.into_iter().collect();
        busiest.sort_by(|x, y| (y.1, x.0).cmp(&(x.1, y.0)));
        busiest.truncate(self.limit);
        let mut others: Vec<u64> = columns
            .iter()
            .map(|column| column.0.values().sum())
            .collect();
        let hosts = busiest.into_iter().map(|(host, _)| {
            let bytes = columns.iter().zip(&mut others).map(|(column, others)| {
                let bytes = column.0.get(&Some(host)).copied().unwrap_or_default();
                *others -= bytes;
                bytes
            });
            HostOverTime {
                host,
                bytes: bytes.collect(),
            }
        });
        HostsOverTime {
            start: nanos::to_time(start),
            interval: Duration::from_nanos(interval as u64),
            hosts: hosts.collect(),
            others,
        }
    }
}
