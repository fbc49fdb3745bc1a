//! What dumpers write: byte for byte the format, the same as `pcap_dump`, read back unchanged by this library and by
//! other programs; and what they reject.
use crate::support::files;
use crate::support::random::Random;

use std::ffi::CString;
use std::fs;
use std::path::Path;

use crate::support::files::{MICRO, NANO, Order, Pcap, Pcapng, open, ping, pings, read_all};
use pcap_core::{
    Capture, Dead, Dlt, ErrorKind, Linktype, Packet, PacketOwned, Precision, Timestamp, sys,
};

fn dead(precision: Precision) -> Capture<Dead> {
    Capture::dead_with(Dlt::EN10MB, 0, precision).unwrap()
}

const PRECISIONS: [(Precision, u32); 2] = [(Precision::Micro, MICRO), (Precision::Nano, NANO)];

/// Returns random packets that a savefile can hold.
fn random_packets(random: &mut Random, count: usize) -> Vec<PacketOwned> {
    (0..count)
        .map(|_| {
            let length = random.below(400);
            let data = random.bytes(length);
            let secs = random.next() as u32;
            let time = Timestamp::new(secs.into(), random.below(1_000_000_000) as i64);
            let len = length as u32 + random.below(2000) as u32;
            Packet::new(time, len, &data).into_owned()
        })
        .collect()
}

/// Writes packets with `pcap_dump`, and returns the savefile.
fn pcap_dump(path: &Path, precision: Precision, linktype: Dlt, packets: &[PacketOwned]) {
    let number = match precision {
        Precision::Micro => pcap_sys::PCAP_TSTAMP_PRECISION_MICRO,
        Precision::Nano => pcap_sys::PCAP_TSTAMP_PRECISION_NANO,
    };
    let value = linktype.value();
    // SAFETY: takes numbers only.
    let pcap =
        unsafe { pcap_sys::pcap_open_dead_with_tstamp_precision(value, 262_144, number as _) };
    let path = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the handle is open, the path a C string.
    let dumper = unsafe { pcap_sys::pcap_dump_open(pcap, path.as_ptr()) };
    assert!(!dumper.is_null());
    for packet in packets {
        let time = packet.timestamp();
        let fraction = match precision {
            Precision::Micro => time.subsec_micros(),
            Precision::Nano => time.subsec_nanos(),
        };
        // SAFETY: plain numbers, for which zero is valid.
        let mut header: pcap_sys::pcap_pkthdr = unsafe { std::mem::zeroed() };
        // These have 32 bits on some platforms; the bits are what is written.
        header.ts.tv_sec = time.secs() as _;
        header.ts.tv_usec = fraction as _;
        (header.caplen, header.len) = (packet.caplen(), packet.wire_len());
        // SAFETY: the dumper is open, and there are `caplen` bytes.
        unsafe { pcap_sys::pcap_dump(dumper.cast(), &header, packet.data().as_ptr()) };
    }
    // SAFETY: the dumper is open and owned by this function.
    unsafe { pcap_sys::pcap_dump_close(dumper) };
    // SAFETY: the handle is open and owned by this function.
    unsafe { pcap_sys::pcap_close(pcap) };
}

