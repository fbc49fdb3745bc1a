//! Tests of `pcap-replay` on veth pairs: packets sent on one device arrive at the other.

mod loops;
mod send_times;
mod sides;
mod signals_and_errors;
mod unsent_packets;

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::live::{Running, ip};
use crate::common::process::wait_until;
use crate::common::{Record, RunResult, path_arg, program, record, run};

/// Creates a veth pair, `left` and `right`, without other traffic.
fn create_device_pair() {
    ip("link add left type veth peer name right");
    for end in ["left", "right"] {
        ip(&format!("link set {end} arp off up"));
    }
    // The kernel notices the carrier a moment later, which changes the numbers of the devices.
    wait_until("both devices are running", || {
        let devices = pcap_core::Device::list().unwrap();
        let running = devices.iter().filter(|device| device.is_running());
        ["left", "right"]
            .iter()
            .all(|name| running.clone().any(|device| device.name() == *name))
    });
}

/// Returns frames of different lengths. Each contains its number after the Ethernet header.
fn frames(count: u32) -> Vec<Record> {
    let frame = |number: u32| {
        let mut data = vec![2; 12];
        data.extend([0x88, 0xb5]);
        data.extend(number.to_be_bytes());
        data.resize(60 + number as usize * 7 % 1400, number as u8);
        record(1_700_000_000, number * 1000, data)
    };
    (0..count).map(frame).collect()
}

/// Returns the data of the packets in a savefile in native byte order, parsed independently.
fn data(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let mut rest = &bytes[24..];
    let mut packets = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_ne_bytes(rest[8..12].try_into().unwrap()) as usize;
        packets.push(rest[16..16 + length].to_vec());
        rest = &rest[16 + length..];
    }
    packets
}

/// Captures the first `count` packets that arrive at `right` while a closure runs, and returns the savefile.
fn received(folder: &Path, count: usize, send: impl FnOnce()) -> PathBuf {
    let path = folder.join("received.pcap");
    let mut command = program("capture");
    command.args([
        "-i",
        "right",
        "-B",
        "64M",
        "-Q",
        "in",
        "-c",
        &count.to_string(),
    ]);
    let running =
        Running::start(command.args(["--immediate-mode", "-s", "2048", "-w", path_arg(&path)]));
    send();
    let (status, _, stderr) = running.end();
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(
        stderr.contains(&format!("{count} packets captured")),
        "{stderr}"
    );
    path
}

/// Replays a savefile on `left`, quietly, and returns its summary.
fn replayed(options: &[&str], path: &Path) -> (RunResult, serde_json::Value) {
    let mut command = program("replay");
    let ran = run(command
        .args(["-q", "--json", "-i", "left"])
        .args(options)
        .arg(path));
    let summary = serde_json::from_str(ran.text()).unwrap_or_default();
    (ran, summary)
}
