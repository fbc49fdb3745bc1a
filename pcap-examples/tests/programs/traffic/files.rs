//! Makes the packets of the files that are compared.

use crate::common::frames::{
    A, B, C, D, cooked as cooked_headers, devices, ethernet, ipv4, ipv6, tcp, udp,
};
use crate::common::{Record, record};

/// Numbers that look random, but are the same in each run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len() as u64) as usize]
    }
}

fn over_v4(number: u8, payload: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ipv4((A, B), number, 0, 0, payload))
}

fn over_v6(next: u8, payload: &[u8]) -> Vec<u8> {
    ethernet(0x86dd, &ipv6(next, payload))
}

fn plain_udp() -> Vec<u8> {
    udp(40_001, 40_002, b"hello data")
}

fn inner() -> Vec<u8> {
    ipv4((C, D), 17, 0, 0, &plain_udp())
}

/// Returns packets of a few hosts that answer each other, and of one that answers itself.
pub(super) fn conversations() -> Vec<Vec<u8>> {
    let mut random = Random(7);
    let hosts = [A, B, C, D];
    let exchange = |random: &mut Random| {
        let (from, to) = (random.pick(&hosts), random.pick(&hosts));
        let ports = [
            random.pick(&[40_001, 40_002]),
            random.pick(&[40_003, 40_004]),
        ];
        let payload = vec![b'x'; random.pick(&[0, 10, 300, 1200])];
        let (ports, from, to) = match random.below(2) {
            0 => (ports, from, to),
            _ => ([ports[1], ports[0]], to, from),
        };
        let datagram = udp(ports[0], ports[1], &payload);
        let mut frame = ethernet(0x0800, &ipv4((from, to), 17, 0, 0, &datagram));
        frame[5] = random.below(3) as u8;
        frame[11] = random.below(3) as u8;
        frame
    };
    let mut packets: Vec<_> = (0..300).map(|_| exchange(&mut random)).collect();
    packets.extend([
        over_v4(6, &tcp(0)),
        over_v6(17, &plain_udp()),
        over_v6(6, &tcp(2)),
    ]);
    let chunk = [
        &[0, 3, 0, 21, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0][..],
        b"hello\0\0\0",
    ]
    .concat();
    let sctp = [
        &[0x13, 0x88, 0x13, 0x89, 0, 0, 0, 1, 0, 0, 0, 0][..],
        &chunk,
    ]
    .concat();
    packets.extend([
        over_v4(132, &sctp),
        over_v6(132, &sctp),
        over_v4(132, &sctp[..12]),
    ]);
    packets
}

/// Returns packets in tunnels that the tests of the decoder do not have.
pub(super) fn tunnels() -> Vec<Vec<u8>> {
    let frame = ethernet(0x0800, &inner());
    let v6 = ipv6(17, &plain_udp());
    let with = |header: &[u8], packet: &[u8]| [header, packet].concat();
    let over_udp =
        |port, header: &[u8], packet: &[u8]| over_v4(17, &udp(5, port, &with(header, packet)));
    vec![
        over_v4(41, &v6),
        over_v6(4, &inner()),
        over_v6(41, &v6),
        over_v4(4, &ipv4((B, C), 4, 0, 0, &inner())),
        // The inner addresses are the outer ones.
        over_v4(4, &ipv4((A, B), 17, 0, 0, &plain_udp())),
        over_v4(
            47,
            &with(
                &[
                    0x30, 1, 0x88, 0x0b, 0, 34, 0, 1, 0, 0, 0, 1, 0xff, 3, 0, 0x21,
                ],
                &inner(),
            ),
        ),
        over_v4(47, &with(&[0, 0, 0x88, 0xbe], &frame)),
        over_v4(
            47,
            &with(
                &[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 0, 0, 0, 0, 0],
                &frame,
            ),
        ),
        over_v6(47, &with(&[0, 0, 0x86, 0xdd], &v6)),
        over_v4(97, &with(&[0x30, 0], &frame)),
        over_v4(137, &with(&[0, 6, 0x41, 64], &inner())),
        over_udp(4790, &[0x0c, 0, 0, 1, 0, 0, 42, 0], &inner()),
        over_udp(6081, &[0, 0, 8, 0, 0, 0, 7, 0], &inner()),
        over_udp(2152, &[0x30, 0xff, 0, 38, 0, 0, 0, 1], &inner()),
        over_v4(
            51,
            &with(
                &[
                    17, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                ],
                &plain_udp(),
            ),
        ),
        over_v4(50, &[7; 48]),
        over_v6(50, &[7; 48]),
        ethernet(0x893f, &with(&[0, 0, 0, 0, 0, 1, 8, 0], &inner())),
        ethernet(0x8864, &with(&[0x11, 0, 0, 9, 0, 66, 0, 0x57], &v6)),
    ]
}

