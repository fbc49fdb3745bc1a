//! Packets of one file that are written to another interface of another.

use std::io::Cursor;

use pcap_core::pcapng::{Block, BlockBuf, Endian, Interface, PcapngDumper, Reader, Section};
use pcap_core::{ErrorKind, Linktype};

use super::{bytes, dumper, ethernet, numbers};

/// Returns a file with an enhanced, an obsolete and a simple packet block, each of 4 bytes and 7 on the wire.
fn three() -> Vec<u8> {
    let mut dumper = dumper();
    dumper.add_interface(&ethernet().with_snaplen(4)).unwrap();
    let comment = [&1_u16.to_ne_bytes()[..], &4_u16.to_ne_bytes(), b"text"].concat();
    let enhanced = [&numbers(&[0, 1, 2, 4, 7])[..], b"data", &comment].concat();
    let obsolete = [&[0, 0, 9, 9][..], &numbers(&[1, 3, 4, 7]), b"data"].concat();
    let simple = [&numbers(&[7])[..], b"data"].concat();
    for (kind, body) in [(6, enhanced), (2, obsolete), (3, simple)] {
        dumper.write_block(&BlockBuf::new(kind, &body)).unwrap();
    }
    bytes(dumper)
}

/// Copies the packets of that file to the last of some interfaces. Returns the blocks.
fn copied(interfaces: &[&Interface]) -> Vec<(u32, Vec<u8>)> {
    let mut dumper = dumper();
    let ids = interfaces
        .iter()
        .map(|one| dumper.add_interface(one).unwrap());
    let id = ids.last().unwrap();
    let mut reader = Reader::from_reader(Cursor::new(three())).unwrap();
    while let Some(block) = reader.next_block().unwrap() {
        if let Block::Packet(packet) = block {
            dumper.copy_packet(id, &packet).unwrap();
        }
    }
    let mut reader = Reader::from_reader(Cursor::new(bytes(dumper))).unwrap();
    let mut blocks = Vec::new();
    while reader.advance().unwrap() {
        if let Some(Block::Packet(packet)) = reader.block() {
            assert_eq!((packet.data(), packet.wire_len()), (&b"data"[..], 7));
            let raw = packet.as_raw();
            blocks.push((raw.block_type(), raw.body().to_vec()));
        }
    }
    assert!(reader.block().is_none());
    blocks
}

#[test]
fn a_copied_packet_has_another_interface() {
    let short = ethernet().with_snaplen(4);
    let comment = [&1_u16.to_ne_bytes()[..], &4_u16.to_ne_bytes(), b"text"].concat();
    let enhanced = |id, high, low| [&numbers(&[id, high, low, 4, 7])[..], b"data"].concat();
    let obsolete = |id: u16| {
        let head = [&id.to_ne_bytes()[..], &[9, 9]].concat();
        [&head[..], &numbers(&[1, 3, 4, 7]), b"data"].concat()
    };
    let simple = [&numbers(&[7])[..], b"data"].concat();
    let commented = |id| [enhanced(id, 1, 2), comment.clone()].concat();
    let blocks = copied(&[&short]);
    let wanted = [(6, commented(0)), (2, obsolete(0)), (3, simple)];
    assert_eq!(blocks, wanted);
    // A simple packet block belongs to interface 0, and its length depends on the snaplen.
    let blocks = copied(&[&ethernet(), &short]);
    let wanted = [(6, commented(1)), (2, obsolete(1)), (6, enhanced(1, 0, 0))];
    assert_eq!(blocks, wanted);
    let blocks = copied(&[&ethernet()]);
    assert_eq!(blocks[2], (6, enhanced(0, 0, 0)));
}

#[test]
fn packets_are_copied_to_interfaces_that_fit() {
    let swapped = match Endian::NATIVE {
        Endian::Little => Endian::Big,
        Endian::Big => Endian::Little,
    };
    let mut other = PcapngDumper::new(Vec::new());
    let foreign = other.add_interface(&ethernet()).unwrap();
    let mut reader = Reader::from_reader(Cursor::new(three())).unwrap();
    while reader.advance().unwrap() {
        let Some(Block::Packet(packet)) = reader.block() else {
            continue;
        };
        let mut dumper = dumper();
        let raw = dumper
            .add_interface(&Interface::new(Linktype::RAW))
            .unwrap();
        let before = dumper.position();
        let failed = dumper.copy_packet(raw, &packet).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::LinktypeMismatch);
        let failed = dumper.copy_packet(foreign, &packet).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::InvalidArgument);
        assert_eq!(dumper.position(), before);
        dumper
            .begin_section(&Section::new().with_endian(swapped))
            .unwrap();
        let there = dumper.add_interface(&ethernet()).unwrap();
        let failed = dumper.copy_packet(there, &packet).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::InvalidArgument);
        assert!(failed.to_string().contains("byte order"), "{failed}");
    }
}

/// The time of a packet counts ticks of its interface.
#[test]
fn another_clock_is_refused() {
    let mut dumper = dumper();
    let micro = ethernet().with_precision(pcap_core::Precision::Micro);
    let others = [
        micro.clone(),
        micro.with_time_offset(1),
        ethernet().with_time_offset(-1),
    ];
    let ids = others.map(|other| dumper.add_interface(&other).unwrap());
    let position = dumper.position();
    let mut reader = Reader::from_reader(Cursor::new(three())).unwrap();
    let mut refused = 0;
    while let Some(block) = reader.next_block().unwrap() {
        let Block::Packet(packet) = block else {
            continue;
        };
        if packet.ticks().is_some() {
            for id in ids {
                let error = dumper.copy_packet(id, &packet).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidArgument);
                refused += 1;
            }
        }
    }
    assert_eq!((refused, dumper.position()), (6, position));
}
