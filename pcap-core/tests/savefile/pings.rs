//! Tests of savefiles, dumpers and filters from the test suites of other bindings, mostly on a file of 96 pings.
#![cfg_attr(windows, allow(unused))] // some tests are for other systems only

use crate::support::files;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::files::{MICRO, NANO, Order, Pcap, both, open, ping, read_all, tcp, udp};
use pcap_core::{
    Capture, CompileOptions, Dead, Dlt, End, ErrorKind, Filter, Insn, Next, Packet, PacketOwned,
    Precision, SavefileFormat, Stop, Timestamp,
};

fn dead(precision: Precision) -> Capture<Dead> {
    Capture::dead_with(Dlt::EN10MB, 0, precision).unwrap()
}

const PRECISIONS: [(Precision, u32); 2] = [(Precision::Micro, MICRO), (Precision::Nano, NANO)];

/// Returns 96 pings of 98 bytes, truncated to a snaplen of 96, written on a big-endian machine.
fn truncated_pings() -> Vec<u8> {
    (0..96)
        .fold(Pcap::new(Order::Big, MICRO).snaplen(96), |file, n| {
            let data = &ping(n)[..96];
            file.record([1_000_000_000 + u32::from(n), 999_999, 96, 98], data)
        })
        .bytes()
}

/// Returns the times and bytes of a savefile's packets as `tcpdump` prints them.
#[cfg(unix)]
fn tcpdump(path: &Path, precision: Precision) -> Vec<(String, String)> {
    let unit = match precision {
        Precision::Micro => "micro",
        Precision::Nano => "nano",
    };
    let mut tcpdump = Command::new("tcpdump");
    tcpdump.args(["-tt", "-n", "-XX", "--time-stamp-precision", unit, "-r"]);
    let mut packets: Vec<(String, String)> = Vec::new();
    for line in files::run(tcpdump.arg(path)).lines() {
        if let Some((_, rest)) = line.split_once(":  ").filter(|_| line.starts_with('\t')) {
            let hex = rest.split("  ").next().unwrap().replace(' ', "");
            packets.last_mut().unwrap().1.push_str(&hex);
        } else {
            packets.push((line.split(' ').next().unwrap().to_owned(), String::new()));
        }
    }
    packets
}

/// Formats packets as [`tcpdump`] returns them.
fn as_tcpdump(packets: &[PacketOwned], precision: Precision) -> Vec<(String, String)> {
    let cut = match precision {
        Precision::Micro => 3,
        Precision::Nano => 0,
    };
    let line = |packet: &PacketOwned| {
        let time = packet.timestamp().to_string();
        let bytes: Vec<_> = packet.data().iter().map(|b| format!("{b:02x}")).collect();
        (time[..time.len() - cut].to_owned(), bytes.concat())
    };
    packets.iter().map(line).collect()
}

/// Returns the times and both lengths as `tshark` prints them.
#[cfg(unix)]
fn tshark(path: &Path) -> String {
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(path);
    tshark.args(["-T", "fields", "-e", "frame.time_epoch"]);
    files::run(tshark.args(["-e", "frame.cap_len", "-e", "frame.len"]))
}

fn as_tshark(packets: &[PacketOwned]) -> String {
    let line = |p: &PacketOwned| format!("{}\t{}\t{}\n", p.timestamp(), p.caplen(), p.wire_len());
    packets.iter().map(line).collect()
}

// Shows: parity/read-savefile-path-open, parity/savefiles-version-byte-order
// Shows: parity/1-96-truncated-pings
#[test]
fn ninety_six_truncated_pings_then_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "pings.pcap", &truncated_pings());
    let mut capture = Capture::from_file(&path).unwrap();
    assert_eq!(capture.is_swapped(), Order::Big.is_swapped());
    assert_eq!(capture.snaplen(), 96);
    assert_eq!(capture.format_version(), (2, 4));
    assert_eq!(capture.savefile_format(), SavefileFormat::Pcap);
    assert_eq!(capture.ended(), None);
    for n in 0..96 {
        let packet = capture.next_packet().unwrap().expect("a ping");
        assert_eq!((packet.caplen(), packet.wire_len()), (96, 98));
        assert!(packet.header().is_truncated());
        assert_eq!(packet.data(), &ping(n)[..96]);
        let time = Timestamp::new(1_000_000_000 + i64::from(n), 999_999_000);
        assert_eq!(packet.timestamp(), time);
        assert_eq!(capture.ended(), None);
    }
    for _ in 0..100 {
        assert_eq!(capture.next_packet().unwrap(), None);
        assert_eq!(capture.ended(), Some(End::Eof));
        assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Eof));
        assert!(!capture.advance().unwrap());
        assert_eq!(capture.packet(), None);
        let done = capture
            .for_each(|_| panic!("a packet after the end"))
            .unwrap();
        assert_eq!((done.packets(), done.stop()), (0, Stop::End(End::Eof)));
    }
}

