//! Classic savefiles of all ages, byte by byte: times, versions and link types.

use pcap_core::{Capture, Dlt, ErrorKind, Linktype, Precision, SavefileFormat, Timestamp};

use crate::support::files::{
    self, ETHERNET, MICRO, NANO, Order, PATCHED, Pcap, both, open, ping, read_all,
};
use crate::support::random::Random;

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

/// Converts seconds as a float to whole seconds and microseconds and back, with the calls named on the page about
/// pcap-lua, for all pairs of pcap-lua's own test and random ones.
// Shows: parity/seconds-seconds-microseconds-never
#[test]
fn seconds_and_microseconds_go_both_ways() {
    let tv2secs = |secs, micros| Timestamp::from_micros(secs, micros).as_secs_f64();
    let secs2tv = |secs| {
        let time = Timestamp::from_secs_f64(secs).unwrap();
        let time = time.rounded(Precision::Micro);
        (time.secs(), i64::from(time.subsec_micros()))
    };
    for secs in [0, 1, 2, 3, 4, 5, 100, 788_964_454] {
        for micros in 0..=1000 {
            assert_eq!(secs2tv(tv2secs(secs, micros)), (secs, micros));
        }
    }
    let mut random = Random::new(35);
    let edges = [0, 1, 499_999, 500_000, 999_998, 999_999];
    for round in 0..1_000_000 {
        // Up to 2106, where a double is exact to less than half a microsecond.
        let secs = i64::from((random.next() >> 32) as u32);
        let micros = match edges.get(round % 10) {
            Some(&edge) => edge,
            None => random.below(1_000_000) as i64,
        };
        let number = tv2secs(secs, micros);
        assert_eq!(secs2tv(number), (secs, micros));
        // These need no rounding, and conversion to a time only changes numbers finer than nanoseconds.
        let time = Timestamp::from_secs_f64(number).unwrap();
        assert_eq!(time, Timestamp::from_micros(secs, micros));
        if secs < 1 << 23 {
            continue;
        }
        let any = f64::from_bits(number.to_bits() ^ (random.next() & 0xff));
        let time = Timestamp::from_secs_f64(any).unwrap();
        assert_eq!(time.as_secs_f64(), any, "{secs} {micros}");
    }
    // Just below a second, both the number and the time round to the next second.
    for below in [0.999_999_999_6, 1_699_999_999.999_999_9, -0.000_000_000_1] {
        let time = Timestamp::from_secs_f64(below).unwrap();
        assert_eq!(time, Timestamp::new(below.round() as i64, 0), "{below}");
    }
    // A savefile may contain 1 000 000 µs, which is one second more.
    let file = files::Pcap::native().packet(5, 1_000_000, b"x");
    let mut capture = files::open(file.bytes());
    assert_eq!(capture.precision(), Precision::Micro);
    let time = capture.next_packet().unwrap().unwrap().timestamp();
    assert_eq!((time.secs(), time.subsec_micros()), (6, 0));
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

#[test]
fn names_of_formats_parse_back() {
    for (format, name) in [
        (SavefileFormat::Pcap, "pcap"),
        (SavefileFormat::Pcapng, "pcapng"),
    ] {
        assert_eq!(format.to_string(), name);
        for text in [name.to_owned(), name.to_uppercase()] {
            assert_eq!(text.parse::<SavefileFormat>().unwrap(), format);
        }
    }
    for (precision, name) in [(Precision::Micro, "micro"), (Precision::Nano, "nano")] {
        assert_eq!(precision.to_string(), name);
        for text in [name.to_owned(), name.to_uppercase()] {
            assert_eq!(text.parse::<Precision>().unwrap(), precision);
        }
    }
    for text in ["", "pcap ", "pcapn", "micro\0", "milli"] {
        let errors = [
            text.parse::<SavefileFormat>().unwrap_err(),
            text.parse::<Precision>().unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            assert_eq!(error.object(), Some(text));
        }
    }
    // A column is padded.
    assert_eq!(
        format!("{:>6}|{:6}", Precision::Nano, SavefileFormat::Pcap),
        "  nano|pcap  "
    );
}