/// Returns packets with VLAN tags, and of protocols that do not leave the local network.
pub(super) fn local_networks() -> Vec<Vec<u8>> {
    let arp = [
        0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2,
    ];
    let tagged = |tag: &[u8]| [tag, &inner()].concat();
    let spanning_tree = [&[0x42, 0x42, 3][..], &[0; 35]].concat();
    vec![
        ethernet(0x8100, &tagged(&[0, 5, 8, 0])),
        ethernet(0x88a8, &tagged(&[0, 5, 0x81, 0, 0, 6, 8, 0])),
        ethernet(0x8100, &[&[0, 5, 8, 6][..], &arp].concat()),
        ethernet(0x0806, &arp),
        ethernet(0x8035, &arp),
        ethernet(38, &spanning_tree),
        ethernet(46, &tagged(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0])),
        ethernet(0x888e, &[1, 0, 0, 0]),
        ethernet(0x8888, b"unknown"),
        ethernet(0x8863, &[0x11, 9, 0, 0, 0, 4, 1, 1, 0, 0]),
    ]
}

/// Returns packets of protocols above UDP and TCP.
pub(super) fn applications() -> Vec<Vec<u8>> {
    let question = b"\0\x05\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";
    let length = (question.len() as u16).to_be_bytes();
    let mut over_tcp = tcp(0);
    over_tcp.truncate(20);
    over_tcp[2..4].copy_from_slice(&53_u16.to_be_bytes());
    over_tcp.extend([&length[..], question].concat());
    let dhcp = [
        &[1, 1, 6, 0][..],
        &[0; 232],
        &[0x63, 0x82, 0x53, 0x63, 0x35, 1, 1, 0xff],
    ]
    .concat();
    let ntp = [&[0x23][..], &[0; 47]].concat();
    vec![
        over_v4(17, &udp(4000, 53, question)),
        over_v4(17, &udp(53, 4000, question)),
        over_v6(17, &udp(4000, 53, question)),
        over_v4(17, &udp(5353, 5353, question)),
        over_v4(17, &udp(4000, 5355, question)),
        over_v4(17, &udp(4000, 53, b"abc")),
        over_v4(17, &udp(4000, 53, b"")),
        over_v4(6, &over_tcp),
        over_v4(17, &udp(68, 67, &dhcp)),
        over_v4(17, &udp(123, 123, &ntp)),
        over_v6(17, &udp(546, 547, &[1, 0, 0, 1])),
    ]
}

/// Returns ICMP errors, which quote headers, and other ICMP.
pub(super) fn errors() -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    let segment = ipv4((C, D), 6, 0, 0, &tcp(0));
    for quoted in [inner(), inner()[..28].to_vec(), segment] {
        for kind in [3, 4, 5, 11, 12] {
            packets.push(over_v4(
                1,
                &[&[kind, 0, 0, 0, 0, 0, 0, 0][..], &quoted].concat(),
            ));
        }
        let v6 = ipv6(17, &plain_udp());
        for kind in 1..5 {
            packets.push(over_v6(
                58,
                &[&[kind, 0, 0, 0, 0, 0, 0, 0][..], &v6].concat(),
            ));
        }
    }
    packets.push(over_v4(1, &[8, 0, 0, 0, 0, 1, 0, 1]));
    packets.push(over_v6(58, &[128, 0, 0, 0, 0, 1, 0, 1]));
    packets.push(over_v4(2, &[0x16, 0, 0, 0, 0, 0, 0, 0]));
    packets
}

