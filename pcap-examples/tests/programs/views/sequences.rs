//! The numbers of TCP.

use super::{both, file};
use crate::common::frames::{A, B, ethernet, ipv4};
use etherparse::PacketBuilder;

/// Returns the flags and numbers in each line.
fn numbers(lines: &str) -> Vec<String> {
    let fields = |line: &str| {
        let plain = line.replace("Flags ", "").replace(',', "");
        let start = plain.find('[').expect("flags");
        let end = plain.find(" options").unwrap_or(plain.len());
        plain[start..end].to_owned()
    };
    lines.lines().map(fields).collect()
}

#[test]
fn numbers_and_flags_are_those_of_tcpdump() {
    let folder = tempfile::tempdir().unwrap();
    let segment = |from_client: bool, flags: u16, seq: u32, ack: u32, payload: &[u8]| {
        let ((from, to), (source, destination)) = match from_client {
            true => ((A, B), (40_000, 443)),
            false => ((B, A), (443, 40_000)),
        };
        let builder = PacketBuilder::ipv4(from, to, 64).tcp(source, destination, seq, 512);
        let mut data = Vec::new();
        builder.ack(ack).write(&mut data, payload).unwrap();
        data[33] = flags as u8;
        ethernet(0x0800, &data)
    };
    const SYN: u16 = 0x02;
    const ACK: u16 = 0x10;
    let start = u32::MAX - 5;
    let packets = [
        segment(true, SYN, start, 0, b""),
        segment(false, SYN | ACK, 1000, start + 1, b""),
        segment(true, ACK, start + 1, 1001, b""),
        segment(true, ACK | 8, start + 1, 1001, b"across the wrap"),
        segment(false, ACK, 1001, 10, b""),
        segment(false, ACK | 8 | 1, 1001, 10, b"bye"),
        segment(true, ACK | 4, 10, 1005, b""),
        segment(true, 4, 10, 0, b""),
        // The same ports again.
        segment(false, SYN | ACK, 50, 60, b""),
        segment(true, ACK | 0xe0, 60, 51, b""),
        segment(true, 0, 60, 51, b""),
        // The middle of another connection.
        ethernet(
            0x0800,
            &ipv4((A, [192, 0, 2, 9]), 6, 0, 0, &crate::common::frames::tcp(0)),
        ),
    ];
    let path = file(folder.path(), 1, &packets);
    for options in [&[][..], &["-S"], &["-K"]] {
        let [theirs, ours] = both(options, &path);
        assert_eq!(numbers(&ours), numbers(&theirs), "{options:?}");
    }
}
