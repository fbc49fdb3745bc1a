//! The generated pcapng files, as libpcap, tshark and capinfos read them: what was put in comes out.

use std::collections::HashSet;

use crate::support::ng::oracle::{Read, libpcap};
use crate::support::ng::{
    Case, Delivered, Expected, Form, Idb, Packet, Seen, corpus, damage, damaged, large, random,
    valid,
};

mod appends;
mod bytes;
mod capture;
mod copies;
mod cut;
mod damage;
mod edits;
mod follow;
mod hostile;
mod limits;
mod mixed;
mod reader;
mod resume;
mod rewrites;
mod single;
mod swap;
#[cfg(unix)]
mod tools;
mod waits;
mod ways;
mod written;

/// The number of random files.
const RANDOM: u64 = 400;

fn random_files() -> impl Iterator<Item = Case> {
    (1..=RANDOM).map(random)
}

/// Returns seconds as libpcap's structure holds them.
fn held(seconds: i64) -> i64 {
    let wide = size_of::<pcap_sys::timeval>() == 16;
    seconds & if wide { -1 } else { u32::MAX.into() }
}

/// Checks that libpcap makes of a file what the generator says.
fn check_libpcap(case: &Case) -> Read {
    let (name, model) = (&case.name, &case.libpcap);
    let read = libpcap(&case.bytes);
    let error = &read.error;
    assert_eq!(read.opens, model.opens, "{name}: {error:?}");
    for (at, (packet, model)) in read.packets.iter().zip(&model.packets).enumerate() {
        let (time, caplen, len, data) = packet;
        assert_eq!(*time, (held(model.seconds), model.nanos), "{name}: {at}");
        assert_eq!((*caplen, *len), (model.caplen, model.len), "{name}: {at}");
        assert!(*data == model.data, "{name}: data of packet {at}");
    }
    let counts = (read.packets.len(), model.packets.len());
    assert_eq!(counts.0, counts.1, "{name}: {error:?}, {:?}", model.error);
    match (error, &model.error) {
        (Some(error), Some(start)) => {
            assert!(
                error.starts_with(start.as_str()),
                "{name}: {error}, not {start}"
            );
        }
        (error, start) => assert_eq!(error, start, "{name}"),
    }
    read
}

/// Checks that the packets which libpcap delivers are those that were put in.
fn check_delivered(case: &Case) {
    let (name, expected) = (&case.name, &case.expected);
    if expected.blocks.iter().any(|block| block.is_skipped) {
        // libpcap reads some sections of unknown versions.
        return;
    }
    let delivered = &case.libpcap.packets;
    if !expected.is_damaged() {
        let all = delivered.len() == expected.packets.len();
        let error = &case.libpcap.error;
        let counts = (delivered.len(), expected.packets.len());
        assert!(all || error.is_some(), "{name}: {counts:?}");
    }
    for (at, (delivered, packet)) in delivered.iter().zip(&expected.packets).enumerate() {
        let lengths = (delivered.caplen, delivered.len);
        assert_eq!(lengths, (packet.caplen, packet.len), "{name}: {at}");
        assert!(delivered.data == packet.data, "{name}: data of packet {at}");
        check_time(case, packet, delivered);
    }
}

fn check_time(case: &Case, packet: &Packet, delivered: &Delivered) {
    let name = &case.name;
    let time = (delivered.seconds, delivered.nanos);
    let Some(nanos) = packet.nanos else {
        // libpcap has only the offset.
        let offset = interface(&case.expected, packet).tsoffset();
        assert_eq!(packet.form, Form::Simple, "{name}");
        assert_eq!(time, (offset, 0), "{name}");
        return;
    };
    if delivered.is_exact {
        let sum = i128::from(time.0) * 1_000_000_000 + i128::from(time.1);
        assert_eq!(sum, nanos, "{name}: {time:?}");
    }
}

fn interface<'a>(expected: &'a Expected, packet: &Packet) -> &'a Idb {
    &expected.sections[packet.section].interfaces[packet.interface as usize]
}

