//! pcapng savefiles of other programs, and hostile ones.
#![cfg_attr(windows, allow(unused))] // some tests are for other systems only

use crate::support::files;

use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::support::differential::{Plan, Way};
use crate::support::files::{
    IF_TSOFFSET, IF_TSRESOL, Order, Pcapng, open, ping, pings, read_all, until_error,
};
use pcap_core::{
    BreakHandle, Capture, Dlt, End, ErrorKind, Linktype, Precision, SavefileFormat, Timestamp,
};

#[test]
fn both_byte_orders_are_read() {
    for order in Order::BOTH {
        let bytes = Pcapng::new(order)
            .interface(276, 0, &[])
            .packet(0, 1_700_000_000_000_001, 1514, b"data!")
            .bytes();
        let mut capture = open(bytes);
        assert_eq!(capture.savefile_format(), SavefileFormat::Pcapng);
        assert_eq!(capture.is_swapped(), order.is_swapped());
        assert_eq!(capture.linktype(), Linktype::LINUX_SLL2);
        assert_eq!(capture.format_version(), (1, 0));
        let packet = capture.next_packet().unwrap().unwrap();
        assert_eq!(packet.timestamp(), Timestamp::new(1_700_000_000, 1_000));
        assert_eq!((packet.data(), packet.wire_len()), (&b"data!"[..], 1514));
        assert!(capture.next_packet().unwrap().is_none());
        assert!(capture.next_packet().unwrap().is_none());
    }
}

#[test]
fn times_are_nanoseconds() {
    for (resolution, ticks, nanos) in [
        (0, 5, 5_000_000_000),
        (3, 5_001, 5_001_000_000),
        (6, 5_000_001, 5_000_001_000),
        (9, 5_000_000_001, 5_000_000_001),
        (12, 5_000_000_001_999, 5_000_000_001),
        (0x80 | 10, (5 << 10) | 512, 5_500_000_000),
    ] {
        let options = [(IF_TSRESOL, vec![resolution])];
        let bytes = Pcapng::new(Order::NATIVE)
            .interface(1, 0, &options)
            .packet(0, ticks, 1, b"x")
            .bytes();
        let mut capture = open(bytes);
        assert_eq!(capture.precision(), Precision::Nano);
        let time = capture.next_packet().unwrap().unwrap().timestamp();
        assert_eq!(time, Timestamp::new(0, nanos), "resolution {resolution}");
    }
}

/// The time offset of a pcapng interface can make the seconds negative.
// Shows: libpcap/fractions-second-checked-pcapngs
#[test]
fn an_offset_makes_times_negative() {
    for order in Order::BOTH {
        for offset in [-1, -1_700_000_000, i64::MIN, i64::MAX] {
            let options = [(IF_TSOFFSET, order.u64(offset as u64).to_vec())];
            let bytes = Pcapng::new(order)
                .interface(1, 0, &options)
                .packet(0, 250_000, 1, b"x")
                .bytes();
            let mut capture = open(bytes);
            let packet = capture.next_packet().unwrap().unwrap();
            let time = packet.timestamp();
            assert_eq!(time, Timestamp::new(offset, 250_000_000));
            assert_eq!(
                (packet.header().raw_secs(), packet.header().raw_nanos()),
                (offset, 250_000_000)
            );
            let _ = format!(
                "{time} {packet:?} {:?}",
                std::time::SystemTime::try_from(time)
            );
        }
    }
}

/// libpcap reads no second link type of a pcapng savefile.
// Shows: libpcap/pcapng-second-link-type
#[test]
fn a_second_link_type_is_an_error() {
    let bytes = Pcapng::new(Order::NATIVE)
        .interface(1, 0, &[])
        .packet(0, 1, 4, b"good")
        .interface(101, 0, &[])
        .packet(1, 1, 3, b"bad")
        .bytes();
    let mut capture = open(bytes);
    let (packets, error) = until_error(&mut capture);
    assert_eq!(packets.len(), 1);
    assert_eq!(error.kind(), ErrorKind::SavefileBad);
    assert!(
        error
            .text()
            .contains("expected link type 1, that of the first interface, found 101"),
        "{error}"
    );
    assert_eq!(capture.next_packet().unwrap_err().text(), error.text());

    // With the same type they are one stream.
    let bytes = Pcapng::new(Order::NATIVE)
        .interface(1, 0, &[])
        .interface(1, 0, &[(IF_TSRESOL, vec![9])])
        .packet(0, 1, 1, b"0")
        .packet(1, 1, 1, b"1")
        .bytes();
    let packets = read_all(&mut open(bytes)).unwrap();
    assert_eq!(packets[0].timestamp(), Timestamp::new(0, 1000));
    assert_eq!(packets[1].timestamp(), Timestamp::new(0, 1));
}

