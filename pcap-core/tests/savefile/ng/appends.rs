//! Blocks appended to files of the generator.

use std::fs;
use std::path::Path;

use pcap_core::pcapng::{Interface, PcapngDumper, Reader, Section};
use pcap_core::{ErrorKind, Linktype, Packet, Timestamp};

use crate::support::contents::{check, open};
use crate::support::ng::{Block, Case, Idb, Ng, Odd, Opt, Order, Shb, Value, code, epb, idb};

/// An interface as a program creates it, and as the generator writes it with its options in another order.
fn named(name: &str) -> (Interface, Idb) {
    let interface = Interface::new(Linktype::ETHERNET)
        .with_name(name)
        .with_speed(1000)
        .with_time_offset(-3)
        .with_ipv4([192, 0, 2, 1].into(), [255, 0, 0, 0].into());
    let model = idb(1).opts([
        Opt::u64(code::IF_SPEED, 1000),
        Opt::bytes(code::IF_IPV4, [192, 0, 2, 1, 255, 0, 0, 0]),
        Opt::tsoffset(-3),
        Opt::bytes(code::IF_NAME, name),
        Opt::tsresol(9),
    ]);
    (interface, model)
}

/// Returns the options in the order in which a program that calls the setters writes them.
fn written(model: &Idb) -> Idb {
    let mut written = model.clone();
    let [speed, address, offset, name, resolution] = &model.options[..] else {
        panic!("five options");
    };
    written.options = [resolution, name, speed, offset, address]
        .map(Clone::clone)
        .to_vec();
    written
}

const TIME: Timestamp = Timestamp::EPOCH;
/// The ticks of that time with the offset of the interfaces.
const TICKS: u64 = 3_000_000_000;

/// Creates a file with the interfaces `a` and `b`.
fn file(path: &Path, header: Shb, order: Order) -> Ng {
    let file = Ng::empty(order)
        .shb(header)
        .idb(named("a").1)
        .idb(named("b").1);
    let file = file.packet(epb(b"first").on(1).at(TICKS));
    let case = Case::new("", file.clone());
    fs::write(path, &case.bytes).unwrap();
    file
}

/// Checks that a file is that of the generator, and can be read.
fn is(path: &Path, expected: Ng) -> Case {
    let case = Case::new("appended", expected);
    let bytes = fs::read(path).unwrap();
    assert_eq!(bytes, case.bytes);
    let error = check(&case, &mut open(&bytes), bytes.len() as u64);
    assert!(error.is_none(), "{error:?}");
    case
}

#[test]
fn equal_interfaces_are_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let mut cases = Vec::new();
    for order in Order::BOTH {
        let before = file(&path, Shb::default(), order);
        let mut dumper = PcapngDumper::append(&path).unwrap();
        let length = dumper.position();
        let b = dumper.add_interface(&named("b").0).unwrap();
        let a = dumper.add_interface(&named("a").0).unwrap();
        assert_eq!((b.index(), a.index()), (1, 0));
        assert_eq!(dumper.add_interface(&named("b").0).unwrap(), b);
        assert_eq!(dumper.position(), length);
        dumper.write(a, Packet::whole(TIME, b"of a")).unwrap();
        dumper.write(b, Packet::whole(TIME, b"of b")).unwrap();
        dumper.close().unwrap();
        let expected = before
            .packet(epb(b"of a").at(TICKS))
            .packet(epb(b"of b").on(1).at(TICKS));
        cases.push(is(&path, expected));
    }
    reads(&cases);
}

/// libpcap and tshark read the files.
fn reads(cases: &[Case]) {
    #[cfg(unix)]
    super::tools::check_in_parts(cases);
    for case in cases {
        let read = crate::support::ng::oracle::libpcap(&case.bytes);
        assert_eq!(read.error, case.libpcap.error);
        assert_eq!(read.packets.len(), case.expected.packets.len());
    }
}

