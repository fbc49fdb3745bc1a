//! Formats a packet as one line of text.

use std::io::Write;

use pcap_core::{Dlt, Packet};

use crate::decode::{Cooked, decode};
use crate::hex;
use crate::interface_names::InterfaceNames;
use crate::packet_origin::PacketOrigin;
use crate::packet_view::PacketTimes;

/// The maximum number of bytes to show of an unknown protocol.
const MAX_SHOWN_BYTES: usize = 16;

/// Appends the line of a packet, such as:
///
/// ```text
/// 22:13:20.000001 192.0.2.1:12345 > 192.0.2.2:80 TCP SYN seq 1 win 512, 54 bytes
/// 22:13:20.000002 02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff type 0x88b5 0001…, 60 bytes
/// 22:13:20.000003 eth0 Out 192.0.2.1 > 192.0.2.9 ARP request, 48 bytes
/// 22:13:20.000004 vlan 5 192.0.2.1 > 192.0.2.2 GRE 10.0.0.1 > 10.0.0.2 ESP, 102 bytes, 96 captured
/// 22:13:20.000005 eth0 In 192.0.2.1 > 192.0.2.2 GRE, 102 bytes, comment: of a pcapng savefile
/// - 192.0.2.1 > 192.0.2.2 GRE, 102 bytes
/// ```
///
/// The last one has no time, in a pcapng savefile. Packets of such savefiles have an origin.
pub fn push(
    out: &mut Vec<u8>,
    linktype: Dlt,
    times: &mut PacketTimes,
    interfaces: &mut InterfaceNames,
    packet: Packet<'_>,
    origin: Option<&PacketOrigin<'_>>,
) {
    let known = decode(linktype, packet.data());
    let has_time = origin.is_none_or(PacketOrigin::has_time);
    times.push(out, has_time.then(|| packet.timestamp()));
    if let Some(origin) = origin {
        let packet_type = known.cooked.as_ref().and_then(|cooked| cooked.packet_type);
        origin.push_start(out, packet_type.is_some());
    }
    if let Some(cooked) = &known.cooked {
        push_cooked(out, cooked, interfaces);
    }
    // Writing to memory cannot fail.
    let _ = write!(out, "{known}");
    if known.protocol.is_raw() && !known.rest.is_empty() {
        out.push(b' ');
        hex::push(out, &known.rest[..known.rest.len().min(MAX_SHOWN_BYTES)]);
        if known.rest.len() > MAX_SHOWN_BYTES {
            out.extend("…".as_bytes());
        }
    }
    let _ = write!(out, ", {} bytes", packet.wire_len());
    if packet.header().is_truncated() {
        let _ = write!(out, ", {} captured", packet.caplen());
    }
    if let Some(origin) = origin {
        origin.push_end(out);
    }
    out.push(b'\n');
}

/// Appends `eth0 Out `, or `if2 Out ` if the interface has no name.
fn push_cooked(out: &mut Vec<u8>, cooked: &Cooked, interfaces: &mut InterfaceNames) {
    if let Some(index) = cooked.interface {
        let _ = match interfaces.name(index) {
            // Interface names may contain any bytes except white space.
            Some(name) => write!(out, "{} ", name.escape_debug()),
            None => write!(out, "if{index} "),
        };
    }
    if let Some(packet_type) = cooked.packet_type {
        let _ = write!(out, "{packet_type} ");
    }
}

