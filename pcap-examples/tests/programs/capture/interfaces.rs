//! Captures on several interfaces.

use std::net::UdpSocket;
use std::path::Path;

use super::{two_networks, words};
use crate::common::live::{Running, in_netns, ip};
use crate::common::{path_arg, program, run_program, run_tool};

/// Sends datagrams to both networks in turns.
fn send_to_both(count: usize) {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    for number in 0..count {
        socket.send_to(&[7; 200], "192.0.2.2:9").unwrap();
        let port = 53 + number % 2;
        socket
            .send_to(&[8; 200], ("198.51.100.2", port as u16))
            .unwrap();
    }
}

fn fields(path: &Path, names: &[&str]) -> Vec<String> {
    let mut arguments = vec!["-r", path_arg(path), "-T", "fields"];
    names.iter().for_each(|name| arguments.extend(["-e", name]));
    run_tool("tshark", &arguments)
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Each interface has its name, filter, snaplen and statistics, and its packets.
#[test]
fn several_interfaces_share_a_pcapng_savefile() {
    in_netns(|| {
        two_networks();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        let line = format!("-i right -s 100 -i south -w {}", path_arg(&path));
        let mut command = program("capture");
        command.args(words(&line)).args(["-f", "udp port 53"]);
        let running = Running::start_saying(&mut command, "listening on right, EN10MB ");
        send_to_both(20);
        running.signal(libc::SIGTERM);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert!(stderr.contains("30 packets captured, "), "{stderr}");
        assert!(
            stderr.contains("right: 20 packets received, 0 dropped, 0 "),
            "{stderr}"
        );
        assert!(
            stderr.contains("south: 10 packets received, 0 dropped, 0 "),
            "{stderr}"
        );
        let packets = fields(
            &path,
            &["frame.interface_name", "frame.cap_len", "udp.dstport"],
        );
        let count = |line: &str| packets.iter().filter(|packet| *packet == line).count();
        assert_eq!(count("right\t100\t9"), 20, "{packets:?}");
        assert_eq!(count("south\t242\t53"), 10, "{packets:?}");
        let info = run_tool("capinfos", &["-I", path_arg(&path)]);
        for text in [
            "Name = right",
            "Name = south",
            "Filter string = udp port 53",
            "Capture length = 100",
            "Operating system = Linux",
        ] {
            assert!(info.contains(text), "{text}: {info}");
        }
        assert_eq!(
            info.matches("Number of stat entries = 1").count(),
            2,
            "{info}"
        );
    });
}

/// Among the packets that have arrived when the program reads, the earliest comes first.
#[test]
fn packets_that_wait_together_are_ordered_by_time() {
    in_netns(|| {
        two_networks();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        let mut command = program("capture");
        command.args(words(&format!(
            "-i right -i south -w {} udp",
            path_arg(&path)
        )));
        let running = Running::start(&mut command);
        running.signal(libc::SIGSTOP);
        send_to_both(100);
        // After the packet-buffer timeout, the packets of both interfaces can be read.
        std::thread::sleep(std::time::Duration::from_millis(500));
        running.signal(libc::SIGCONT);
        running.signal(libc::SIGINT);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        let interfaces = fields(&path, &["frame.interface_id"]);
        assert_eq!(interfaces.len(), 200);
        let changes = interfaces
            .windows(2)
            .filter(|pair| pair[0] != pair[1])
            .count();
        assert_eq!(changes, 199, "{interfaces:?}");
    });
}

#[test]
fn lines_and_json_name_the_interface() {
    in_netns(|| {
        two_networks();
        let mut command = program("capture");
        let running = Running::start(command.args(words("-i right -i south -c 4 udp")));
        send_to_both(2);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        for (name, address) in [(" right ", "192.0.2.2"), (" south ", "198.51.100.2")] {
            let lines = stdout.lines().filter(|line| line.contains(name));
            assert_eq!(
                lines.filter(|line| line.contains(address)).count(),
                2,
                "{stdout}"
            );
        }
        let mut command = program("capture");
        let running = Running::start(command.args(words("-i right -i south --json -c 4 udp")));
        send_to_both(2);
        let (_, stdout, _) = running.end();
        let lines = stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let lines: Vec<serde_json::Value> = lines.collect();
        let from = |name: &str| {
            lines
                .iter()
                .filter(|line| line["interface"] == name)
                .count()
        };
        assert_eq!((from("right"), from("south")), (2, 2));
        let statistics = lines.last().unwrap();
        assert_eq!(statistics["interfaces"][1]["interface"], "south");
        assert_eq!(statistics["interfaces"][1]["received"], 2);
    });
}

#[test]
fn a_removed_interface_does_not_end_the_others() {
    in_netns(|| {
        two_networks();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        let mut command = program("capture");
        command.args(words(&format!(
            "-i right -i south -w {} udp",
            path_arg(&path)
        )));
        let running = Running::start(&mut command);
        send_to_both(5);
        ip("link del left");
        std::thread::sleep(std::time::Duration::from_millis(300));
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        for _ in 0..7 {
            socket.send_to(b"later", "198.51.100.2:9").unwrap();
        }
        running.signal(libc::SIGINT);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(
            stderr.contains("pcap-capture: cannot read from `right`: "),
            "{stderr}"
        );
        assert!(stderr.contains("17 packets captured, "), "{stderr}");
        assert_eq!(fields(&path, &["frame.number"]).len(), 17);
    });
}

#[test]
fn a_classic_savefile_has_one_link_type() {
    in_netns(|| {
        two_networks();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let ran = run_program("capture", &["-i", "lo", "-i", "any", "-w", path_arg(&path)]);
        assert_eq!(ran.status, Some(1));
        assert!(
            ran.stderr
                .contains("expected the link type EN10MB for all devices, found LINUX_SLL2")
        );
        assert!(ran.stderr.contains("`.pcapng`"), "{}", ran.stderr);
        assert!(!path.exists());
        let mut command = program("capture");
        command.args(words(&format!(
            "-i right -i south -c 4 -w {} udp",
            path_arg(&path)
        )));
        let running = Running::start(&mut command);
        send_to_both(2);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert_eq!(fields(&path, &["frame.number"]).len(), 4);
    });
}