// Shows: libpcap/dump-keeps-fraction-more
#[test]
fn fractions_beyond_a_second_are_kept() {
    for (magic, other) in [(MICRO, Precision::Nano), (NANO, Precision::Micro)] {
        // If C's times have 32 bits, libpcap truncates seconds to them.
        let most = if size_of::<pcap_sys::timeval>() == 8 {
            2_000_000
        } else {
            u32::MAX
        };
        for fraction in [
            1_000_000,
            1_500_000,
            1_999_999_999,
            0x7fff_ffff,
            0x8000_0000,
            u32::MAX,
        ] {
            if fraction > most {
                continue;
            }
            for secs in [0, 1_700_000_000, u32::MAX] {
                let file = Pcap::new(Order::NATIVE, magic).packet(secs, fraction, b"x");
                let bytes = file.bytes().to_vec();
                let mut capture = open(bytes.clone());
                let mut copy = capture.dump_to(Vec::new()).unwrap();
                let dead = Capture::dead_with(Linktype::ETHERNET, 262_144, other).unwrap();
                let mut converted = dead.dump_to(Vec::new()).unwrap();
                let packet = capture.next_packet().unwrap().unwrap();
                copy.write(packet).unwrap();
                let copied: Vec<u8> = copy.into_writer().unwrap();
                assert_eq!(copied[24..], bytes[24..], "{secs} {fraction:#x}");
                let time = packet.timestamp();
                // In the other precision the time is the same, if it can be represented.
                if converted.write(packet).is_ok() {
                    let converted: Vec<u8> = converted.into_writer().unwrap();
                    let mut again = open(converted);
                    let again = again.next_packet().unwrap().unwrap().timestamp();
                    assert_eq!(again.secs(), time.secs(), "{secs} {fraction:#x}");
                    assert_eq!(again.subsec_micros(), time.subsec_micros());
                }
            }
        }
    }
}

#[test]
fn the_bytes_are_those_of_pcap_dump() {
    let folder = tempfile::tempdir().unwrap();
    let [theirs, ours] = ["theirs", "ours"].map(|name| folder.path().join(name));
    let mut random = Random::new(21);
    for (precision, _) in PRECISIONS {
        for linktype in [Dlt::EN10MB, Dlt::RAW, Dlt::LINUX_SLL2, Dlt::NULL] {
            let packets = random_packets(&mut random, 3000);
            pcap_dump(&theirs, precision, linktype, &packets);
            let capture = Capture::dead_with(linktype, 0, precision).unwrap();
            let mut dumper = capture.dump(&ours).unwrap();
            let mut by_parts = capture.dump(folder.path().join("parts")).unwrap();
            for packet in &packets {
                dumper.write(packet).unwrap();
                by_parts
                    .write(Packet::new(
                        packet.timestamp(),
                        packet.wire_len(),
                        packet.data(),
                    ))
                    .unwrap();
            }
            let position = dumper.position();
            dumper.close().unwrap();
            by_parts.close().unwrap();
            let bytes = fs::read(&theirs).unwrap();
            assert!(
                fs::read(&ours).unwrap() == bytes,
                "{precision:?} {linktype}"
            );
            assert!(fs::read(folder.path().join("parts")).unwrap() == bytes);
            assert_eq!(position, bytes.len() as u64);
        }
    }
}

// Shows: parity/dump-bytes-time-now
#[test]
fn no_time_is_now_and_the_epoch_is_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let mut dumper = dead(Precision::Nano).dump(&path).unwrap();
    let before = Timestamp::now();
    dumper.write_now(b"now").unwrap();
    let after = Timestamp::now();
    dumper.write(Packet::new(Timestamp::EPOCH, 0, b"")).unwrap();
    dumper
        .write(Packet::new(Timestamp::EPOCH, 9, b"epoch"))
        .unwrap();
    dumper.close().unwrap();
    let packets = read_all(&mut Capture::from_file(&path).unwrap()).unwrap();
    assert!((before..=after).contains(&packets[0].timestamp()));
    assert_eq!((packets[0].caplen(), packets[0].wire_len()), (3, 3));
    assert_eq!(packets[1].timestamp(), Timestamp::EPOCH);
    assert_eq!(
        (packets[2].timestamp(), packets[2].wire_len()),
        (Timestamp::EPOCH, 9)
    );
}

