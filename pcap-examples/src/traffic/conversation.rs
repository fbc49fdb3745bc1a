//! Conversations and their endpoints, as queries return them.

use pcap_core::Timestamp;

use super::{Counts, TcpCounts};
use crate::decode::Endpoint;

/// A layer that has conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Ethernet. The endpoints are MAC addresses.
    Ethernet,
    /// IPv4. The endpoints are IP addresses.
    Ipv4,
    /// IPv6. The endpoints are IP addresses.
    Ipv6,
    /// TCP. The endpoints are IP addresses with ports.
    Tcp,
    /// UDP. The endpoints are IP addresses with ports.
    Udp,
    /// SCTP. The endpoints are IP addresses with ports.
    Sctp,
}

impl Layer {
    /// All layers, the lowest first.
    pub const ALL: [Layer; 6] = [
        Layer::Ethernet,
        Layer::Ipv4,
        Layer::Ipv6,
        Layer::Tcp,
        Layer::Udp,
        Layer::Sctp,
    ];

    /// Returns the name that tshark uses for the layer.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Layer::Ethernet => "eth",
            Layer::Ipv4 => "ip",
            Layer::Ipv6 => "ipv6",
            Layer::Tcp => "tcp",
            Layer::Udp => "udp",
            Layer::Sctp => "sctp",
        }
    }
}

/// The packets between two endpoints of a layer, since the conversation was last evicted, if it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// The endpoint that sent the first packet.
    pub a: Endpoint,
    /// The other endpoint.
    pub b: Endpoint,
    /// The packets from `a` to `b`.
    pub a_to_b: Counts,
    /// The packets from `b` to `a`.
    pub b_to_a: Counts,
    /// The time of the earliest packet, unless no packet has a time.
    pub first: Option<Timestamp>,
    /// The time of the latest packet, unless no packet has a time.
    pub last: Option<Timestamp>,
    /// Further counts of a TCP connection.
    pub tcp: Option<TcpCounts>,
}

impl Conversation {
    /// Returns the counts of both directions together.
    #[must_use]
    pub fn both(&self) -> Counts {
        let mut both = self.a_to_b;
        both += self.b_to_a;
        both
    }
}

/// The packets of an endpoint of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointCounts {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The packets that it sent.
    pub sent: Counts,
    /// The packets that it received.
    pub received: Counts,
}

impl EndpointCounts {
    /// Returns the counts of sent and received packets together.
    #[must_use]
    pub fn both(&self) -> Counts {
        let mut both = self.sent;
        both += self.received;
        both
    }
}