/// libpcap 1.10.3 treats two interfaces of raw IP as two link types.
// Shows: libpcap/pcapng-second-link-type
#[test]
fn two_raw_interfaces_are_read() {
    let bytes = Pcapng::new(Order::NATIVE)
        .interface(101, 0, &[])
        .packet(0, 1, 1, b"0")
        .interface(101, 0, &[])
        .packet(1, 1, 1, b"1")
        .bytes();
    let packets = read_all(&mut open(bytes)).unwrap();
    assert_eq!([packets[0].data(), packets[1].data()], [b"0", b"1"]);
}

/// libpcap reads no second snaplen and no second byte order of a pcapng savefile.
// Shows: libpcap/pcapng-second-link-type
#[test]
fn other_snaplens_and_byte_orders_are_read() {
    let bytes = Pcapng::new(Order::NATIVE)
        .interface(1, 96, &[])
        .interface(1, 97, &[])
        .packet(1, 1, 97, &[7; 97])
        .packet(0, 1, 97, &[7; 97])
        .bytes();
    let mut capture = open(bytes);
    assert_eq!(capture.snaplen(), 96);
    let (packets, error) = until_error(&mut capture);
    assert_eq!(packets[0].caplen(), 97);
    assert!(error.text().contains("the snaplen 96, found 97"), "{error}");

    let [little, big] = Order::BOTH.map(|order| Pcapng::new(order).interface(1, 0, &[]));
    for (first, second) in [(&little, &big), (&big, &little)] {
        let first = first.clone().packet(0, 1, 1, b"x");
        let second = second.clone().packet(0, 2, 1, b"y");
        let packets = read_all(&mut open(first.raw(&second.bytes()).bytes())).unwrap();
        assert_eq!([packets[0].data(), packets[1].data()], [b"x", b"y"]);
    }

    // A section has its own interfaces.
    let one = Pcapng::new(Order::NATIVE)
        .interface(1, 0, &[])
        .interface(1, 0, &[])
        .packet(1, 1, 1, b"0")
        .section()
        .interface(1, 0, &[]);
    let bytes = one.clone().packet(0, 1, 1, b"1").bytes();
    assert_eq!(read_all(&mut open(bytes)).unwrap().len(), 2);
    let (packets, error) = until_error(&mut open(one.packet(1, 1, 1, b"1").bytes()));
    assert_eq!(packets.len(), 1);
    assert!(
        error.text().contains("interface 1, but the section has 1"),
        "{error}"
    );
}

/// In pcapng libpcap rejects a packet longer than the snaplen; in classic savefiles it truncates it.
// Shows: libpcap/record-above-snaplen-cut
#[test]
fn a_packet_above_the_snaplen_is_refused() {
    let bytes = Pcapng::new(Order::NATIVE)
        .interface(1, 4, &[])
        .packet(0, 1, 4, b"good")
        .packet(0, 1, 5, b"bad!!")
        .bytes();
    let (packets, error) = until_error(&mut open(bytes));
    assert_eq!((packets.len(), error.kind()), (1, ErrorKind::SavefileBad));
    assert!(error.text().contains("the snaplen 4, found 5"), "{error}");
}

#[test]
fn a_cut_file_is_an_error_or_whole() {
    let start = Pcapng::new(Order::NATIVE).interface(1, 0, &[]);
    let one = start.clone().packet(0, 1, 98, &ping(0));
    let two = one.clone().packet(0, 1, 98, &ping(1)).bytes();
    let ends = [start.bytes().len(), one.bytes().len(), two.len()];
    for length in 0..=two.len() {
        let mut capture = match files::try_open(&two[..length]) {
            Ok(capture) => capture,
            Err(error) => {
                assert!(length < ends[0]);
                let kind = error.kind();
                let known = [ErrorKind::SavefileTruncated, ErrorKind::SavefileBad];
                assert!(known.contains(&kind), "{length}: {error:?}");
                continue;
            }
        };
        assert!(length >= ends[0], "{length}");
        if let Some(whole) = ends.iter().position(|&end| end == length) {
            assert_eq!(read_all(&mut capture).unwrap().len(), whole);
        } else {
            let whole = usize::from(length > ends[1]);
            let (packets, error) = until_error(&mut capture);
            assert_eq!(packets.len(), whole);
            assert_eq!(error.kind(), ErrorKind::SavefileTruncated, "{length}");
            assert_eq!(capture.next_packet().unwrap_err().text(), error.text());
        }
    }
}

