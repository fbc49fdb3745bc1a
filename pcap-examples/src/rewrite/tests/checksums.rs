//! Checksums of UDP that are missing, of source routes, and behind authentication headers.

use etherparse::PacketBuilder;

use super::{A, A6, B, B6, MACS, full_sum, ip_packet, rewrite, rewrite_as, rules};
use crate::rewrite::{Rewriter, Rules};
use pcap_core::Dlt;

/// Returns rules that also compute checksums anew.
fn fixing() -> Rules {
    Rules {
        fix_checksums: true,
        ..rules()
    }
}

/// Returns an Ethernet frame with UDP over IPv6 to a port, with or without a checksum.
fn udp_v6(port: u16, has_checksum: bool) -> Vec<u8> {
    let mut frame = Vec::new();
    let builder = PacketBuilder::ethernet2(MACS.0, MACS.1)
        .ipv6(A6, B6, 64)
        .udp(1000, port);
    builder.write(&mut frame, &[0, 1, 2, 3, 4]).unwrap();
    if !has_checksum {
        frame[60..62].fill(0);
    }
    frame
}

#[test]
fn a_missing_checksum_over_ipv6_is_computed_or_stays_missing() {
    let checksum = |rules, frame: &[u8]| rewrite(&mut Rewriter::new(rules), frame)[60..62].to_vec();
    let missing = udp_v6(53, false);
    assert_eq!(checksum(rules(), &missing), [0, 0]);
    let expected = checksum(rules(), &udp_v6(53, true));
    assert_eq!(checksum(fixing(), &missing), expected);
    // It cannot be computed without all bytes.
    let end = missing.len() - 1;
    let (short, _) = rewrite_as(
        &mut Rewriter::new(fixing()),
        Dlt::EN10MB,
        &missing[..end],
        missing.len() as u32,
    );
    assert_eq!(short[60..62], [0, 0]);
    // Tunnels need none.
    assert_eq!(checksum(fixing(), &udp_v6(4789, false)), [0, 0]);
    // Neither does UDP over IPv4.
    let v4 = [&[3, 232, 0, 53, 0, 12, 0, 0][..], b"data"].concat();
    let fixed = rewrite(&mut Rewriter::new(fixing()), &ip_packet(17, &v4));
    assert_eq!(fixed[40..42], [0, 0]);
}

/// Returns a TCP segment whose checksum covers these addresses.
fn segment(addresses: &[u8]) -> Vec<u8> {
    let mut segment = vec![
        3, 232, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 16, 1, 0, 0, 0, 0, 0,
    ];
    segment.extend(b"payload");
    let sum = full_sum(addresses, 6 + segment.len() as u32);
    let sum = full_sum(&segment, sum.into());
    segment[16..18].copy_from_slice(&(!sum).to_be_bytes());
    segment
}

/// Returns whether the checksum of a TCP segment covers these addresses.
fn covers(segment: &[u8], addresses: &[u8]) -> bool {
    let sum = full_sum(addresses, 6 + segment.len() as u32);
    full_sum(segment, sum.into()) == 0xffff
}

#[test]
fn checksums_behind_an_authentication_header_stay_right() {
    let inner = segment(&[B, A].concat());
    let header = [&[6, 4, 0, 0][..], &[0; 20]].concat();
    let frame = ip_packet(51, &[header.clone(), inner.clone()].concat());
    let changed = rewrite(&mut Rewriter::new(rules()), &frame);
    assert_ne!(changed[26..34], frame[26..34]);
    assert_ne!(changed[58..], inner[..]);
    assert!(covers(&changed[58..], &changed[26..34]));
    // A header that says that it is longer than the packet.
    let longer = [&[6, 255, 0, 0][..], &[0; 20], &inner].concat();
    let changed = rewrite(&mut Rewriter::new(fixing()), &ip_packet(51, &longer));
    assert_eq!(changed[34..], longer[..]);
}

