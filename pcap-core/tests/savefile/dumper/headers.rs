//! The headers that a dumper writes.

use std::fs;

use pcap_core::{Capture, Dead, Dlt, Packet, PacketOwned, Precision, Timestamp};

use crate::support::files::{MICRO, NANO, Order, Pcap, ping, read_all};

fn dead(precision: Precision) -> Capture<Dead> {
    Capture::dead_with(Dlt::EN10MB, 0, precision).unwrap()
}

const PRECISIONS: [(Precision, u32); 2] = [(Precision::Micro, MICRO), (Precision::Nano, NANO)];

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
