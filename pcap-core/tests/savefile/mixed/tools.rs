//! Files that Wireshark's tools merge.

use std::path::Path;
use std::process::Command;

use pcap_core::{Capture, Linktype, PacketOwned};

use super::origins;
use crate::support::files::{self, Pcap, ping, read_all, tcp, udp};
use crate::support::ng::oracle::tshark;

/// Merges savefiles.
fn merged(folder: &Path, files: &[Pcap]) -> Capture<pcap_core::Offline> {
    let path = folder.join("merged.pcapng");
    let mut command = Command::new("mergecap");
    command.args(["-F", "pcapng", "-w"]).arg(&path);
    for (number, file) in files.iter().enumerate() {
        let name = format!("{number}.pcap");
        command.arg(files::file(folder, &name, &file.bytes()));
    }
    files::run(&mut command);
    Capture::from_file(&path).unwrap()
}

/// Returns what tshark prints about a packet: its time, lengths, interface, encapsulation and data.
fn shown(packet: &PacketOwned) -> [String; 6] {
    let time = packet.timestamp();
    let encapsulation = match packet.linktype() {
        Some(Linktype::ETHERNET) => "1",
        Some(Linktype::RAW) => "7",
        _ => "?",
    };
    let data = packet.data().iter().map(|byte| format!("{byte:02x}"));
    [
        format!("{}.{:09}", time.secs(), time.subsec_nanos()),
        packet.caplen().to_string(),
        packet.wire_len().to_string(),
        packet.interface().map_or(String::new(), |n| n.to_string()),
        encapsulation.to_owned(),
        data.collect(),
    ]
}

fn check(folder: &Path, packets: &[PacketOwned]) {
    let lines = tshark(&folder.join("merged.pcapng"));
    let theirs: Vec<_> = lines
        .iter()
        .map(|line| [0, 1, 2, 3, 5, line.len() - 1].map(|field| line[field].clone()))
        .collect();
    let ours: Vec<_> = packets.iter().map(shown).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn merged_link_types_are_read_as_by_tshark() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let ethernet = Pcap::native().packet(1, 0, &ping(0)).packet(3, 0, &tcp(2));
    let raw = Pcap::native().linktype(101).snaplen(60);
    let raw = raw
        .packet(2, 0, &udp()[14..])
        .packet(4, 0, &ping(1)[14..74]);
    let mut capture = merged(folder, &[ethernet, raw]);
    capture.mix_linktypes().unwrap();
    let packets = read_all(&mut capture).unwrap();
    assert_eq!(origins(&packets), [(0, 1), (1, 101), (0, 1), (1, 101)]);
    check(folder, &packets);
    // Filters are those of tcpdump for each of the files.
    let mut capture = Capture::from_file(folder.join("merged.pcapng")).unwrap();
    capture.mix_linktypes().unwrap();
    capture.set_filter("icmp").unwrap();
    let matching: Vec<_> = capture.packets().map(Result::unwrap).collect();
    let mut lines = 0;
    for file in ["0.pcap", "1.pcap"] {
        let mut tcpdump = Command::new("tcpdump");
        tcpdump
            .args(["-n", "-r"])
            .arg(folder.join(file))
            .arg("icmp");
        lines += files::run(&mut tcpdump).lines().count();
    }
    assert_eq!((matching.len(), lines), (2, 2));
}

/// This needs no mode.
#[test]
fn merged_snaplens_are_read_as_by_tshark() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let long = Pcap::native().packet(1, 0, &ping(0)).packet(3, 0, &tcp(2));
    let short = Pcap::native()
        .snaplen(60)
        .record([2, 0, 60, 98], &ping(1)[..60]);
    for is_mixed in [false, true] {
        let mut capture = merged(folder, &[long.clone(), short.clone()]);
        if is_mixed {
            capture.mix_linktypes().unwrap();
        }
        let packets = read_all(&mut capture).unwrap();
        assert_eq!(origins(&packets), [(0, 1), (1, 1), (0, 1)]);
        check(folder, &packets);
    }
}
