//! Outputs that are slower than the packets arrive.

use std::net::UdpSocket;

use super::{two_networks, words};
use crate::common::live::{Running, Sender, in_netns};
use crate::common::process::{Lines, Process};
use crate::common::{path_arg, program, run_program};

/// Returns the numbers of a line of the statistics.
fn counts(stderr: &str, text: &str) -> Vec<u64> {
    let line = stderr.lines().find(|line| line.contains(text)).unwrap();
    let numbers = line.split(|c: char| !c.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// A flood above the rate of the compressor: each packet is written, or counted as lost because of the output.
#[test]
fn packets_lost_because_of_the_compressor_are_counted() {
    in_netns(|| {
        two_networks();
        for options in [
            "--compress zstd:9 -w a.pcap.zst",
            "--compress gzip:9 -w a.pcap.gz",
            "--compress gzip:9 -b packets:500 -w a.pcap.gz",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let mut command = program("capture");
            command.current_dir(folder.path());
            command.args(words(&format!("-i right -B 256 --queue 64K {options} udp")));
            let running = Running::start(&mut command);
            let sender = UdpSocket::bind("192.0.2.1:0").unwrap();
            let mut state = 1_u32;
            for _ in 0..4000 {
                // Bytes that are slow to compress.
                let byte = |_| {
                    state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                    (state >> 24) as u8 & 15
                };
                let data: Vec<u8> = (0..1400).map(byte).collect();
                sender.send_to(&data, "192.0.2.2:9").unwrap();
            }
            running.signal(libc::SIGINT);
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{stderr}");
            let captured = counts(&stderr, "packets captured")[0];
            let received = counts(&stderr, "packets received");
            let text = "warning: packets are lost because an output is too slow";
            assert!(stderr.contains(text), "{stderr}");
            let [all, dropped, if_dropped, waiting] = received[..] else {
                panic!("{stderr}");
            };
            assert_eq!((all, if_dropped), (4000, 0), "{stderr}");
            assert_eq!(all, captured + dropped + waiting, "{stderr}");
            assert!(waiting > 0, "{stderr}");
            let mut written = 0;
            for entry in folder.path().read_dir().unwrap() {
                let path = entry.unwrap().path();
                let counted = run_program("read", &["--count", path_arg(&path)]);
                written += counted.success_output().trim().parse::<u64>().unwrap();
            }
            assert_eq!(written, captured, "{stderr}");
        }
    });
}

/// Packets that wait for the output are not lost, and the report of a signal says so.
#[test]
fn packets_that_wait_are_not_yet_written() {
    in_netns(|| {
        let mut command = program("capture");
        command.args(words("-i lo -q -U -w - udp"));
        // Nothing reads standard output.
        let mut process = Process::piped(&mut command);
        process.wait_until_handles(libc::SIGUSR1);
        let lines = Lines::of(&mut process);
        let sender = Sender::new();
        let ask = || {
            sender.send(200, 1000);
            process.signal(libc::SIGUSR1);
        };
        lines.until(ask, |line| line.ends_with(" not written yet"));
    });
}
