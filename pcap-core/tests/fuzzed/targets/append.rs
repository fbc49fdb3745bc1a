//! Appending to any file: after an error the file is unchanged, and otherwise all that was there is still there, and is
//! read together with what was appended. An input is a plan of four bytes, and then the file.

use std::fs;
use std::path::Path;

use pcap_core::pcapng::{Interface, PcapngDumper, Section};
use pcap_core::{Capture, Dlt, Dumper, Linktype, Packet, Result, Timestamp};

use crate::support::blocks;
use crate::support::differential::{Plan, Way};

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a temporary directory");
}

/// The length of the plan.
pub const PLAN: usize = 4;

/// Checks an input.
pub fn check(input: &[u8]) {
    let mut plan = [0; PLAN];
    let length = input.len().min(PLAN);
    plan[..length].copy_from_slice(&input[..length]);
    let before = &input[length..];
    let [how, count, size, linktype] = plan;
    let packets = vec![vec![0x5a; size.into()]; usize::from(count % 4)];
    FOLDER.with(|folder| {
        let path = folder.path().join("file");
        fs::write(&path, before).unwrap();
        match how % 5 {
            0 | 1 => classic(&path, before, how % 5 == 0, &packets),
            how => pcapng(&path, before, how, linktype, &packets),
        }
    });
}

/// The time of the packets.
fn time(number: usize) -> Timestamp {
    Timestamp::new(1000 + number as i64, 5000)
}

/// Opens a dumper that may match the file.
fn open(path: &Path, matching: bool) -> Result<Dumper> {
    if matching {
        if let Ok(capture) = Capture::from_file(path) {
            return capture.dump_append(path);
        }
    }
    Capture::dead(Dlt::EN10MB)?.dump_append(path)
}

/// Appends to a classic savefile.
fn classic(path: &Path, before: &[u8], matching: bool, packets: &[Vec<u8>]) {
    let written = open(path, matching).map(|mut dumper| {
        let snaplen = dumper.snaplen();
        let mut lengths = Vec::new();
        for (number, packet) in packets.iter().enumerate() {
            let packet = Packet::whole(time(number), packet);
            match dumper.write(packet) {
                Ok(()) => lengths.push(packet.caplen()),
                Err(error) => assert!(packet.caplen() > snaplen, "{error}"),
            }
        }
        dumper.close().unwrap();
        lengths
    });
    let after = fs::read(path).unwrap();
    let Ok(lengths) = written else {
        assert!(after == before, "the file was changed");
        return;
    };
    let plan = Plan::new(Way::File(0), 0);
    let mut theirs = plan.libpcap(&mut after.clone());
    assert_eq!(theirs.error, None);
    let new = theirs
        .packets
        .split_off(theirs.packets.len() - lengths.len());
    for (number, (packet, length)) in new.iter().zip(&lengths).enumerate() {
        assert_eq!(packet.0, (1000 + number as i64, 5000), "{packet:?}");
        assert_eq!((packet.1, packet.2), (*length, *length), "{packet:?}");
        assert!(packet.3.iter().all(|byte| *byte == 0x5a), "{packet:?}");
    }
    let records: usize = lengths.iter().map(|length| 16 + *length as usize).sum();
    if before.is_empty() {
        assert_eq!(after.len(), 24 + records);
        return;
    }
    assert!(after.starts_with(before), "what was there is lost");
    assert_eq!(after.len(), before.len() + records);
    let old = plan.libpcap(&mut before.to_vec());
    assert!(
        old.error.is_none() && old.packets == theirs.packets,
        "{old:?}, {theirs:?}"
    );
}

/// Appends to a pcapng savefile.
fn pcapng(path: &Path, before: &[u8], how: u8, linktype: u8, packets: &[Vec<u8>]) {
    let opened = match how {
        2 => PcapngDumper::append(path),
        3 => PcapngDumper::append_repaired(path),
        _ => Section::new().with_comment("appended").dump_append(path),
    };
    let opened = opened.map(|mut dumper| {
        let linktype = Linktype::new(u32::from(linktype % 4));
        let interface = Interface::new(linktype).with_snaplen(1000);
        let interface = dumper.add_interface(&interface).unwrap();
        for (number, packet) in packets.iter().enumerate() {
            let packet = Packet::whole(time(number), packet);
            dumper.write(interface, packet).unwrap();
        }
        dumper.close().unwrap();
    });
    let after = fs::read(path).unwrap();
    if let Err(error) = opened {
        assert!(after == before, "the file was changed: {error}");
        return;
    }
    let read =
        |bytes| blocks::Plan::new(blocks::Way::Reader(usize::MAX), blocks::Call::Next).read(bytes);
    let (old, new) = (read(before), read(&after));
    assert_eq!(new.error, None);
    if before.is_empty() {
        return;
    }
    // Only a repair may remove something: an incomplete last block.
    let kept = old.blocks.last().map_or(0, |block| block.end as usize);
    if how != 3 || old.error.is_none() {
        assert_eq!(old.error, None);
        assert_eq!(kept, before.len());
    }
    assert!(after.starts_with(&before[..kept]), "what was there is lost");
    assert!(
        new.blocks.starts_with(&old.blocks),
        "what was there is read otherwise"
    );
    let data = new.blocks[old.blocks.len()..].iter();
    let data = data.filter(|block| block.bytes.windows(4).next().is_some_and(is_packet));
    assert_eq!(data.count(), packets.len());
}

/// Returns whether these are the number of an Enhanced Packet Block, in either byte order.
fn is_packet(kind: &[u8]) -> bool {
    kind == [6, 0, 0, 0] || kind == [0, 0, 0, 6]
}