#[test]
fn checksums_cover_the_end_of_a_source_route() {
    let hops = [[10, 9, 9, 1], [10, 9, 9, 2]];
    // All hops are to come, or none.
    for pointer in [4, 12] {
        let ends = match pointer {
            4 => [B, hops[1]].concat(),
            _ => [B, A].concat(),
        };
        let inner = segment(&ends);
        let options = [&[131, 11, pointer][..], &hops.concat(), &[0]].concat();
        let mut frame = ip_packet(6, &[options, inner].concat());
        frame[14] = 0x48;
        frame[24..26].fill(0);
        let sum = full_sum(&frame[14..46], 0);
        frame[24..26].copy_from_slice(&(!sum).to_be_bytes());
        for rules in [rules(), fixing()] {
            let changed = rewrite(&mut Rewriter::new(rules), &frame);
            assert_eq!(full_sum(&changed[14..46], 0), 0xffff);
            assert_eq!(changed[37..45], [203, 9, 9, 1, 203, 9, 9, 2]);
            let end = if pointer == 4 { 41 } else { 30 };
            let ends = [&changed[26..30], &changed[end..end + 4]].concat();
            assert!(covers(&changed[46..], &ends), "{pointer}");
        }
    }
}

#[test]
fn checksums_cover_the_end_of_a_route_and_the_home_address() {
    let hops = [[0xfe; 16], [0xfd; 16]];
    let home: [u8; 16] = [0x20, 1, 0xd, 0xb8, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7];
    for (kind, left) in [(0, 2), (4, 1), (2, 0), (0, 0)] {
        let last = match (kind, left) {
            (_, 0) => B6,
            // In segment routing, the first entry is the end.
            (4, _) => hops[0],
            _ => hops[1],
        };
        let inner = segment(&[home, last].concat());
        let destination = [&[43, 2, 1, 2, 0, 0, 201, 16][..], &home].concat();
        let routing = [&[6, 4, kind, left, 1, 0, 0, 0][..], &hops.concat()].concat();
        let body = [destination, routing, inner].concat();
        let mut frame = [&MACS.1[..], &MACS.0, &[0x86, 0xdd, 0x60, 0, 0, 0]].concat();
        frame.extend((body.len() as u16).to_be_bytes());
        frame.extend([&[60, 64][..], &A6, &B6, &body].concat());
        let rules = [rules(), fixing(), super::anonymizing()];
        for rules in rules {
            let changed = rewrite(&mut Rewriter::new(rules), &frame);
            let home = &changed[62..78];
            let last = match (kind, left) {
                (_, 0) => &changed[38..54],
                (4, _) => &changed[86..102],
                _ => &changed[102..118],
            };
            assert_ne!(changed[118..], frame[118..]);
            assert!(
                covers(&changed[118..], &[home, last].concat()),
                "{kind} {left}"
            );
        }
    }
}

#[test]
fn behind_an_unknown_route_no_checksum_is_computed() {
    // Routes of this kind omit a prefix of their addresses.
    for (left, is_computed) in [(1, false), (0, true)] {
        let routing = [&[17, 2, 3, left, 0x88, 0, 0, 0][..], &[7; 16]].concat();
        let udp = [&[3, 232, 0, 53, 0, 9, 0x12, 0x34][..], &[1]].concat();
        let body = [routing, udp].concat();
        let mut frame = [&MACS.1[..], &MACS.0, &[0x86, 0xdd, 0x60, 0, 0, 0]].concat();
        frame.extend((body.len() as u16).to_be_bytes());
        frame.extend([&[43, 64][..], &A6, &B6, &body].concat());
        let rules = Rules {
            fix_checksums: true,
            ..Rules::default()
        };
        let changed = rewrite(&mut Rewriter::new(rules), &frame);
        assert_eq!(changed != frame, is_computed, "{left}");
    }
}

#[test]
fn a_partial_checksum_is_repaired() {
    // DCCP with a checksum of the header, and UDP-Lite with one of all bytes.
    let dccp = [&[3, 232, 0, 80, 3, 0x01, 0, 0, 0, 0, 0, 1][..], b"data"].concat();
    let udp_lite = [&[3, 232, 0, 53, 0, 0, 0, 0][..], b"data."].concat();
    for (number, inner, covered) in [(33, dccp, 12), (136, udp_lite, 13)] {
        let frame = ip_packet(number, &inner);
        let kept = rewrite(&mut Rewriter::new(rules()), &frame);
        if number == 136 {
            assert_eq!(kept[40..42], [0, 0]);
        }
        let fixed = rewrite(&mut Rewriter::new(fixing()), &frame);
        let pseudo = full_sum(&fixed[26..34], u32::from(number) + inner.len() as u32);
        let sum = full_sum(&fixed[34..34 + covered], pseudo.into());
        assert_eq!(sum, 0xffff, "{number}");
    }
}
