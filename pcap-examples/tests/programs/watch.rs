//! `watch` on a loopback device of its own.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use crate::common::live::{Running, Sender, in_netns, ip};
use crate::common::{ours, program};

#[test]
fn packets_then_statistics_on_ctrl_c() {
    in_netns(|| {
        let mut running = Running::start_saying(program("watch").arg("lo"), "watching lo");
        Sender::new().send(20, 100);
        let mut lines = BufReader::new(running.child().stdout.take().unwrap()).lines();
        for _ in 0..20 {
            let line = lines.next().unwrap().unwrap();
            assert!(line.ends_with(" 142 bytes"), "{line}");
        }
        // Now it waits, and nothing more comes.
        let start = Instant::now();
        running.signal(libc::SIGINT);
        let (status, _, stderr) = running.end();
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "{:?}",
            start.elapsed()
        );
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert_eq!(stderr, "20 received, 0 dropped\n");
        assert!(lines.next().is_none());
    });
}

#[test]
fn any_has_the_longer_cooked_header() {
    in_netns(|| {
        let mut running = Running::start_saying(program("watch").arg("any"), "watching any");
        Sender::new().send(1, 100);
        let mut lines = BufReader::new(running.child().stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        assert!(line.ends_with(" 148 bytes"), "{line}");
        running.signal(libc::SIGINT);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
    });
}

#[test]
fn a_gone_device_has_statistics() {
    in_netns(|| {
        ip("link add left type veth peer name right");
        for end in ["left", "right"] {
            ip(&format!("link set {end} arp off up"));
        }
        ip("route add 192.0.2.0/24 dev left");
        let running = Running::start_saying(program("watch").arg("right"), "watching right");
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        for _ in 0..20 {
            socket.send_to(&[7; 58], "192.0.2.9:9").unwrap();
        }
        ip("link del right");
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(1), "{stderr}");
        let printed = stdout.lines().filter(|line| line.ends_with(" 100 bytes"));
        assert_eq!(printed.count(), 20, "{stdout}");
        let lines: Vec<&str> = stderr.lines().collect();
        assert!(lines[0].ends_with(" received, 0 dropped"), "{stderr}");
        assert!(lines[1].contains("cannot read from `right`"), "{stderr}");
    });
}

#[test]
fn a_device_that_is_not_there_is_an_error() {
    let ran = ours("watch", &["nosuch"]);
    assert_eq!((ran.status, ran.text()), (Some(1), ""));
    assert!(ran.stderr.contains("`nosuch`"), "{}", ran.stderr);
}
