//! Classic savefiles as they are on disk, read here: what the other bindings' own test suites show,
//! byte orders, precisions, versions and link types. Promise N is that of the list of behaviours
//! that users of these bindings rely on.
#![cfg(unix)]

#[path = "support/files.rs"]
mod files;

use std::process::Command;

use files::{ETHERNET, MICRO, NANO, Order, PATCHED, Pcap, both, open, ping, read_all, tcp, udp};
use pcap_core::{
    Capture, CompileOptions, Dlt, End, ErrorKind, Linktype, Next, Precision, SavefileFormat,
    Timestamp,
};

/// 96 pings of 98 bytes, cut to a snaplen of 96, written on a big-endian machine.
fn truncated_pings() -> Vec<u8> {
    (0..96)
        .fold(Pcap::new(Order::Big, MICRO).snaplen(96), |file, n| {
            let data = &ping(n)[..96];
            file.record([1_000_000_000 + u32::from(n), 999_999, 96, 98], data)
        })
        .bytes()
}

#[test]
fn promise_truncated_big_endian_pings_then_the_end_however_often_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "pings.pcap", &truncated_pings());
    let mut capture = Capture::from_file(&path).unwrap();
    assert_eq!(capture.is_swapped(), Order::Big.is_swapped());
    assert_eq!(capture.snaplen(), 96);
    assert_eq!(capture.version(), (2, 4));
    assert_eq!(capture.savefile_format(), SavefileFormat::Pcap);
    assert_eq!(capture.ended(), None);
    for n in 0..96 {
        let packet = capture.next_packet().unwrap().expect("a ping");
        assert_eq!((packet.caplen(), packet.len()), (96, 98));
        assert!(packet.header().is_cut());
        assert_eq!(packet.data(), &ping(n)[..96]);
        let time = Timestamp::new(1_000_000_000 + i64::from(n), 999_999_000);
        assert_eq!(packet.timestamp(), time);
        assert_eq!(capture.ended(), None);
    }
    for _ in 0..100 {
        assert_eq!(capture.next_packet().unwrap(), None);
        assert_eq!(capture.ended(), Some(End::Eof));
        assert_eq!(capture.try_next_packet().unwrap(), Next::Eof);
        assert!(!capture.advance().unwrap());
        assert_eq!(capture.packet(), None);
        let done = capture
            .for_each(|_| panic!("a packet after the end"))
            .unwrap();
        assert_eq!((done.packets, done.end), (0, End::Eof));
    }
}

#[test]
fn promise_each_ping_matches_ip_dst_host() {
    let mut capture = open(truncated_pings());
    let options = CompileOptions::default();
    let to = capture.compile("ip dst host 192.0.2.2", options).unwrap();
    let from = capture.compile("ip dst host 192.0.2.1", options).unwrap();
    let packets = read_all(&mut capture).unwrap();
    assert_eq!(packets.len(), 96);
    assert!(packets.iter().all(|packet| to.matches(packet.data())));
    assert!(!packets.iter().any(|packet| from.matches(packet.data())));

    let mut capture = open(truncated_pings());
    capture
        .set_filter("ip dst host 192.0.2.2 and icmp")
        .unwrap();
    assert_eq!(capture.for_each(|_| {}).unwrap().packets, 96);
    let mut capture = open(truncated_pings());
    capture.set_filter("ip dst host 192.0.2.1").unwrap();
    assert_eq!(capture.next_packet().unwrap(), None);
    assert_eq!(capture.ended(), Some(End::Eof));
}

#[test]
fn promise_syn_ack_and_ack_and_udp_are_told_apart_on_consecutive_packets() {
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
    // Changed between the packets, the filter holds from the next one on: what an earlier one would
    // have kept away is not lost.
    for mut capture in ways() {
        for (filter, frame) in filters.iter().zip(&frames) {
            capture.set_filter(*filter).unwrap();
            let packet = capture.next_packet().unwrap();
            assert_eq!(packet.expect(filter).data(), frame);
        }
        assert!(capture.next_packet().unwrap().is_none());
    }
    // Each lets through its own packet only.
    for (filter, frame) in filters.iter().zip(&frames) {
        for mut capture in ways() {
            capture.set_filter(*filter).unwrap();
            let packets = read_all(&mut capture).unwrap();
            assert_eq!(packets.len(), 1, "{filter}");
            assert_eq!(packets[0].data(), frame);
        }
    }
}