/// Returns packets with extension headers of IPv6, and fragments.
pub(super) fn extensions() -> Vec<Vec<u8>> {
    let with = |headers: &[u8], payload: &[u8]| [headers, payload].concat();
    let v4_part = |part, payload: &[u8]| ethernet(0x0800, &ipv4((A, B), 17, 0, part, payload));
    vec![
        over_v6(0, &with(&[6, 0, 1, 4, 0, 0, 0, 0], &tcp(0))),
        over_v6(60, &with(&[17, 0, 1, 4, 0, 0, 0, 0], &plain_udp())),
        over_v6(
            43,
            &with(&[&[17, 2, 0, 0][..], &[0; 20]].concat(), &plain_udp()),
        ),
        over_v6(44, &with(&[17, 0, 0, 1, 0, 0, 0, 7], &plain_udp())),
        over_v6(44, &with(&[17, 0, 0, 80, 0, 0, 0, 7], &plain_udp())),
        over_v6(
            0,
            &with(&[44, 0, 1, 4, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 7], &tcp(0)),
        ),
        over_v6(59, b""),
        over_v6(59, b"xx"),
        v4_part(0x2000, &plain_udp()),
        v4_part(3, &plain_udp()),
        v4_part(0x2000, &plain_udp()[..6]),
    ]
}

/// Returns packets whose headers state wrong lengths, and some whose headers have options.
pub(super) fn damaged_lengths() -> Vec<Vec<u8>> {
    let changed = |at: usize, bytes: &[u8]| {
        let mut packet = inner();
        packet[at..at + bytes.len()].copy_from_slice(bytes);
        ethernet(0x0800, &packet)
    };
    let mut short_tcp = tcp(0);
    short_tcp[12] = 0x40;
    let mut long_tcp = tcp(0);
    long_tcp[12] = 0xf0;
    let mut jumbo = ipv6(17, &plain_udp());
    jumbo[4..6].fill(0);
    let mut long_v6 = ipv6(17, &plain_udp());
    long_v6[4] = 0xff;
    vec![
        ethernet(0x0800, &ipv4((A, B), 6, 10, 0, &tcp(5))),
        changed(2, &[0, 0]),
        changed(2, &[0, 16]),
        changed(2, &[0xff, 0]),
        changed(0, &[0x44]),
        changed(0, &[0x4f]),
        changed(24, &[0, 4]),
        changed(24, &[0, 0]),
        changed(24, &[1, 0]),
        over_v4(6, &short_tcp),
        over_v4(6, &long_tcp),
        ethernet(0x86dd, &jumbo),
        ethernet(0x86dd, &long_v6),
        [&over_v4(17, &plain_udp())[..], b"padding"].concat(),
    ]
}

/// Returns packets with both versions of the cooked header.
pub(super) fn cooked() -> Vec<[(u32, Vec<u8>); 2]> {
    let mut packets: Vec<_> = devices()
        .into_iter()
        // tshark decodes these devices as other protocols.
        .filter(|(hardware, ..)| matches!(hardware, 1 | 512 | 772 | 778))
        .map(|(hardware, protocol, payload, _)| cooked_headers(0, hardware, protocol, &payload))
        .collect();
    packets.push(cooked_headers(4, 1, 0x86dd, &ipv6(6, &tcp(0))));
    packets.push(cooked_headers(4, 1, 0x0806, &[0, 1, 8, 0, 6, 4, 0, 1]));
    packets
}

