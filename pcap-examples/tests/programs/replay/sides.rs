//! Several savefiles, and both sides of a conversation, with `pcap-replay`.

use std::path::{Path, PathBuf};

use etherparse::PacketBuilder;

use super::{create_device_pair, data, frames, received, replayed};
use crate::common::live::{Running, in_netns, ip};
use crate::common::{Record, path_arg, program, record, run, run_program, savefile, write_file};

const CLIENT: [u8; 4] = [192, 0, 2, 9];
const SERVER: [u8; 4] = [192, 0, 2, 1];

/// Returns a TCP connection: its packets, one millisecond apart, and whether each is from the server.
fn conversation() -> Vec<(Record, bool)> {
    let builder = |from, to| PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(from, to, 64);
    let ends = |is_server| match is_server {
        true => (SERVER, CLIENT, 80, 50_000),
        false => (CLIENT, SERVER, 50_000, 80),
    };
    let packet = |index: u32, is_server: bool| {
        let (from, to, from_port, to_port) = ends(is_server);
        let tcp = builder(from, to).tcp(from_port, to_port, index, 1000);
        let tcp = match index {
            0 => tcp.syn(),
            1 => tcp.syn().ack(1),
            _ => tcp.ack(1),
        };
        let mut bytes = Vec::new();
        tcp.write(&mut bytes, &index.to_be_bytes().repeat(10))
            .unwrap();
        (record(1_700_000_000, index * 1000, bytes), is_server)
    };
    let sides = [false, true, false, true, true, false];
    (0..)
        .zip(sides)
        .map(|(index, is_server)| packet(index, is_server))
        .collect()
}

/// Runs a closure, and returns what arrives at `right` and at `other-right`, given the numbers of packets.
fn received_on_both(folder: &Path, counts: [usize; 2], send: impl FnOnce()) -> [Vec<Vec<u8>>; 2] {
    let start = |device: &str, count: usize| {
        let path = folder.join(device);
        let mut command = program("capture");
        let count = count.to_string();
        command.args([
            "-i",
            device,
            "-Q",
            "in",
            "-c",
            &count,
            "--immediate-mode",
            "-w",
        ]);
        (Running::start(command.arg(path_arg(&path))), path)
    };
    let captures = [start("right", counts[0]), start("other-right", counts[1])];
    send();
    captures.map(|(running, path): (Running, PathBuf)| {
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        data(&path)
    })
}

fn create_both_pairs() {
    create_device_pair();
    ip("link add other-left type veth peer name other-right");
    for end in ["other-left", "other-right"] {
        ip(&format!("link set {end} arp off up"));
    }
}

#[test]
fn each_side_is_sent_on_its_own_device() {
    in_netns(|| {
        create_both_pairs();
        let folder = tempfile::tempdir().unwrap();
        let side = |is_server| {
            let packets = conversation()
                .into_iter()
                .filter(move |packet| packet.1 == is_server);
            packets.map(|packet| packet.0).collect::<Vec<Record>>()
        };
        let bytes = |records: Vec<Record>| -> Vec<Vec<u8>> {
            records.into_iter().map(|record| record.2).collect()
        };
        let write = |name: &str, records: &[Record]| {
            write_file(folder.path(), name, &savefile(false, false, 1, records))
        };
        let all: Vec<_> = conversation().into_iter().map(|packet| packet.0).collect();
        let whole = write("whole.pcap", &all);
        let [clients, servers] = [false, true].map(side);
        let servers_file = write("servers.pcap", &servers);
        let clients_file = write("clients.pcap", &clients);
        let expected = [bytes(clients), bytes(servers)];
        let filter = ["--peer-filter", "src port 80"];
        let file = ["--peer-file", path_arg(&servers_file)];
        for (options, input) in [
            (&[][..], &whole),
            (&["--fast"], &whole),
            (&filter, &whole),
            (&file, &clients_file),
        ] {
            let options = [&["--peer", "other-left"][..], options].concat();
            let received = received_on_both(folder.path(), [3, 3], || {
                let (ran, summary) = replayed(&options, input);
                assert_eq!(ran.status, Some(0), "{}", ran.stderr);
                assert_eq!(summary["packets"], 6);
                let devices = &summary["devices"];
                assert_eq!(
                    (&devices[0]["name"], &devices[0]["packets"]),
                    (&"left".into(), &3.into())
                );
                assert_eq!(devices[1]["name"], "other-left");
                let total = devices[0]["bytes"]
                    .as_u64()
                    .zip(devices[1]["bytes"].as_u64());
                assert_eq!(total.map(|(a, b)| a + b), summary["bytes"].as_u64());
            });
            assert_eq!(received, expected, "{options:?}");
        }
    });
}