/// `pcap_dump` writes as many bytes as the header says: a wrong header made it write 60 KB of the heap to disk. Here
/// the caplen is always the length of the data.
// Shows: libpcap/dump-writes-many-bytes, parity/dump-bytes-time-now
// Shows: parity/writing-many-bytes-header
#[test]
fn an_impossible_record_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let capture = Capture::dead_with(Dlt::EN10MB, 100, Precision::Micro).unwrap();
    let mut dumper = capture.dump(&path).unwrap();
    let position = dumper.position();
    let now = Timestamp::new(1_700_000_000, 0);
    let packet = |time, data| Packet::new(time, 1000, data);
    // The wire length is never below the length of the data.
    for wire_len in [0, 2, 3] {
        let packet = Packet::new(now, wire_len, b"abc");
        assert_eq!((packet.caplen(), packet.wire_len()), (3, 3));
    }
    let refused = [
        (
            dumper.write(Packet::new(now, 1000, &[0; 101])).unwrap_err(),
            "snaplen, 100",
        ),
        (
            dumper.write(packet(now, &[0; 101])).unwrap_err(),
            "snaplen, 100",
        ),
    ];
    for (error, text) in refused {
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.text().contains(text), "{error}");
        assert_eq!(error.object(), path.to_str());
    }
    for time in [
        Timestamp::new(-1, 0),
        Timestamp::new(0, -1),
        Timestamp::new(1 << 32, 0),
        Timestamp::new(i64::from(u32::MAX), 1_000_000_000),
        Timestamp::new(i64::MIN, 0),
        Timestamp::new(i64::MAX, 999_999_999),
    ] {
        for error in [
            dumper.write(Packet::whole(time, b"x")).unwrap_err(),
            dumper.write(packet(time, b"x")).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.text().contains("1970 to 2106"), "{error}");
        }
    }
    assert_eq!(dumper.position(), position);
    dumper.write(Packet::whole(now, &[1; 100])).unwrap();
    dumper
        .write(Packet::new(
            Timestamp::new(u32::MAX.into(), 999_999_999),
            100,
            b"",
        ))
        .unwrap();
    dumper.close().unwrap();
    let expected = Pcap::native()
        .snaplen(100)
        .packet(1_700_000_000, 0, &[1; 100])
        .record([u32::MAX, 999_999, 0, 100], b"");
    assert_eq!(fs::read(&path).unwrap(), expected.bytes());
}

/// Nanoseconds were once stored unconverted in a file of microseconds.
// Shows: libpcap/nanoseconds-stored-file, parity/nanoseconds-stored-file
#[test]
fn nanoseconds_are_cut_to_microseconds() {
    let nano = Pcap::new(Order::NATIVE, NANO)
        .packet(1, 123_456_789, b"a")
        .packet(2, 999, b"b")
        .packet(3, 999_999_999, b"c");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let mut dumper = dead(Precision::Micro).dump(&path).unwrap();
    let mut capture = open(nano.bytes());
    while let Some(packet) = capture.next_packet().unwrap() {
        dumper.write(packet).unwrap();
    }
    dumper.close().unwrap();
    let expected = Pcap::native()
        .packet(1, 123_456, b"a")
        .packet(2, 0, b"b")
        .packet(3, 999_999, b"c");
    assert_eq!(fs::read(&path).unwrap(), expected.bytes());
}

/// Times that a program has as floats, of whole microseconds.
#[test]
fn seconds_are_written_to_the_microsecond() {
    let mut random = Random::new(12);
    let mut pairs: Vec<_> = (0..50_000)
        .map(|_| ((random.next() >> 32) as u32, random.below(1_000_000) as u32))
        .collect();
    // Including those of pcap-lua's test.
    pairs.extend([(1, 10), (2, 20), (1_700_000_000, 1), (u32::MAX, 999_999)]);
    let secs = |(secs, micros): (u32, u32)| f64::from(secs) + f64::from(micros) / 1e6;
    for (precision, unit) in [(Precision::Micro, 1), (Precision::Nano, 1000)] {
        let mut dumper = dead(precision).dump_to(Vec::new()).unwrap();
        let mut expected = Pcap::new(Order::NATIVE, [MICRO, NANO][usize::from(unit > 1)]);
        for pair in &pairs {
            let time = Timestamp::from_secs_f64(secs(*pair)).unwrap();
            dumper.write(Packet::whole(time, b"x")).unwrap();
            expected = expected.packet(pair.0, pair.1 * unit, b"x");
        }
        let bytes: Vec<u8> = dumper.into_writer().unwrap();
        assert!(bytes == expected.bytes(), "{precision:?}");
        let read = read_all(&mut open(bytes)).unwrap();
        let back = read.iter().map(|packet| packet.timestamp().as_secs_f64());
        assert!(back.eq(pairs.iter().map(|pair| secs(*pair))));
    }
}