#[test]
fn promise_a_missing_file_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("not there.pcap");
    let error = Capture::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io(std::io::ErrorKind::NotFound));
    assert_eq!(error.operation(), "open");
    assert_eq!(error.object(), path.to_str());
    assert!(error.to_string().contains("not there.pcap"), "{error}");
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[test]
fn promise_the_bytes_ab_ad_1d_ea_are_an_unknown_file_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "bad idea", &[0xab, 0xad, 0x1d, 0xea]);
    let error = Capture::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SavefileBad);
    assert_eq!(error.text(), "unknown file format");
    assert!(error.to_string().contains("bad idea"), "{error}");
    let error = files::try_open([0xab, 0xad, 0x1d, 0xea]).unwrap_err();
    assert_eq!(error.text(), "unknown file format");
}

#[test]
fn promise_both_byte_orders_and_both_precisions_are_read_to_the_bit() {
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
            assert_eq!((last.caplen(), last.len()), (60, 0x7fff_ffff));
            assert_eq!(last.data(), [7; 60]);
        }
    }
}

#[test]
fn promise_tcpdump_and_tshark_read_the_same_from_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for order in Order::BOTH {
        for magic in [MICRO, NANO] {
            let mut file = Pcap::new(order, magic);
            for n in 0..20u16 {
                file = file.packet(1_700_000_000 + u32::from(n), 7 * u32::from(n) + 1, &ping(n));
            }
            let path = files::file(folder.path(), "a.pcap", &file.bytes());
            let mut ours = String::new();
            let mut capture = Capture::from_file(&path).unwrap();
            capture
                .for_each(|packet| {
                    ours += &format!(
                        "{}\t{}\t{}\n",
                        packet.timestamp(),
                        packet.caplen(),
                        packet.len()
                    );
                })
                .unwrap();
            let mut tshark = Command::new("tshark");
            tshark
                .arg("-r")
                .arg(&path)
                .args(["-T", "fields", "-e", "frame.time_epoch"]);
            tshark.args(["-e", "frame.cap_len", "-e", "frame.len"]);
            assert_eq!(files::run(&mut tshark), ours);
        }
    }
}

/// libpcap 1.10.3 reads the seconds of a savefile of the machine's own byte order as signed, those of
/// the other as unsigned.
#[test]
fn seconds_after_2038_are_unsigned_in_either_byte_order() {
    for order in Order::BOTH {
        for magic in [MICRO, NANO] {
            let secs = [0x7fff_ffff, 0x8000_0000, 4_026_531_840, u32::MAX];
            let bytes = secs
                .iter()
                .fold(Pcap::new(order, magic), |file, &s| file.packet(s, 0, b"x"))
                .bytes();
            let read: Vec<_> = open(bytes)
                .packets_with(|packet| packet.timestamp().secs())
                .map(Result::unwrap)
                .collect();
            assert_eq!(read, secs.map(i64::from), "{order:?} {magic:x}");
        }
    }
}

#[test]
fn versions_2_0_to_2_4_are_read_and_the_lengths_were_the_other_way_round_before_2_3() {
    // Until 2.2 the length on the wire came first.
    for (minor, header, expected) in [
        (0, [1, 0, 98, 4], (4, 98)),
        (1, [1, 0, 98, 4], (4, 98)),
        (2, [1, 0, 98, 4], (4, 98)),
        // Some programs wrote 2.3 and still the old order: the smaller one is what was captured.
        (3, [1, 0, 98, 4], (4, 98)),
        (3, [1, 0, 4, 98], (4, 98)),
        (4, [1, 0, 4, 98], (4, 98)),
    ] {
        for order in Order::BOTH {
            let file = Pcap::new(order, MICRO).version(2, minor);
            let mut capture = open(file.record(header, b"data").bytes());
            assert_eq!(capture.version(), (2, minor.into()));
            let packet = capture.next_packet().unwrap().unwrap();
            assert_eq!((packet.caplen(), packet.len()), expected, "2.{minor}");
            assert_eq!(packet.data(), b"data");
            assert!(capture.next_packet().unwrap().is_none());
        }
    }
    let dg_ux = Pcap::native()
        .version(543, 0)
        .record([1, 0, 98, 4], b"data");
    let packet = open(dg_ux.bytes()).packets().next().unwrap().unwrap();
    assert_eq!((packet.caplen(), packet.len()), (4, 98));
}

