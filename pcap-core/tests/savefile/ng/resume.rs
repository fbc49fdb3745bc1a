//! Reading on at the next section after damage.

use std::io::Write;
use std::time::Duration;

use pcap_core::Next;
use pcap_core::pcapng::Reader;

use crate::support::blocks::{Call, Outcome, Plan, Way};
use crate::support::ng::{Case, Ng, Order, damaged, epb, idb, random};

const PLANS: [Plan; 6] = [
    Plan::resuming(Way::Reader(usize::MAX), Call::Next),
    Plan::resuming(Way::File(99), Call::All),
    Plan::resuming(Way::Reader(1), Call::Next),
    Plan::resuming(Way::Reader(7), Call::Try),
    Plan::resuming(Way::Pipe, Call::All),
    Plan::resuming(Way::Socket, Call::Timeout),
];

/// Reads bytes in all ways, which agree.
fn read(bytes: &[u8], name: &str) -> Outcome {
    let first = PLANS[0].read(bytes);
    for plan in &PLANS[1..] {
        assert!(plan.read(bytes) == first, "{name}: {plan:?}");
    }
    first
}

/// Returns the bytes of the blocks.
fn bytes_of(outcome: &Outcome) -> Vec<u8> {
    let blocks = outcome.blocks.iter();
    blocks.flat_map(|block| block.bytes.clone()).collect()
}

#[test]
fn sections_after_damage_are_read_in_full() {
    let mut skipped = 0;
    for seed in 1..=60 {
        let (first, second) = (random(seed), random(seed + 1000));
        // The beginning, a part that is cut, and files after it.
        let cut = first.bytes.len() * (seed as usize % 7 + 1) / 8;
        let whole = first
            .expected
            .blocks
            .iter()
            .map(|block| block.offset + block.length);
        let whole = whole
            .take_while(|end| *end <= cut as u64)
            .last()
            .unwrap_or(0) as usize;
        let bytes = [&first.bytes[..cut], &second.bytes, &second.bytes].concat();
        let outcome = read(&bytes, &first.name);
        let expected = [&first.bytes[..whole], &second.bytes, &second.bytes].concat();
        assert!(bytes_of(&outcome) == expected, "{}", first.name);
        assert_eq!(outcome.error, None);
        assert_eq!(outcome.skipped, (cut - whole) as u64, "{}", first.name);
        assert_eq!(outcome.damage.is_some(), cut > whole);
        skipped += outcome.skipped;
    }
    assert!(skipped > 500, "{skipped}");
}

#[test]
fn packets_of_later_sections_survive_damage() {
    let mut resumed = 0;
    for case in damaged() {
        let Some(fatal) = case.expected.fatal() else {
            continue;
        };
        if super::damage::first_error(&case) != Some(fatal) {
            continue;
        }
        let outcome = read(&case.bytes, &case.name);
        assert_eq!(outcome.error.is_some(), case.bytes.is_empty());
        let Some(resumes) = fatal.resumes else {
            continue;
        };
        let after = outcome
            .blocks
            .iter()
            .filter(|block| block.end > fatal.offset);
        let starts: Vec<u64> = after
            .map(|block| block.end - block.bytes.len() as u64)
            .collect();
        assert_eq!(starts.first(), Some(&resumes), "{}", case.name);
        assert!(outcome.skipped >= resumes - fatal.offset, "{}", case.name);
        for packet in &case.expected.resumed {
            assert!(starts.contains(&packet.offset), "{}", case.name);
        }
        resumed += 1;
    }
    assert!(resumed > 50, "{resumed}");
}

/// Returns a section with a packet.
fn section(number: u8) -> Vec<u8> {
    let file = Ng::new(Order::Big).idb(idb(1)).packet(epb([number; 9]));
    Case::new("", file).bytes
}

/// Blocks whose false lengths reach over the next sections, also as headers of sections, and to beyond the end.
#[test]
fn false_lengths_do_not_hide_sections() {
    for kind in [77_u32, 0x0a0d_0d0a, 6] {
        for length in [100_u32, 120, 1 << 16, 1 << 26, 134_348_832, u32::MAX - 3] {
            let block = [
                &kind.to_be_bytes()[..],
                &length.to_be_bytes(),
                b"\x1a\x2b\x3c\x4d",
            ];
            let (before, false_one) = (section(1), block.concat());
            let after = [section(2), section(3), section(4)].concat();
            let bytes = [&before[..], &false_one, &after].concat();
            let outcome = read(&bytes, &format!("{kind:#x}, {length}"));
            let expected = [&before[..], &after].concat();
            assert!(
                bytes_of(&outcome) == expected,
                "{kind:#x}, {length}: {outcome:#?}"
            );
            assert_eq!(outcome.skipped, 12, "{kind:#x}, {length}");
        }
    }
}

#[test]
fn bytes_that_are_no_section_are_all_skipped() {
    for bytes in [
        &b"none"[..],
        b"\x0a\x0d\x0d",
        b"\x0a\x0d\x0d\x0a\x0a\x0d\x0d\x0a1234",
        b"x",
    ] {
        let outcome = read(bytes, "");
        assert_eq!((outcome.blocks.len(), outcome.error), (0, None));
        assert_eq!(outcome.skipped, bytes.len() as u64);
        assert!(outcome.damage.is_some());
    }
}

/// A followed file: the search goes on where the file grows.
#[test]
fn the_search_continues_while_a_file_grows() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut reader = Reader::open(file.path()).unwrap();
    reader.resume_at_sections(true);
    reader.follow(true).unwrap();
    let good = section(5);
    let bytes = [&good[..], b"no block here!!!", b"\x0a\x0d\x0d\x0a", &good].concat();
    let mut read: Vec<u8> = Vec::new();
    for byte in &bytes {
        file.write_all(&[*byte]).unwrap();
        while let Next::Packet(block) = reader.try_next_block().unwrap() {
            read.extend(block.as_raw().bytes());
        }
    }
    assert_eq!(read, [&good[..], &good].concat());
    assert_eq!(reader.skipped(), 20);
    let wait = reader.next_block_timeout(Duration::from_millis(1));
    assert!(matches!(wait, Ok(Next::Timeout)));
}
