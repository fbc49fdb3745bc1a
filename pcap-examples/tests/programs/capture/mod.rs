//! Tests of `pcap-capture` on private networks.

mod deadlines_and_errors;
mod devices;
mod disk_space;
mod further_outputs;
mod interfaces;
mod lines_json_savefiles;
mod packets;
mod privileges;
mod rotation;
mod slow_outputs;
mod status_file;
mod systemd_unit;
mod threads;
mod views;

use std::path::Path;

use crate::common::live::ip;
use crate::common::{path_arg, run_tool};

/// Splits arguments at spaces.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ')
}

/// Returns the numbers at the start of the datagrams in a savefile, as tcpdump reads it.
fn numbers(path: &Path) -> Vec<u32> {
    let text = run_tool("tcpdump", &["-n", "-t", "-xx", "-r", path_arg(path)]);
    // The number follows headers of 14, 20 and 8 bytes.
    let row = |line: &str| line.split(':').nth(1).unwrap().replace(' ', "");
    let packets = text.split("IP 127.0.0.1.").skip(1);
    let hex = packets.map(|packet| packet.lines().skip(1).map(row).collect::<String>());
    hex.map(|hex| u32::from_str_radix(&hex[84..92], 16).unwrap())
        .collect()
}

/// Returns the three numbers of the statistics: received, dropped, and dropped by the interface.
fn statistics(stderr: &str) -> [u64; 3] {
    let line = stderr
        .lines()
        .find(|line| line.contains("packets received"))
        .unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[1..3], ["packets", "received,"]);
    let (_, dropped) = line.split_once(", ").unwrap();
    assert_eq!(
        dropped.replace(char::is_numeric, "N"),
        "N dropped, N dropped by the interface"
    );
    [0, 3, 5].map(|index| words[index].parse().unwrap())
}

/// Creates two pairs of connected interfaces, `left` and `right`, `north` and `south`. Datagrams to 192.0.2.2 arrive at
/// `right`, and those to 198.51.100.2 at `south`.
fn two_networks() {
    for (one, other, network) in [
        ("left", "right", "192.0.2"),
        ("north", "south", "198.51.100"),
    ] {
        ip(&format!("link add {one} type veth peer name {other}"));
        for end in [one, other] {
            ip(&format!("link set {end} arp off up"));
        }
        ip(&format!("addr add {network}.1/24 dev {one}"));
    }
}
