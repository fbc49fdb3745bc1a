//! Savefiles as tcpdump and tshark read them.

use std::path::Path;
use std::process::Command;

use pcap_core::{Capture, Dead, Dlt, Packet, PacketOwned, Precision, Timestamp};

use crate::support::files::{self, MICRO, NANO, Order, Pcap, ping, read_all};

fn dead(precision: Precision) -> Capture<Dead> {
    Capture::dead_with(Dlt::EN10MB, 0, precision).unwrap()
}

const PRECISIONS: [(Precision, u32); 2] = [(Precision::Micro, MICRO), (Precision::Nano, NANO)];

/// Returns the times and bytes of a savefile's packets as `tcpdump` prints them.
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

// Shows: parity/4-files-microseconds-nanoseconds
#[test]
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
