//! Checks that hold for any bytes.

use std::io::Cursor;

use pcap_core::pcapng::{Block, Reader};
use pcap_core::{Capture, PacketOwned};

use super::{Call, Outcome, Plan, Way, check_edits};

/// Link types whose packets libpcap never changes. Of others, a capture may have times as libpcap computes them.
const UNCHANGED: [u32; 4] = [1, 101, 105, 127];

/// Checks how bytes are read: the first one selects ways to read the others. Returns the number of blocks.
pub(crate) fn check_input(input: &[u8]) -> usize {
    let (plan, bytes) = input.split_first().unwrap_or((&0, &[]));
    let plan = usize::from(*plan);
    let first = Plan::new(Way::Reader(usize::MAX), Call::Next).read(bytes);
    check_outcome(bytes, &first);
    let ways = [
        Way::Reader(1),
        Way::File(0),
        Way::Reader(7),
        Way::Pipe,
        Way::File(5),
        Way::Socket,
        Way::Reader(13),
        Way::Reader(4096),
    ];
    let calls = [Call::All, Call::Try, Call::Next, Call::Timeout];
    let (way, call) = (ways[plan % 8], calls[plan / 8 % 4]);
    let other = Plan::new(way, call).read(bytes);
    assert_eq!(other, first, "{way:?}, {call:?}");
    let resumed = Plan::resuming(Way::Reader(usize::MAX), Call::Next).read(bytes);
    check_resumed(bytes, &first, &resumed);
    let other = Plan::resuming(way, call).read(bytes);
    assert_eq!(other, resumed, "resuming, {way:?}, {call:?}");
    check_capture(bytes, first.error.is_none());
    check_edits(bytes, plan);
    first.blocks.len()
}

/// Checks that the blocks are the bytes up to the damage.
fn check_outcome(bytes: &[u8], outcome: &Outcome) {
    let mut at = 0;
    for block in &outcome.blocks {
        let (start, end) = (block.start as usize, block.end as usize);
        assert_eq!(start, at);
        assert!(end >= start + 12);
        assert!(block.bytes == bytes[start..end]);
        at = end;
    }
    assert_eq!(outcome.position, at as u64);
    match &outcome.error {
        None => assert_eq!(at, bytes.len()),
        Some((_, text)) if bytes.is_empty() => assert!(text.contains("empty"), "{text}"),
        Some((_, text)) => assert!(text.contains(&format!("the block at byte {at}")), "{text}"),
    }
    assert_eq!((outcome.skipped, &outcome.damage), (0, &None));
}

/// Checks that the blocks of the sections after damage are read, and the number of the bytes between.
fn check_resumed(bytes: &[u8], first: &Outcome, resumed: &Outcome) {
    let before = first.blocks.len();
    assert!(resumed.blocks.len() >= before);
    assert!(resumed.blocks[..before] == first.blocks);
    let mut read = 0;
    let mut at = 0;
    for block in &resumed.blocks {
        let end = block.end as usize;
        let start = end - block.bytes.len();
        assert!(start >= at && block.start as usize >= at);
        assert!(block.bytes == bytes[start..end]);
        if start > at {
            assert_eq!(block.bytes[..4], [10, 13, 13, 10], "not a section");
        }
        read += block.bytes.len() as u64;
        at = end;
    }
    let Some((_, text)) = &first.error else {
        assert_eq!(resumed, first);
        return;
    };
    if bytes.is_empty() {
        return;
    }
    assert_eq!(resumed.error, None, "{text}");
    assert_eq!(resumed.skipped, bytes.len() as u64 - read);
    assert!(resumed.damage.is_some());
    assert_eq!(resumed.position, bytes.len() as u64);
}

/// Compares the packets with those of a capture, which reads as libpcap does.
fn check_capture(bytes: &[u8], is_undamaged: bool) {
    let mut theirs: Vec<PacketOwned> = Vec::new();
    let Ok(mut capture) = Capture::from_reader(Cursor::new(bytes.to_vec())) else {
        return;
    };
    if !bytes.starts_with(&[10, 13, 13, 10]) {
        return;
    }
    let is_whole = loop {
        match capture.next_packet() {
            Ok(Some(packet)) => theirs.push(packet.into_owned()),
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    let mut reader = Reader::from_reader(Cursor::new(bytes.to_vec())).expect("a reader");
    let mut ours = 0;
    while let Ok(Some(block)) = reader.next_block() {
        let packet = match block {
            // A capture reads some sections of unknown versions.
            Block::Section(section) if !section.is_known() => return,
            Block::Packet(packet) => packet,
            _ => continue,
        };
        let Some(expected) = theirs.get(ours) else {
            ours += 1;
            continue;
        };
        ours += 1;
        let lengths = (packet.caplen(), packet.wire_len());
        assert_eq!(lengths, (expected.caplen(), expected.wire_len()));
        if UNCHANGED.contains(&packet.linktype().value()) {
            if let Some(time) = packet.timestamp() {
                assert_eq!(
                    time,
                    expected.timestamp(),
                    "{packet:?} {:?}",
                    packet.interface()
                );
            }
            assert!(
                packet.data() == expected.data(),
                "the data of packet {ours}"
            );
        }
    }
    if is_undamaged {
        assert!(ours >= theirs.len(), "{ours} of {}", theirs.len());
        assert!(
            !is_whole || ours == theirs.len(),
            "{ours}, not {}",
            theirs.len()
        );
    }
}