#[test]
fn a_damaged_packet_is_written_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    for (_, magic) in PRECISIONS {
        let file = Pcap::new(Order::NATIVE, magic)
            .packet(1, 2, b"whole")
            .record([3, 4, 5, 1514], b"cut..")
            .record([5, 6, 5, 2], b"wrong")
            .record([7, 8, 0, 0], b"");
        let mut capture = open(file.bytes());
        let mut dumper = capture.dump(&path).unwrap();
        // Borrowed and owned.
        let mut turn = 0;
        while let Some(packet) = capture.next_packet().unwrap() {
            turn += 1;
            match turn % 2 {
                0 => dumper.write(packet).unwrap(),
                _ => dumper.write(packet.into_owned()).unwrap(),
            }
        }
        dumper.close().unwrap();
        assert_eq!(fs::read(&path).unwrap(), file.bytes());
    }
    if size_of::<pcap_sys::timeval>() == 8 {
        // Seconds of 32 bits, on Windows too: they are read as after 1970.
        return;
    }
    // A time before 1970, which pcapng can represent, is rejected and not wrapped.
    let options = [(files::IF_TSOFFSET, Order::NATIVE.u64(-5i64 as u64).to_vec())];
    let ng = Pcapng::new(Order::NATIVE)
        .interface(1, 0, &options)
        .packet(0, 1, 1, b"x");
    let mut capture = open(ng.bytes());
    let mut dumper = capture.dump(&path).unwrap();
    let packet = capture.next_packet().unwrap().unwrap();
    assert!(dumper.write(packet).is_err());
}

/// Link types with longer packets accept them.
#[test]
fn the_longest_packet_is_that_of_the_link_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    for (dlt, longest) in [
        (Dlt::DBUS, 1 << 22),
        (Dlt::EBHSCR, 8 << 20),
        (Dlt::USBPCAP, 1 << 20),
        (Dlt::RAW, 262_144),
    ] {
        let mut dumper = Capture::dead(dlt).unwrap().dump(&path).unwrap();
        dumper.write_now(&vec![3; longest]).unwrap();
        dumper.write_now(b"after").unwrap();
        dumper.close().unwrap();
        let packets = read_all(&mut Capture::from_file(&path).unwrap()).unwrap();
        assert_eq!(
            [packets[0].data().len(), packets[1].data().len()],
            [longest, 5],
            "{dlt}"
        );
    }
}

/// A dead handle with a fixed snaplen of 65535 once truncated longer packets silently.
// Shows: libpcap/dead-handle-fixed-snaplen, parity/handle-without-device-compile
// Shows: parity/dead-handle-snaplen-65
#[test]
fn a_dead_captures_snaplen_cuts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    for (snaplen, written, longest) in [
        (0, 262_144, 262_144),
        (1, 1, 1),
        (65_535, 65_535, 65_535),
        (65_536, 65_536, 65_536),
        (262_144, 262_144, 262_144),
        (i32::MAX as u32, i32::MAX as u32, 262_144),
    ] {
        let capture = Capture::dead_with(Dlt::EN10MB, snaplen, Precision::Micro).unwrap();
        assert_eq!(capture.snaplen(), written);
        let mut dumper = capture.dump(&path).unwrap();
        let data = vec![3; longest];
        dumper.write_now(&data).unwrap();
        // A packet that libpcap could not read, together with all after it, is rejected whatever the snaplen is.
        let position = dumper.position();
        let error = dumper.write_now(&vec![3; longest + 1]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(dumper.position(), position);
        dumper.close().unwrap();
        let mut capture = Capture::from_file(&path).unwrap();
        assert_eq!(capture.snaplen(), written);
        let packets = read_all(&mut capture).unwrap();
        assert_eq!(packets.len(), 1);
        assert_eq!(packets[0].data(), data);
    }
    let error = Capture::dead_with(Dlt::EN10MB, 1 << 31, Precision::Micro).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

// Shows: libpcap/dumpfopen-leaves-file-open
#[test]
fn an_impossible_link_type_spares_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a.pcap", &pings(3));
    for number in [65_536, -1, i32::MAX] {
        let capture = Capture::dead(Dlt::new(number)).unwrap();
        for error in [
            capture.dump(&path).unwrap_err(),
            capture.dump_append(&path).unwrap_err(),
            capture.dump_to(Vec::new()).unwrap_err(),
            capture.dump(folder.path().join("new")).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.text().contains("at most 65535"), "{error}");
        }
    }
    assert_eq!(fs::read(&path).unwrap(), pings(3));
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

