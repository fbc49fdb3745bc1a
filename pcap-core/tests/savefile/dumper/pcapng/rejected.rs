//! What cannot be written.

use std::fs::{self, File};

use pcap_core::pcapng::{Interface, Record, Section};
use pcap_core::{Capture, Dlt, ErrorKind, Linktype, Packet, Precision, Stats, Timestamp};

use super::{bytes, dumper, ethernet, tshark};
use crate::support::files;
use crate::support::files::{Pcap, read_all};

#[test]
fn what_cannot_be_held_leaves_the_file_whole() {
    let mut dumper = dumper();
    let nano = dumper.add_interface(&ethernet().with_snaplen(100)).unwrap();
    let micro = ethernet()
        .with_snaplen(100)
        .with_precision(Precision::Micro);
    let micro = dumper.add_interface(&micro).unwrap();
    let position = dumper.position();
    let now = Timestamp::now();
    let long = "x".repeat(65_536);
    let last_nano = Timestamp::new(18_446_744_073, 709_551_615);
    let last_micro = Timestamp::new(18_446_744_073_709, 551_615_999);
    let after = |time: Timestamp, nanos| {
        Timestamp::new(time.secs(), i64::from(time.subsec_nanos()) + nanos)
    };
    let errors = [
        (dumper.write(nano, Packet::whole(now, &[0; 101])), "snaplen"),
        (
            dumper.write(nano, Packet::whole(Timestamp::new(-1, 999_999_999), b"")),
            "before 1970",
        ),
        (
            dumper.write(nano, Packet::whole(after(last_nano, 1), b"")),
            "beyond the range",
        ),
        (
            dumper.write(micro, Packet::whole(after(last_micro, 1), b"")),
            "beyond the range",
        ),
        (
            dumper.write(nano, Packet::whole(Timestamp::new(i64::MAX, 0), b"")),
            "beyond the range",
        ),
        (
            dumper.write_record(nano, &Record::new(Packet::new(now, 0, b"")).comment(&long)),
            "comment has 65536 bytes",
        ),
        (
            dumper.write_statistics(nano, Timestamp::new(-1, 0), &Stats::default()),
            "before 1970",
        ),
    ];
    for (result, text) in errors {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(error.operation(), Some("write"));
        assert!(error.text().contains(text), "{error}");
    }
    assert_eq!(dumper.position(), position);
    // And the limits of the format.
    let edges = [
        Packet::new(Timestamp::EPOCH, 0, b""),
        Packet::new(last_nano, u32::MAX, &[1; 100]),
    ];
    for packet in edges {
        dumper.write(nano, packet).unwrap();
    }
    dumper.write(micro, Packet::whole(last_micro, b"")).unwrap();
    let record = Record::new(edges[0]).comment(&long[1..]);
    dumper.write_record(nano, &record).unwrap();
    // Only a damaged savefile has such a packet.
    let damaged = Pcap::native().record([1, 1, 10, 9], &[0; 10]).bytes();
    let damaged = read_all(&mut files::open(damaged)).unwrap().remove(0);
    dumper.write(nano, &damaged).unwrap();
    let read = read_all(&mut files::open(bytes(dumper))).unwrap();
    assert_eq!(read.len(), 5);
    assert_eq!((read[4].caplen(), read[4].wire_len()), (10, 9));
    assert_eq!(read[0].as_packet(), edges[0]);
    let last = Timestamp::new(last_nano.secs(), 709_551_615);
    let packet = Packet::new(last, u32::MAX, &[1; 100]);
    assert_eq!(read[1].as_packet(), packet);
    let last = Timestamp::new(last_micro.secs(), 551_615_000);
    assert_eq!(read[2].timestamp(), last);
}

