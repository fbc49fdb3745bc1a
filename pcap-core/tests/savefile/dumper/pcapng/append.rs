//! Sections appended to files.

use std::fs::{self};

use pcap_core::pcapng::{Block, PcapngDumper, Reader, Section};
use pcap_core::{Capture, ErrorKind, Packet, Timestamp};

use super::ethernet;
use crate::support::files::{Order, Pcapng, file};

#[test]
fn append_adds_a_section_to_whole_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let time = Timestamp::new(1_700_000_000, 5);
    let mut lengths = Vec::new();
    for n in 0..3u8 {
        let mut dumper = PcapngDumper::append(&path).unwrap();
        let id = dumper.add_interface(&ethernet()).unwrap();
        dumper.write(id, Packet::whole(time, &[n; 60])).unwrap();
        let position = dumper.position();
        dumper.close().unwrap();
        lengths.push(fs::metadata(&path).unwrap().len());
        assert_eq!(position, lengths[usize::from(n)]);
    }
    let packets = Capture::from_file(&path).unwrap().into_packets();
    let first: Vec<u8> = packets.map(|packet| packet.unwrap().data()[0]).collect();
    assert_eq!(first, [0, 1, 2]);

    // Incomplete files stay unchanged.
    let whole = fs::read(&path).unwrap();
    let second = lengths[0] as usize;
    let refused = |bytes: &[u8], kind: ErrorKind| {
        fs::write(&path, bytes).unwrap();
        for error in [
            PcapngDumper::append(&path).unwrap_err(),
            Section::new()
                .with_comment("x")
                .dump_append(&path)
                .unwrap_err(),
        ] {
            assert_eq!(error.kind(), kind, "{error}");
            assert_eq!(error.operation(), Some("append to"));
        }
        assert_eq!(fs::read(&path).unwrap(), bytes);
    };
    for cut in 1..second {
        if lengths.contains(&(cut as u64)) || is_end_of_block(&whole, cut) {
            continue;
        }
        refused(&whole[..cut], ErrorKind::SavefileTruncated);
    }
    let bad = ErrorKind::SavefileBad;
    refused(&[0; 100], bad);
    let with = |at: usize, number: u32| {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&number.to_ne_bytes());
        bytes
    };
    refused(&with(8, 7), bad); // the byte order
    refused(&with(second + 4, 13), bad); // a length
    refused(&with(second - 4, 8), bad); // the length at the end of a block
    let error = Section::new()
        .with_comment("\0")
        .dump_append(&path)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

/// A file in the other byte order, and blocks of the shortest length.
#[test]
fn append_walks_both_byte_orders() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let block = |words: &[u32]| -> Vec<u8> {
        let swapped = words.iter().map(|word| word.swap_bytes());
        swapped.flat_map(u32::to_ne_bytes).collect()
    };
    // A number of 16 bits, and a zero: version 1.0, and Ethernet.
    let one = if cfg!(target_endian = "big") {
        1
    } else {
        0x0001_0000
    };
    let header = block(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, one, !0, !0, 28]);
    let mut bytes = header.clone();
    bytes.extend(block(&[1, 20, one, 0, 20]));
    bytes.extend(block(&[0x0bad, 12, 12]));
    fs::write(&path, &bytes).unwrap();
    PcapngDumper::append(&path).unwrap().close().unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes);
    let mut dumper = PcapngDumper::append(&path).unwrap();
    let other = dumper.add_interface(&ethernet()).unwrap();
    assert_eq!(other.index(), 0);
    dumper.close().unwrap();
    let appended = fs::read(&path).unwrap();
    assert_eq!(appended[..bytes.len()], bytes);
    // A new section in the same byte order.
    assert_eq!(appended[bytes.len()..][..28], header);
}

/// Returns whether a native file's block ends there.
fn is_end_of_block(bytes: &[u8], end: usize) -> bool {
    let mut at = 0;
    while at < end {
        at += u32::from_ne_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
    }
    at == end
}

/// The new section has the options of its own, and the interfaces of the last one do not belong to it.
#[test]
fn a_section_is_appended_to_a_file_with_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let time = Timestamp::new(1_700_000_000, 5);
    for comment in ["first", "second"] {
        let section = Section::new().with_comment(comment);
        let mut dumper = section.dump_append(&path).unwrap();
        assert!(dumper.interface(0).is_none());
        let id = dumper.add_interface(&ethernet()).unwrap();
        dumper
            .write(id, Packet::whole(time, comment.as_bytes()))
            .unwrap();
        dumper.close().unwrap();
    }
    let mut reader = Reader::open(&path).unwrap();
    let mut seen = Vec::new();
    while let Some(block) = reader.next_block().unwrap() {
        seen.push(match block {
            Block::Section(section) => section.comments().collect::<Vec<_>>().concat(),
            Block::Interface(_) => "interface".to_owned(),
            Block::Packet(packet) => String::from_utf8_lossy(packet.data()).into_owned(),
            other => panic!("{other:?}"),
        });
    }
    let expected = [
        "first",
        "interface",
        "first",
        "second",
        "interface",
        "second",
    ];
    assert_eq!(seen, expected);
}

/// Options of unknown meaning cannot be compared with those of the other byte order.
#[test]
fn an_interface_with_an_unknown_option_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = Pcapng::new(Order::NATIVE).interface(1, 0, &[]).bytes();
    let path = file(folder.path(), "a.pcapng", &bytes);
    let order = Order::BOTH.into_iter().find(|order| order.is_swapped());
    let other = Pcapng::new(order.unwrap()).interface(1, 0, &[(0x1234, vec![1; 4])]);
    let mut reader = Reader::from_reader(std::io::Cursor::new(other.bytes())).unwrap();
    let interface = loop {
        if let Block::Interface(interface) = reader.next_block().unwrap().unwrap() {
            break interface.clone();
        }
    };
    let mut dumper = PcapngDumper::append(&path).unwrap();
    let error = dumper.add_interface(&interface).unwrap_err();
    assert!(error.text().contains("option 4660"), "{error}");
    dumper.close().unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes);
}