// Shows: parity/2-them-matches-ip
#[test]
fn every_ping_matches_ip_dst_host() {
    let mut capture = open(truncated_pings());
    let options = CompileOptions::new();
    let to = options
        .compile_for(&capture, "ip dst host 192.0.2.2")
        .unwrap();
    let from = options
        .compile_for(&capture, "ip dst host 192.0.2.1")
        .unwrap();
    let packets = read_all(&mut capture).unwrap();
    assert_eq!(packets.len(), 96);
    assert!(packets.iter().all(|packet| to.matches(packet.data())));
    assert!(!packets.iter().any(|packet| from.matches(packet.data())));

    let mut capture = open(truncated_pings());
    capture
        .set_filter("ip dst host 192.0.2.2 and icmp")
        .unwrap();
    assert_eq!(capture.for_each(|_| {}).unwrap().packets(), 96);
    let mut capture = open(truncated_pings());
    capture.set_filter("ip dst host 192.0.2.1").unwrap();
    assert_eq!(capture.next_packet().unwrap(), None);
    assert_eq!(capture.ended(), Some(End::Eof));
}

// Shows: parity/compile-without-device-match, parity/2-them-matches-ip
#[test]
#[cfg(unix)]
fn icmp_is_six_instructions() {
    let icmp = Filter::compile(Dlt::EN10MB, "icmp").unwrap();
    let expected = [
        Insn::new(0x28, 0, 0, 12),      // load the type of the frame
        Insn::new(0x15, 0, 3, 0x0800),  // IPv4, or else the last
        Insn::new(0x30, 0, 0, 23),      // load the protocol of the packet
        Insn::new(0x15, 0, 1, 1),       // ICMP, or else the last
        Insn::new(0x06, 0, 0, 262_144), // accept
        Insn::new(0x06, 0, 0, 0),       // leave it
    ];
    assert_eq!(icmp.instructions(), expected);
    let mut theirs = Command::new("tcpdump");
    let theirs = files::run(theirs.args(["-d", "-y", "EN10MB", "icmp"]));
    assert_eq!(theirs.lines().count(), 6);
    assert_eq!(icmp.to_string().trim_end(), theirs.trim_end());
    assert_eq!(
        [ping(0), tcp(0), udp()].map(|frame| icmp.matches(&frame)),
        [true, false, false]
    );
}

// Shows: parity/filter-instructions-instructions, parity/2-them-matches-ip
#[test]
fn no_and_4097_instructions_are_refused() {
    let program = |length: usize| vec![Insn::new(0x06, 0, 0, 96); length];
    let make = |length| Filter::from_instructions(Dlt::EN10MB, &program(length));
    for length in [0, 4097] {
        let error = make(length).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FilterInvalid, "{length}: {error}");
        // No capture accepts one either, and its filter stays.
        let mut capture = open(truncated_pings());
        capture.set_filter("icmp").unwrap();
        let set = make(length).and_then(|filter| capture.set_filter(&filter));
        assert!(set.is_err());
        assert_eq!(capture.for_each(|_| {}).unwrap().packets(), 96);
    }
    for length in [1, 4096] {
        let filter = make(length).unwrap();
        assert_eq!(filter.instructions().len(), length);
        assert_eq!(filter.run(b"x", 1), 96);
    }
}

// Shows: parity/2-them-matches-ip
#[test]
fn foobar_is_an_error() {
    let error = Filter::compile(Dlt::EN10MB, "foobar").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax);
    assert_eq!(error.object(), Some("foobar"));
    assert!(error.to_string().contains("foobar"), "{error}");
    let mut capture = open(truncated_pings());
    let error = capture.set_filter("foobar").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax);
    assert_eq!(capture.for_each(|_| {}).unwrap().packets(), 96);
}

