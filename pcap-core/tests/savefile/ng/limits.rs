//! What the dumper refuses, and what it writes although it is odd.

use std::io;

use pcap_core::pcapng::{Block, BlockBuf, Endian, Interface, PcapngDumper, Section};
use pcap_core::{Error, ErrorKind, Linktype, Packet, Timestamp};

use crate::support::contents::open;
use crate::support::ng::{Case, Ng, Order, Shb, epb, idb, pb, spb};

const OTHER: Endian = match Endian::NATIVE {
    Endian::Little => Endian::Big,
    Endian::Big => Endian::Little,
};

fn blocks() -> PcapngDumper {
    PcapngDumper::for_blocks_named(Vec::new(), "f")
}

fn ethernet() -> Interface {
    Interface::new(Linktype::ETHERNET)
}

/// Checks that an argument was refused for a reason, and nothing was written.
fn refused(dumper: &PcapngDumper, result: Result<(), Error>, why: &str, position: u64) {
    let error = result.expect_err(why);
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    assert!(
        error.to_string().starts_with("cannot write `f`: "),
        "{error}"
    );
    assert!(error.to_string().contains(why), "{error}");
    assert_eq!(dumper.position(), position, "{why}");
}

#[test]
fn a_section_comes_first() {
    let mut dumper = blocks();
    let why = "expected a section header first";
    for kind in [1, 2, 3, 4, 5, 6, 10, 77] {
        let written = dumper.write_block(&BlockBuf::new(kind, &[0; 40]));
        refused(&dumper, written, why, 0);
    }
    let added = dumper.add_interface(&ethernet()).map(drop);
    refused(&dumper, added, why, 0);
    assert!(dumper.interface(0).is_none());
    dumper.write_block(Section::new().as_raw()).unwrap();
    assert_eq!(dumper.position(), 28);
}

#[test]
fn blocks_that_do_not_fit_are_refused() {
    let mut dumper = blocks();
    dumper.begin_section(&Section::new()).unwrap();
    let packet = |kind| BlockBuf::new(kind, &[0; 40]);
    for kind in [2, 3, 6] {
        let written = dumper.write_block(&packet(kind));
        refused(
            &dumper,
            written,
            "found a packet of interface 0, but the section has 0",
            28,
        );
    }
    dumper.add_interface(&ethernet()).unwrap();
    let position = dumper.position();
    for (kind, endian) in [(6, OTHER), (77, OTHER), (1, OTHER)] {
        let block = BlockBuf::with_endian(kind, &[0; 40], endian);
        let written = dumper.write_block(&block);
        refused(
            &dumper,
            written,
            "in the byte order of its section",
            position,
        );
    }
    for (kind, length) in [(1, 4), (2, 16), (3, 0), (5, 8), (6, 16), (0x0a0d_0d0a, 12)] {
        let written = dumper.write_block(&BlockBuf::new(kind, &vec![0; length]));
        refused(&dumper, written, "is too short for type", position);
    }
    let written = dumper.write_block(&BlockBuf::new(0x0a0d_0d0a, &[0x1a; 16]));
    refused(&dumper, written, "byte-order magic", position);
    let mut other = packet(6);
    other.set_interface(1).unwrap();
    let written = dumper.write_block(&other);
    refused(
        &dumper,
        written,
        "found a packet of interface 1, but the section has 1",
        position,
    );
    for kind in [2, 3, 6] {
        dumper.write_block(&packet(kind)).unwrap();
    }
}

#[test]
fn identifiers_are_those_of_a_section() {
    let packet = || Packet::whole(Timestamp::EPOCH, b"data");
    let (mut first, mut second) = (blocks(), blocks());
    for dumper in [&mut first, &mut second] {
        dumper.begin_section(&Section::new()).unwrap();
    }
    let of_first = first.add_interface(&ethernet()).unwrap();
    let of_second = second.add_interface(&ethernet()).unwrap();
    let position = first.position();
    let written = first.write(of_second, packet());
    refused(&first, written, "belongs to another dumper", position);
    first.write(of_first, packet()).unwrap();
    assert_eq!(first.interface(0), Some(of_first));
    first
        .begin_section(&Section::new().with_endian(OTHER))
        .unwrap();
    let position = first.position();
    let written = first.write(of_first, packet());
    refused(&first, written, "belongs to an earlier section", position);
    let new = first.add_interface(&ethernet()).unwrap();
    assert_ne!(new, of_first);
    let position = first.position();
    let written = first.write(of_first, packet());
    refused(&first, written, "belongs to an earlier section", position);
    first.write(new, packet()).unwrap();
    // A section header as a block ends a section, too.
    first.write_block(Section::new().as_raw()).unwrap();
    let position = first.position();
    let written = first.write(new, packet());
    refused(&first, written, "belongs to an earlier section", position);
}

