//! Captures with several threads (`pcap-capture --threads`).

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use super::{statistics, words};
use crate::common::live::{Running, in_netns, ip};
use crate::common::{program, run_program};

/// Sends eight flows. Each has a datagram of each length.
fn send_flows(lengths: std::ops::Range<usize>) {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = receiver.local_addr().unwrap();
    let flows: Vec<_> = (0..8)
        .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
        .collect();
    for length in lengths {
        for flow in &flows {
            flow.send_to(&vec![0; length], to).unwrap();
        }
    }
}

/// Each packet is printed once, packets of a flow are in order, and the statistics are the sum.
#[test]
fn threads_print_each_packet_once() {
    in_netns(|| {
        let mut command = program("capture");
        let running = Running::start(command.args(words("-i lo --threads 3 udp")));
        send_flows(8..108);
        running.signal(libc::SIGINT);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert!(stderr.contains("800 packets captured"), "{stderr}");
        let [received, dropped, _] = statistics(&stderr);
        assert!(received >= 800 && dropped == 0, "{stderr}");
        let mut flows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for line in stdout.lines() {
            let (_, rest) = line.split_once("127.0.0.1:").unwrap();
            let (port, rest) = rest.split_once(" > ").unwrap();
            let (_, length) = rest.split_once("UDP, length ").unwrap();
            flows.entry(port).or_default().push(length.parse().unwrap());
        }
        assert_eq!(flows.len(), 8);
        for lengths in flows.values() {
            assert!(lengths.iter().copied().eq(8..108), "{lengths:?}");
        }
    });
}

#[test]
fn threads_share_a_count_and_a_duration() {
    in_netns(|| {
        let mut command = program("capture");
        let running = Running::start(command.args(words("-i lo --threads 4 -c 50 --json udp")));
        send_flows(20..40);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert!(stderr.contains("50 packets captured, "), "{stderr}");
        let lines: Vec<_> = stdout.lines().collect();
        assert_eq!(lines.len(), 51);
        assert!(lines[50].contains("\"statistics\""), "{}", lines[50]);

        let start = Instant::now();
        let ran = run_program(
            "capture",
            &["-i", "lo", "--threads", "2", "--duration", "0.3"],
        );
        assert_eq!((ran.status, ran.text()), (Some(0), ""), "{}", ran.stderr);
        assert_eq!(statistics(&ran.stderr), [0, 0, 0]);
        assert!(start.elapsed() >= Duration::from_millis(300));
        assert!(start.elapsed() < Duration::from_secs(3));

        for wrong in ["0", "257", "x"] {
            assert_eq!(
                run_program("capture", &["--threads", wrong]).status,
                Some(2)
            );
        }
        for wrong in [&["-w", "-"][..], &["-i", "any"], &["--status-file", "x"]] {
            let arguments = [&["-i", "lo", "--threads", "2"], wrong].concat();
            assert_eq!(
                run_program("capture", &arguments).status,
                Some(2),
                "{wrong:?}"
            );
        }
        let ran = run_program("capture", &["-i", "nosuch", "--threads", "2"]);
        assert_eq!(ran.status, Some(1));
        assert!(ran.stderr.contains("nosuch"), "{}", ran.stderr);
    });
}

/// The packets captured before the device was removed and the statistics are printed, too.
#[test]
fn threads_report_a_removed_device() {
    in_netns(|| {
        for name in ["left", "right"] {
            if name == "left" {
                ip("link add left type veth peer name right");
            }
            ip(&format!("link set {name} arp off up"));
        }
        ip("addr add 192.0.2.1/24 dev left");
        let mut command = program("capture");
        let running = Running::start(command.args(words("-i right --threads 2 udp")));
        let socket = UdpSocket::bind("192.0.2.1:0").unwrap();
        for _ in 0..30 {
            socket.send_to(&[7; 50], "192.0.2.2:9").unwrap();
        }
        std::thread::sleep(Duration::from_millis(300));
        ip("link del left");
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert_eq!(stdout.lines().count(), 30, "{stderr}");
        assert!(stderr.contains("30 packets captured, "), "{stderr}");
        assert_eq!(statistics(&stderr)[..2], [30, 0], "{stderr}");
        assert!(stderr.contains("cannot read from `right`"), "{stderr}");
    });
}
