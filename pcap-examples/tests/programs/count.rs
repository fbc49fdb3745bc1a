//! `count` on devices of its own.

use std::io::{BufRead, BufReader, Read};

use crate::common::live::{Running, Sender, in_netns, ip};
use crate::common::{ours, program};

/// What it printed in JSON of one kind, summed for a device: packets and bytes.
fn sum(stdout: &str, kind: &str, device: &str) -> [u64; 2] {
    let lines = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let of = |line: &serde_json::Value| line["type"] == kind && line["device"] == device;
    let lines: Vec<serde_json::Value> = lines.filter(of).collect();
    ["packets", "bytes"].map(|name| lines.iter().map(|line| line[name].as_u64().unwrap()).sum())
}

#[test]
fn devices_are_counted_together_until_a_signal() {
    in_netns(|| {
        ip("link add left type veth peer name right");
        ip("link set left up");
        ip("link set right up");
        let mut command = program("count");
        let mut running = Running::start_saying(
            command.args(["-i", "lo", "-i", "right", "--json", "udp"]),
            "listening on 2 devices",
        );
        Sender::new().send(300, 100);
        let all = [300, 300 * (100 + 42)];
        let mut output = BufReader::new(running.child().stdout.take().unwrap());
        let mut stdout = String::new();
        for _ in 0..2 * 10 {
            output.read_line(&mut stdout).unwrap();
            if sum(&stdout, "interval", "lo") == all {
                break;
            }
        }
        running.signal(libc::SIGTERM);
        let (status, _, stderr) = running.end();
        output.read_to_string(&mut stdout).unwrap();
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
        assert_eq!(sum(&stdout, "total", "lo"), all, "{stdout}");
        assert_eq!(sum(&stdout, "interval", "lo"), all, "{stdout}");
        assert_eq!(sum(&stdout, "total", "right"), [0, 0], "{stdout}");
        assert!(stdout.contains(r#""dropped":0"#), "{stdout}");
    });
}

#[test]
fn intervals_may_be_fractions_of_a_second() {
    in_netns(|| {
        for every in ["0.1", "100ms", ".1s", "0.0001m"] {
            let mut command = program("count");
            command.args(["-i", "lo", "--every", every, "--json"]);
            let mut running = Running::start_saying(&mut command, "listening on 1 devices");
            let stdout = running.child().stdout.take().unwrap();
            for line in BufReader::new(stdout).lines().take(3) {
                assert!(line.unwrap().contains("interval"), "{every}");
            }
            running.signal(libc::SIGTERM);
            running.end();
        }
    });
    for every in ["0", "1e3", "soon", "5 s", "1w"] {
        let ran = ours("count", &["--every", every]);
        assert_eq!((ran.status, ran.text()), (Some(2), ""), "{every}");
        assert!(ran.stderr.contains("--every"), "{every}: {}", ran.stderr);
    }
}

#[test]
fn any_is_counted_with_its_longer_header() {
    in_netns(|| {
        let mut command = program("count");
        command.args(["-i", "any", "--json", "udp"]);
        let running = Running::start_saying(&mut command, "listening on 1 devices");
        Sender::new().send(5, 100);
        std::thread::sleep(std::time::Duration::from_secs(1));
        running.signal(libc::SIGINT);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        // Headers of 20, 20 and 8 bytes.
        let [packets, bytes] = sum(&stdout, "total", "any");
        assert!(packets >= 5 && bytes == 148 * packets, "{stdout}");
    });
}

#[test]
fn a_removed_device_is_told() {
    in_netns(|| {
        ip("link add left type veth peer name right");
        ip("link set left up");
        ip("link set right up");
        let mut command = program("count");
        let running = Running::start_saying(
            command.args(["-i", "lo", "-i", "right", "udp"]),
            "listening on 2 devices",
        );
        ip("link del left");
        std::thread::sleep(std::time::Duration::from_secs(2));
        Sender::new().send(7, 100);
        std::thread::sleep(std::time::Duration::from_secs(1));
        running.signal(libc::SIGINT);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(1), "{stdout}{stderr}");
        assert!(
            stderr.starts_with("count: cannot read from `right`"),
            "{stderr}"
        );
        let total = "lo: 7 packets, 994 bytes in all, 0 dropped";
        assert!(stdout.lines().any(|line| line == total), "{stdout}");
    });
}
