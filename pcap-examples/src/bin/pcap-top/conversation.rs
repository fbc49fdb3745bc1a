//! Finds the packets of one conversation.

use std::net::IpAddr;

use pcap_core::{Dlt, Packet};
use pcap_examples::decode::Endpoint;
use pcap_examples::traffic::{Layer, Traffic, TrafficLimits};

use crate::memory::Kept;

/// The number of bytes at the start of a packet that may contain the addresses, below many headers.
const MAX_HEADERS: usize = 512;

/// A conversation whose packets are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) layer: Layer,
    pub(crate) a: Endpoint,
    pub(crate) b: Endpoint,
}

impl Wanted {
    /// Returns whether a packet may belong to the conversation, because both addresses are in its headers. This is fast
    /// enough for the thread that captures.
    pub(crate) fn may_contain(&self, packet: Packet<'_>) -> bool {
        let data = packet.data();
        let headers = &data[..data.len().min(MAX_HEADERS)];
        let has = |end: &Endpoint| match end {
            Endpoint::Mac(mac) => contains(headers, &mac.octets()),
            Endpoint::Ip(address) => contains_ip(headers, *address),
            Endpoint::Socket(socket) => {
                contains(headers, &socket.port().to_be_bytes()) && contains_ip(headers, socket.ip())
            }
        };
        has(&self.a) && has(&self.b)
    }

    /// Returns whether a packet belongs to the conversation: whether counting it counts the conversation.
    pub(crate) fn contains(&self, kept: &Kept) -> bool {
        let packet = kept.packet();
        self.may_contain(packet) && self.is_counted(kept.linktype, packet)
    }

    fn is_counted(&self, linktype: Dlt, packet: Packet<'_>) -> bool {
        let mut traffic = Traffic::new(TrafficLimits::default());
        traffic.count(linktype, packet);
        let found = traffic.conversations(self.layer);
        found.iter().any(|one| {
            let ends = (&one.a, &one.b);
            ends == (&self.a, &self.b) || ends == (&self.b, &self.a)
        })
    }
}

fn contains_ip(headers: &[u8], address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => contains(headers, &address.octets()),
        IpAddr::V6(address) => contains(headers, &address.octets()),
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
