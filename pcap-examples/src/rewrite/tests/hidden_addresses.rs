//! Anonymized packets contain no address, wherever headers have one and wherever a packet is truncated.

use pcap_core::Dlt;

use super::{anonymizing, full_sum, rewrite_as};
use crate::rewrite::{PayloadRule, Rewriter, Rules};

/// Addresses that occur nowhere else.
const V4: [[u8; 4]; 4] = [
    [198, 18, 77, 201],
    [198, 18, 78, 202],
    [203, 113, 79, 203],
    [203, 113, 80, 204],
];
const MAC: [[u8; 6]; 2] = [
    [0x3c, 0x22, 0xfb, 0xaa, 0x51, 0x77],
    [0x3c, 0x22, 0xfb, 0xbb, 0x52, 0x79],
];
/// An address of eight bytes, and one of InfiniBand.
const LONG: [u8; 8] = [0x3c, 0x22, 0xfb, 0xff, 0xfe, 0xcc, 0x53, 0x7b];
const INFINIBAND: [u8; 20] = [
    0x80, 0, 0x4a, 0x4b, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x3c, 0x22, 0xfb, 0xff, 0xfe, 0xdd, 0x54,
    0x7d,
];

fn v6(number: u8) -> [u8; 16] {
    let mut address = [
        0x26, 0x07, 0xf8, 0xb0, 0x40, 0x71, 0x83, 0x9a, 0x3e, 0x22, 0x1f, 0, 0, 9, 9, 0,
    ];
    address[15] = number;
    address
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn ipv4(number: u8, options: &[u8], body: &[u8]) -> Vec<u8> {
    let header = 20 + options.len();
    let mut packet = vec![0x40 | (header / 4) as u8, 0];
    packet.extend(((header + body.len()) as u16).to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, number, 0, 0]);
    packet.extend(join(&[&V4[0], &V4[1], options]));
    let sum = full_sum(&packet, 0);
    packet[10..12].copy_from_slice(&(!sum).to_be_bytes());
    packet.extend(body);
    packet
}

fn ipv6(number: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16).to_be_bytes();
    join(&[
        &[0x60, 0, 0, 0],
        &length,
        &[number, 64],
        &v6(1),
        &v6(2),
        body,
    ])
}

fn udp(port: u16, body: &[u8]) -> Vec<u8> {
    let length = (8 + body.len() as u16).to_be_bytes();
    join(&[&[3, 232], &port.to_be_bytes(), &length, &[0, 0], body])
}

fn ethernet(kind: u16, body: &[u8]) -> Vec<u8> {
    join(&[&MAC[0], &MAC[1], &kind.to_be_bytes(), body])
}