/// libpcap's limit of a pcapng block is 16 MiB, and Wireshark's 128 MiB and a little.
// Shows: libpcap/pcapng-second-link-type
#[test]
fn a_block_over_128_mib_is_an_error() {
    let mut bytes = Pcapng::new(Order::NATIVE).interface(1, 0, &[]).bytes();
    bytes.extend(Order::NATIVE.u32(6));
    bytes.extend(Order::NATIVE.u32(0xffff_fff0));
    let (_, error) = until_error(&mut open(bytes));
    assert!(
        error.text().contains("expected at most 134348832 bytes"),
        "{error}"
    );
}

/// A packet may have 262144 bytes, and its options any number.
#[test]
fn a_block_over_16_mib_is_read() {
    let mut bytes = Pcapng::new(Order::NATIVE)
        .interface(1, 0, &[])
        .packet(0, 1, 1, b"0")
        .bytes();
    let length = (17 << 20) + 12;
    for number in [0xbad, length] {
        bytes.extend(Order::NATIVE.u32(number));
    }
    bytes.resize(bytes.len() + (17 << 20), 7);
    bytes.extend(Order::NATIVE.u32(length));
    let last = Pcapng::new(Order::NATIVE)
        .interface(1, 0, &[])
        .packet(0, 1, 1, b"1");
    bytes.extend(last.bytes());
    for mut capture in files::both(&bytes) {
        assert_eq!(read_all(&mut capture).unwrap().len(), 2);
    }
}

/// Filters are compiled for a savefile, and for its byte order.
#[test]
fn filters_are_those_of_classic_savefiles() {
    let packet = |family: u32, order: Order| [&order.u32(family)[..], &[0x45; 40]].concat();
    for order in Order::BOTH {
        let file = Pcapng::new(order)
            .interface(0, 0, &[])
            .packet(0, 1, 44, &packet(2, order))
            .packet(0, 2, 44, &packet(30, order));
        for mut capture in files::both(file.bytes()) {
            capture.set_filter("ip").unwrap();
            assert_eq!(read_all(&mut capture).unwrap().len(), 1, "{order:?}");
        }
        let file = Pcapng::new(order)
            .interface(1, 0, &[])
            .packet(0, 1, 98, &ping(0));
        for mut capture in files::both(file.bytes()) {
            for expression in ["inbound", "outbound", "ifindex 1"] {
                let error = capture.set_filter(expression).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::FilterSyntax);
                assert!(error.text().contains("reading savefiles"), "{error}");
                assert!(capture.compile(expression).is_err());
            }
            // The file is read without a filter, and not without a packet.
            assert_eq!(read_all(&mut capture).unwrap().len(), 1);
        }
    }
    // A filter holds for one byte order.
    let [first, second] = Order::BOTH.map(|order| {
        let file = Pcapng::new(order).interface(0, 0, &[]);
        file.packet(0, 1, 44, &packet(2, order)).bytes()
    });
    let (packets, error) = until_error(&mut open([first, second].concat()));
    assert_eq!((packets.len(), error.kind()), (1, ErrorKind::SavefileBad));
    assert!(
        error.text().contains("byte order of the first section"),
        "{error}"
    );
}

/// A block that looks like a packet, but has another type, is never lent.
#[test]
fn a_break_among_blocks_lends_no_packet() {
    struct Breaking(std::io::Cursor<Vec<u8>>, Arc<Mutex<Option<BreakHandle>>>);
    impl std::io::Read for Breaking {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if let Some(handle) = &*self.1.lock().unwrap() {
                handle.breakloop();
            }
            self.0.read(buffer)
        }
    }
    let mut bytes = Pcapng::new(Order::NATIVE).interface(1, 0, &[]).bytes();
    let packet = Pcapng::new(Order::NATIVE)
        .interface(1, 0, &[])
        .packet(0, 1, 4, b"fake");
    let mut block = packet.bytes()[bytes.len()..].to_vec();
    block[..4].copy_from_slice(&Order::NATIVE.u32(0xbad));
    bytes.extend(block.repeat((8 << 20) / block.len()));
    let handle = Arc::new(Mutex::new(None));
    let reader = Breaking(std::io::Cursor::new(bytes), Arc::clone(&handle));
    let mut capture = Capture::from_reader(reader).unwrap();
    *handle.lock().unwrap() = Some(capture.break_handle());
    let mut breaks = 0;
    while capture.next_packet().unwrap().is_none() {
        assert_eq!(capture.packet(), None, "after {breaks} breaks");
        if capture.ended() == Some(End::Eof) {
            break;
        }
        breaks += 1;
    }
    assert!(breaks > 2, "{breaks}");
}

