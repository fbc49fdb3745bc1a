//! Further savefiles with their own filters (`--also`), and savefiles of several threads.

use std::net::UdpSocket;

use super::words;
use crate::common::live::{Running, in_netns};
use crate::common::{path_arg, program, run_program, run_tool};

/// Sends this many datagrams to two ports each, from several sockets.
fn send(count: usize) {
    let receivers = [9001, 9002].map(|port| UdpSocket::bind(("127.0.0.1", port)).unwrap());
    let senders: Vec<_> = (0..8)
        .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
        .collect();
    for number in 0..count {
        for receiver in &receivers {
            let sender = &senders[number % senders.len()];
            sender
                .send_to(&[1; 50], receiver.local_addr().unwrap())
                .unwrap();
        }
    }
}

fn packets(path: &std::path::Path) -> usize {
    run_tool("tcpdump", &["-n", "-r", path_arg(path)])
        .lines()
        .count()
}

#[test]
fn further_savefiles_have_their_own_filters_and_counts() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut command = program("capture");
        command.args(words(&format!("-i lo -w {}", path_arg(&path("all.pcap")))));
        let also = format!("udp[2:2] = 9001={}", path_arg(&path("some.pcapng.gz")));
        command.args(["--also", &also]);
        command.args(["--also", &format!("tcp={}", path_arg(&path("none.pcap")))]);
        command.args(["--json", "udp"]);
        let running = Running::start(&mut command);
        send(30);
        running.signal(libc::SIGINT);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert!(stderr.contains("60 packets captured, "), "{stderr}");
        assert!(
            stderr.contains("some.pcapng.gz`: 30 packets written, "),
            "{stderr}"
        );
        assert!(
            stderr.contains("none.pcap`: 0 packets written, 0 bytes"),
            "{stderr}"
        );
        let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(json["outputs"][0]["filter"], "udp[2:2] = 9001");
        assert_eq!(json["outputs"][0]["packets"], 30);
        assert_eq!(
            (packets(&path("all.pcap")), packets(&path("none.pcap"))),
            (60, 0)
        );
        let some = run_tool("tshark", &["-r", path_arg(&path("some.pcapng.gz"))]);
        assert_eq!(some.lines().count(), 30);
    });
}

#[test]
fn a_further_savefile_that_fails_does_not_end_the_capture() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.pcap");
        let mut command = program("capture");
        command.args(words(&format!("-i lo -U -w {}", path_arg(&path))));
        command.args(["--also", "udp=/dev/full", "udp"]);
        let running = Running::start(&mut command);
        send(30);
        std::thread::sleep(std::time::Duration::from_millis(500));
        send(30);
        running.signal(libc::SIGINT);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("cannot write `/dev/full`: "), "{stderr}");
        assert!(stderr.contains("120 packets captured, "), "{stderr}");
        assert!(
            stderr.contains("`/dev/full`: 0 packets written, 0 bytes, 120 packets not written"),
            "{stderr}"
        );
        assert_eq!(packets(&path), 120);
    });
    let ran = run_program("capture", &["--also", "dns.pcap"]);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr.contains("expected EXPR=FILE, found `dns.pcap`"),
        "{}",
        ran.stderr
    );
}

/// Each thread writes a savefile, and each packet is in one of them.
#[test]
fn threads_write_their_own_savefiles() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        let mut command = program("capture");
        command.args(words(&format!(
            "-i lo --threads 3 -w {} udp",
            path_arg(&path)
        )));
        let running = Running::start(&mut command);
        send(200);
        running.signal(libc::SIGINT);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert!(stderr.contains("400 packets captured, "), "{stderr}");
        let parts = [1, 2, 3].map(|number| folder.path().join(format!("a-{number}.pcapng")));
        let total: usize = parts.iter().map(|part| packets(part)).sum();
        assert_eq!(total, 400);
        assert!(!path.exists());
    });
}
