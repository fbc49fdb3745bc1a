//! Files that are built to make a reader or an editor slow.

use std::io::Write;
use std::time::{Duration, Instant};

use pcap_core::pcapng::{Block, BlockBuf, Interface, PcapngDumper, Reader, Section};
use pcap_core::{Linktype, Next, Packet, Timestamp};

use crate::support::contents::open;
use crate::support::ng::{Case, Ng, Opt, Order, Value, idb};

/// Far above what time in proportion to the length takes, and far below its square.
const LIMIT: Duration = Duration::from_secs(15);

/// After damage, headers of sections that claim to reach beyond the end of the file: each might be the next section.
#[test]
fn a_search_takes_time_in_proportion_to_the_length() {
    let section = Case::new("", Ng::new(Order::NATIVE)).bytes;
    let header = [0x0a0d_0d0a, 134_000_000, 0x1a2b_3c4d_u32].map(u32::to_ne_bytes);
    let headers = header.concat().repeat(400_000);
    let bytes = [&section[..], b"JUNK", &headers, &section].concat();
    let mut reader = open(&bytes);
    reader.resume_at_sections(true);
    let start = Instant::now();
    let mut sections = 0;
    while reader.next_block().unwrap().is_some() {
        sections += 1;
    }
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    assert_eq!((sections, reader.skipped()), (2, 4 + headers.len() as u64));
}

/// A packet with many hashes, all of which a change of its data removes.
#[test]
fn options_are_removed_in_time_in_proportion_to_their_number() {
    let mut body = [0, 0, 0, 4, 4].map(u32::to_ne_bytes).concat();
    body.extend(b"data");
    body.extend([1_u16, 0].map(u16::to_ne_bytes).concat());
    body.extend([3_u16, 0].map(u16::to_ne_bytes).concat().repeat(400_000));
    let first = BlockBuf::new(6, &body);

    let start = Instant::now();
    let mut block = first.clone();
    block.set_data(b"other data", 10).unwrap();
    assert_eq!(block.options().unwrap().count(), 1);
    let mut block = first.clone();
    assert_eq!(block.remove_options(3), 400_000);
    let mut block = first;
    block.set_option(3, b"").unwrap();
    assert_eq!(block.options().unwrap().count(), 2);
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
}

/// Removes options between others, at the start and at the end.
#[test]
fn removed_options_leave_the_others_in_order() {
    let options = |codes: &[(u16, &[u8])], end: bool| {
        let mut block = BlockBuf::new(5, &[0; 12]);
        for (code, value) in codes {
            block.add_option(*code, value).unwrap();
        }
        let bytes = block.as_raw().body();
        let length = bytes.len() - if end || codes.is_empty() { 0 } else { 4 };
        BlockBuf::new(5, &bytes[..length])
    };
    for end in [false, true] {
        let mut block = options(
            &[
                (9, b"a"),
                (8, b"bc"),
                (9, b""),
                (9, b"defgh"),
                (7, b"i"),
                (9, b"j"),
            ],
            end,
        );
        assert_eq!(block.remove_options(9), 4);
        assert_eq!(block, options(&[(8, b"bc"), (7, b"i")], end));
        assert_eq!(block.remove_options(9), 0);
    }
}

/// Two interfaces that differ in which of their resolutions comes first, and so counts.
#[test]
fn interfaces_with_their_options_in_another_order_can_differ() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let resolutions = |values: [u8; 2]| {
        let options = values.map(|value| Opt::new(9, Value::Bytes(vec![value])));
        Case::new("", Ng::new(Order::NATIVE).idb(idb(1).opts(options))).bytes
    };
    let mut reader = open(&resolutions([9, 6]));
    while reader.next_block().unwrap().is_some() {}
    let nanos: Interface = reader.interfaces()[0].clone();
    std::fs::write(&path, resolutions([6, 9])).unwrap();

    let mut dumper = PcapngDumper::append(&path).unwrap();
    let id = dumper.add_interface(&nanos).unwrap();
    let time = Timestamp::new(1, 123_456_789);
    dumper
        .write(id, Packet::whole(time, b"nanoseconds"))
        .unwrap();
    dumper.close().unwrap();

    let mut reader = Reader::open(&path).unwrap();
    let mut times = Vec::new();
    while let Some(block) = reader.next_block().unwrap() {
        if let Block::Packet(packet) = block {
            times.extend(packet.timestamp());
        }
    }
    assert_eq!(times, [time]);
    assert_eq!(nanos.linktype(), Linktype::ETHERNET);
}

/// A search through data that never ends keeps to the deadline of each call.
#[test]
fn a_search_keeps_to_deadlines() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let garbage = vec![b'x'; 8 << 20];
    file.write_all(&garbage).unwrap();
    let mut reader = Reader::open(file.path()).unwrap();
    reader.resume_at_sections(true);
    reader.follow(true).unwrap();
    let mut calls = 0_u64;
    while reader.skipped() < garbage.len() as u64 - 3 {
        let before = reader.skipped();
        let next = reader.next_block_timeout(Duration::ZERO).unwrap();
        assert!(matches!(next, Next::Timeout));
        assert!(reader.skipped() > before);
        calls += 1;
    }
    assert!(calls > 4, "{calls}");
    file.write_all(Section::new().as_raw().bytes()).unwrap();
    assert!(reader.next_block().unwrap().is_some());
}
