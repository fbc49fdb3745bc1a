//! Builds packets of many protocols byte by byte, for the tests of the decoder.

use super::Record;

pub(crate) const ETHERNET: u32 = 1;
pub(crate) const SLL: u32 = 113;
pub(crate) const SLL2: u32 = 276;

pub(crate) const A: [u8; 4] = [192, 0, 2, 1];
pub(crate) const B: [u8; 4] = [192, 0, 2, 2];
pub(crate) const C: [u8; 4] = [10, 0, 0, 1];
pub(crate) const D: [u8; 4] = [10, 0, 0, 2];
pub(crate) const MAC: [u8; 6] = [2, 0, 0, 0, 0, 9];

pub(crate) fn ethernet(kind: u16, rest: &[u8]) -> Vec<u8> {
    [&[4; 6], &MAC[..], &kind.to_be_bytes(), rest].concat()
}

/// Returns an IPv4 packet with a number of option words and a fragment field.
pub(crate) fn ipv4(
    (from, to): ([u8; 4], [u8; 4]),
    number: u8,
    words: u8,
    part: u16,
    rest: &[u8],
) -> Vec<u8> {
    let length = 20 + 4 * u16::from(words) + rest.len() as u16;
    let mut data = vec![0x45 + words, 0];
    data.extend([length, 0x1234, part].map(u16::to_be_bytes).concat());
    data.extend([64, number, 0, 0]);
    data.extend([from, to].concat());
    data.extend(vec![1; 4 * usize::from(words)]);
    data.extend(rest);
    data
}