#[test]
fn other_interfaces_begin_a_section() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let mut cases = Vec::new();
    for order in Order::BOTH {
        let before = file(&path, Shb::default(), order);
        let mut dumper = PcapngDumper::append(&path).unwrap();
        // As a number, and as an equal description.
        let b = dumper.interface(1).unwrap();
        let a = dumper.add_interface(&named("a").0).unwrap();
        dumper.write(b, Packet::whole(TIME, b"before")).unwrap();
        let c = dumper.add_interface(&named("c").0).unwrap();
        assert_eq!(c.index(), 2);
        for (id, data) in [(a, b"of a"), (b, b"of b"), (c, b"of c")] {
            dumper.write(id, Packet::whole(TIME, data)).unwrap();
        }
        // A second new one does not begin another section.
        let d = dumper.add_interface(&named("d").0).unwrap();
        assert_eq!(d.index(), 3);
        dumper.close().unwrap();
        let expected = before.packet(epb(b"before").on(1).at(TICKS)).section(order);
        // In the order in which they were used again.
        let expected = expected.idb(named("b").1).idb(named("a").1);
        let expected = expected.idb(written(&named("c").1));
        let expected = expected.packets([
            epb(b"of a").on(1).at(TICKS),
            epb(b"of b").on(0).at(TICKS),
            epb(b"of c").on(2).at(TICKS),
        ]);
        cases.push(is(&path, expected.idb(written(&named("d").1))));
    }
    reads(&cases);
}

#[test]
fn a_stated_length_or_version_begins_a_section() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    for order in Order::BOTH {
        for (length, version) in [(0, (1, 0)), (200, (1, 0)), (-1, (1, 1))] {
            let header = Shb {
                length,
                version,
                ..Shb::default()
            };
            let before = file(&path, header, order);
            let mut dumper = PcapngDumper::append(&path).unwrap();
            assert!(dumper.interface(0).is_none());
            let a = dumper.add_interface(&named("a").0).unwrap();
            dumper.write(a, Packet::whole(TIME, b"new")).unwrap();
            dumper.close().unwrap();
            let expected = before.section(order).idb(written(&named("a").1));
            is(&path, expected.packet(epb(b"new").at(TICKS)));
        }
    }
}

#[test]
fn a_cut_last_block_is_refused_or_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    for order in Order::BOTH {
        let before = file(&path, Shb::default(), order);
        let whole = before.length();
        let last = epb(b"the last").opt(Opt::comment("cut"));
        let bytes = Case::new("", before.clone().packet(last)).bytes;
        for length in whole + 1..bytes.len() {
            let cut = &bytes[..length];
            fs::write(&path, cut).unwrap();
            let error = PcapngDumper::append(&path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
            let place = format!("at byte {whole}, is truncated");
            assert!(error.to_string().contains(&place), "{error}");
            let error = Section::new().dump_append(&path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SavefileTruncated);
            assert_eq!(fs::read(&path).unwrap(), cut);
            let mut dumper = PcapngDumper::append_repaired(&path).unwrap();
            assert_eq!(dumper.position(), whole as u64);
            let a = dumper.add_interface(&named("a").0).unwrap();
            dumper.write(a, Packet::whole(TIME, b"new")).unwrap();
            dumper.close().unwrap();
            is(&path, before.clone().packet(epb(b"new").at(TICKS)));
        }
    }
}

/// A file cut within its first block becomes a new one; damage is not repaired.
#[test]
fn what_is_left_of_a_header_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let header = Case::new("", Ng::new(Order::NATIVE)).bytes;
    for length in 0..28 {
        fs::write(&path, &header[..length]).unwrap();
        PcapngDumper::append_repaired(&path)
            .unwrap()
            .close()
            .unwrap();
        assert_eq!(fs::read(&path).unwrap(), header);
    }
    for bytes in [&b"text"[..], &[0; 40]] {
        fs::write(&path, bytes).unwrap();
        let error = PcapngDumper::append_repaired(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileBad);
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

/// An option whose meaning nobody knows cannot be compared in the other byte order, and not be converted.
#[test]
fn unknown_options_are_neither_equal_nor_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    for order in Order::BOTH {
        let before = file(&path, Shb::default(), order);
        let mut dumper = PcapngDumper::append(&path).unwrap();
        let length = dumper.position();
        let unknown = named("a").0.with_option(0x8002, b"?");
        let added = dumper.add_interface(&unknown);
        if order == Order::NATIVE {
            assert_eq!(added.unwrap().index(), 0);
            dumper.close().unwrap();
            let local = Opt::new(0x8002, Value::Bytes(b"?".to_vec()));
            let interface = written(&named("a").1).opt(local);
            is(&path, before.section(order).idb(interface));
            continue;
        }
        let error = added.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("option 32770"), "{error}");
        assert_eq!(dumper.position(), length);
        dumper.close().unwrap();
        is(&path, before);
    }
}