#[test]
fn other_versions_are_refused_with_libpcaps_words() {
    for (major, minor, text) in [
        (1, 9, "archaic pcap savefile format"),
        (2, 5, "unsupported pcap savefile version 2.5"),
        (3, 0, "unsupported pcap savefile version 3.0"),
        (543, 1, "unsupported pcap savefile version 543.1"),
    ] {
        for order in Order::BOTH {
            let file = Pcap::new(order, MICRO).version(major, minor);
            let error = files::try_open(file.bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SavefileBad);
            assert_eq!(error.text(), text);
        }
    }
}

#[test]
fn an_old_magic_has_longer_record_headers_and_is_read() {
    for order in Order::BOTH {
        let mut file = Pcap::new(order, PATCHED).linktype(101);
        for n in 0..3u8 {
            // The interface's number, the protocol, the packet's type, padding.
            file = file.record([5, 6, 4, 60], &[n; 8]).raw(&[n; 4]);
        }
        let mut capture = open(file.bytes());
        let packets = read_all(&mut capture).unwrap();
        assert_eq!(packets.len(), 3);
        for (n, packet) in packets.iter().enumerate() {
            assert_eq!(packet.timestamp(), Timestamp::from_micros(5, 6));
            assert_eq!((packet.data(), packet.len()), (&[n as u8; 4][..], 60));
        }
    }
    // Two more that were reserved, and never supported.
    for magic in [0xa1b2_34cd, 0xa12b_3c4d] {
        let error = files::try_open(Pcap::new(Order::Little, magic).bytes()).unwrap_err();
        assert_eq!(error.text(), "unknown file format");
    }
}

/// Link types cut to 8 bits: 276 was read as 20.
#[test]
fn pitfall_link_types_are_not_cut_to_8_bits_and_unknown_ones_survive() {
    let folder = tempfile::tempdir().unwrap();
    for linktype in [0, 1, 101, 147, 228, 276, 288, 299, 9999, 65_535] {
        for order in Order::BOTH {
            let file = Pcap::new(order, MICRO).linktype(linktype);
            let mut capture = open(file.packet(1, 2, b"abcd").bytes());
            assert_eq!(capture.linktype(), Linktype::new(linktype));
            assert_eq!(capture.next_packet().unwrap().unwrap().data(), b"abcd");
            // It survives being written again, too, if libpcap knows how to write it: 289 is the
            // last number of its version 1.10.3.
            let path = files::file(folder.path(), "a.pcap", b"what was there");
            match capture.dump(&path) {
                Ok(dumper) => dumper.close().unwrap(),
                Err(error) => {
                    assert!(linktype > 289, "{error}");
                    assert_eq!(error.kind(), ErrorKind::Unsupported { since: None });
                    assert_eq!(std::fs::read(&path).unwrap(), b"what was there");
                    continue;
                }
            }
            let header = std::fs::read(&path).unwrap();
            let written = Pcap::native().linktype(linktype);
            assert_eq!(header, written.bytes(), "{linktype}");
        }
    }
    assert_eq!(
        open(Pcap::native().linktype(276).bytes()).linktype(),
        Linktype::LINUX_SLL2
    );
    // LINKTYPE_RAW is 101, DLT_RAW another number.
    let raw = open(Pcap::native().linktype(101).bytes());
    assert_eq!((raw.linktype(), raw.datalink()), (Linktype::RAW, Dlt::RAW));
}

#[test]
fn the_bits_above_the_link_type_say_how_long_the_checksum_is_and_are_no_part_of_it() {
    // "The frame check sequence is there (1 << 26) and has 4 bytes (2 << 28, in 16 bits)."
    let linktype = ETHERNET | (1 << 26) | (2 << 28);
    let file = Pcap::native().linktype(linktype).packet(1, 2, &ping(0));
    let mut capture = open(file.bytes());
    assert_eq!(capture.linktype(), Linktype::ETHERNET);
    capture.set_filter("icmp").unwrap();
    assert_eq!(capture.for_each(|_| {}).unwrap().packets, 1);
    // As pcap_dump_open does, a savefile of this capture's packets says so again.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    capture.dump(&path).unwrap().close().unwrap();
    assert_eq!(
        std::fs::read(&path).unwrap(),
        Pcap::native().linktype(linktype).bytes()
    );
}
