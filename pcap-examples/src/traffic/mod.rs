//! Counts what is in packets: protocols, conversations, endpoints, lengths, rates, TCP segments and DNS names.
//!
//! [`Traffic`] counts packets one by one, in bounded memory. What its [limits](TrafficLimits) leave out is counted as
//! well: see [`Traffic::omitted`].
//!
//! The counts are those of `tshark -q` with `-z conv,TYPE`, `-z endpoints,TYPE`, `-z io,phs` and `-z plen,tree`, if it
//! does not reassemble: with `-o ip.defragment:FALSE -o ipv6.defragment:FALSE -o tcp.desegment_tcp_streams:FALSE`.
//! Each layer counts whole packets. A packet with two IP headers, such as one in a tunnel, counts for both pairs of
//! addresses. The headers that an ICMP error quotes count too, but not in the tree of protocols.

mod conversation;
mod conversations;
mod counts;
mod dns_names;
mod hosts;
mod layers;
mod lengths;
mod limits;
mod nanos;
mod protocols;
mod rates;
mod tcp_counts;
mod walk;

use pcap_core::{Dlt, Packet, Timestamp};

use crate::decode::Dns;
use conversations::Conversations;
use dns_names::DnsNames;
use hosts::Hosts;
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
pub use protocols::ProtocolCount;
pub use rates::Rates;
pub use tcp_counts::TcpCounts;

/// Counts what is in packets.
#[derive(Clone, Debug)]
pub struct Traffic {
    totals: Totals,
    times: Option<(Timestamp, Timestamp)>,
    lengths: Lengths,
    rates: Grid<Counts>,
    protocols: ProtocolTree,
    conversations: Conversations,
    dns: DnsNames,
    hosts: Hosts,
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
            conversations: Conversations::new(limits.conversations),
            dns: DnsNames::new(limits.dns_names),
            hosts: Hosts::new(limits.hosts, limits.host_buckets),
        }
    }

    /// Counts a packet of this link type.
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

    fn add(&mut self, linktype: Dlt, packet: Packet<'_>, time: Option<i64>) {
        let length = packet.wire_len();
        self.totals += Totals {
            packets: 1,
            bytes: length.into(),
            captured_bytes: packet.caplen().into(),
            truncated: u64::from(packet.caplen() < length),
        };
        self.lengths.add(length);
        let layers = walk::walk(linktype, packet.data());
        self.add_protocols(&layers, length);
        self.conversations.add(&layers, length, time);
        if let Some(message) = layers.dns.and_then(|data| Dns::new("DNS", data)) {
            self.dns.add(&message);
        }
        let is_host = |layer| matches!(layer, Layer::Ipv4 | Layer::Ipv6 | Layer::Ethernet);
        let ends = layers.pairs.iter().rev().find(|pair| is_host(pair.layer));
        if let (Some(pair), Some(time)) = (ends, time) {
            self.hosts
                .add([pair.endpoint(0), pair.endpoint(1)], length, time);
        }
    }

    fn add_protocols(&mut self, layers: &Layers<'_>, length: u32) {
        let mut node = ProtocolTree::ROOT;
        for &name in &layers.protocols {
            match self.protocols.child(node, name) {
                Some(child) => node = child,
                None => {
                    self.protocols.omitted.add_packet(length);
                    break;
                }
            }
        }
        self.protocols.add(node, length);
    }

    /// Adds the counts of another counter, as if its packets had been counted here, after those counted so far.
    pub fn merge(&mut self, other: Traffic) {
        self.totals += other.totals;
        self.times = match (self.times, other.times) {
            (Some(mine), Some(other)) => Some((mine.0.min(other.0), mine.1.max(other.1))),
            (mine, other) => mine.or(other),
        };
        self.lengths.merge(&other.lengths);
        self.rates.merge(other.rates);
        self.protocols.merge(&other.protocols);
        self.conversations.merge(other.conversations);
        self.dns.merge(other.dns);
        self.hosts.merge(other.hosts);
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

    /// Returns the tree of protocols, each before those inside it.
    #[must_use]
    pub fn protocols(&self) -> Vec<ProtocolCount> {
        self.protocols.list()
    }

    /// Returns the conversations of a layer, those with the most bytes first.
    #[must_use]
    pub fn conversations(&self, layer: Layer) -> Vec<Conversation> {
        self.conversations.list(layer)
    }

    /// Returns the endpoints of a layer, those with the most bytes first.
    #[must_use]
    pub fn endpoints(&self, layer: Layer) -> Vec<EndpointCounts> {
        self.conversations.endpoints(layer)
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

    /// Returns the counts of TCP segments.
    #[must_use]
    pub fn tcp(&self) -> TcpCounts {
        self.conversations.tcp()
    }

    /// Returns the names in DNS messages, the most frequent first.
    #[must_use]
    pub fn dns(&self) -> Vec<DnsCount> {
        self.dns.list()
    }

    /// Returns the bytes of the busiest hosts over time.
    #[must_use]
    pub fn hosts_over_time(&self) -> HostsOverTime {
        self.hosts.over_time()
    }

    /// Returns what the limits left out.
    #[must_use]
    pub fn omitted(&self) -> Omitted {
        Omitted {
            conversations: self.conversations.omitted(),
            dns_messages: self.dns.omitted,
            protocols: self.protocols.omitted,
        }
    }
}

#[cfg(test)]
mod tests;
