//! Classic savefiles of all ages, byte by byte: times, versions and link types. `pings.rs` reads ordinary ones.
use crate::support::files;

use crate::support::files::{ETHERNET, MICRO, NANO, Order, PATCHED, Pcap, open, ping, read_all};
use pcap_core::{Capture, Dlt, ErrorKind, Linktype, Precision, Timestamp};

/// libpcap 1.10.3 reads the seconds as signed in a savefile of native byte order, as unsigned in one of the other.
// Shows: libpcap/seconds-after-2038-negative
#[test]
fn seconds_after_2038_are_unsigned() {
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
fn versions_2_0_to_2_4_are_read() {
    // Before 2.2 the wire length came first.
    for (minor, header, expected) in [
        (0, [1, 0, 98, 4], (4, 98)),
        (1, [1, 0, 98, 4], (4, 98)),
        (2, [1, 0, 98, 4], (4, 98)),
        // Some programs wrote 2.3 with the old order: the smaller one is the caplen.
        (3, [1, 0, 98, 4], (4, 98)),
        (3, [1, 0, 4, 98], (4, 98)),
        (4, [1, 0, 4, 98], (4, 98)),
    ] {
        for order in Order::BOTH {
            let file = Pcap::new(order, MICRO).version(2, minor);
            let mut capture = open(file.record(header, b"data").bytes());
            assert_eq!(capture.format_version(), (2, minor.into()));
            let packet = capture.next_packet().unwrap().unwrap();
            assert_eq!((packet.caplen(), packet.wire_len()), expected, "2.{minor}");
            assert_eq!(packet.data(), b"data");
            assert!(capture.next_packet().unwrap().is_none());
        }
    }
    let dg_ux = Pcap::native()
        .version(543, 0)
        .record([1, 0, 98, 4], b"data");
    let packet = open(dg_ux.bytes()).packets().next().unwrap().unwrap();
    assert_eq!((packet.caplen(), packet.wire_len()), (4, 98));
}

#[test]
fn other_versions_are_refused() {
    let libpcap = pcap_core::version();
    let archaic = if (libpcap.major(), libpcap.minor()) < (1, 11) {
        "archaic pcap savefile format"
    } else {
        "unsupported pcap savefile version 1.9"
    };
    for (major, minor, text) in [
        (1, 9, archaic),
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
fn the_old_magic_is_read() {
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
            assert_eq!((packet.data(), packet.wire_len()), (&[n as u8; 4][..], 60));
        }
    }
    // Two more magic numbers, reserved and never supported.
    for magic in [0xa1b2_34cd, 0xa12b_3c4d] {
        let error = files::try_open(Pcap::new(Order::Little, magic).bytes()).unwrap_err();
        assert_eq!(error.text(), "unknown file format");
    }
}

/// Link types were once truncated to 8 bits: 276 was read as 20.
// Shows: parity/link-types-cut-8
#[test]
fn unknown_link_types_survive() {
    let folder = tempfile::tempdir().unwrap();
    for linktype in [0, 1, 86, 101, 147, 228, 276, 288, 299, 9999, 65_535] {
        for order in Order::BOTH {
            let file = Pcap::new(order, MICRO).linktype(linktype);
            let mut capture = open(file.packet(1, 2, b"abcd").bytes());
            assert_eq!(capture.linktype(), Linktype::new(linktype));
            assert_eq!(capture.next_packet().unwrap().unwrap().data(), b"abcd");
            // It also survives being written. libpcap 1.10.3 writes numbers up to 289.
            let path = folder.path().join("a.pcap");
            capture.dump(&path).unwrap().close().unwrap();
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
fn the_checksum_bits_are_no_link_type() {
    // "The frame check sequence is there (1 << 26) and has 4 bytes (2 << 28, in 16 bits)."
    let linktype = ETHERNET | (1 << 26) | (2 << 28);
    let file = Pcap::native().linktype(linktype).packet(1, 2, &ping(0));
    let mut capture = open(file.bytes());
    assert_eq!(capture.linktype(), Linktype::ETHERNET);
    capture.set_filter("icmp").unwrap();
    assert_eq!(capture.for_each(|_| {}).unwrap().packets(), 1);
    // Like `pcap_dump_open`, a dumper for this capture's packets writes it again.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    capture.dump(&path).unwrap().close().unwrap();
    assert_eq!(
        std::fs::read(&path).unwrap(),
        Pcap::native().linktype(linktype).bytes()
    );
}

/// The bits above the link type were once inaccessible.
#[test]
fn the_checksum_length_is_told() {
    for (linktype, length) in [
        (ETHERNET, None),
        // A length without the bit that makes it valid.
        (0x2000_0000 | ETHERNET, None),
        (0x0400_0000 | ETHERNET, Some(0)),
        (0x1400_0000 | ETHERNET, Some(2)),
        (0x2400_0000 | ETHERNET, Some(4)),
        (0xf400_0000 | ETHERNET, Some(30)),
    ] {
        for order in [Order::Big, Order::Little] {
            let file = Pcap::new(order, MICRO).linktype(linktype);
            let capture = open(file.packet(1, 0, &ping(1)).bytes());
            assert_eq!(capture.fcs_len(), length, "{linktype:#x}");
            assert_eq!(capture.linktype(), Linktype::ETHERNET);
        }
    }
    assert_eq!(Capture::dead(Linktype::ETHERNET).unwrap().fcs_len(), None);
}

#[test]
fn dead_captures_can_have_a_checksum_length() {
    let dead = || Capture::dead_with(Linktype::ETHERNET, 65_535, Precision::Micro).unwrap();
    for (bytes, linktype) in [
        (None, ETHERNET),
        (Some(0), 0x0400_0000 | ETHERNET),
        (Some(4), 0x2400_0000 | ETHERNET),
        (Some(30), 0xf400_0000 | ETHERNET),
    ] {
        let dead = dead().with_fcs_len(bytes).unwrap();
        assert_eq!(dead.fcs_len(), bytes);
        let written: Vec<u8> = dead.dump_to(Vec::new()).unwrap().into_writer().unwrap();
        let expected = Pcap::native().snaplen(65_535).linktype(linktype);
        assert_eq!(written, expected.bytes(), "{bytes:?}");
    }
    for bytes in [1, 3, 31, 32, u32::MAX] {
        let error = dead().with_fcs_len(bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{bytes}");
    }
}
