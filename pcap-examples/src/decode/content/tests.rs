use pcap_core::{Dlt, Packet, Timestamp};

use super::Content;
use crate::decode::{Decoded, decode};
use crate::interface_names::InterfaceNames;
use crate::linked_packet::LinkedPacket;
use crate::packet_line::PacketLines;
use crate::packet_view::{TimeFormat, View};

/// Returns an IPv4 packet.
fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len()) as u16;
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 1, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    packet.extend(payload);
    packet
}

fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let length = (8 + payload.len()) as u16;
    let fields = [from, to, length, 0].map(u16::to_be_bytes).concat();
    ipv4(17, &[&fields, payload].concat())
}

fn tcp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let ports = [from, to].map(u16::to_be_bytes).concat();
    let rest = [0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 2, 0, 0, 0, 0, 0];
    ipv4(6, &[&ports, &rest[..], payload].concat())
}

/// Returns the part of the line after the endpoints, without the length.
fn text(packet: &[u8]) -> String {
    let view = View {
        time: TimeFormat::None,
        ..View::default()
    };
    let mut out = Vec::new();
    let names = &mut InterfaceNames::default();
    let packet = Packet::new(Timestamp::EPOCH, packet.len() as u32, packet);
    PacketLines::new(view).push(&mut out, &LinkedPacket::new(Dlt::RAW, packet), names);
    let line = String::from_utf8(out).unwrap();
    let (line, _) = line.rsplit_once(", length ").unwrap();
    let end = line.rfind(" > ").map_or(0, |at| at + 3);
    let (_, text) = line[end..].split_once(' ').unwrap();
    text.to_owned()
}

/// A response of DNS with the alias and the address of a name.
const RESPONSE: &[u8] =
    b"\x12\x34\x81\x80\0\x01\0\x02\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01\
    \xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x02\xc0\x10\xc0\x10\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x07";

#[test]
fn dns_names_are_decompressed_and_escaped() {
    let query = |name: &[u8]| {
        let header = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0";
        text(&udp(
            40000,
            53,
            &[header, name, &b"\0\x1c\0\x01"[..]].concat(),
        ))
    };
    assert_eq!(query(b"\x07example\x03com\0"), "DNS 4660 AAAA? example.com");
    assert_eq!(query(b"\0"), "DNS 4660 AAAA? .");
    let escaped = "DNS 4660 AAAA? a\\.b\\\\\\027\\255é";
    assert_eq!(query(b"\x08a.b\\\x1b\xff\xc3\xa9\0"), escaped);
    // A reference to itself, and one to the end.
    assert_eq!(query(b"\xc0\x0c"), "DNS 4660 AAAA? …");
    assert_eq!(query(b"\x01a\xc0\xff"), "DNS 4660 AAAA? a.…");
    assert_eq!(
        text(&udp(53, 40000, RESPONSE)),
        "DNS 4660 A? www.example.com: CNAME example.com, A 192.0.2.7"
    );
    let mut missing = RESPONSE.to_vec();
    missing[3] = 0x83;
    missing[7] = 0;
    assert_eq!(
        text(&udp(53, 40000, &missing)),
        "DNS 4660 A? www.example.com: NXDomain"
    );
    let over_tcp = [&[0, RESPONSE.len() as u8], RESPONSE].concat();
    let shown = text(&tcp(53, 40000, &over_tcp));
    assert!(
        shown.ends_with(" win 512 DNS 4660 A? www.example.com: CNAME example.com, A 192.0.2.7")
    );
}

