//! The headers of the link layer, and the fields of `-v`.

use super::{both, datagram, file};
use crate::common::frames::{A, B, MAC, cooked, ethernet, ipv4, ipv6, udp};
use crate::common::{path_arg, run_program};
use etherparse::{PacketBuilder, TcpOptionElement};

#[test]
fn link_headers_are_those_of_tcpdump() {
    let folder = tempfile::tempdir().unwrap();
    let packet = ipv4((A, B), 17, 0, 0, &udp(1234, 5678, b"abc"));
    let after = |header: &[u8]| [header, &packet].concat();
    let ether = [
        ethernet(0x0800, &packet),
        ethernet(0x8100, &after(&[0x60, 5, 8, 0])),
        ethernet(0x88a8, &after(&[0, 7, 0x81, 0, 0x30, 5, 8, 0])),
    ];
    let [(sll, v1), (sll2, v2)] = cooked(4, 1, 0x0800, &packet);
    for (linktype, packets) in [
        (1, &ether[..]),
        (sll, &[v1]),
        (sll2, &[v2]),
        (0, &[after(&[2, 0, 0, 0])]),
        (108, &[after(&[0, 0, 0, 2])]),
        (104, &[after(&[0x0f, 0, 8, 0])]),
    ] {
        let path = file(folder.path(), linktype, packets);
        let [theirs, ours] = both(&["-t", "-e"], &path);
        for (ours, theirs) in ours.lines().zip(theirs.lines()) {
            let header = |line: &str| {
                let end = line.find("192.0.2.1").expect("an address");
                let header = line[..end].replace("802.1Q-QinQ", "VLAN");
                header.replace("802.1Q", "VLAN").trim_start().to_owned()
            };
            // tcpdump looks up the interface on this system.
            let (ours, theirs) = (header(ours), header(theirs));
            let rest = |line: &str| line[line.find("ifindex").unwrap_or(0)..].to_owned();
            assert_eq!(rest(&ours), rest(&theirs), "{linktype}");
        }
        assert!(!ours.is_empty());
    }
}

#[test]
fn link_headers_of_other_packets_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let bridge = [&[4; 6], &MAC[..], &[0, 38, 0x42, 0x42, 3], &[0; 35]].concat();
    for (linktype, packet, expected) in [
        (
            1,
            ethernet(0x88b5, &[0; 46]),
            "02:00:00:00:00:09 > 04:04:04:04:04:04, ethertype 0x88b5, length 60: type 0x88b5 0000",
        ),
        (
            1,
            bridge,
            "02:00:00:00:00:09 > 04:04:04:04:04:04, 802.3, length 52: LLC, dsap 0x42, ssap 0x42, ctrl 0x03: STP ",
        ),
        (1, vec![4; 8], "length 8: EN10MB "),
        (
            9,
            vec![0xff, 3, 0xc0, 0x21, 1, 1, 0, 4],
            "LCP (0xc021), length 8: LCP ",
        ),
        (101, vec![0x45], "RAW, length 1: "),
        (147, vec![1, 2], "USER0, length 2: USER0 0102, length 2"),
        (
            105,
            [&[8, 0, 0, 0][..], &[4; 6], &MAC[..], &[5; 6], &[0, 0]].concat(),
            "802.11 RA:04:04:04:04:04:04 TA:02:00:00:00:00:09 A3:05:05:05:05:05:05, length 24: ",
        ),
    ] {
        let path = file(folder.path(), linktype, &[packet]);
        let line = run_program("read", &["-te", path_arg(&path)]).success_output();
        assert!(line.starts_with(expected), "{line}");
    }
}

/// Returns the text between two others.
fn part<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let (_, rest) = text
        .split_once(begin)
        .unwrap_or_else(|| panic!("no `{begin}` in {text}"));
    rest.split(end).next().unwrap_or_default()
}

/// Returns a segment with options, and with correct checksums.
fn segment(options: &[TcpOptionElement], payload: &[u8]) -> Vec<u8> {
    let builder = PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4(A, B, 61)
        .tcp(40_000, 443, 7, 512)
        .ack(9)
        .options(options)
        .unwrap();
    let mut data = Vec::new();
    builder.write(&mut data, payload).unwrap();
    data
}

