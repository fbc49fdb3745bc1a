//! Savefiles written as pcapng: each byte as the format requires, and each packet as tshark, tcpdump and libpcap read
//! it. What cannot be written is an error, and nothing is lost.

#![cfg_attr(windows, allow(unused))] // some tests are for other systems only

mod append;
mod copied_packets;
mod format;
mod interfaces;
mod readers;
mod rejected;
mod writers;

use std::path::Path;
use std::process::Command;

use pcap_core::pcapng::{Interface, PcapngDumper};
use pcap_core::{Linktype, Packet, PacketOwned, Precision, Stats, Timestamp};

use crate::support::files::run;
use crate::support::ng::oracle::print_fields;
use crate::support::random::Random;

fn dumper() -> PcapngDumper {
    PcapngDumper::new(Vec::new())
}

fn ethernet() -> Interface {
    Interface::new(Linktype::ETHERNET)
}

fn bytes(dumper: PcapngDumper) -> Vec<u8> {
    dumper.into_writer().unwrap()
}

fn stats(received: u64, dropped: u64, if_dropped: u64) -> Stats {
    let mut stats = Stats::default();
    (stats.received, stats.dropped, stats.if_dropped) = (received, dropped, if_dropped);
    stats
}

/// Returns packets of all lengths, some truncated, at times within 32 bits of seconds.
fn packets(random: &mut Random, count: usize, precision: Precision) -> Vec<PacketOwned> {
    (0..count)
        .map(|n| {
            let nanos = random.below(1_000_000_000) as i64;
            let nanos = match precision {
                Precision::Micro => nanos / 1000 * 1000,
                Precision::Nano => nanos,
            };
            let length = if n < 9 { n } else { random.below(1600) };
            let data = random.bytes(length);
            let wire_len = (length + random.below(2) * random.below(9000)) as u32;
            let secs = i64::from(random.next() as u32 >> 1);
            Packet::new(Timestamp::new(secs, nanos), wire_len, &data).into_owned()
        })
        .collect()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_ne_bytes()).collect()
}

/// Returns these fields of each packet as tshark prints them, and each packet's bytes in hexadecimal.
fn tshark(path: &Path, fields: &[&str]) -> Vec<(Vec<String>, String)> {
    let mut command = print_fields();
    for field in fields {
        command.args(["-e", field]);
    }
    let told = run(command.arg("-r").arg(path));
    let json = run(Command::new("tshark")
        .args(["-n", "-T", "json", "-x", "-j", "frame", "-r"])
        .arg(path));
    let data = json.split("\"_index\"").skip(1).map(|packet| {
        // "frame_raw": [ "digits", …
        let raw = packet
            .split_once("\"frame_raw\"")
            .map_or("", |(_, raw)| raw);
        raw.split('"').nth(1).unwrap_or_default().to_owned()
    });
    let lines: Vec<_> = told.lines().collect();
    let data: Vec<_> = data.collect();
    assert_eq!(lines.len(), data.len());
    let fields = |line: &str| line.split('\t').map(str::to_owned).collect();
    lines.into_iter().map(fields).zip(data).collect()
}

fn hex(data: &[u8]) -> String {
    data.iter().map(|byte| format!("{byte:02x}")).collect()
}