#[test]
fn the_number_of_answers_is_limited() {
    let mut response = RESPONSE[..33].to_vec();
    response[6..8].copy_from_slice(&1000_u16.to_be_bytes());
    for _ in 0..1000 {
        response.extend(b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x02\xc0\x10");
    }
    let packet = udp(53, 40000, &response);
    let shown = text(&packet);
    assert!(
        shown.ends_with("example.com, CNAME example.com, 997 more"),
        "{shown}"
    );
    let known = decode(Dlt::RAW, &packet);
    let content = known.content();
    let answers = content.as_ref().and_then(Content::dns).unwrap().answers();
    assert_eq!(answers.count(), 32);
}

/// Returns a ClientHello.
fn client_hello(name: &[u8], versions: &[u8]) -> Vec<u8> {
    let list = |extension: u8, body: &[u8]| [&[0, extension, 0, body.len() as u8], body].concat();
    let length = name.len() as u8;
    let name = [&[0, length + 3, 0, 0, length], name].concat();
    let versions = [&[versions.len() as u8], versions].concat();
    let extensions = [list(10, &[1, 2]), list(0, &name), list(43, &versions)].concat();
    let hello = [
        &[3, 3],
        &[7; 32][..],
        &[2, 1, 2, 0, 2, 19, 1, 1, 0, 0, extensions.len() as u8],
        &extensions,
    ]
    .concat();
    let message = [&[1, 0, 0, hello.len() as u8], &hello[..]].concat();
    [&[22, 3, 1, 0, message.len() as u8], &message[..]].concat()
}

#[test]
fn a_client_hello_shows_its_server_name() {
    let newest = [0x2a, 0x2a, 3, 4, 3, 3];
    let hello = client_hello(b"www.example.org", &newest);
    let shown = text(&tcp(4000, 443, &hello));
    assert!(
        shown.ends_with(" TLS 1.3 ClientHello www.example.org"),
        "{shown}"
    );
    // The rest of a long message is in other segments.
    let shown = text(&tcp(4000, 443, &hello[..hello.len() - 3]));
    assert!(
        shown.ends_with(" TLS 1.2 ClientHello www.example.org"),
        "{shown}"
    );
    let shown = text(&tcp(4000, 443, &client_hello(b"\x1b[31m", &[])));
    assert!(
        shown.ends_with(r" TLS 1.2 ClientHello \u{1b}[31m"),
        "{shown}"
    );
    let shown = text(&tcp(443, 4000, &[21, 3, 3, 0, 2, 2, 40]));
    assert!(
        shown.ends_with(" TLS alert fatal handshake failure"),
        "{shown}"
    );
    let shown = text(&tcp(443, 4000, &[23, 3, 3, 0, 40, 2, 40]));
    assert!(shown.ends_with(" TLS data"), "{shown}");
    // The same bytes without a plausible version or length are not TLS.
    for data in [[23, 4, 3, 0, 40], [23, 3, 9, 0, 40], [23, 3, 3, 0xff, 0]] {
        assert!(text(&tcp(443, 4000, &data)).ends_with(" win 512"));
    }
}

#[test]
fn icmp_errors_name_their_cause() {
    let inner = udp(5, 53, b"query");
    for (start, expected) in [
        (
            [3, 3, 0, 0, 0, 0, 0, 0],
            "destination unreachable, port unreachable",
        ),
        (
            [3, 4, 0, 0, 0, 0, 5, 0x78],
            "destination unreachable, fragmentation needed, MTU 1400",
        ),
        ([11, 0, 0, 0, 0, 0, 0, 0], "time exceeded, in transit"),
        ([5, 1, 0, 0, 192, 0, 2, 9], "redirect, host to 192.0.2.9"),
    ] {
        let packet = ipv4(1, &[&start, &inner[..]].concat());
        assert_eq!(
            text(&packet),
            format!("ICMP {expected} for 192.0.2.2:53 UDP")
        );
    }
    assert_eq!(
        text(&ipv4(1, &[3, 99])),
        "ICMP destination unreachable code 99"
    );
    assert_eq!(text(&ipv4(1, &[99, 1])), "ICMP type 99 code 1");
    // Errors about errors about errors are decoded once.
    let mut nested = udp(1, 2, b"");
    for _ in 0..1000 {
        nested = ipv4(1, &[&[3, 1, 0, 0, 0, 0, 0, 0], &nested[..]].concat());
    }
    assert!(text(&nested).ends_with(" for 192.0.2.2 ICMP"));
}

#[test]
fn other_protocols_are_named() {
    for (from, to, payload, expected) in [
        (123, 123, &[0x1b, 0][..], "NTP v3 client"),
        (123, 123, &[0x24, 2], "NTP v4 server stratum 2"),
        (546, 547, &[1, 2, 3, 4], "DHCPv6 solicit"),
        (5, 443, &[0xc3, 0, 0, 0, 1, 8], "QUIC v1 Initial"),
        (
            5,
            443,
            &[0xd3, 0x6b, 0x33, 0x43, 0xcf, 8],
            "QUIC v2 Initial",
        ),
        (5, 51820, &[4, 0, 0, 0, 9], "WireGuard data"),
        (5, 6, &[4, 0, 0, 0, 9], "UDP"),
        (
            5,
            5060,
            b"BYE sip:a@example.org SIP/2.0\r\n",
            "SIP BYE sip:a@example.org SIP/2.0",
        ),
        (
            5,
            1900,
            b"M-SEARCH * HTTP/1.1\r\n",
            "SSDP M-SEARCH * HTTP/1.1",
        ),
    ] {
        assert_eq!(text(&udp(from, to, payload)), expected);
    }
    for (payload, expected) in [
        (&b"GET /a HTTP/1.1\r\nHost: x"[..], "HTTP GET /a HTTP/1.1"),
        (b"GET /\x1b[31m", r"HTTP GET /\u{1b}[31m…"),
        (b"HTTP/1.1 404 Not Found\r\n", "HTTP/1.1 404 Not Found"),
        (b"SSH-2.0-x\r\n", "SSH-2.0-x"),
        (b"OPTIONS * RTSP/1.0\r\n", "RTSP OPTIONS * RTSP/1.0"),
        (b"GET me\r\n", " win 512"),
    ] {
        assert!(text(&tcp(5, 6, payload)).ends_with(expected), "{expected}");
    }
    let mut discover = vec![0; 240];
    discover[..3].copy_from_slice(&[1, 1, 6]);
    discover[28..34].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
    discover[236..].copy_from_slice(&[99, 130, 83, 99]);
    discover.extend(b"\x35\x01\x01\x0c\x02pc\xff");
    assert_eq!(
        text(&udp(68, 67, &discover)),
        "DHCP discover for 02:00:00:00:00:01 pc"
    );
    for (protocol, payload, expected) in [
        (
            2,
            &[0x16, 0, 0, 0, 224, 0, 0, 251][..],
            "IGMP v2 report 224.0.0.251",
        ),
        (
            50,
            &[0, 0, 0x12, 0x34, 0, 0, 0, 7],
            "ESP spi 0x00001234 seq 7",
        ),
        (
            112,
            &[0x21, 7, 100, 1],
            "VRRP v2 advertisement router 7 priority 100",
        ),
    ] {
        assert_eq!(text(&ipv4(protocol, payload)), expected);
    }
}

#[test]
fn truncated_and_random_content_causes_no_panic() {
    let hello = client_hello(b"www.example.org", &[3, 4]);
    let seeds = [
        udp(53, 40000, RESPONSE),
        tcp(4000, 443, &hello),
        udp(68, 67, &[1; 300]),
        udp(5, 443, &[0xc3, 0, 0, 0, 1, 8]),
        ipv4(2, &[0x22; 20]),
        ipv4(
            1,
            &[&[3, 1, 0, 0, 0, 0, 0, 0], &udp(1, 2, b"")[..]].concat(),
        ),
    ];
    let shown = |packet: &[u8]| {
        let known: Decoded<'_> = decode(Dlt::RAW, packet);
        let content = known.content();
        let _ = (
            known.write_info(&mut String::new(), content.as_ref()),
            known.payload_len(),
        );
    };
    // A generator of numbers that needs no crate.
    let mut state = 1_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize
    };
    for seed in seeds {
        (0..=seed.len()).for_each(|length| shown(&seed[..length]));
        for _ in 0..2000 {
            let mut packet = seed.clone();
            for _ in 0..1 + random() % 4 {
                let at = random() % packet.len();
                packet[at] = random() as u8;
            }
            shown(&packet);
        }
    }
}

