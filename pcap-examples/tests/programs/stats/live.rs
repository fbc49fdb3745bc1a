//! Statistics of devices.

use std::time::{Duration, Instant};

use crate::common::live::{Running, Sender, in_netns, ip};
use crate::common::process::{Lines, Process};
use crate::common::{program, run_program};
use crate::json::validate;

#[test]
fn each_packet_is_counted_once() {
    in_netns(|| {
        let mut command = program("stats");
        command.args([
            "-i", "lo", "--json", "--table", "summary", "--table", "conv,udp", "udp",
        ]);
        let running = Running::start(&mut command);
        Sender::new().send(500, 100);
        running.signal(libc::SIGINT);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        let tables = validate("table", &stdout);
        // Each datagram has the headers of Ethernet, IPv4 and UDP.
        assert_eq!(tables[0]["rows"][0]["packets"], 500);
        assert_eq!(tables[0]["rows"][0]["bytes"], 500 * (14 + 20 + 8 + 100));
        assert_eq!(tables[1]["rows"][0]["packets_a_to_b"], 500);
        assert!(
            stderr.contains("500 packets captured, 71000 bytes"),
            "{stderr}"
        );
        assert!(
            stderr.contains("500 packets received, 0 dropped"),
            "{stderr}"
        );
    });
}

#[test]
fn sigusr1_prints_the_counts_so_far() {
    in_netns(|| {
        let mut command = program("stats");
        command.args(["-i", "lo", "--table", "summary", "udp"]);
        let mut process = Process::piped(&mut command);
        let lines = Lines::of(&mut process);
        lines.until(|| {}, |line| line.contains("listening on"));
        Sender::new().send(3, 100);
        let ask = || process.signal(libc::SIGUSR1);
        lines.until(ask, |line| line.starts_with("3 packets captured"));
        process.signal(libc::SIGINT);
        assert!(lines.rest().contains("3 packets captured"));
    });
}

#[test]
fn limits_end_the_capture() {
    in_netns(|| {
        let mut command = program("stats");
        let running = Running::start(command.args(["-i", "lo", "-c", "7", "udp"]));
        Sender::new().send(20, 100);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert!(stderr.contains("7 packets captured"), "{stderr}");
        assert!(stdout.contains("\npackets              7\n"), "{stdout}");

        let start = Instant::now();
        let ran = run_program("stats", &["-i", "lo", "--duration", "0.3", "-q"]);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
        assert!(start.elapsed() >= Duration::from_millis(300));
    });
}

/// Both devices are counted together, and one that goes away does not end the other.
#[test]
fn several_devices_are_counted_together() {
    in_netns(|| {
        ip("link add left type veth peer name right");
        for name in ["left", "right"] {
            ip(&format!("link set {name} arp off up"));
        }
        let mut command = program("stats");
        command.args(["-i", "right", "-i", "lo", "--table", "summary", "udp"]);
        let mut process = Process::piped(&mut command);
        let lines = Lines::of(&mut process);
        lines.until(|| {}, |line| line.contains("listening on lo"));
        ip("link del left");
        lines.until(|| {}, |line| line.contains("`right`"));
        Sender::new().send(5, 100);
        process.signal(libc::SIGINT);
        let stderr = lines.rest();
        assert!(stderr.contains("5 packets captured"), "{stderr}");
        let ran = process.end();
        assert_eq!(ran.status, Some(1));
        assert!(ran.text().contains("packets              5\n"), "{ran:?}");
    });
}