/// Without a snaplen libpcap has one, to which it cuts simple packets.
#[test]
fn a_long_simple_packet_is_cut_as_by_libpcap() {
    for (snaplen, caplen) in [(0, 262_144), (100, 100), (300_000, 300_000)] {
        let mut bytes = Pcapng::new(Order::NATIVE)
            .interface(1, snaplen, &[])
            .bytes();
        let length = 300_000;
        let numbers = [3, length + 16, length].map(|n| Order::NATIVE.u32(n));
        bytes.extend(numbers.concat());
        bytes.resize(bytes.len() + length as usize, 7);
        bytes.extend(Order::NATIVE.u32(length + 16));
        let packets = read_all(&mut open(bytes.clone())).unwrap();
        assert_eq!(
            (packets[0].caplen(), packets[0].wire_len()),
            (caplen, length)
        );
        let plan = Plan::new(Way::File(0), 0);
        let theirs = plan.libpcap(&mut bytes);
        assert_eq!(theirs.packets[0].1, caplen);
    }
}

/// What comes before the first interface is kept in memory, so it is limited.
#[test]
fn an_endless_start_is_an_error() {
    struct Endless(Vec<u8>, usize);
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let (section, block) = self.0.split_at(28);
            let rest = match self.1.checked_sub(section.len()) {
                None => &section[self.1..],
                Some(at) => &block[at % block.len()..],
            };
            let length = rest.len().min(buffer.len());
            buffer[..length].copy_from_slice(&rest[..length]);
            self.1 += length;
            Ok(length)
        }
    }
    let mut bytes = Pcapng::new(Order::NATIVE).bytes();
    let length = 8 << 20;
    bytes.extend([Order::NATIVE.u32(0xbad), Order::NATIVE.u32(length)].concat());
    bytes.resize(28 + length as usize - 4, 7);
    bytes.extend(Order::NATIVE.u32(length));
    let error = Capture::from_reader(Endless(bytes, 0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SavefileBad);
    assert!(
        error.text().contains("no interface in its first"),
        "{error}"
    );
}

#[test]
fn no_interface_is_an_error_on_opening() {
    for (file, text) in [
        (Pcapng::new(Order::NATIVE), "has no interface"),
        (
            Pcapng::new(Order::NATIVE).packet(0, 1, 1, b"x"),
            "a packet before the first interface",
        ),
    ] {
        let error = files::try_open(file.bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileBad);
        assert!(error.text().contains(text), "{error}");
    }
    // Of an interface that was never described.
    let bytes = Pcapng::new(Order::NATIVE)
        .interface(1, 0, &[])
        .packet(7, 1, 1, b"x")
        .bytes();
    let (_, error) = until_error(&mut open(bytes));
    assert!(error.text().contains("interface 7"), "{error}");
}

/// libpcap moves its buffer even in reads that fail.
#[test]
fn a_failed_read_lends_no_packet() {
    // The next block makes libpcap move its buffer before it finds that the file is truncated.
    let mut bytes = Pcapng::new(Order::NATIVE)
        .interface(1, 0, &[])
        .packet(0, 1, 60, &[7; 60])
        .bytes();
    bytes.extend(Order::NATIVE.u32(6));
    bytes.extend(Order::NATIVE.u32(300_000));
    bytes.extend([0; 100]);
    let mut capture = open(bytes);
    assert!(capture.advance().unwrap());
    assert_eq!(capture.packet().unwrap().data(), [7; 60]);
    assert!(capture.advance().is_err());
    assert_eq!(capture.packet(), None);
}

#[test]
#[cfg(unix)]
fn tshark_and_editcap_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let classic = files::file(folder.path(), "a.pcap", &pings(50));
    let expected = read_all(&mut Capture::from_file(&classic).unwrap()).unwrap();
    assert_eq!(expected.len(), 50);
    for (program, before, after) in [("editcap", "", ""), ("tshark", "-r", "-w")] {
        let path = folder.path().join(program);
        let mut command = Command::new(program);
        command.args(["-F", "pcapng"]);
        command
            .args((!before.is_empty()).then_some(before))
            .arg(&classic);
        command
            .args((!after.is_empty()).then_some(after))
            .arg(&path);
        files::run(&mut command);
        let mut capture = Capture::from_file(&path).unwrap();
        assert_eq!(
            capture.savefile_format(),
            SavefileFormat::Pcapng,
            "{program}"
        );
        assert_eq!(capture.datalink(), Dlt::EN10MB);
        let read = read_all(&mut capture).unwrap();
        assert_eq!(read, expected, "{program}");

        // Converted by this library to a classic savefile of nanoseconds.
        let copy = folder.path().join("copy.pcap");
        let mut dumper = capture.dump(&copy).unwrap();
        read.iter().for_each(|packet| dumper.write(packet).unwrap());
        dumper.close().unwrap();
        let mut capture = Capture::from_file(&copy).unwrap();
        assert_eq!(capture.precision(), Precision::Nano);
        assert_eq!(read_all(&mut capture).unwrap(), expected);
    }
}