/// Messages that tcpdump names in its lines, too.
#[test]
fn types_of_messages_are_named() {
    let bgp = [&[0xff; 16][..], &[0, 19, 4]].concat();
    let radius = [&[1, 5, 0, 20][..], &[0; 16]].concat();
    for (packet, expected) in [
        (
            tcp(40000, 179, &bgp),
            "TCP [P.] seq 1:20 ack 2 win 512 BGP keepalive",
        ),
        (udp(40000, 1812, &radius), "RADIUS access request id 5"),
        (udp(520, 520, &[2, 2, 0, 0]), "RIP v2 response"),
        (udp(49152, 3784, &[0x20, 0xc0, 3, 24]), "BFD state up"),
        (
            udp(40000, 69, b"\0\x01a\x1bb\0octet\0"),
            "TFTP read request \"a\\u{1b}b\"",
        ),
        (udp(69, 40000, b"\0\x05\0\x01no"), "TFTP error \"no\""),
        (
            udp(40000, 514, b"<34>Oct 11 su: failed"),
            "syslog <34>Oct 11 su: failed",
        ),
        (
            tcp(21, 40000, b"220 ready\r\n"),
            "TCP [P.] seq 1:12 ack 2 win 512 FTP 220 ready",
        ),
        (
            tcp(40000, 25, b"EHLO a\r\n"),
            "TCP [P.] seq 1:9 ack 2 win 512 SMTP EHLO a",
        ),
        (
            tcp(40000, 25, b"\x80\0\0\0"),
            "TCP [P.] seq 1:5 ack 2 win 512",
        ),
        (
            ipv4(1, &[13, 0, 0, 0, 0, 7, 0, 3]),
            "ICMP timestamp request id 7 seq 3",
        ),
        (
            ipv4(1, &[12, 0, 0, 0, 20, 0, 0, 0]),
            "ICMP parameter problem at octet 20",
        ),
    ] {
        assert_eq!(text(&packet), expected);
    }
    let mut truncated = RESPONSE.to_vec();
    truncated[2] |= 2;
    let line = text(&udp(53, 40000, &truncated));
    assert!(line.contains(": truncated, CNAME "), "{line}");
}

#[test]
fn damaged_messages_have_no_type() {
    for (port, message) in [
        (69, &b"\0"[..]),
        (69, b"\0\x09"),
        (514, b"text"),
        (520, b"\x01"),
        (1812, b"\x01\x05\0\x05"),
        (1812, b"\x63\x05\0\x14"),
        (3784, b"\x20"),
        (3784, b"\xe0\xc0"),
    ] {
        let line = text(&udp(40000, port, message));
        assert!(line.starts_with("UDP"), "{port} {message:?}: {line}");
    }
}
