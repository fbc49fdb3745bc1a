//! Sending many packets with one call: what arrives, what the call waits for, and its errors. On veth pairs in network
//! namespaces.

mod breaks;
mod bypass;
mod queues;

use pcap_core::{Active, Capture, SendQueue};

use crate::support::Netns;
use crate::support::wire::{frame, large};

/// Opens both ends of a veth pair: packets sent on the first arrive on the second.
fn wire() -> Option<(Netns, Capture<Active>, Capture<Active>)> {
    let net = Netns::new()?;
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    Some((net, left, large("right")))
}

fn queue(count: u32, length: usize) -> SendQueue {
    let mut queue = SendQueue::new();
    queue
        .push_all((0..count).map(|n| frame(n, length)))
        .unwrap();
    queue
}
