//! Counts what is in packets: protocols, conversations, endpoints, lengths, rates, TCP segments and DNS names.
//!
//! [`Traffic`] counts packets one by one, in bounded memory. When there are more conversations than its
//! [limits](TrafficLimits) allow, those with the most bytes stay. What the limits leave out is counted as well: see
//! [`Traffic::omitted`].
//!
//! The counts are those of `tshark -q` with `-z conv,TYPE`, `-z endpoints,TYPE`, `-z io,phs` and `-z plen,tree`, if it
//! does not reassemble: with `-o ip.defragment:FALSE -o ipv6.defragment:FALSE -o tcp.desegment_tcp_streams:FALSE`.
//! Each layer counts whole packets. A packet with two IP headers, such as one in a tunnel, counts for both pairs of
//! addresses. The headers that an ICMP error quotes do not count.
//!
//! Differences from tshark:
//!
//! - The tree of protocols ends at the transport layer, except for tunnels and DNS, mDNS, LLMNR, DHCP, DHCPv6 and NTP,
//!   which are recognized by their ports. It has no nodes for unknown payloads and for damage.
//! - Ethernet frames in MPLS are not decoded, because their headers do not say what they are.
//! - tshark examines the content of further protocols, and does not count some packets with damaged content.
//! - [`TcpCounts`] describes the analysis of TCP.
//!
//! Times before the year 1678 and after 2262 count as the first or last time of these years.

mod connection;
mod contexts;
mod continuation;
mod conversation;
mod conversations;
mod counts;
mod dns_names;
mod eviction;
mod fast;
mod hosts;
mod huge_pages;
mod key;
mod layers;
mod lengths;
mod limits;
mod link_cache;
mod merging;
mod nanos;
mod order;
mod protocols;
mod rates;
mod records;
mod rollup;
mod tcp_counts;
mod walk;

use std::sync::{Mutex, MutexGuard, PoisonError};

use pcap_core::{Dlt, Packet, Timestamp};

use crate::decode::Dns;
use conversations::Conversations;
use dns_names::DnsNames;
use layers::Layers;
use lengths::Lengths;
use protocols::ProtocolTree;
use rates::Grid;

pub use crate::decode::Endpoint;
pub use conversation::{Conversation, EndpointCounts, Layer};
pub use counts::{Counts, Totals};
pub use dns_names::DnsCount;
pub use hosts::{HostOverTime, HostsOverTime};
pub use lengths::LengthCount;
pub use limits::{Omitted, TrafficLimits};
pub use order::Order;
pub use protocols::ProtocolCount;
pub use rates::Rates;
pub use tcp_counts::TcpCounts;

/// Counts what is in packets.
#[derive(Debug)]
pub struct Traffic {
    totals: Totals,
    times: Option<(Timestamp, Timestamp)>,
    lengths: Lengths,
    rates: Grid<Counts>,
    protocols: ProtocolTree,
    /// The packets of the most frequent combinations of protocols, which are not in `protocols`.
    paths: [Counts; fast::PATHS],
    /// Queries first count the pending packets, so they lock it.
    conversations: Mutex<Conversations>,
    dns: DnsNames,
    /// The layers of the latest packet that `fast` did not read.
    layers: Layers,
}

impl Traffic {
    /// Creates a counter without packets.
    #[must_use]
    pub fn new(limits: TrafficLimits) -> Traffic {
        Traffic {
            totals: Totals::default(),
            times: None,
            lengths: Lengths::new(),
            rates: Grid::new(limits.rate_buckets, limits.rate_interval),
            protocols: ProtocolTree::new(),
            paths: [Counts::default(); fast::PATHS],
            conversations: Mutex::new(Conversations::new(limits)),
            dns: DnsNames::new(limits.dns_names),
            layers: Layers::default(),
        }
    }