/// An option of an unknown meaning is not lost silently.
#[test]
fn sections_keep_options_or_are_refused() {
    let unknown = Section::new().with_option(0x8001, b"local");
    let converted = unknown.clone().with_endian(OTHER);
    let mut dumper = blocks();
    let begun = dumper.begin_section(&converted);
    refused(&dumper, begun, "option 32769", 0);
    dumper.begin_section(&unknown).unwrap();
    let known = Section::new().with_os("system").with_comment("text");
    let converted = known.clone().with_endian(OTHER);
    assert_eq!(converted.endian(), OTHER);
    assert_eq!(converted.os().as_deref(), Some("system"));
    assert_eq!(converted.with_endian(Endian::NATIVE), known);
}

/// Lengths that only damaged files have are written as they are by `write_block`.
#[test]
fn odd_lengths_are_kept() {
    for order in Order::BOTH {
        let file = Ng::new(order).idb(idb(1).snaplen(10));
        let file = file.packets([
            epb([1; 30]).len(40),
            epb([2; 30]).len(5),
            epb([3; 4]).len(u32::MAX),
            pb(1, [4; 30]).len(0),
            spb([5; 10]).len(30),
        ]);
        let case = Case::new("", file);
        let copy = super::copies::copy(&mut open(&case.bytes)).unwrap();
        assert_eq!(copy, case.bytes);
    }
}

#[test]
fn unknown_versions_take_no_interfaces() {
    let header = Shb {
        version: (2, 0),
        ..Shb::default()
    };
    let case = Case::new("", Ng::empty(Order::NATIVE).shb(header));
    let mut dumper = blocks();
    let mut reader = open(&case.bytes);
    dumper
        .write_block(reader.next_block().unwrap().unwrap())
        .unwrap();
    let added = dumper.add_interface(&ethernet()).map(drop);
    refused(&dumper, added, "version that this crate does not know", 28);
    // Anything may be in it.
    dumper.write_block(&BlockBuf::new(6, b"")).unwrap();
}

/// The longest block is written and read; a longer one is refused.
#[cfg(target_pointer_width = "64")]
#[test]
fn the_longest_block_is_written_and_read() {
    const LONGEST: usize = 134_348_832;
    let mut body = vec![7; LONGEST - 12];
    let mut dumper = blocks();
    dumper.begin_section(&Section::new()).unwrap();
    let block = BlockBuf::new(0x8000_0002, &body);
    dumper.write_block(&block).unwrap();
    let position = dumper.position();
    body.extend([7; 4]);
    let longer = BlockBuf::new(0x8000_0002, &body);
    let written = dumper.write_block(&longer);
    refused(
        &dumper,
        written,
        "longer than the limit of 134348832",
        position,
    );
    drop((body, longer));
    let bytes: Vec<u8> = dumper.into_writer().unwrap();
    let mut reader = pcap_core::pcapng::Reader::from_reader(io::Cursor::new(bytes)).unwrap();
    assert!(matches!(reader.next_block(), Ok(Some(Block::Section(_)))));
    let read = reader.next_block().unwrap().unwrap();
    assert!(read.as_raw() == block.as_raw());
    assert!(reader.next_block().unwrap().is_none());
}

/// An option may fill the longest block, but not exceed it.
#[cfg(target_pointer_width = "64")]
#[test]
fn the_longest_block_takes_no_option() {
    const LONGEST: usize = 134_348_832;
    // Head and trailer, the numbers of the secrets, and an option of 4 bytes with the end.
    let mut block = BlockBuf::secrets(1, &vec![7; LONGEST - 12 - 8 - 12]);
    block.add_option(1, b"text").unwrap();
    assert_eq!(block.as_raw().bytes().len(), LONGEST);
    let error = block.add_option(1, b"").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(
        error.text().contains("more than 134348832 bytes"),
        "{error}"
    );
    assert_eq!(block.as_raw().bytes().len(), LONGEST);
    assert_eq!(block.options().map(Iterator::count), Some(1));
}