#[test]
fn fields_of_tcp_are_those_of_tcpdump() {
    use TcpOptionElement::{
        MaximumSegmentSize, Noop, SelectiveAcknowledgement, SelectiveAcknowledgementPermitted,
        Timestamp, WindowScale,
    };
    let folder = tempfile::tempdir().unwrap();
    let whole = segment(
        &[
            MaximumSegmentSize(1460),
            SelectiveAcknowledgementPermitted,
            Timestamp(1, 2),
            Noop,
            WindowScale(7),
        ],
        b"odd",
    );
    let sack = segment(
        &[
            Noop,
            Noop,
            SelectiveAcknowledgement((100, 200), [Some((300, 400)), None, None]),
        ],
        b"",
    );
    let mut wrong = whole.clone();
    wrong[60] ^= 0x40;
    let mut header = whole.clone();
    header[24] ^= 1;
    let mut unknown = whole.clone();
    // Another kind of option, whose checksum is wrong then, and one that is too long.
    unknown[54] = 253;
    let mut long = whole.clone();
    long[55] = 200;
    let packets = [whole, sack, wrong, header, unknown, long];
    let path = file(folder.path(), 1, &packets);
    let [theirs, ours] = both(&["-t", "-v", "-S"], &path);
    let theirs: Vec<_> = theirs.lines().collect();
    let ours: Vec<_> = ours.lines().collect();
    assert_eq!(
        (theirs.len(), ours.len()),
        (2 * packets.len(), 3 * packets.len())
    );
    for (theirs, ours) in theirs.chunks(2).zip(ours.chunks(3)) {
        let (line, ip, tcp) = (ours[0], ours[1], ours[2]);
        for (begin, end) in [
            ("tos ", ","),
            ("ttl ", ","),
            ("id ", ","),
            ("offset ", ","),
            ("flags ", ","),
            ("proto ", ","),
        ] {
            assert_eq!(part(ip, begin, end), part(theirs[0], begin, end), "{ip}");
        }
        assert_eq!(
            part(ip, ", length ", ","),
            part(theirs[0], ", length ", ")").split(',').next().unwrap()
        );
        assert_eq!(
            ip.contains("cksum"),
            theirs[0].contains("bad cksum"),
            "{ip}"
        );
        assert_eq!(part(tcp, "cksum ", ","), part(theirs[1], "cksum ", ","));
        assert_eq!(
            part(tcp, "options [", "], ").trim_end_matches(']'),
            part(theirs[1], "options [", "], ").trim_end_matches(']')
        );
        // tcpdump stops at an option that is too long.
        if !theirs[1].contains("[bad opt]") {
            assert_eq!(
                part(line, ", length ", " "),
                part(theirs[1], ", length ", " ")
            );
        }
    }
    let [_, unverified] = both(&["-v", "-K"], &path);
    assert!(
        !unverified.contains("correct") && unverified.contains(" cksum 0x"),
        "{unverified}"
    );
}

#[test]
fn checksums_of_datagrams_are_verified() {
    let folder = tempfile::tempdir().unwrap();
    let mut right = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv6([1; 16], [2; 16], 64)
        .udp(1, 2)
        .write(&mut right, b"odd")
        .unwrap();
    let mut wrong = right.clone();
    wrong[62] ^= 1;
    let mut echo = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4(A, B, 64)
        .icmpv4_echo_request(1, 2)
        .write(&mut echo, b"ping")
        .unwrap();
    let missing = datagram(b"no checksum");
    let first = ethernet(0x0800, &ipv4((A, B), 17, 0, 0x2000, &udp(7, 8, &[0; 8])));
    let path = file(folder.path(), 1, &[right, wrong, echo, missing, first]);
    let lines = run_program("read", &["-tv", path_arg(&path)]).success_output();
    let checked: Vec<_> = lines
        .lines()
        .filter(|line| line.starts_with("    ") && !line.contains("    IP"))
        .collect();
    assert_eq!(checked.len(), 5, "{lines}");
    assert!(
        checked[0].starts_with("    UDP cksum 0x") && checked[0].ends_with(" (correct)"),
        "{lines}"
    );
    assert!(checked[1].contains(" (incorrect -> 0x"), "{lines}");
    assert!(
        checked[2].starts_with("    ICMP cksum 0x") && checked[2].ends_with(" (correct)"),
        "{lines}"
    );
    assert_eq!(checked[3], "    UDP no cksum");
    assert_eq!(checked[4], "    UDP no cksum");
    let six = lines.lines().nth(1).unwrap();
    assert_eq!(
        six,
        "    IPv6 class 0x00, flowlabel 0x00000, hlim 64, next-header UDP (17), payload length 11"
    );
}

#[test]
fn more_letters_show_tunnels_and_frames() {
    let folder = tempfile::tempdir().unwrap();
    let inside = ipv4((A, B), 17, 0, 0, &udp(1, 2, b"abc"));
    let tunnel = ethernet(0x0800, &ipv4((A, B), 4, 0, 0, &inside));
    let six = ethernet(0x86dd, &ipv6(41, &ipv6(17, &udp(1, 2, b""))));
    let path = file(folder.path(), 1, &[tunnel, six]);
    for (letters, number) in [("-v", 1), ("-vv", 2), ("-vvv", 2)] {
        let lines = run_program("read", &[letters, path_arg(&path)]).success_output();
        assert_eq!(lines.matches("    IPv4 ").count(), number, "{lines}");
        assert_eq!(lines.matches("    IPv6 ").count(), number, "{lines}");
        assert_eq!(
            lines.contains("    frame 1, EN10MB, 65 bytes, 65 captured, 2023"),
            letters == "-vvv"
        );
    }
}

#[test]
fn brief_lines_have_ends_protocol_and_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), 1, &[segment(&[], b"abc"), datagram(b"ab")]);
    let lines = run_program("read", &["-q", "-t", path_arg(&path)]).success_output();
    assert_eq!(
        lines,
        "192.0.2.1:40000 > 192.0.2.2:443 TCP, length 3\n192.0.2.1:1234 > 192.0.2.2:5678 UDP, length 2\n"
    );
}
