//! The limits of what `Traffic` keeps in memory, and the counts of what they left out.

use std::time::Duration;

use super::{Counts, Layer};

/// The shortest interval over which packets are counted.
pub(super) const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

/// The limits of what [`Traffic`](super::Traffic) keeps in memory, so that endless or hostile input cannot exhaust it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficLimits {
    /// The maximum number of conversations of the transport layer, of the network layer and of the link layer, each, and
    /// of the pairs of endpoints around them. When there are more of one of these, the half with the fewest bytes is
    /// evicted: its packets become [omitted](Omitted) in their layer, and still count in the layers around it. Of
    /// conversations with equal bytes, the newer ones stay.
    ///
    /// An evicted conversation that goes on begins anew, so that its counts are those since then. A conversation of IP
    /// addresses or MAC addresses also contains the packets of all those inside it, so that the list of a layer can be
    /// some times as long as this.
    pub conversations: usize,
    /// The maximum number of names in DNS queries and responses.
    pub dns_names: usize,
    /// The maximum number of intervals for rates over time. If there are more, the intervals become longer.
    pub rate_buckets: usize,
    /// The shortest interval for rates over time.
    pub rate_interval: Duration,
    /// The maximum number of hosts for which bytes over time are kept. It is at most half of `conversations`.
    pub hosts: usize,
    /// The maximum number of intervals for the bytes of hosts over time.
    pub host_buckets: usize,
}

impl Default for TrafficLimits {
    fn default() -> TrafficLimits {
        TrafficLimits {
            conversations: 1_000_000,
            dns_names: 100_000,
            rate_buckets: 4096,
            rate_interval: SHORTEST_INTERVAL,
            hosts: 256,
            host_buckets: 128,
        }
    }
}

/// What the [limits](TrafficLimits) left out. The sums of all conversations of a layer and of what is left out are those
/// of all packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Omitted {
    /// For each layer, the packets of conversations that were evicted, because there were too many with more bytes. The
    /// packets since a conversation began anew are not among them.
    pub conversations: Vec<(Layer, Counts)>,
    /// The number of queries and responses of DNS with names that are not listed.
    pub dns_messages: u64,
    /// The packets whose innermost protocols are not in the tree of protocols. They are counted in the outer ones.
    pub protocols: Counts,
}

impl Omitted {
    /// Returns whether nothing was left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Omitted::default()
    }
}