pub(crate) fn ipv6(next: u8, rest: &[u8]) -> Vec<u8> {
    let mut data = vec![0x60, 0, 0, 0];
    data.extend((rest.len() as u16).to_be_bytes());
    data.extend([next, 64]);
    data.extend(
        [
            [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            [0xfd; 16],
        ]
        .concat(),
    );
    data.extend(rest);
    data
}

/// Returns a TCP segment with the flags SYN and ACK, and a number of option words.
pub(crate) fn tcp(words: u8) -> Vec<u8> {
    let mut data = [40_000_u16, 443, 0, 7, 0, 9].map(u16::to_be_bytes).concat();
    data.extend([(5 + words) << 4, 0x12, 2, 0, 0, 0, 0, 0]);
    data.extend(vec![1; 4 * usize::from(words)]);
    data.extend(b"data");
    data
}

pub(crate) fn udp(from: u16, to: u16, rest: &[u8]) -> Vec<u8> {
    let length = 8 + rest.len() as u16;
    [&[from, to, length, 0].map(u16::to_be_bytes).concat(), rest].concat()
}

/// Returns a packet with a version 1 cooked header, and one with a version 2 cooked header from interface 3.
pub(crate) fn cooked(kind: u16, hardware: u16, protocol: u16, rest: &[u8]) -> [(u32, Vec<u8>); 2] {
    let address = [&MAC[..], &[0; 2]].concat();
    let mut v1 = [kind, hardware, 6].map(u16::to_be_bytes).concat();
    v1.extend(&address);
    v1.extend(protocol.to_be_bytes());
    let mut v2 = [protocol, 0, 0, 3, hardware].map(u16::to_be_bytes).concat();
    v2.extend([kind as u8, 6]);
    v2.extend(&address);
    [(SLL, [&v1, rest].concat()), (SLL2, [&v2, rest].concat())]
}

/// Returns all prefixes of a packet, as if truncated by a snaplen.
pub(crate) fn all_prefixes(data: &[u8]) -> Vec<Record> {
    let cut = |length| (0, 0, data[..length].to_vec(), data.len() as u32);
    (0..=data.len()).map(cut).collect()
}

/// The minimum packet length at which a JSON member is present, and the name of the member.
pub(crate) type Field = (usize, &'static str);

/// Returns packets with their expected JSON members.
pub(crate) fn fields() -> Vec<(Vec<u8>, Vec<Field>)> {
    let ends =
        |at: usize, address: usize| [(at + address, "source"), (at + 2 * address, "destination")];
    let ports = |at: usize| [(at + 2, "source_port"), (at + 4, "destination_port")];
    let over_v4 = |number, words, part, rest: &[u8]| {
        ethernet(0x0800, &ipv4((A, B), number, words, part, rest))
    };
    let with = |fields: &[&[Field]]| fields.concat();
    // A hop-by-hop header with an option and padding, then TCP.
    let hop_by_hop = [&[6, 0, 1, 4, 0, 0, 0, 0][..], &tcp(1)].concat();
    let fragment = [&[17, 0, 0, 1, 0, 0, 0, 5][..], &udp(1, 2, b"12345678")].concat();
    vec![
        (
            over_v4(6, 0, 0, &tcp(5)),
            with(&[&ends(26, 4), &ports(34), &[(48, "flags")]]),
        ),
        (
            over_v4(6, 10, 0, &tcp(0)),
            with(&[&ends(26, 4), &ports(74), &[(88, "flags")]]),
        ),
        (
            over_v4(17, 0, 0, &udp(1, 2, b"x")),
            with(&[&ends(26, 4), &ports(34)]),
        ),
        (
            over_v4(132, 0, 0, &udp(1, 2, b"x")),
            with(&[&ends(26, 4), &ports(34)]),
        ),
        (
            over_v4(33, 0, 0, &[9; 16]),
            with(&[&ends(26, 4), &ports(34)]),
        ),
        (
            over_v4(136, 0, 0, &udp(1, 2, b"x")),
            with(&[&ends(26, 4), &ports(34)]),
        ),
        (
            over_v4(17, 0, 0x2000, &udp(1, 2, &[7; 16])),
            with(&[&ends(26, 4), &ports(34), &[(24, "fragment")]]),
        ),
        (
            ethernet(0x86dd, &ipv6(0, &hop_by_hop)),
            with(&[&ends(22, 16), &ports(62), &[(76, "flags")]]),
        ),
        (
            ethernet(0x86dd, &ipv6(44, &fragment)),
            with(&[&ends(22, 16), &ports(62), &[(62, "fragment")]]),
        ),
        (
            ethernet(
                0x8100,
                &[&[0, 5, 8, 0][..], &ipv4((A, B), 6, 0, 0, &tcp(3))].concat(),
            ),
            with(&[&[(16, "vlans")], &ends(30, 4), &ports(38), &[(52, "flags")]]),
        ),
        (
            ethernet(
                0x0806,
                &[&[0, 1, 8, 0, 6, 4, 0, 1][..], &MAC, &A, &[0; 6], &B].concat(),
            ),
            vec![(32, "source"), (42, "destination"), (42, "info")],
        ),
    ]
}

/// Returns packets in tunnels, with the expected text of the outer headers.
pub(crate) fn tunnels() -> Vec<(&'static str, Vec<u8>)> {
    let inner = ipv4((C, D), 17, 0, 0, &udp(1, 2, b"inner"));
    let ip = |number, rest: &[u8]| ethernet(0x0800, &ipv4((A, B), number, 0, 0, rest));
    let inside = |before: &[u8]| [before, &inner].concat();
    let frame = ethernet(0x0800, &inner);
    let vxlan = [&[8, 0, 0, 0, 0, 0, 42, 0][..], &frame].concat();
    let geneve = [&[1, 0, 0x65, 0x58, 0, 0, 7, 0, 0, 0, 0, 0][..], &frame].concat();
    let length = [0, inner.len() as u8 + 2];
    let session = [
        &[0x11, 0, 0, 9][..],
        &length,
        &[0, 0x21],
        &inner,
        b"padding",
    ]
    .concat();
    vec![
        (
            "mpls 100 mpls 5",
            ethernet(0x8847, &inside(&[0, 6, 0x40, 64, 0, 0, 0x51, 64])),
        ),
        ("pppoe 9", ethernet(0x8864, &session)),
        (
            "",
            ethernet(
                inner.len() as u16 + 8,
                &inside(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
            ),
        ),
        ("192.0.2.1 > 192.0.2.2 GRE", ip(47, &inside(&[0, 0, 8, 0]))),
        (
            "192.0.2.1 > 192.0.2.2 GRE 77",
            ip(47, &inside(&[0x30, 0, 8, 0, 0, 0, 0, 77, 0, 0, 0, 1])),
        ),
        (
            "192.0.2.1 > 192.0.2.2 GRE",
            ip(47, &[&[0, 0, 0x65, 0x58][..], &frame].concat()),
        ),
        ("192.0.2.1 > 192.0.2.2 IPv4", ip(4, &inner)),
        (
            "192.0.2.1:5 > 192.0.2.2:4789 VXLAN 42",
            ip(17, &udp(5, 4789, &vxlan)),
        ),
        (
            "192.0.2.1:5 > 192.0.2.2:6081 Geneve 7",
            ip(17, &udp(5, 6081, &geneve)),
        ),
        (
            "vlan 3 vlan 4",
            ethernet(0x8100, &inside(&[0, 3, 0x81, 0, 0, 4, 8, 0])),
        ),
    ]
}

/// Returns payloads for cooked headers: the device type, the protocol number, the payload and the expected name.
pub(crate) fn devices() -> Vec<(u16, u16, Vec<u8>, &'static str)> {
    let inner = ipv4((C, D), 17, 0, 0, &udp(1, 2, b"inner"));
    let snap = [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &inner].concat();
    let frame = [&[8, 1, 0, 0][..], &[2; 6], &[3; 6], &[4; 6], &[0, 0], &snap].concat();
    let radiotap = [&[0, 0, 8, 0, 0, 0, 0, 0][..], &frame].concat();
    vec![
        (280, 0x0c, vec![0; 16], "CAN"),
        (280, 0x0d, vec![0; 72], "CAN FD"),
        (824, 0, vec![0; 20], "netlink route"),
        (824, 99, vec![0; 20], "netlink 99"),
        (783, 0x17, vec![0; 20], "IrDA"),
        (1, 4, vec![0x42, 0x42, 3, 0], "STP"),
        (1, 1, vec![0xff, 0xff, 0, 30], "IPX"),
        (770, 0x0800, vec![0; 20], "Frame Relay"),
        (805, 0xf6, vec![0; 20], "802.15.4"),
        (825, 0x5a, vec![0; 20], "hardware 825 protocol 0x005a"),
        (1, 4, snap, "UDP"),
        (778, 0x0800, inner.clone(), "UDP"),
        (823, 0x0800, inner.clone(), "UDP"),
        (803, 4, radiotap, "UDP"),
        (801, 4, frame, "UDP"),
        (512, 0x0800, inner.clone(), "UDP"),
        (772, 0x0800, inner, "UDP"),
    ]
}