/// As `pcap_dump_open` writes it, for all link types that it accepts. Others are written, too.
#[test]
fn headers_are_those_of_libpcap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("libpcap.pcap");
    let c_path = CString::new(path.to_str().unwrap()).unwrap();
    let mut accepted = 0;
    for number in 0..400 {
        for (precision, micro_or_nano) in [(Precision::Micro, 0), (Precision::Nano, 1)] {
            let snaplen = 1 + number * 7;
            let dead = Capture::dead_with(Dlt::new(number), snaplen as u32, precision).unwrap();
            let mut dumper = dead.dump_to(Vec::new()).unwrap();
            dumper.flush().unwrap();
            let header: Vec<u8> = dumper.into_writer().unwrap();
            // SAFETY: takes numbers only.
            let pcap = unsafe {
                sys::pcap_open_dead_with_tstamp_precision(number, snaplen, micro_or_nano)
            };
            // SAFETY: the handle is open, and the path is a C string.
            let theirs = unsafe { sys::pcap_dump_open(pcap, c_path.as_ptr()) };
            if !theirs.is_null() {
                // SAFETY: the dumper is open and owned by this function.
                unsafe { sys::pcap_dump_close(theirs) };
                assert_eq!(header, fs::read(&path).unwrap(), "{number}");
                accepted += 1;
            }
            // SAFETY: the handle is open and owned by this function.
            unsafe { sys::pcap_close(pcap) };
            let linktype = Linktype::from(Dlt::new(number));
            let read = Capture::from_reader(std::io::Cursor::new(header)).unwrap();
            assert_eq!(read.linktype(), linktype, "{number}");
        }
    }
    assert!(accepted > 300, "{accepted}");
}

/// Files have LINKTYPE_ numbers, calls have DLT_ numbers, and they differ: RAW is 101 and 12.
// Shows: libpcap/linktype-numbers-files-handed, parity/link-types-files-calls
#[test]
fn link_types_are_numbered_as_in_files() {
    for (linktype, number) in [(Linktype::RAW, 101), (Linktype::LINUX_SLL2, 276)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        Capture::dead(linktype)
            .unwrap()
            .dump(&path)
            .unwrap()
            .close()
            .unwrap();
        let expected = Pcap::new(Order::NATIVE, NANO).linktype(number);
        assert_eq!(fs::read(&path).unwrap(), expected.bytes());
    }
}

// Shows: parity/flush-close-error-closing
#[test]
fn flush_makes_all_visible_to_another_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let mut dumper = dead(Precision::Micro).dump(&path).unwrap();
    for count in 0..50u16 {
        let read = Capture::from_file(&path);
        if count > 0 {
            assert_eq!(
                read_all(&mut read.unwrap()).unwrap().len(),
                usize::from(count)
            );
        }
        dumper.write_now(&ping(count)).unwrap();
        dumper.flush().unwrap();
        dumper.flush().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), dumper.position());
    }
}

#[test]
fn a_dropped_dumper_has_written_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let mut dumper = dead(Precision::Micro).dump(&path).unwrap();
    dumper.write_now(b"x").unwrap();
    assert!(format!("{dumper:?}").contains("position: 41"), "{dumper:?}");
    drop(dumper);
    assert_eq!(
        read_all(&mut Capture::from_file(&path).unwrap())
            .unwrap()
            .len(),
        1
    );
}