#[test]
#[cfg(unix)]
fn a_refused_interface_takes_no_number() {
    let mut dumper = dumper();
    for linktype in [Linktype::new(65_536), Linktype::from(Dlt::new(-1))] {
        let error = dumper.add_interface(&Interface::new(linktype)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    let (most, long) = ("x".repeat(65_535), "x".repeat(65_536));
    let too_long = [
        ethernet().with_name(&long),
        ethernet().with_description(&long),
        ethernet().with_filter(&most),
        ethernet().with_os(&long),
        ethernet().with_hardware(&long),
        ethernet().with_comment(&long),
    ];
    for interface in too_long {
        let error = dumper.add_interface(&interface).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(
            error.text().contains("bytes, more than the limit of 6553"),
            "{error}"
        );
    }
    let all = ethernet()
        .with_name(&most)
        .with_description(&most)
        .with_filter(&most[1..])
        .with_os(&most)
        .with_hardware(&most)
        .with_comment(&most);
    assert_eq!(dumper.add_interface(&all).unwrap().index(), 0);
    let last = dumper.add_interface(&ethernet()).unwrap();
    assert_eq!(last.index(), 1);
    dumper
        .write(last, Packet::whole(Timestamp::now(), b"x"))
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a.pcapng", &bytes(dumper));
    let told = tshark(&path, &["frame.interface_id"]);
    assert_eq!(told, [(vec!["1".to_owned()], "78".to_owned())]);

    // Every valid number round-trips.
    for number in (0..300).chain([147, 9999, 65_535]) {
        let mut dumper = self::dumper();
        dumper
            .add_interface(&Interface::new(Linktype::new(number)))
            .unwrap();
        let bytes = bytes(dumper);
        assert_eq!(
            bytes[28 + 8..28 + 12],
            [number as u16, 0].map(u16::to_ne_bytes).concat()
        );
    }
}

// Shows: libpcap/packets-link-type-written
#[test]
#[cfg(unix)]
fn packets_of_another_link_type_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let of = |linktype: Linktype| {
        let mut one = Capture::dead(linktype).unwrap().dump(&path).unwrap();
        one.write(Packet::whole(Timestamp::new(1, 2), b"a packet"))
            .unwrap();
        one.close().unwrap();
        Capture::from_file(&path).unwrap()
    };
    let mut dumper = dumper();
    let eth = dumper.add_interface(&ethernet()).unwrap();
    let sll = Interface::new(Linktype::LINUX_SLL);
    let sll = dumper.add_interface(&sll).unwrap();
    for (linktype, own, other) in [
        (Linktype::ETHERNET, eth, sll),
        (Linktype::LINUX_SLL, sll, eth),
    ] {
        let mut capture = of(linktype);
        // Nothing has been read yet.
        let failed = dumper.write_from(own, &capture).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::InvalidArgument);
        assert!(capture.advance().unwrap());
        let before = dumper.position();
        let record = Record::from_capture(&capture).unwrap();
        let packet = capture.packet().unwrap();
        for failed in [
            dumper.write_from(other, &capture),
            dumper.write_record(other, &record),
            dumper.write_record(other, &Record::new(packet).linktype(linktype)),
        ] {
            let failed = failed.unwrap_err();
            assert_eq!(failed.kind(), ErrorKind::LinktypeMismatch);
            let text = failed.to_string();
            assert!(text.contains(&format!("found {linktype}")), "{text}");
        }
        assert_eq!(dumper.position(), before);
        dumper.write_from(own, &capture).unwrap();
        dumper.write_record(own, &record.comment("again")).unwrap();
    }
    // libpcap's number for this one differs from the number in files.
    let mut raw = of(Linktype::RAW);
    raw.advance().unwrap();
    let interface = dumper.add_interface(&Interface::for_capture(&raw)).unwrap();
    dumper.write_from(interface, &raw).unwrap();
    let file = folder.path().join("a.pcapng");
    fs::write(&file, bytes(dumper)).unwrap();
    let told = tshark(&file, &["frame.interface_id"]);
    let interfaces: Vec<&str> = told.iter().map(|(fields, _)| fields[0].as_str()).collect();
    assert_eq!(interfaces, ["0", "0", "1", "1", "2"]);
}

#[test]
fn the_interface_of_another_dumper_is_refused() {
    let mut first = dumper();
    let mut second = dumper();
    let other = first.add_interface(&ethernet()).unwrap();
    for _ in 0..2 {
        let error = second
            .write(other, Packet::whole(Timestamp::now(), b"x"))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(
            second
                .write_statistics(other, None, &Stats::default())
                .is_err()
        );
        // Nor if it has an interface of that number itself.
        second.add_interface(&ethernet()).unwrap();
    }
}

#[test]
fn a_refused_section_leaves_the_file() {
    let long = "x".repeat(65_536);
    let sections = [
        Section::new().with_hardware(&long),
        Section::new().with_os(&long),
        Section::new().with_application(&long),
        Section::new().with_comment(&long),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a", b"precious");
    for section in sections {
        let error = section.dump(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(error.object(), path.to_str());
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        let failed = section.dump_to(b"mine".to_vec()).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::InvalidArgument);
        assert_eq!(failed.take::<Vec<u8>>().unwrap(), b"mine");
        let file = File::open(&path).unwrap();
        let fd = files::descriptor(&file);
        let failed = section.dump_open_file(file).unwrap_err();
        assert_eq!(files::descriptor(&failed.take::<File>().unwrap()), fd);
    }
}

#[test]
fn a_text_with_a_nul_is_refused() {
    let mut dumper = dumper();
    let eth = dumper.add_interface(&ethernet()).unwrap();
    let position = dumper.position();
    let text = "a\0b";
    let record = Record::new(Packet::new(Timestamp::EPOCH, 0, b"")).comment(text);
    let mut errors = vec![dumper.write_record(eth, &record).unwrap_err()];
    for interface in [
        ethernet().with_name(text),
        ethernet().with_description(text),
        ethernet().with_filter(text),
        ethernet().with_os(text),
        ethernet().with_hardware(text),
        ethernet().with_comment(text),
    ] {
        errors.push(dumper.add_interface(&interface).unwrap_err());
    }
    for section in [
        Section::new().with_hardware(text),
        Section::new().with_os(text),
        Section::new().with_application(text),
        Section::new().with_comment(text),
    ] {
        errors.push(section.dump_to(Vec::new()).unwrap_err());
    }
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.text().ends_with(" contains a NUL byte"), "{error}");
    }
    assert_eq!(dumper.position(), position);
}