    /// Counts a packet of this link type.
    #[inline]
    pub fn count(&mut self, linktype: Dlt, packet: Packet<'_>) {
        let time = packet.timestamp();
        let (first, last) = self.times.unwrap_or((time, time));
        self.times = Some((first.min(time), last.max(time)));
        let nanos = nanos::of(time);
        self.rates.at(nanos).add_packet(packet.wire_len());
        self.add(linktype, packet, Some(nanos));
    }

    /// Counts a packet without a time, such as that of a simple packet block in a pcapng savefile.
    pub fn count_without_time(&mut self, linktype: Dlt, packet: Packet<'_>) {
        self.add(linktype, packet, None);
    }

    #[inline]
    fn add(&mut self, linktype: Dlt, packet: Packet<'_>, time: Option<i64>) {
        let length = packet.wire_len();
        self.totals += Totals {
            packets: 1,
            bytes: length.into(),
            captured_bytes: packet.caplen().into(),
            truncated: u64::from(packet.caplen() < length),
        };
        self.lengths.add(length);
        match fast::headers(linktype, packet.data()) {
            Some(headers) => {
                self.paths[headers.path].add_packet(length);
                exclusive(&mut self.conversations).add_headers(&headers, length, time);
            }
            None => self.add_layers(linktype, packet.data(), length, time),
        }
    }

    #[inline(never)]
    fn add_layers(&mut self, linktype: Dlt, data: &[u8], length: u32, time: Option<i64>) {
        let mut layers = std::mem::take(&mut self.layers);
        let dns = walk::walk(linktype, data, &mut layers);
        self.add_protocols(&layers, length);
        if let Some(message) = dns.and_then(|data| Dns::new("DNS", data)) {
            self.dns.add(&message);
        }
        exclusive(&mut self.conversations).add_layers(&layers, length, time);
        self.layers = layers;
    }

    fn add_protocols(&mut self, layers: &Layers, length: u32) {
        let is_whole = self.protocols.add(layers.protocols.iter().copied(), {
            let mut counts = Counts::default();
            counts.add_packet(length);
            counts
        });
        if is_whole && layers.has_more_protocols {
            self.protocols.omitted.add_packet(length);
        }
    }

    /// Returns a counter without packets, for the packets after those of this one, which must count no further packets. TCP
    /// connections continue there, so that merging both misses no retransmission.
    #[must_use]
    pub fn successor(&mut self, limits: TrafficLimits) -> Traffic {
        let mut next = Traffic::new(limits);
        let mine = exclusive(&mut self.conversations);
        mine.finish();
        let records = &mut exclusive(&mut next.conversations).records;
        records.continue_from(&mut mine.records);
        next
    }

