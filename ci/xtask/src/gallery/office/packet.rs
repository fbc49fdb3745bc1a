//! Packets with correct lengths and checksums, from the payload outwards.

use std::net::IpAddr;

use super::host::{Host, Socket};
use crate::programs::frames::checksum;

/// The number of ICMP.
pub(super) const ICMP: u8 = 1;
/// The number of TCP.
pub(super) const TCP: u8 = 6;
/// The number of UDP.
pub(super) const UDP: u8 = 17;
/// The number of GRE.
pub(super) const GRE: u8 = 47;
/// The number of ICMPv6.
pub(super) const ICMPV6: u8 = 58;

/// Appends numbers in network byte order.
pub(super) fn words(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// Returns a frame, padded to the minimum length.
pub(super) fn ethernet(
    to: [u8; 6],
    from: [u8; 6],
    vlan: Option<u16>,
    kind: u16,
    payload: &[u8],
) -> Vec<u8> {
    let mut frame = [to, from].concat();
    if let Some(tag) = vlan {
        frame.extend(words(&[0x8100, tag]));
    }
    frame.extend(words(&[kind]));
    frame.extend(payload);
    frame.resize(frame.len().max(60), 0);
    frame
}

/// Returns a frame with an IP packet.
pub(super) fn frame(from: &Host, to: &Host, packet: &[u8]) -> Vec<u8> {
    let kind = if from.ip.is_ipv4() { 0x0800 } else { 0x86dd };
    let mac = match to.ip {
        IpAddr::V4(ip) if ip.is_broadcast() => [0xff; 6],
        IpAddr::V4(ip) if ip.is_multicast() => {
            let [_, b, c, d] = ip.octets();
            [0x01, 0, 0x5e, b & 0x7f, c, d]
        }
        IpAddr::V6(ip) if ip.is_multicast() => {
            let last = ip.octets();
            [0x33, 0x33, last[12], last[13], last[14], last[15]]
        }
        _ => to.mac,
    };
    ethernet(mac, from.mac, from.vlan, kind, packet)
}

/// Returns the bytes of an address.
pub(super) fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

/// Returns an IP packet. `id` is the identification of IPv4.
pub(super) fn ip(from: &Host, to: &Host, protocol: u8, id: u16, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u16;
    let addresses = [octets(from.ip), octets(to.ip)].concat();
    let mut packet;
    if from.ip.is_ipv4() {
        // Do not fragment.
        packet = [vec![0x45, 0], words(&[20 + length, id, 0x4000])].concat();
        packet.extend([from.ttl, protocol, 0, 0]);
        packet.extend(addresses);
        let sum = checksum(&[&packet]);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
    } else {
        packet = [vec![0x60, 0, 0, 0], words(&[length])].concat();
        packet.extend([protocol, from.ttl]);
        packet.extend(addresses);
    }
    packet.extend(payload);
    packet
}

/// Sets the checksum of TCP, UDP or ICMPv6, which covers the addresses.
fn set_checksum(at: usize, from: &Host, to: &Host, protocol: u8, payload: &mut [u8]) {
    let length = (payload.len() as u32).to_be_bytes();
    let addresses = [octets(from.ip), octets(to.ip)].concat();
    let sum = checksum(&[&addresses, &length, &[0, protocol], payload]);
    let sum = if sum == 0 { 0xffff } else { sum };
    payload[at..at + 2].copy_from_slice(&sum.to_be_bytes());
}

/// Returns a UDP datagram.
pub(super) fn udp(from: &Socket, to: &Socket, data: &[u8]) -> Vec<u8> {
    let mut datagram = words(&[from.1, to.1, 8 + data.len() as u16, 0]);
    datagram.extend(data);
    set_checksum(6, &from.0, &to.0, UDP, &mut datagram);
    datagram
}

/// The fields of a TCP segment.
pub(super) struct Segment<'a> {
    /// The flags.
    pub(super) flags: u8,
    /// The sequence number.
    pub(super) sequence: u32,
    /// The acknowledgment number.
    pub(super) acknowledgment: u32,
    /// The window.
    pub(super) window: u16,
    /// The options, padded to a multiple of 4.
    pub(super) options: Vec<u8>,
    /// The data.
    pub(super) data: &'a [u8],
}

/// Returns a TCP segment.
pub(super) fn tcp(from: &Socket, to: &Socket, segment: &Segment<'_>) -> Vec<u8> {
    let mut bytes = words(&[from.1, to.1]);
    bytes.extend(segment.sequence.to_be_bytes());
    bytes.extend(segment.acknowledgment.to_be_bytes());
    bytes.push((5 + segment.options.len() as u8 / 4) << 4);
    bytes.push(segment.flags);
    bytes.extend(words(&[segment.window, 0, 0]));
    bytes.extend(&segment.options);
    bytes.extend(segment.data);
    set_checksum(16, &from.0, &to.0, TCP, &mut bytes);
    bytes
}

/// Returns an ICMP message. `rest` is what follows the checksum.
pub(super) fn icmp(kind: u8, code: u8, rest: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0];
    message.extend(rest);
    let sum = checksum(&[&message]);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    message
}

/// Returns an ICMPv6 message.
pub(super) fn icmpv6(from: &Host, to: &Host, kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, 0, 0, 0];
    message.extend(rest);
    set_checksum(2, from, to, ICMPV6, &mut message);
    message
}

/// Returns the frame of an ARP request or reply; the target's address is zero in a request.
pub(super) fn arp(operation: u16, from: &Host, target: &Host) -> Vec<u8> {
    let reply = operation == 2;
    let mut packet = words(&[1, 0x0800, 0x0604, operation]);
    packet.extend(from.mac);
    packet.extend(octets(from.ip));
    packet.extend(if reply { target.mac } else { [0; 6] });
    packet.extend(octets(target.ip));
    let to = if reply { target.mac } else { [0xff; 6] };
    ethernet(to, from.mac, from.vlan, 0x0806, &packet)
}
