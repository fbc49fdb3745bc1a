//! Compares what `traffic` counts with what tshark counts in the same files.

mod compare;
pub(crate) mod files;
pub(crate) mod tshark;

use std::fs;

use crate::common::frames::{self, ETHERNET, SLL, SLL2, all_prefixes};
use crate::common::{Record, record, savefile, write_file};

/// The link types of raw IP and of BSD's loopback devices.
const RAW: u32 = 101;
const NULL: u32 = 0;

/// Checks that the counts are those of tshark in a savefile of these packets.
fn check(linktype: u32, packets: &[Record]) {
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, linktype, packets),
    );
    let differences = compare::differences(&path);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Returns packets at intervals of a millisecond.
fn records(packets: impl IntoIterator<Item = Vec<u8>>) -> Vec<Record> {
    let numbered = (0..).zip(packets);
    numbered
        .map(|(number, data)| record(0, 1_000_000 * number, data))
        .collect()
}

/// Returns the packets, and all their prefixes.
fn with_prefixes(packets: impl IntoIterator<Item = Vec<u8>>) -> Vec<Record> {
    let mut all = Vec::new();
    for packet in packets {
        all.extend(all_prefixes(&packet).into_iter().skip(1));
    }
    all
}

#[test]
fn conversations_of_both_directions() {
    check(ETHERNET, &records(files::conversations()));
}

#[test]
fn truncated_packets() {
    let packets = frames::fields().into_iter().map(|(data, _)| data);
    // tshark lists no conversations of DCCP and UDP-Lite.
    check(
        ETHERNET,
        &with_prefixes(packets.filter(|data| !matches!(data[23], 33 | 136))),
    );
}

#[test]
fn tunnels() {
    check(
        ETHERNET,
        &records(frames::tunnels().into_iter().map(|(_, data)| data)),
    );
    check(ETHERNET, &records(files::tunnels()));
}

#[test]
fn truncated_tunnels() {
    check(
        ETHERNET,
        &with_prefixes(frames::tunnels().into_iter().map(|(_, data)| data)),
    );
}

#[test]
fn vlans_and_local_networks() {
    check(ETHERNET, &with_prefixes(files::local_networks()));
}

#[test]
fn application_protocols() {
    check(ETHERNET, &records(files::applications()));
}

#[test]
fn quoted_headers_belong_to_no_conversation() {
    check(ETHERNET, &records(files::errors()));
}

#[test]
fn extension_headers_and_fragments() {
    check(ETHERNET, &records(files::extensions()));
}

#[test]
fn damaged_lengths() {
    check(ETHERNET, &records(files::damaged_lengths()));
}

#[test]
fn cooked_headers() {
    for (at, linktype) in [SLL, SLL2].into_iter().enumerate() {
        let packets = files::cooked().into_iter().map(|both| both[at].1.clone());
        check(linktype, &with_prefixes(packets));
    }
}

#[test]
fn packets_without_link_layers() {
    check(RAW, &with_prefixes(files::raw()));
    let with_family = |packet: Vec<u8>| {
        let family: u32 = if packet[0] >> 4 == 4 { 2 } else { 30 };
        [&family.to_le_bytes()[..], &packet].concat()
    };
    check(
        NULL,
        &with_prefixes(files::raw().into_iter().map(with_family)),
    );
}

#[test]
fn reused_ports_begin_connections() {
    for seed in 1..3 {
        check(ETHERNET, &files::reused_ports(seed));
    }
}

#[test]
fn tcp_retransmissions() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 1..4 {
        let packets = files::lossy_connections(seed);
        let file = savefile(false, false, ETHERNET, &packets);
        let path = write_file(folder.path(), "a.pcap", &file);
        let tcp = compare::count(&path).tcp();
        let ours = [
            tcp.retransmissions,
            tcp.spurious_retransmissions,
            tcp.out_of_order,
            tcp.gaps,
            tcp.duplicate_acks,
            tcp.zero_windows,
            tcp.resets,
            tcp.syns,
        ];
        assert!(ours.iter().all(|&count| count > 0), "{ours:?}");
        assert_eq!(ours, tshark::counts(&path, &tshark::TCP_FILTERS));
        fs::remove_file(&path).unwrap();
    }
}
