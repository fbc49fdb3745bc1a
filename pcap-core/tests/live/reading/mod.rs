//! Reading live captures: what arrives, in which order and when, and what each call returns when no packet arrives. On
//! veth pairs in network namespaces.

mod captures;
mod directions;
mod inject;
mod packets;
mod statistics;
mod waits;

use std::time::Duration;

use pcap_core::{Active, Capture, Next};

use crate::support::wire::number;

/// Reads single packets until none has arrived for a while.
fn drain(capture: &mut Capture<Active>) -> Vec<u32> {
    let mut numbers = Vec::new();
    while let Next::Packet(packet) = capture
        .next_packet_timeout(Duration::from_millis(400))
        .unwrap()
    {
        numbers.push(number(packet.data()));
    }
    numbers
}