/// A packet may fill the longest block, and an option have the most bytes.
#[cfg(target_pointer_width = "64")]
#[test]
fn records_have_limits() {
    use pcap_core::pcapng::Record;
    const LONGEST: usize = 134_348_832 - 32;
    let mut dumper = blocks();
    dumper.begin_section(&Section::new()).unwrap();
    let interface = dumper.add_interface(&ethernet().with_snaplen(0)).unwrap();
    fn packet(data: &[u8]) -> Record<'_> {
        Record::new(Packet::whole(Timestamp::EPOCH, data))
    }
    for (length, fits) in [(65_535, true), (65_536, false)] {
        let value = vec![1; length];
        let options = [(99, &value[..])];
        let written = dumper.write_record(interface, &packet(b"data").options(&options));
        assert_eq!(written.is_ok(), fits, "{length}");
    }
    let mut data = vec![7; LONGEST];
    dumper.write_record(interface, &packet(&data)).unwrap();
    let position = dumper.position();
    data.push(7);
    let written = dumper.write_record(interface, &packet(&data));
    refused(&dumper, written, "134348832", position);
}

/// What is replaced does not count.
#[cfg(target_pointer_width = "64")]
#[test]
fn data_of_a_long_block_is_replaced() {
    let length = 70 << 20_u32;
    let numbers = [0, 0, 0, length, length].map(u32::to_ne_bytes);
    let body = [numbers.as_flattened(), &vec![7; length as usize]].concat();
    let mut block = BlockBuf::new(6, &body);
    block.set_data(b"", 0).unwrap();
    assert_eq!(block, BlockBuf::new(6, &[0; 20]));
}

/// Each block is written again until the disk has room for it.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_no_block() {
    crate::support::files::with_small_disk(|disk| {
        let ballast = disk.join("ballast");
        std::fs::write(&ballast, vec![0; 512 << 10]).unwrap();
        let path = disk.join("a.pcapng");
        let data = vec![5; 999];
        let file = Ng::new(Order::Big).idb(idb(1));
        let case = Case::new("", file.packets((0..800).map(|n| epb(&data).at(n))));
        let mut reader = open(&case.bytes);
        let mut dumper = PcapngDumper::create_for_blocks(&path).unwrap();
        let mut refused = 0;
        while let Some(block) = reader.next_block().unwrap() {
            while let Err(error) = dumper.write_block(block) {
                assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::StorageFull));
                let written = std::fs::read(&path).unwrap();
                assert!(case.bytes.starts_with(&written));
                refused += 1;
                if refused == 3 {
                    std::fs::remove_file(&ballast).unwrap();
                }
            }
        }
        dumper.close().unwrap();
        assert_eq!(refused, 3);
        assert!(std::fs::read(&path).unwrap() == case.bytes);
    });
}

/// A packet block of the maximum length has no room for the option that replaces its count of drops.
#[test]
fn a_count_of_drops_without_room_is_refused() {
    const LONGEST: usize = 134_348_832;
    let mut body = vec![7; LONGEST - 12];
    let caplen = (body.len() - 20) as u32;
    body[..4].copy_from_slice([0_u16, 5].map(u16::to_ne_bytes).as_flattened());
    let lengths = [caplen, caplen].map(u32::to_ne_bytes);
    body[12..20].copy_from_slice(lengths.as_flattened());
    let mut bytes = Section::new().as_raw().bytes().to_vec();
    bytes.extend(ethernet().as_raw().bytes());
    bytes.extend(BlockBuf::new(2, &body).as_raw().bytes());
    drop(body);
    let mut reader = open(&bytes);
    let block = loop {
        match reader.next_block().unwrap() {
            Some(Block::Packet(packet)) => break packet.to_enhanced(),
            other => assert!(other.is_some(), "no packet"),
        }
    };
    let mut dumper = blocks();
    dumper.begin_section(&Section::new()).unwrap();
    dumper.add_interface(&ethernet()).unwrap();
    let position = dumper.position();
    let written = dumper.write_block(&block);
    refused(&dumper, written, "bytes", position);
}
