//! Packets that contain a number.

use pcap_core::Packet;

/// The length of a packet.
pub(crate) const LENGTH: usize = 100;
/// Where the number begins. It has eight bytes.
const AT: usize = 14;

/// Selects the packets with even numbers, or with odd ones.
pub(crate) const PARITY: [&str; 2] = [
    "ether proto 0x88b5 and ether[21] & 1 = 0",
    "ether proto 0x88b5 and ether[21] & 1 = 1",
];

/// Returns a packet without a number.
pub(crate) fn packet() -> [u8; LENGTH] {
    let mut packet = [0x55; LENGTH];
    packet[..6].copy_from_slice(&[2, 0, 0, 0, 0, 2]);
    packet[6..12].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
    // An EtherType for local experiments.
    packet[12..AT].copy_from_slice(&[0x88, 0xb5]);
    packet
}

/// Writes the number of a packet.
pub(crate) fn set(packet: &mut [u8; LENGTH], number: u64) {
    packet[AT..AT + 8].copy_from_slice(&number.to_be_bytes());
}

/// Returns the number of a packet, if the packet is one of ours and whole.
pub(crate) fn of(packet: Packet<'_>) -> Option<u64> {
    let data: &[u8; LENGTH] = packet.data().try_into().ok()?;
    let number = u64::from_be_bytes(data[AT..AT + 8].try_into().ok()?);
    let mut expected = self::packet();
    set(&mut expected, number);
    (expected == *data && packet.wire_len() as usize == LENGTH).then_some(number)
}