#[test]
fn files_are_sent_one_after_the_other_and_rewritten() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        // The second file is older, which must cause no wait.
        let write = |name: &str, records: &[Record]| {
            write_file(folder.path(), name, &savefile(false, false, 1, records))
        };
        let [first, mut second] = [frames(3), frames(5)];
        for record in &mut second {
            record.0 = 1_600_000_000;
        }
        let paths = [write("first.pcap", &first), write("second.pcap", &second)];
        let other = write_file(
            folder.path(),
            "raw.pcap",
            &savefile(false, false, 101, &first),
        );
        let mut expected: Vec<_> = first
            .iter()
            .chain(&second)
            .map(|record| record.2.clone())
            .collect();
        for frame in &mut expected {
            frame[..6].copy_from_slice(&[2, 0, 0, 0, 0, 7]);
        }
        let arguments = ["--dst-mac", "02:00:00:00:00:07", path_arg(&paths[0])];
        for loops in [1, 2] {
            let number = loops.to_string();
            let copies = vec![expected.clone(); loops].concat();
            let path = received(folder.path(), copies.len(), || {
                let options = [&arguments[..], &["--loops", &number]].concat();
                let (ran, summary) = replayed(&options, &paths[1]);
                assert_eq!(ran.status, Some(0), "{}", ran.stderr);
                assert_eq!(summary["packets"], copies.len());
            });
            assert_eq!(data(&path), copies);
        }
        let mut command = program("replay");
        let ran = run(command.args(["-i", "left", path_arg(&paths[0]), path_arg(&other)]));
        assert_eq!(ran.status, Some(1));
        let expected = "expected the link type EN10MB of the first file, found RAW";
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    });
}

#[test]
fn a_duration_ends_the_replay() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let mut records = frames(2);
        records[1].0 += 1000;
        let input = write_file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 1, &records),
        );
        let (ran, summary) = replayed(&["--duration", "50ms"], &input);
        assert_eq!(
            (ran.status, &summary["packets"]),
            (Some(0), &1.into()),
            "{}",
            ran.stderr
        );
        // Looping ends, too.
        let (ran, summary) = replayed(
            &[
                "--loops",
                "0",
                "--fast",
                "--duration",
                "50ms",
                "-c",
                "100000000",
            ],
            &input,
        );
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        assert!(summary["loops"].as_u64() > Some(1));
    });
}

#[test]
fn both_sides_on_one_device_are_a_usage_error() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let bytes = savefile(false, false, 1, &[conversation().swap_remove(0).0]);
        let input = write_file(folder.path(), "in.pcap", &bytes);
        let devices = pcap_core::Device::list().unwrap();
        let number = devices.iter().position(|device| device.name() == "left");
        let number = (number.unwrap() + 1).to_string();
        for peer in ["left", &number] {
            let ran = run_program("replay", &["-i", "left", "--peer", peer, path_arg(&input)]);
            assert_eq!(ran.status, Some(2), "{}", ran.stderr);
            let expected = "expected two devices for `--interface` and `--peer`, found one";
            assert!(ran.stderr.contains(expected), "{}", ran.stderr);
        }
    });
}