/// Returns packets with addresses in all places that are known, by their link types.
pub(super) fn packets() -> Vec<(Dlt, Vec<u8>)> {
    let mut packets = Vec::new();
    let mut add = |dlt, packet: Vec<u8>| packets.push((dlt, packet));
    for ip in ip_packets() {
        let kind = if ip[0] >> 4 == 4 { 0x800 } else { 0x86dd };
        add(Dlt::EN10MB, ethernet(kind, &ip));
    }
    // Tunnels.
    let plain = ipv4(17, &[], &udp(9, b"data"));
    let frame = ethernet(0x800, &plain);
    let tunnels = [
        ipv4(4, &[], &plain),
        ipv4(41, &[], &ipv6(17, &udp(9, b""))),
        ipv4(47, &[], &join(&[&[0, 0, 8, 0], &plain])),
        ipv4(
            47,
            &[],
            &join(&[&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1], &[0; 8], &frame]),
        ),
        ipv4(
            47,
            &[],
            &join(&[&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1], &[0; 12], &frame]),
        ),
        ipv4(
            47,
            &[],
            &join(&[&[0x40, 0, 8, 0, 0, 0, 0, 0], &V4[2], &plain]),
        ),
        ipv4(
            17,
            &[],
            &udp(4789, &join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &frame])),
        ),
        ipv4(
            17,
            &[],
            &udp(6081, &join(&[&[0, 0, 0x65, 0x58, 0, 0, 1, 0], &frame])),
        ),
        ipv4(
            17,
            &[],
            &udp(
                6081,
                &join(&[&[2, 0, 8, 0, 0, 0, 1, 0, 1, 2, 3, 1], &V4[2], &plain]),
            ),
        ),
    ];
    for tunnel in tunnels {
        add(Dlt::RAW, tunnel);
    }
    add(
        Dlt::EN10MB,
        ethernet(0x8847, &join(&[&[0, 1, 1, 64], &plain])),
    );
    add(
        Dlt::EN10MB,
        ethernet(0x8864, &join(&[&[0x11, 0, 0, 1, 0, 34, 0, 0x21], &plain])),
    );
    // Deeper than headers are followed.
    let deep = (0..40).fold(plain.clone(), |inner, _| ipv4(4, &[], &inner));
    add(Dlt::RAW, deep);
    // ARP with addresses of several lengths and of other protocols.
    for (mac, hardware) in [(&MAC[0][..], 1), (&LONG, 24), (&INFINIBAND, 32)] {
        for (kind, ip) in [(8, &V4[0][..]), (9, &v6(3))] {
            let lengths = [0, hardware, kind, 0, mac.len() as u8, ip.len() as u8, 0, 2];
            add(
                Dlt::EN10MB,
                ethernet(0x806, &join(&[&lengths, mac, ip, mac, ip])),
            );
        }
    }
    let bridge = join(&[
        &[0, 0, 2, 2, 0, 0x80, 0],
        &MAC[0],
        &[0, 0, 0, 0, 0x80, 0],
        &MAC[1],
    ]);
    let bridge = join(&[&bridge, &[0; 11], &MAC[0]]);
    add(
        Dlt::EN10MB,
        ethernet(45, &join(&[&[0x42, 0x42, 3], &bridge])),
    );
    add(
        Dlt::EN10MB,
        ethernet(50, &join(&[&[0xaa, 0xaa, 3, 0, 0, 0xc, 1, 0xb], &bridge])),
    );
    // Cooked headers, whose fields have eight bytes.
    for (hardware, length, address) in [
        (1, 6, join(&[&MAC[0], &[7, 7]])),
        (24, 8, LONG.to_vec()),
        (32, 20, INFINIBAND[..8].to_vec()),
        (768, 4, join(&[&V4[2], &V4[3]])),
        (769, 16, v6(4)[..8].to_vec()),
    ] {
        let [high, low] = u16::to_be_bytes(hardware);
        let v1 = join(&[&[0, 0, high, low, 0, length], &address, &[8, 0], &plain]);
        let head = [8, 0, 0, 0, 0, 0, 0, 1, high, low, 0, length];
        add(Dlt::LINUX_SLL, v1);
        add(Dlt::LINUX_SLL2, join(&[&head, &address, &plain]));
    }
    // PPP's negotiation of addresses, and Cisco's.
    let option = |kind: u8, value: &[u8]| join(&[&[kind, 2 + value.len() as u8], value]);
    let ipcp = join(&[
        &option(3, &V4[0]),
        &option(129, &V4[1]),
        &option(1, &V4[2..].concat()),
    ]);
    let length = 4 + ipcp.len() as u8;
    add(Dlt::PPP, join(&[&[0x80, 0x21, 1, 1, 0, length], &ipcp]));
    add(
        Dlt::PPP,
        join(&[&[0x80, 0x57, 1, 1, 0, 14], &option(1, &LONG)]),
    );
    let ask = join(&[
        &[0x8f, 0, 0x80, 0x35, 0, 0, 0, 1],
        &V4[0],
        &[255; 4],
        &[0; 4],
    ]);
    add(Dlt::C_HDLC, ask);
    packets
}

