//! How `pcap-capture` shows packets.

use super::words;
use crate::common::live::{Running, Sender, in_netns};
use crate::common::process::{Process, wait_until};
use crate::common::program;

#[test]
fn views_are_those_of_pcap_read() {
    in_netns(|| {
        let mut command = program("capture");
        command.args(words("-i lo -n -c 2 -tttt -e -v -X -# udp"));
        let running = Running::start(&mut command);
        Sender::new().send(2, 8);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        let lines: Vec<_> = stdout.lines().collect();
        assert_eq!(lines.len(), 2 * 6, "{stdout}");
        for (lines, number) in lines.chunks(6).zip(["    1  20", "    2  20"]) {
            assert!(lines[0].starts_with(number), "{stdout}");
            let header =
                " 00:00:00:00:00:00 > 00:00:00:00:00:00, ethertype IPv4 (0x0800), length 50: 127.";
            assert!(lines[0].contains(header), "{stdout}");
            assert!(lines[0].ends_with(" UDP, length 8"), "{stdout}");
            assert!(
                lines[1].starts_with("    IPv4 tos 0x0, ttl 64, "),
                "{stdout}"
            );
            assert!(lines[2].starts_with("    UDP cksum 0x"), "{stdout}");
            assert!(lines[3].starts_with("\t0x0000:  4500 0024 "), "{stdout}");
        }
    });
}

#[test]
fn quiet_lines_are_short_and_without_statistics() {
    in_netns(|| {
        let mut command = program("capture");
        let mut running = Process::piped(command.args(words("-i lo -c 1 -q -t -l udp")));
        let sender = Sender::new();
        // It does not say when it begins.
        wait_until("it has captured a packet", || {
            sender.send(1, 8);
            !running.is_running()
        });
        let ran = running.end();
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
        let line = ran.text();
        assert!(line.starts_with("127.0.0.1:"), "{line}");
        assert!(line.ends_with(" UDP, length 8\n"), "{line}");
    });
}

/// The numbers and the first time are those of all threads together.
#[test]
fn threads_share_numbers() {
    in_netns(|| {
        let mut command = program("capture");
        command.args(words("-i lo -c 20 --threads 2 -# -ttttt udp"));
        let running = Running::start(&mut command);
        for _ in 0..20 {
            Sender::new().send(1, 8);
        }
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        let number = |line: &str| line.trim_start().split(' ').next()?.parse().ok();
        let mut numbers: Vec<u32> = stdout.lines().filter_map(number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=20).collect::<Vec<_>>(), "{stdout}");
        let first = stdout.matches("  00:00:00.000000 ").count();
        assert!(first >= 1, "{stdout}");
    });
}
