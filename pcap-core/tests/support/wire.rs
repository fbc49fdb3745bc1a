//! Two connected devices, numbered frames, and the packet sockets on them.

use std::fs;
use std::process::Command;
use std::time::Duration;

use pcap_core::{Active, Capture, Next};

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

/// Sends a frame of 60 bytes with each of these numbers.
pub(crate) fn send(capture: &Capture<Active>, numbers: std::ops::Range<u32>) {
    for number in numbers {
        assert_eq!(capture.inject(&frame(number, 60)).unwrap(), 60);
    }
}

/// Returns the number of packet sockets in this network.
pub(crate) fn packet_sockets() -> usize {
    let list = fs::read_to_string("/proc/thread-self/net/packet").unwrap();
    list.lines().count() - 1
}

/// Opens a capture with a buffer that holds all packets of a test.
pub(crate) fn large(device: &str) -> Capture<Active> {
    let capture = Capture::from_device(device).buffer_size(32 << 20);
    capture.activate().unwrap()
}

/// Runs `tc`, and panics with its error if it fails.
pub(crate) fn tc(arguments: &str) {
    let output = Command::new("tc").args(arguments.split(' ')).output();
    let output = output.expect("tc, of the package iproute2");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tc {arguments}: {error}");
}

/// Limits the rate of `left`, in the syntax of tc-tbf(8).
pub(crate) fn limit_rate(limit: &str) {
    tc(&format!("qdisc replace dev left root tbf {limit}"));
}

/// Reads `count` packets, and panics if they do not arrive.
pub(crate) fn read(capture: &mut Capture<Active>, count: usize) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    while packets.len() < count {
        let next = capture
            .next_packet_timeout(Duration::from_secs(10))
            .unwrap();
        let Next::Packet(packet) = next else {
            panic!("{} of {count} packets came, then {next:?}", packets.len());
        };
        packets.push(packet.data().to_vec());
    }
    packets
}

pub(crate) fn read_numbers(capture: &mut Capture<Active>, count: usize) -> Vec<u32> {
    read(capture, count)
        .iter()
        .map(|data| number(data))
        .collect()
}

/// Does the same as [`read_numbers`] behind a queueing discipline: any CPU takes packets out of it, and two of them may change the
/// order.
pub(crate) fn read_numbers_sorted(capture: &mut Capture<Active>, count: usize) -> Vec<u32> {
    let mut numbers = read_numbers(capture, count);
    numbers.sort_unstable();
    numbers
}

/// Checks that no further packet arrives.
pub(crate) fn nothing(capture: &mut Capture<Active>) {
    let next = capture
        .next_packet_timeout(Duration::from_millis(300))
        .unwrap();
    assert!(matches!(next, Next::Timeout), "{next:?}");
}
