//! Packets copied from one savefile to another.

use std::fs;

use pcap_core::{AsPacket, Capture, Dlt, Dumper, Packet, PacketHeader, Precision, Timestamp};

use crate::support::files::{self, MICRO, NANO, Order, Pcap, open, open_file, ping, read_all};

/// Also a packet of which only the header is left, with its wire length.
// Shows: parity/dump-read-returned, parity/header-handed-back-dump
#[test]
fn a_packet_goes_to_a_dump_as_it_is() {
    let file = Pcap::native()
        .packet(1, 999_999, b"whole")
        .record([2, 1, 4, 70_000], b"cut!")
        .record([3, 0, 0, 60], b"")
        .snaplen(96);
    let folder = tempfile::tempdir().unwrap();
    let [lent, kept, parts] = ["lent", "kept", "parts"].map(|name| folder.path().join(name));
    let mut capture = open(file.bytes());
    let mut dumpers = [&lent, &kept, &parts].map(|path| capture.dump(path).unwrap());
    let mut count = 0;
    while let Some(packet) = capture.next_packet().unwrap() {
        dumpers[0].write(packet).unwrap();
        dumpers[1].write(packet.into_owned()).unwrap();
        let header: PacketHeader = *packet.header();
        dumpers[2]
            .write(Packet::new(
                header.timestamp(),
                header.wire_len(),
                packet.data(),
            ))
            .unwrap();
        count += 1;
    }
    assert_eq!(count, 3);
    for dumper in dumpers {
        dumper.close().unwrap();
    }
    for path in [lent, kept, parts] {
        assert_eq!(fs::read(&path).unwrap(), file.bytes(), "{path:?}");
    }
}

#[test]
fn a_packet_is_written_in_any_form() {
    fn write(dumper: &mut Dumper, packet: impl AsPacket) {
        dumper.write(packet).unwrap();
    }
    let lent = Packet::new(Timestamp::new(1, 2), 60, b"a packet");
    let owned = lent.into_owned();
    let mut dumper = Capture::dead(Dlt::EN10MB)
        .unwrap()
        .dump_to(Vec::new())
        .unwrap();
    // Twice borrowed, as `iter().filter(…)` lends them.
    let (lent_once, lent_twice, owned_twice) = (&lent, &&lent, &&owned);
    write(&mut dumper, lent);
    write(&mut dumper, lent_once);
    write(&mut dumper, lent_twice);
    write(&mut dumper, &owned);
    write(&mut dumper, owned_twice);
    write(&mut dumper, owned.clone());
    let bytes: Vec<u8> = dumper.into_writer().unwrap();
    let packets = read_all(&mut open(bytes)).unwrap();
    assert_eq!(packets, vec![owned; 6]);
}

// Shows: parity/dump-read-returned, parity/reads-feed-writes
#[test]
fn reads_feed_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    for magic in [MICRO, NANO] {
        let file = (0..300).fold(Pcap::new(Order::NATIVE, magic), |file, n| {
            file.packet(u32::from(n), u32::from(n) * 3333, &ping(n))
        });
        // From one into the other, with each read, until the end.
        let mut reader = open_file(&file.bytes());
        let mut writer = reader.dump(&path).unwrap();
        for _ in 0..100 {
            let packet = reader.next_packet().unwrap().unwrap();
            writer.write(packet).unwrap();
        }
        reader
            .for_each_up_to(100, |packet| writer.write(packet).unwrap())
            .unwrap();
        for packet in reader.packets() {
            writer.write(packet.unwrap()).unwrap();
        }
        writer.close().unwrap();
        assert_eq!(fs::read(&path).unwrap(), file.bytes());
    }
}

// Shows: parity/nanoseconds-scaled-rightly, parity/nanoseconds-stored-file
#[test]
fn nanoseconds_are_scaled_rightly() {
    let fractions = [0, 1, 9, 999, 1000, 123_456, 999_999];
    let folder = tempfile::tempdir().unwrap();
    for (magic, precision, unit) in [
        (MICRO, Precision::Micro, 1000),
        (NANO, Precision::Nano, 1_u32),
    ] {
        for order in Order::BOTH {
            let file = fractions.iter().fold(Pcap::new(order, magic), |file, &n| {
                file.packet(1_700_000_000, n, b"x")
            });
            for mut capture in files::both(file.bytes()) {
                assert_eq!(capture.precision(), precision);
                let read: Vec<_> = capture
                    .packets_with(|packet| packet.timestamp())
                    .map(Result::unwrap)
                    .collect();
                let expected = fractions.map(|n| Timestamp::new(1_700_000_000, (n * unit).into()));
                assert_eq!(read, expected, "{precision:?} {order:?}");
                let micros = read.iter().map(|time| time.subsec_micros());
                assert!(micros.eq(fractions.map(|n| n * unit / 1000)));
            }
            // And scaled back, into either kind of file.
            for (into, nanos) in [(Precision::Micro, 1000), (Precision::Nano, 1)] {
                let path = folder.path().join("a.pcap");
                let dead = Capture::dead_with(Dlt::EN10MB, 0, into).unwrap();
                let mut dumper = dead.dump(&path).unwrap();
                for packet in open(file.bytes()).packets() {
                    dumper.write(packet.unwrap()).unwrap();
                }
                dumper.close().unwrap();
                let read = read_all(&mut Capture::from_file(&path).unwrap()).unwrap();
                let read: Vec<_> = read.iter().map(|p| p.timestamp().subsec_nanos()).collect();
                assert_eq!(read, fractions.map(|n| n * unit / nanos * nanos));
            }
        }
    }
}