/// Checks that the blocks fill the file up to the damage, and have the types that were recorded.
fn check_blocks(case: &Case) {
    let (name, expected) = (&case.name, &case.expected);
    let mut at = 0;
    for block in &expected.blocks {
        let Seen { offset, length, .. } = *block;
        assert_eq!(offset, at, "{name}");
        let start = &case.bytes[offset as usize..];
        let order = expected.sections[block.section].order;
        assert_eq!(start[..4], order.u32(block.kind), "{name}: {offset}");
        at += length;
        let end = &case.bytes[at as usize - 4..at as usize];
        assert_eq!(end, order.u32(length as u32), "{name}: {offset}");
    }
    let end = expected
        .fatal()
        .map_or(case.bytes.len() as u64, |damage| damage.offset);
    assert_eq!(at, end, "{name}: {:?}", expected.damage);
    let offsets: HashSet<u64> = expected.blocks.iter().map(|block| block.offset).collect();
    let packets = expected.packets.iter();
    assert!(
        packets
            .clone()
            .all(|packet| offsets.contains(&packet.offset)),
        "{name}"
    );
    assert!(packets.is_sorted_by_key(|packet| packet.offset), "{name}");
    for damage in &expected.damage {
        let resumes = damage.resumes.map(|offset| &case.bytes[offset as usize..]);
        assert!(
            resumes.is_none_or(|rest| rest[..4] == [10, 13, 13, 10]),
            "{name}"
        );
    }
    let resumes = expected.damage.iter().find_map(|damage| damage.resumes);
    let mut resumed = expected.resumed.iter();
    assert!(
        resumed.all(|packet| Some(packet.offset) > resumes),
        "{name}"
    );
}

#[test]
fn the_corpus_is_large_and_its_names_differ() {
    let (valid, damaged) = (valid(), damaged());
    println!("{} valid, {} damaged", valid.len(), damaged.len());
    assert!(valid.len() >= 200, "{}", valid.len());
    assert!(damaged.len() >= 100, "{}", damaged.len());
    assert!(valid.iter().all(|case| !case.expected.is_damaged()));
    assert!(damaged.iter().all(|case| case.expected.is_damaged()));
    let mut names = HashSet::new();
    for case in valid.iter().chain(&damaged) {
        assert!(names.insert(&case.name), "{} is there twice", case.name);
        assert!(!case.bytes.is_empty(), "{}", case.name);
    }
}

#[test]
fn recorded_blocks_fill_the_files() {
    for case in corpus().into_iter().chain(random_files()) {
        check_blocks(&case);
    }
}

#[test]
fn libpcap_reads_the_valid_files() {
    let (mut read, mut refused) = (0, 0);
    for case in valid() {
        let error = check_libpcap(&case).error;
        check_delivered(&case);
        *if error.is_none() {
            &mut read
        } else {
            &mut refused
        } += 1;
    }
    println!("{read} in full, {refused} in part");
    assert!(read > 150 && refused > 20, "{read}, {refused}");
}

#[test]
fn libpcap_fails_where_files_are_damaged() {
    for case in damaged() {
        check_libpcap(&case);
        check_delivered(&case);
    }
}

#[test]
fn libpcap_reads_whole_packets_of_cut_files() {
    let mut cut = 0;
    for seed in 1..=20 {
        let case = random(seed);
        let all = libpcap(&case.bytes).packets;
        for length in (0..case.bytes.len()).step_by(5) {
            let whole = case.expected.packets_within(length as u64).len();
            let packets = libpcap(&case.bytes[..length]).packets;
            assert!(
                packets == all[..whole.min(all.len())],
                "{}, {length}",
                case.name
            );
            cut += 1;
        }
    }
    assert!(cut > 1000, "{cut}");
}

#[test]
fn libpcap_reads_random_files() {
    let mut read = 0;
    for case in random_files() {
        assert!(!case.expected.is_damaged(), "{}", case.name);
        read += u64::from(check_libpcap(&case).error.is_none());
        check_delivered(&case);
    }
    assert!((RANDOM / 4..RANDOM).contains(&read), "{read}");
}

#[test]
fn libpcap_reads_large_blocks() {
    for make in large() {
        let case = make();
        check_libpcap(&case);
        check_delivered(&case);
        check_blocks(&case);
    }
}

#[test]
fn random_files_and_damage_are_reproducible() {
    let mut changed = 0;
    for case in random_files() {
        let name = &case.name;
        let seed = case.bytes.len() as u64;
        let bytes = damage(seed, &case.bytes);
        assert_eq!(bytes, damage(seed, &case.bytes), "{name}");
        changed += u64::from(libpcap(&bytes) != libpcap(&case.bytes));
    }
    for seed in 1..50 {
        assert_eq!(random(seed).bytes, random(seed).bytes);
        assert_ne!(random(seed).bytes, random(seed + 1).bytes);
    }
    // Most damage shows, but some is where libpcap does not look.
    assert!((RANDOM / 3..RANDOM).contains(&changed), "{changed}");
}
