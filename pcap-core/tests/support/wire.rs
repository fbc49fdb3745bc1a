//! Two connected devices, numbered frames, and the packet sockets on them.

use std::fs;

use pcap_core::{Active, Capture};

use super::Netns;

/// Creates the connected devices `left` and `right` in a private network, and captures on both.
pub(crate) fn wire() -> Option<(Netns, Capture<Active>, Capture<Active>)> {
    let net = Netns::new()?;
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let right = Capture::from_device("right").activate().unwrap();
    Some((net, left, right))
}

/// Returns a frame with an experimental EtherType, its number in bytes 14 to 17, and the last byte of that in all
/// others.
pub(crate) fn frame(number: u32, length: usize) -> Vec<u8> {
    let mut frame = vec![number as u8; length];
    frame[..12].fill(0xff);
    frame[12..14].copy_from_slice(&[0x88, 0xb5]);
    frame[14..18].copy_from_slice(&number.to_be_bytes());
    frame
}

/// Returns the number of a frame.
pub(crate) fn number(data: &[u8]) -> u32 {
    u32::from_be_bytes(data[14..18].try_into().unwrap())
}

/// Returns the number of packet sockets in this network.
pub(crate) fn packet_sockets() -> usize {
    let list = fs::read_to_string("/proc/thread-self/net/packet").unwrap();
    list.lines().count() - 1
}
