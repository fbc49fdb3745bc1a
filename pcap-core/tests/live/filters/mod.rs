//! Filters on live captures lose no packet that passes and arrives after the call, and decide as `Filter::matches`
//! does: on Ethernet, the loopback device, `any` and tun, with and without immediate mode.

mod direction;
mod kernel;
mod kinds;
mod lengths;
mod programs;
mod setting;
mod swapping;

use std::time::Duration;

use pcap_core::{Active, Capture, End, Inactive, PacketOwned, SendQueue, Stop};

/// Returns an Ethernet frame with an experimental EtherType and a number.
fn frame(number: u32, length: usize) -> Vec<u8> {
    let mut frame = vec![0xff; length];
    frame[12..14].copy_from_slice(&[0x88, 0xb5]);
    frame[14..18].copy_from_slice(&number.to_be_bytes());
    frame
}

/// Returns an Ethernet frame with a UDP datagram to a port.
fn datagram(port: u16) -> Vec<u8> {
    let mut frame = vec![0; 60];
    frame[..6].fill(0xff);
    frame[12..16].copy_from_slice(&[8, 0, 0x45, 0]);
    frame[16..18].copy_from_slice(&46_u16.to_be_bytes());
    frame[22..24].copy_from_slice(&[9, 17]);
    frame[26..34].copy_from_slice(&[192, 0, 2, 1, 192, 0, 2, 2]);
    frame[34..36].copy_from_slice(&40_000_u16.to_be_bytes());
    frame[36..38].copy_from_slice(&port.to_be_bytes());
    frame[38..40].copy_from_slice(&26_u16.to_be_bytes());
    frame
}

/// Returns the same frame with a VLAN tag.
fn tagged(vlan: u8) -> Vec<u8> {
    let mut frame = datagram(7);
    frame.splice(12..12, [0x81, 0x00, 0x00, vlan]);
    frame
}

/// Sends frames, many with each system call. While a slow sender sends, each packet-buffer timeout uses up a block of
/// the buffer.
fn inject(capture: &Capture<Active>, frames: impl IntoIterator<Item = Vec<u8>>) {
    let mut queue = SendQueue::new();
    queue.push_all(frames).unwrap();
    assert_eq!(capture.inject_queue(&queue).unwrap(), queue.bytes());
}

/// Reads all packets that have arrived, and checks that none was dropped.
fn rest(capture: &mut Capture<Active>) -> Vec<PacketOwned> {
    capture.stop().unwrap();
    let mut packets = Vec::new();
    let done = capture
        .for_each(|packet| packets.push(packet.into_owned()))
        .unwrap();
    assert_eq!(done.stop(), Stop::End(End::Eof));
    assert_eq!(capture.stats().unwrap().dropped, 0);
    packets
}

fn index(device: &str) -> u32 {
    let name = std::ffi::CString::new(device).unwrap();
    // SAFETY: a C string.
    unsafe { libc::if_nametoindex(name.as_ptr()) }
}

/// Returns the settings that filters depend on.
fn modes() -> [(bool, u32); 4] {
    [(false, 0), (true, 0), (false, 20), (true, 20)]
}

/// Returns options with a short packet-buffer timeout.
fn on(device: &str) -> Capture<Inactive> {
    Capture::from_device(device).timeout(Duration::from_millis(5))
}

fn options(device: &str, immediate: bool, snaplen: u32) -> Capture<Inactive> {
    on(device).immediate_mode(immediate).snaplen(snaplen)
}

/// Three times as many as the slots of immediate mode.
const MANY: u32 = 150;