/// Appends a packet in hexadecimal: `SECONDS.NANOSECONDS CAPLEN LEN HEX`. HEX is `-` if the packet has no bytes.
pub fn push_raw(out: &mut Vec<u8>, packet: Packet<'_>) {
    let (time, caplen, len) = (packet.timestamp(), packet.caplen(), packet.wire_len());
    let _ = write!(out, "{time} {caplen} {len} ");
    if packet.data().is_empty() {
        out.push(b'-');
    } else {
        hex::push(out, packet.data());
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;
    use pcap_core::Timestamp;

    fn line(linktype: Dlt, data: &[u8]) -> String {
        let mut out = Vec::new();
        let packet = Packet::new(Timestamp::EPOCH, data.len() as u32, data);
        push(
            &mut out,
            linktype,
            &mut PacketTimes::default(),
            &mut InterfaceNames::default(),
            packet,
            None,
        );
        let line = String::from_utf8(out).unwrap();
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.ends_with(":00.000000"), "{time}");
        rest.strip_suffix('\n').unwrap().to_owned()
    }

    fn udp() -> Vec<u8> {
        let mut packet = Vec::new();
        PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .udp(12345, 53)
            .write(&mut packet, b"abc")
            .unwrap();
        packet
    }

    #[test]
    fn a_packet_is_decoded_after_each_link_header() {
        let header = |bytes: &[u8]| [bytes, &udp()].concat();
        let mut ethernet = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
        let tagged = [&ethernet[..], &[0x81, 0, 0, 5, 8, 0]].concat();
        ethernet.extend([8, 0]);
        let mut sll = vec![0; 14];
        sll.extend([8, 0]);
        let mut sll2 = vec![8, 0];
        sll2.extend([0; 18]);
        for (linktype, before) in [
            (Dlt::EN10MB, &ethernet[..]),
            (Dlt::RAW, &[]),
            (Dlt::IPV4, &[]),
            (Dlt::NULL, &[2, 0, 0, 0]),
            (Dlt::LOOP, &[0, 0, 0, 2]),
            (Dlt::LINUX_SLL, &sll),
            (Dlt::LINUX_SLL2, &sll2),
            (Dlt::C_HDLC, &[0x0f, 0, 8, 0]),
            (Dlt::PPP, &[0, 0x21]),
            (Dlt::PPP_SERIAL, &[0xff, 3, 0, 0x21]),
        ] {
            let data = header(before);
            let seen = match linktype {
                Dlt::LINUX_SLL => "In ",
                Dlt::LINUX_SLL2 => "if0 In ",
                _ => "",
            };
            let length = data.len();
            let expected = format!("{seen}192.0.2.1:12345 > 192.0.2.2:53 UDP, {length} bytes");
            assert_eq!(line(linktype, &data), expected, "{linktype}");
        }
        assert!(line(Dlt::EN10MB, &header(&tagged)).starts_with("vlan 5 192.0.2.1:12345 > "));
    }

    #[test]
    fn tcp_icmp_and_arp_fields_are_shown() {
        let mut tcp = Vec::new();
        PacketBuilder::ipv6([0; 16], [1; 16], 64)
            .tcp(80, 4000, 7, 512)
            .syn()
            .ack(8)
            .write(&mut tcp, &[])
            .unwrap();
        assert_eq!(
            line(Dlt::RAW, &tcp),
            "[::]:80 > [101:101:101:101:101:101:101:101]:4000 TCP SYN ACK seq 7 ack 8 win 512, 60 bytes"
        );
        let mut icmp = Vec::new();
        PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .icmpv4_echo_request(3, 4)
            .write(&mut icmp, &[])
            .unwrap();
        assert_eq!(
            line(Dlt::RAW, &icmp),
            "192.0.2.1 > 192.0.2.2 ICMP echo request id 3 seq 4, 28 bytes"
        );
        let mut arp = vec![0xff; 6];
        arp.extend([2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
        arp.extend([
            2, 0, 0, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 9,
        ]);
        assert_eq!(
            line(Dlt::EN10MB, &arp),
            "192.0.2.1 > 192.0.2.9 ARP request, 42 bytes"
        );
    }

    #[test]
    fn any_truncated_packet_of_any_link_type_has_a_line() {
        let bytes: Vec<u8> = (0..80).map(|n| (n * 7) as u8).collect();
        for number in 0..300 {
            for length in 0..bytes.len() {
                line(Dlt::new(number), &bytes[..length]);
                line(Dlt::new(number), &udp()[..length.min(31)]);
            }
        }
        assert_eq!(line(Dlt::EN10MB, &[1, 2]), "EN10MB 0102, 2 bytes");
        assert_eq!(line(Dlt::USBPCAP, &[]), "USBPCAP, 0 bytes");
    }

    #[test]
    fn raw_lines_have_nine_decimals_and_a_dash_for_no_bytes() {
        let mut out = Vec::new();
        push_raw(&mut out, Packet::new(Timestamp::new(5, 7), 3, &[]));
        push_raw(&mut out, Packet::new(Timestamp::new(5, 7), 3, &[0xab, 1]));
        assert_eq!(out, b"5.000000007 0 3 -\n5.000000007 2 3 ab01\n");
    }
}