// Shows: parity/2-them-matches-ip
#[test]
fn syn_ack_ack_and_udp_are_told_apart() {
    const SYN_ACK: u8 = 0x12;
    const ACK: u8 = 0x10;
    let frames = [tcp(SYN_ACK), tcp(ACK), udp()];
    let files = Order::BOTH.map(|order| {
        let file = Pcap::new(order, MICRO);
        let packet = |file: Pcap, frame: &Vec<u8>| file.packet(1, 1, frame);
        frames.iter().fold(file, packet).bytes()
    });
    let ways = || files.iter().flat_map(both);
    let filters = [
        "tcp[tcpflags] & (tcp-syn|tcp-ack) == (tcp-syn|tcp-ack)",
        "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-ack",
        "udp",
    ];
    // A filter that is changed between packets applies from the next one on: what the earlier one would have rejected
    // is not lost.
    for mut capture in ways() {
        for (filter, frame) in filters.iter().zip(&frames) {
            capture.set_filter(*filter).unwrap();
            let packet = capture.next_packet().unwrap();
            assert_eq!(packet.expect(filter).data(), frame);
        }
        assert!(capture.next_packet().unwrap().is_none());
    }
    // Each accepts only its own packet.
    for (filter, frame) in filters.iter().zip(&frames) {
        for mut capture in ways() {
            capture.set_filter(*filter).unwrap();
            let packets = read_all(&mut capture).unwrap();
            assert_eq!(packets.len(), 1, "{filter}");
            assert_eq!(packets[0].data(), frame);
        }
    }
}

// Shows: parity/3-missing-file-error
#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("not there.pcap");
    let error = Capture::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io(std::io::ErrorKind::NotFound));
    assert_eq!(error.operation(), Some("open"));
    assert_eq!(error.object(), path.to_str());
    assert!(error.to_string().contains("not there.pcap"), "{error}");
    // In the system's own words.
    let words = std::io::Error::from_raw_os_error(2).to_string();
    assert!(error.to_string().contains(&words), "{error}");
}

// Shows: parity/3-missing-file-error
#[test]
fn ab_ad_1d_ea_is_an_unknown_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "bad idea", &[0xab, 0xad, 0x1d, 0xea]);
    let error = Capture::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SavefileBad);
    assert_eq!(error.text(), "unknown file format");
    assert!(error.to_string().contains("bad idea"), "{error}");
    let error = files::try_open([0xab, 0xad, 0x1d, 0xea]).unwrap_err();
    assert_eq!(error.text(), "unknown file format");
}

// Shows: parity/savefiles-version-byte-order, parity/4-files-microseconds-nanoseconds
#[test]
fn orders_and_precisions_are_exact() {
    for order in Order::BOTH {
        for (magic, precision, fraction, nanos) in [
            (MICRO, Precision::Micro, 999_999, 999_999_000),
            (NANO, Precision::Nano, 999_999_999, 999_999_999),
        ] {
            let file = Pcap::new(order, magic)
                .packet(0, 0, b"")
                .packet(1, 1, b"one")
                .record([u32::MAX, fraction, 60, 0x7fff_ffff], &[7; 60]);
            let [mut capture, mut other] = both(file.bytes());
            assert_eq!(capture.is_swapped(), order.is_swapped());
            assert_eq!(capture.precision(), precision);
            assert_eq!(capture.datalink(), Dlt::EN10MB);
            let packets = read_all(&mut capture).unwrap();
            assert_eq!(read_all(&mut other).unwrap(), packets);
            assert_eq!(packets.len(), 3);
            assert_eq!(packets[0].timestamp(), Timestamp::EPOCH);
            assert_eq!(packets[0].data(), b"");
            let unit = if magic == NANO { 1 } else { 1000 };
            assert_eq!(packets[1].timestamp(), Timestamp::new(1, unit));
            assert_eq!(packets[1].data(), b"one");
            let last = &packets[2];
            assert_eq!(last.timestamp(), Timestamp::new(4_294_967_295, nanos));
            assert_eq!((last.caplen(), last.wire_len()), (60, 0x7fff_ffff));
            assert_eq!(last.data(), [7; 60]);
        }
    }
}

// Shows: parity/4-files-microseconds-nanoseconds
#[test]
#[cfg(unix)]
fn both_orders_are_read_as_by_tcpdump() {
    let folder = tempfile::tempdir().unwrap();
    for order in Order::BOTH {
        for (precision, magic) in PRECISIONS {
            let file = (0..20u16).fold(Pcap::new(order, magic), |file, n| {
                let fraction = 7 * u32::from(n) + 1;
                file.packet(1_700_000_000 + u32::from(n), fraction, &ping(n))
            });
            let path = files::file(folder.path(), "a.pcap", &file.bytes());
            let packets = read_all(&mut Capture::from_file(&path).unwrap()).unwrap();
            assert_eq!(packets.len(), 20);
            assert_eq!(tcpdump(&path, precision), as_tcpdump(&packets, precision));
            assert_eq!(tshark(&path), as_tshark(&packets));
        }
    }
}

