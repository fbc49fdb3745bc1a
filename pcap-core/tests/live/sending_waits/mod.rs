//! What sending waits for and what ends the wait: slow devices, devices that drop a frame permanently, breaks and
//! deadlines. On veth pairs in network namespaces.

mod drops;
mod ends;
mod queues;

use std::process::Command;
use std::time::Duration;

use pcap_core::{Active, Capture, SendQueue};

use crate::support::Netns;
use crate::support::wire::frame;

/// Ten times what is promised, and more than a busy machine needs.
const SOON: Duration = Duration::from_secs(10);

fn queue(lengths: impl IntoIterator<Item = usize>) -> SendQueue {
    let mut queue = SendQueue::new();
    queue
        .push_all(lengths.into_iter().map(|length| frame(0, length)))
        .unwrap();
    queue
}

fn run(program: &str, arguments: &str) {
    let output = Command::new(program)
        .args(arguments.split(' '))
        .output()
        .expect("a program of the package iproute2");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments}: {error}");
}

/// Creates a veth pair whose other end accepts frames of at most 218 bytes, with a VLAN tag: the kernel drops longer
/// ones sent on `left`.
fn drops_long() -> Option<(Netns, Capture<Active>)> {
    let net = Netns::new()?;
    net.veth("left", "right");
    run("ip", "link set right mtu 200");
    let left = Capture::from_device("left").activate().unwrap();
    Some((net, left))
}

/// Creates a veth pair on which a frame of 1400 bytes takes 1.4 seconds, after a first one.
fn slow() -> Option<(Netns, Capture<Active>)> {
    let net = Netns::new()?;
    net.veth("left", "right");
    run(
        "tc",
        "qdisc add dev left root tbf rate 8kbit burst 1600 limit 1600",
    );
    let left = Capture::from_device("left").activate().unwrap();
    Some((net, left))
}