    /// Adds the counts of another counter, as if its packets had been counted here, after those counted so far.
    ///
    /// At the place where a TCP connection continues, retransmissions and duplicate acknowledgments may be missed, unless
    /// the other counter is the [successor](Traffic::successor) of what was merged before. If both
    /// together have more conversations than the limit, those with the most bytes stay.
    pub fn merge(&mut self, other: Traffic) {
        self.totals += other.totals;
        self.times = match (self.times, other.times) {
            (Some(mine), Some(other)) => Some((mine.0.min(other.0), mine.1.max(other.1))),
            (mine, other) => mine.or(other),
        };
        self.lengths.merge(&other.lengths);
        self.rates.merge(other.rates);
        self.protocols.merge(&other.protocols);
        for (path, other) in self.paths.iter_mut().zip(other.paths) {
            *path += other;
        }
        self.dns.merge(other.dns);
        let conversations = other.conversations.into_inner();
        exclusive(&mut self.conversations)
            .merge(conversations.unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns the conversations with all packets counted.
    fn finished(&self) -> MutexGuard<'_, Conversations> {
        let locked = self.conversations.lock();
        let mut conversations = locked.unwrap_or_else(PoisonError::into_inner);
        conversations.finish();
        conversations
    }

    /// Returns the counts of all packets.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Returns the times of the earliest and the latest packet, unless no packet has a time.
    #[must_use]
    pub fn times(&self) -> Option<(Timestamp, Timestamp)> {
        self.times
    }

    /// Returns the tree of protocols, each before those inside it. Of those next to each other, the most frequent come
    /// first.
    #[must_use]
    pub fn protocols(&self) -> Vec<ProtocolCount> {
        self.tree().list()
    }

    /// Returns the tree with all packets.
    fn tree(&self) -> ProtocolTree {
        let mut tree = self.protocols.clone();
        for (path, &counts) in self.paths.iter().enumerate() {
            if counts.packets > 0 {
                tree.add(fast::protocols(path), counts);
            }
        }
        tree
    }

    /// Returns the conversations of a layer, those with the most bytes first.
    #[must_use]
    pub fn conversations(&self, layer: Layer) -> Vec<Conversation> {
        self.first_conversations(layer, Order::Bytes, usize::MAX).0
    }

    /// Returns at most this number of conversations of a layer, the first ones in this order. Also returns the number of
    /// all.
    #[must_use]
    pub fn first_conversations(
        &self,
        layer: Layer,
        order: Order,
        number: usize,
    ) -> (Vec<Conversation>, usize) {
        let found = self.finished();
        let records = &found.records;
        records.conversations(layer, &found.contexts, (order, number))
    }

    /// Returns whether there are conversations of a layer. This is faster than listing them.
    #[must_use]
    pub fn has(&self, layer: Layer) -> bool {
        let found = self.finished();
        found.records.has(layer, &found.contexts)
    }

    /// Returns the endpoints of a layer, those with the most bytes first.
    #[must_use]
    pub fn endpoints(&self, layer: Layer) -> Vec<EndpointCounts> {
        self.first_endpoints(layer, Order::Bytes, usize::MAX).0
    }

    /// Returns at most this number of endpoints of a layer, the first ones in this order. Also returns the number of all.
    ///
    /// Endpoints have no times: all orders but that of packets are by bytes.
    #[must_use]
    pub fn first_endpoints(
        &self,
        layer: Layer,
        order: Order,
        number: usize,
    ) -> (Vec<EndpointCounts>, usize) {
        let found = self.finished();
        let records = &found.records;
        records.endpoints(layer, &found.contexts, (order, number))
    }

    /// Returns the packets by length, the shortest first.
    #[must_use]
    pub fn lengths(&self) -> Vec<LengthCount> {
        self.lengths.list()
    }

    /// Returns the packets over time.
    #[must_use]
    pub fn rates(&self) -> Rates {
        self.rates.rates()
    }

    /// Returns the counts of TCP segments, also of evicted connections.
    #[must_use]
    pub fn tcp(&self) -> TcpCounts {
        self.finished().records.tcp()
    }

    /// Returns the names in DNS messages, the most frequent first.
    #[must_use]
    pub fn dns(&self) -> Vec<DnsCount> {
        self.dns.list()
    }

    /// Returns the bytes of the busiest hosts over time.
    #[must_use]
    pub fn hosts_over_time(&self) -> HostsOverTime {
        let found = self.finished();
        found.hosts.over_time(&found.records.list)
    }

    /// Returns what the limits left out: for each layer, also the packets of evicted conversations.
    #[must_use]
    pub fn omitted(&self) -> Omitted {
        Omitted {
            conversations: self.finished().records.omitted(),
            dns_messages: self.dns.omitted,
            protocols: self.tree().omitted,
        }
    }
}

impl Clone for Traffic {
    fn clone(&self) -> Traffic {
        Traffic {
            lengths: self.lengths.clone(),
            rates: self.rates.clone(),
            protocols: self.protocols.clone(),
            conversations: Mutex::new(self.finished().clone()),
            dns: self.dns.clone(),
            layers: Layers::default(),
            ..*self
        }
    }
}

/// Returns the conversations without locking.
#[inline]
fn exclusive(conversations: &mut Mutex<Conversations>) -> &mut Conversations {
    let unlocked = conversations.get_mut();
    unlocked.unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
