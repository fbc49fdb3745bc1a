//! Stopping live captures, and devices that disappear. On veth pairs in network namespaces.

mod breaks;
mod devices;
mod floods;
mod stop;

use pcap_core::{Active, Capture};

const FRAME: [u8; 60] = [0xff; 60];

fn send(capture: &Capture<Active>, count: usize) {
    for _ in 0..count {
        assert_eq!(capture.inject(&FRAME).unwrap(), 60);
    }
}