/// Returns IP packets with addresses in options, extension headers and messages.
fn ip_packets() -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    let plain = ipv4(17, &[], &udp(9, b"data"));
    for options in [
        join(&[&[7, 11, 12], &V4[2], &V4[3], &[0]]),
        join(&[&[131, 11, 4], &V4[2], &V4[3], &[1]]),
        join(&[&[68, 20, 21, 1], &V4[2], &[0; 4], &V4[3], &[0; 4]]),
        // An unknown option, and an address that exceeds its option.
        join(&[&[149, 10, 0, 0], &V4[2], &[0; 4]]),
        join(&[&[7, 6, 4], &V4[2][..3], &[1, 0]]),
        // Addresses behind the last option, and in one without a length.
        join(&[&[0, 7, 7, 4], &V4[2]]),
        join(&[&[7, 0, 7, 4], &V4[2]]),
    ] {
        packets.push(ipv4(17, &options, &udp(9, b"")));
    }
    // ICMP: a redirect, an error with extensions, advertisements.
    packets.push(ipv4(1, &[], &join(&[&[5, 1, 0, 0], &V4[3], &plain])));
    let mut quoted = plain.clone();
    quoted.resize(128, 0);
    let extension = join(&[&[0x20, 0, 0, 0, 0, 12, 2, 4], &[0, 1, 0, 0], &V4[2]]);
    packets.push(ipv4(
        1,
        &[],
        &join(&[&[3, 1, 0, 0, 0, 32, 0, 0], &quoted, &extension]),
    ));
    let routers = join(&[
        &V4[2],
        &[0; 4],
        &V4[3],
        &[0; 4],
        &[16, 10, 0, 0, 0, 0, 0, 0],
        &V4[2],
    ]);
    packets.push(ipv4(1, &[], &join(&[&[9, 0, 0, 0, 2, 2, 0, 9], &routers])));
    // IGMP.
    packets.push(ipv4(2, &[], &join(&[&[0x16, 0, 0, 0], &V4[2]])));
    let query = join(&[&[0x11, 0, 0, 0], &V4[2], &[0, 0, 0, 2], &V4[3], &V4[0]]);
    packets.push(ipv4(2, &[], &query));
    let report = join(&[
        &[0x22, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 2],
        &V4[2],
        &V4[3],
        &V4[0],
    ]);
    packets.push(ipv4(2, &[], &report));
    // Other data of a group, and more groups than the header counts.
    let data = join(&[&[0x22, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0], &V4[2], &V4[3]]);
    packets.push(ipv4(2, &[], &data));
    let more = join(&[&[0x22, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], &V4[2]]);
    packets.push(ipv4(2, &[], &more));
    // Neighbours in DVMRP.
    let neighbors = join(&[&[0x13, 2, 0, 0, 0, 0, 0, 3], &V4[2], &V4[3]]);
    packets.push(ipv4(2, &[], &neighbors));
    // Extension headers.
    let udp = udp(9, b"");
    let home = join(&[&[17, 2, 1, 2, 0, 0, 201, 16], &v6(3)]);
    packets.push(ipv6(60, &join(&[&home, &udp])));
    let unknown = join(&[&[17, 2, 0x1e, 18, 0, 0], &v6(3), &[0; 2]]);
    packets.push(ipv6(0, &join(&[&unknown, &udp])));
    for kind in [0, 2, 3, 4, 77] {
        let routing = join(&[&[17, 4, kind, 1, 1, 0, 0, 0], &v6(3), &v6(4)]);
        packets.push(ipv6(43, &join(&[&routing, &udp])));
    }
    let tlv = join(&[&[17, 4, 4, 0, 0, 0, 0, 0], &v6(3), &[1, 14], &v6(4)[..14]]);
    packets.push(ipv6(43, &join(&[&tlv, &udp])));
    // ICMPv6.
    let solicitation = |options: &[u8]| join(&[&[135, 0, 0, 0, 0, 0, 0, 0], &v6(3), options]);
    let prefix = join(&[&[3, 4, 64, 0xe0], &[0; 12], &v6(4)]);
    for options in [
        join(&[&[1, 1], &MAC[0]]),
        join(&[&[1, 2], &LONG, &[0; 6]]),
        join(&[&[2, 3], &INFINIBAND, &[0; 2]]),
        prefix,
        join(&[&[24, 3, 64, 0, 0, 0, 0, 0], &v6(4)]),
        join(&[&[25, 5, 0, 0, 0, 0, 0, 9], &v6(4), &v6(5)]),
        join(&[&[33, 2, 0, 0, 0, 0, 0, 9], &LONG]),
        join(&[&[38, 2, 0, 8], &v6(4)[..12]]),
        join(&[&[99, 3, 0, 0, 0, 0, 0, 0], &v6(4)]),
        join(&[&[99, 0, 0, 0, 0, 0, 0, 0], &v6(4)]),
    ] {
        packets.push(ipv6(58, &solicitation(&options)));
    }
    let redirect = join(&[&[137, 0, 0, 0, 0, 0, 0, 0], &v6(3), &v6(4)]);
    packets.push(ipv6(58, &redirect));
    packets.push(ipv6(
        58,
        &join(&[&[1, 0, 0, 0, 0, 0, 0, 0], &ipv6(17, &udp)]),
    ));
    packets.push(ipv6(58, &join(&[&[131, 0, 0, 0, 0, 0, 0, 0], &v6(3)])));
    let registration = join(&[&[157, 0, 0, 0, 0, 0, 0, 9], &LONG, &v6(3)]);
    packets.push(ipv6(58, &registration));
    packets.push(ipv6(58, &join(&[&[145, 0, 0, 0, 0, 1, 0, 0], &v6(3)])));
    let inverse = join(&[&[142, 0, 0, 0, 0, 0, 0, 0, 9, 3, 0, 0, 0, 0, 0, 0], &v6(3)]);
    packets.push(ipv6(58, &inverse));
    // Mobility: a care-of address, and an error with the home address.
    let update = join(&[&[59, 3, 5, 0, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 3, 16], &v6(3)]);
    packets.push(ipv6(135, &update));
    packets.push(ipv6(135, &join(&[&[59, 2, 7, 0, 0, 0, 1, 0], &v6(3)])));
    // TCP and SCTP connections with several addresses.
    let head = [3, 232, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2];
    let tcp = join(&[&head, &[0x70, 16, 0, 9, 0, 0, 0, 0, 30, 8, 0x30, 2], &V4[2]]);
    packets.push(ipv4(6, &[], &tcp));
    let tcp = join(&[
        &head,
        &[0xb0, 16, 0, 9, 0, 0, 0, 0, 30, 22, 0x30, 2],
        &v6(3),
        &[0; 4],
    ]);
    packets.push(ipv6(6, &tcp));
    let cookie = join(&[&[0, 7, 0, 20], &v6(5)]);
    let init = join(&[
        &[1, 0, 0, 68],
        &[9; 16],
        &[0, 5, 0, 8],
        &V4[2],
        &[0, 6, 0, 20],
        &v6(3),
        &cookie,
    ]);
    let heartbeat = join(&[&[4, 0, 0, 12, 0, 1, 0, 8], &V4[3]]);
    let mut sctp = join(&[&[3, 232, 0, 80], &[0; 8], &init, &heartbeat]);
    let right = super::super::crc32c::checksum(&sctp);
    sctp[8..12].copy_from_slice(&right);
    packets.push(ipv4(132, &[], &sctp));
    packets
}