// Shows: parity/4-files-microseconds-nanoseconds
#[test]
#[cfg(unix)]
fn what_is_written_is_read_back_by_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    for (precision, _) in PRECISIONS {
        let packets: Vec<PacketOwned> = (0..200u16)
            .map(|n| {
                // Fractions with few digits and with many, up to the maximum.
                let nanos = [0, 1, 999_999_999, 5_000, 123_456_789][usize::from(n % 5)];
                let nanos = match precision {
                    Precision::Micro => nanos / 1000 * 1000,
                    Precision::Nano => nanos,
                };
                let time = Timestamp::new(1_700_000_000 + i64::from(n), nanos);
                Packet::new(time, 98 + u32::from(n), &ping(n)).into_owned()
            })
            .collect();
        let mut dumper = dead(precision).dump(&path).unwrap();
        for packet in &packets {
            dumper.write(packet).unwrap();
        }
        dumper.close().unwrap();

        let mut capture = Capture::from_file(&path).unwrap();
        assert_eq!(capture.precision(), precision);
        assert_eq!(read_all(&mut capture).unwrap(), packets);
        assert_eq!(tcpdump(&path, precision), as_tcpdump(&packets, precision));
        assert_eq!(tshark(&path), as_tshark(&packets));
    }
}

// Shows: parity/5-bytes-headers-records
#[test]
fn headers_and_records_are_the_formats() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    for (precision, magic) in PRECISIONS {
        let mut dumper = dead(precision).dump(&path).unwrap();
        assert_eq!(dumper.position(), 24);
        assert_eq!(
            (dumper.datalink(), dumper.snaplen()),
            (Dlt::EN10MB, 262_144)
        );
        assert_eq!(dumper.precision(), precision);
        dumper
            .write(Packet::new(Timestamp::new(1, 999_999_999), 1514, b"abc"))
            .unwrap();
        assert_eq!(dumper.position(), 24 + 16 + 3);
        dumper
            .write(Packet::whole(Timestamp::new(0xffff_ffff, 0), b""))
            .unwrap();
        dumper.close().unwrap();
        // "Truncated, never reinterpreted": the fraction of a microsecond is lost.
        let fraction = if precision == Precision::Nano {
            999_999_999
        } else {
            999_999
        };
        let expected = Pcap::new(Order::NATIVE, magic)
            .record([1, fraction, 3, 1514], b"abc")
            .record([0xffff_ffff, 0, 0, 0], b"");
        assert_eq!(fs::read(&path).unwrap(), expected.bytes());
    }
    if cfg!(target_endian = "little") {
        dead(Precision::Micro).dump(&path).unwrap().close().unwrap();
        let header = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0";
        assert_eq!(fs::read(&path).unwrap(), header);
    }
}

// Shows: parity/handle-without-device-compile, parity/6-dead-capture-dump
#[test]
fn a_dead_capture_is_dumped_from_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let packets: Vec<PacketOwned> = (0..100u16)
        .map(|n| {
            let time = Timestamp::new(i64::from(n) * 43_000_000, i64::from(n) * 10_101_010);
            let data = &ping(n)[..usize::from(n % 99)];
            Packet::new(time, data.len() as u32 + u32::from(n) * 655, data).into_owned()
        })
        .collect();
    let (first, second) = packets.split_at(50);
    let capture = dead(Precision::Nano);
    let mut dumper = capture.dump(&path).unwrap();
    for packet in first {
        dumper.write(packet).unwrap();
    }
    drop(capture);
    // In another thread, too, and in parts.
    let rest = second.to_vec();
    let writer = std::thread::spawn(move || {
        for packet in &rest {
            let (time, length) = (packet.timestamp(), packet.wire_len());
            dumper
                .write(Packet::new(time, length, packet.data()))
                .unwrap();
        }
        dumper.close().unwrap();
    });
    writer.join().unwrap();
    let mut savefile = Capture::from_file(&path).unwrap();
    assert_eq!(read_all(&mut savefile).unwrap(), packets);

    // And a savefile that is closed meanwhile.
    let copy = folder.path().join("b.pcap");
    let mut dumper = savefile.dump(&copy).unwrap();
    drop(savefile);
    for packet in &packets {
        dumper.write(packet).unwrap();
    }
    dumper.close().unwrap();
    assert_eq!(fs::read(&copy).unwrap(), fs::read(&path).unwrap());
}
