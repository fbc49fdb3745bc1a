//! Stopping live captures, and devices that disappear. On veth pairs in network namespaces.

mod breaks;
mod devices;
mod floods;
mod stop;

use pcap_core::{Active, Capture, SendQueue};

const FRAME: [u8; 60] = [0xff; 60];

/// Sends frames, many with each system call. While a slow sender sends, each packet-buffer timeout uses up a block of
/// the buffer.
fn send(capture: &Capture<Active>, count: usize) {
    let mut queue = SendQueue::new();
    queue.push_all(vec![FRAME; count]).unwrap();
    assert_eq!(capture.inject_queue(&queue).unwrap(), 60 * count);
}