/// Returns the places at which a packet has one of the addresses.
fn places(packet: &[u8]) -> Vec<(usize, usize)> {
    let v6: Vec<_> = (1..6).map(v6).collect();
    let mut addresses: Vec<&[u8]> = vec![&LONG, &INFINIBAND];
    addresses.extend(V4.iter().map(|address| &address[..]));
    addresses.extend(MAC.iter().map(|address| &address[..]));
    // Some fields have only the first part.
    addresses.extend([&v6[3][..8], &INFINIBAND[..8], &V4[2][..3]]);
    addresses.extend(v6.iter().map(|address| &address[..]));
    let mut places = Vec::new();
    for address in addresses {
        let found = packet.windows(address.len()).enumerate();
        let equal = found.filter(|(_, bytes)| *bytes == address);
        places.extend(equal.map(|(at, _)| (at, at + address.len())));
    }
    places
}

#[test]
fn no_place_and_no_truncated_place_keeps_an_address() {
    let mut rewriter = Rewriter::new(anonymizing());
    for (number, (dlt, packet)) in packets().iter().enumerate() {
        let places = places(packet);
        assert!(!places.is_empty(), "packet {number}");
        for length in (1..=packet.len()).rev() {
            let wire_len = packet.len() as u32;
            let (changed, _) = rewrite_as(&mut rewriter, *dlt, &packet[..length], wire_len);
            for &(start, end) in &places {
                // One or two bytes may be the same by chance.
                let end = end.min(length);
                if start + 3 <= end {
                    assert_ne!(
                        changed[start..end],
                        packet[start..end],
                        "packet {number}, bytes {start} to {end} of {length}: {packet:02x?}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_payload_of_a_packet_in_a_redirect_is_removed() {
    let quoted = ipv6(17, &udp(9, b"payload!"));
    let redirect = join(&[&[137, 0, 0, 0, 0, 0, 0, 0], &v6(3), &v6(4)]);
    let packet = ipv6(58, &join(&[&redirect, &[4, 8, 0, 0, 0, 0, 0, 0], &quoted]));
    let mut rewriter = Rewriter::new(Rules {
        payload: Some(PayloadRule::Cut),
        ..Rules::default()
    });
    let length = packet.len();
    let (short, _) = rewrite_as(&mut rewriter, Dlt::RAW, &packet, length as u32);
    assert_eq!(short, packet[..length - b"payload!".len()]);
}

#[test]
fn the_checksum_of_sctp_follows_the_addresses_in_chunks() {
    let packet = ip_packets().pop().unwrap();
    let wire_len = packet.len() as u32;
    let (changed, _) = rewrite_as(
        &mut Rewriter::new(anonymizing()),
        Dlt::RAW,
        &packet,
        wire_len,
    );
    assert_ne!(changed[20..], packet[20..]);
    assert_eq!(
        changed[28..32],
        super::super::crc32c::checksum(&changed[20..])
    );
}

#[test]
fn the_same_address_becomes_the_same_everywhere() {
    let mut rewriter = Rewriter::new(anonymizing());
    let mut change = |packet: &[u8]| {
        let wire_len = packet.len() as u32;
        rewrite_as(&mut rewriter, Dlt::EN10MB, packet, wire_len).0
    };
    // The sender in the Ethernet and IP headers, in ARP, in a redirect, and in what an error quotes.
    let plain = ipv4(17, &[], &udp(9, b"data"));
    let frame = change(&ethernet(0x800, &plain));
    let (mac, ip) = (frame[6..12].to_vec(), frame[26..30].to_vec());
    let arp = join(&[&[0, 1, 8, 0, 6, 4, 0, 1], &MAC[1], &V4[0], &[0; 6], &V4[1]]);
    let arp = change(&ethernet(0x806, &arp));
    assert_eq!([&arp[22..28], &arp[28..32]], [&mac[..], &ip]);
    let redirect = join(&[&[5, 1, 0, 0], &V4[0], &plain]);
    let redirect = change(&ethernet(0x800, &ipv4(1, &[], &redirect)));
    assert_eq!([&redirect[38..42], &redirect[54..58]], [&ip[..], &ip]);
}