/// Returns packets of IPv4 and IPv6.
pub(super) fn raw() -> Vec<Vec<u8>> {
    vec![
        inner(),
        ipv6(17, &plain_udp()),
        ipv4((A, B), 6, 0, 0, &tcp(1)),
        ipv6(6, &tcp(0)),
        ipv4((A, B), 4, 0, 0, &inner()),
    ]
}

/// Returns a TCP segment from one host to the other one, with empty data of this length.
fn segment(
    is_back: bool,
    port: u16,
    numbers: [u32; 2],
    flags: u8,
    window: u16,
    length: usize,
) -> Vec<u8> {
    let (ends, ports) = match is_back {
        false => ((A, B), [port, 8000]),
        true => ((B, A), [8000, port]),
    };
    let mut data = ports.map(u16::to_be_bytes).concat();
    data.extend(numbers.map(u32::to_be_bytes).concat());
    data.extend([0x50, flags]);
    data.extend([window, 0, 0].map(u16::to_be_bytes).concat());
    data.extend(vec![b'x'; length]);
    ethernet(0x0800, &ipv4(ends, 6, 0, 0, &data))
}

const SYN: u8 = 2;
const ACK: u8 = 16;
const SYN_ACK: u8 = SYN | ACK;

/// Returns segments with any flags, whose sequence numbers are those of few connections between the same ports.
pub(super) fn reused_ports(seed: u64) -> Vec<Record> {
    let mut random = Random(seed << 32 | 5);
    let packets = (0..400).map(|number| {
        let port = 5000 + random.below(6) as u16;
        let flags = random.pick(&[SYN, SYN, SYN_ACK, ACK, ACK | 1, 4, ACK | 4, ACK | 8]);
        let numbers = [random.pick(&[100, 200, 300]), random.pick(&[100, 101, 201])];
        let is_back = random.below(2) == 1;
        record(number, 0, segment(is_back, port, numbers, flags, 1000, 0))
    });
    packets.collect()
}

/// Returns connections with gaps, retransmissions, duplicate acknowledgments, probes and sequence numbers that wrap
/// around.
pub(crate) fn lossy_connections(seed: u64) -> Vec<Record> {
    let mut random = Random(seed << 32 | 3);
    let mut packets = Vec::new();
    let mut time = 0;
    for port in 6000..6020 {
        let mut starts = [random.below(1 << 32) as u32, random.below(1 << 32) as u32];
        if port % 5 == 0 {
            starts[0] = 0xffff_ff00;
        }
        let mut add = |delay: u32, data| {
            time += delay;
            packets.push(record(time / 1_000_000, time % 1_000_000 * 1000, data));
        };
        if port % 4 != 0 {
            let [a, b] = starts;
            let next = [a, b].map(|start| start.wrapping_add(1));
            add(10, segment(false, port, [a, 0], SYN, 1000, 0));
            add(1000, segment(true, port, [b, next[0]], SYN_ACK, 1000, 0));
            add(
                random.pick(&[10, 3000]),
                segment(false, port, next, ACK, 1000, 0),
            );
        }
        let mut sent = [0_i64; 2];
        for _ in 0..60 {
            let side = random.below(2) as usize;
            let length = random.pick(&[0, 0, 1, 10, 10, 20]);
            let at = sent[side] + random.pick(&[0, 0, 0, 0, -10, -1, 10, -20, 20]);
            let acknowledged = sent[1 - side] + random.pick(&[0, 0, 0, -10, -20]);
            let number =
                |side: usize, at: i64| starts[side].wrapping_add(1).wrapping_add(at as u32);
            let numbers = [number(side, at), number(1 - side, acknowledged)];
            let flags = random.pick(&[16, 16, 16, 16, 16, 16, 24, 24, 17, 20, 4]);
            let window = random.pick(&[1000, 1000, 1000, 500, 0]);
            let delay = random.pick(&[10, 100, 2000, 5000, 15_000, 25_000, 300_000]);
            add(
                delay,
                segment(side == 1, port, numbers, flags, window, length),
            );
            sent[side] = sent[side].max(at + length as i64);
        }
    }
    packets
}