/// Options without an end, and values of a wrong length, are compared as they are.
#[test]
fn odd_interfaces_are_used_again_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    for order in Order::BOTH {
        let interface = idb(1)
            .opt(Opt::bytes(code::IF_MAC, [1, 2, 3]))
            .odd(Odd::without_end());
        let expected = Ng::new(order).idb(interface);
        fs::write(&path, Case::new("", expected.clone()).bytes).unwrap();
        let mut reader = Reader::open(&path).unwrap();
        while reader.next_block().unwrap().is_some() {}
        let mut dumper = PcapngDumper::append(&path).unwrap();
        let id = dumper.add_interface(&reader.interfaces()[0]).unwrap();
        assert_eq!(id.index(), 0);
        dumper.write(id, Packet::whole(TIME, b"new")).unwrap();
        dumper.close().unwrap();
        let bytes = Case::new("", expected.packet(epb(b"new"))).bytes;
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

/// A damaged length makes the rest of the file look like one truncated block, which must not be removed.
#[test]
fn a_damaged_length_is_not_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    for order in [Order::Little, Order::Big] {
        let mut file = Ng::new(order).idb(idb(1));
        for number in 0..50 {
            file = file.packet(epb([number; 60]));
        }
        let (bytes, ..) = file.finish();
        let block = 60 + 32;
        for damaged in [bytes.len() - 50 * block, bytes.len() - 2 * block] {
            let mut bytes = bytes.clone();
            // The most significant byte of the length.
            bytes[damaged + 4 + if order == Order::Little { 3 } else { 0 }] = 1;
            fs::write(&path, &bytes).unwrap();
            let error = PcapngDumper::append_repaired(&path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SavefileBad, "{error}");
            assert!(
                error.text().contains(&format!("byte {damaged} ")),
                "{error}"
            );
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }
}

/// A length that reaches beyond the end may be a truncated block or damage: a complete block at the end tells.
#[test]
fn a_damaged_length_is_told_from_a_truncated_block() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    for order in Order::BOTH {
        let (start, ..) = file(&path, Shb::default(), order).finish();
        let long = Block::new(77, [1; 8]).odd(Odd::length(1000)).bytes(order);
        let last = |length| Block::new(78, vec![2; length]).bytes(order);
        let mut cut = last(24);
        cut.truncate(30);
        for (end, is_damage) in [
            ([long.clone(), last(24)].concat(), true),
            ([long.clone(), last(0), last(4)].concat(), true),
            (long.clone(), false),
            (cut, false),
            // The last number is no length of a block: too small, uneven, too large, or only at the end.
            ([&long[..], &order.u32(8)].concat(), false),
            ([&long[..], &order.u32(14)].concat(), false),
            ([&long[..], &order.u32(u32::MAX - 3)].concat(), false),
            ([&long[..], &order.u32(16)].concat(), false),
        ] {
            let bytes = [&start[..], &end].concat();
            fs::write(&path, &bytes).unwrap();
            match PcapngDumper::append_repaired(&path) {
                Err(error) => {
                    assert!(
                        is_damage && error.kind() == ErrorKind::SavefileBad,
                        "{error}"
                    );
                    assert_eq!(fs::read(&path).unwrap(), bytes);
                }
                Ok(dumper) => {
                    dumper.close().unwrap();
                    assert!(!is_damage, "{end:?}");
                    assert!(fs::read(&path).unwrap().starts_with(&start));
                }
            }
        }
    }
}
