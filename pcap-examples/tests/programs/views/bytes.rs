//! The bytes below the lines.

use std::fs;
use std::slice;

use super::{both, datagram, file};
use crate::common::frames::{A, B, MAC, cooked, ethernet, ipv4, ipv6, udp};

/// Returns the lines with bytes in hexadecimal.
fn dump(lines: &str) -> Vec<&str> {
    lines
        .lines()
        .filter(|line| line.starts_with('\t'))
        .collect()
}

#[test]
fn hexadecimal_is_that_of_tcpdump_for_each_link_type() {
    let folder = tempfile::tempdir().unwrap();
    let packet = ipv4(
        (A, B),
        17,
        0,
        0,
        &udp(1234, 5678, b"GET /\x7f\r\n\t\xff~ !\0"),
    );
    let after = |header: &[u8]| [header, &packet].concat();
    let llc = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    let snap = [&[4; 6], &MAC[..], &[0, 51], &llc, &packet].concat();
    let ether = [
        ethernet(0x0800, &packet),
        ethernet(0x8100, &after(&[0x20, 5, 8, 0])),
        ethernet(0x88a8, &after(&[0, 7, 0x81, 0, 0, 5, 8, 0])),
        snap,
        ethernet(0x0806, &[1; 28]),
        ethernet(0x88b5, &[0; 46]),
        ethernet(0x8847, &after(&[0, 1, 1, 64])),
        ethernet(0x86dd, &ipv6(17, &udp(1, 2, &[b'a'; 1400]))),
    ];
    let dot11 = [
        &[8, 0, 0, 0][..],
        &[4; 6],
        &MAC[..],
        &[0; 6],
        &[0, 0],
        &llc,
        &packet,
    ]
    .concat();
    let radiotap = [&[0, 0, 9, 0, 2, 0, 0, 0, 0x10], &dot11[..]].concat();
    let [(sll, v1), (sll2, v2)] = cooked(4, 1, 0x0800, &packet);
    let [(_, tagged1), (_, tagged2)] = cooked(0, 1, 0x8100, &after(&[0, 5, 8, 0]));
    for (linktype, packets) in [
        (1, &ether[..]),
        (sll, &[v1, tagged1]),
        (sll2, &[v2, tagged2]),
        (0, &[after(&[2, 0, 0, 0])]),
        (108, &[after(&[0, 0, 0, 2])]),
        (101, slice::from_ref(&packet)),
        (228, slice::from_ref(&packet)),
        (9, &[after(&[0xff, 3, 0, 0x21])]),
        (104, &[after(&[0x0f, 0, 8, 0])]),
        (105, &[dot11]),
        (127, &[radiotap]),
    ] {
        let path = file(folder.path(), linktype, packets);
        for option in ["-x", "-xx", "-X", "-XX"] {
            let [theirs, ours] = both(&[option], &path);
            assert_eq!(dump(&ours), dump(&theirs), "{linktype} {option}");
            assert!(!dump(&ours).is_empty());
        }
    }
}

#[test]
fn text_is_that_of_tcpdump() {
    let folder = tempfile::tempdir().unwrap();
    for payload in [
        &b"GET / HTTP/1.1\r\nHost: a\r\r\n\tx\x0b\x1b[31m\0\xff"[..],
        b"ends with a return\r",
        b"\n\n",
        b"",
    ] {
        let path = file(folder.path(), 1, &[datagram(payload)]);
        for option in ["-A", "-AA"] {
            let [theirs, ours] = both(&[option], &path);
            let text = |lines: &str| lines.split_once('\n').expect("a line").1.to_owned();
            assert_eq!(text(&ours), text(&theirs), "{option} {payload:?}");
        }
    }
}

#[test]
fn offsets_of_large_packets_are_those_of_tcpdump() {
    let folder = tempfile::tempdir().unwrap();
    let large = [&[4; 6], &MAC[..], &[0x88, 0xb5], &vec![0x41; 0x11_000][..]].concat();
    let path = file(folder.path(), 1, &[large]);
    // The savefile states a snaplen of 65535, which tcpdump enforces.
    let mut bytes = fs::read(&path).unwrap();
    bytes[16..20].copy_from_slice(&262_144_u32.to_ne_bytes());
    fs::write(&path, bytes).unwrap();
    let [theirs, ours] = both(&["-XX"], &path);
    assert_eq!(dump(&ours), dump(&theirs));
    assert!(ours.contains("\n\t0x11000:  41"));
}
