//! Reports on SIGUSR1, and flushes on SIGUSR2, while a program continues.

use std::fs;
use std::io::Write;
use std::thread;
use std::time::Duration;

use super::{capture, command, copying, packets_in, said, words};
use crate::common::live::{Sender, in_netns};
use crate::common::process::{Lines, Process};
use crate::common::{path_arg, record, sample_packets, savefile, write_file};

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_capture_reports_and_continues() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let sender = Sender::new();
        for options in [
            &["-q", "-w", path_arg(&path)][..],
            &["-q", "--threads", "2"],
        ] {
            let mut process = Process::piped(&mut capture(options));
            process.wait_until_handles(libc::SIGUSR1);
            let lines = Lines::of(&mut process);
            let ask = || process.signal(libc::SIGUSR1);
            // With -q, the program does not print when it is ready. Send packets and signals until it has captured one.
            lines.until(
                || {
                    sender.send(1, 64);
                    ask();
                },
                |line| line.contains(" packets captured, ") && !line.starts_with("0 "),
            );
            // Packets that arrive before the signal are included in its report.
            thread::sleep(Duration::from_millis(500));
            let before = said(
                &lines.until(ask, |line| line.contains("captured")),
                " packets captured",
            );
            sender.send(20, 64);
            let expected = format!("{} packets captured, ", before + 20);
            lines.until(ask, |line| line.starts_with(&expected));
            let received = lines.until(|| {}, |line| line.contains("received"));
            assert!(received.contains(", 0 dropped, "), "{received}");
            process.signal(libc::SIGUSR2);
            sender.send(5, 64);
            process.signal(libc::SIGTERM);
            let ran = process.end();
            assert_eq!(ran.status, Some(0), "{options:?}");
            let written = match options.contains(&"-w") {
                true => packets_in(&path),
                false => ran.lines().len() as u64,
            };
            assert_eq!(written, before + 25, "{options:?}");
        }
    });
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn replay_reports_and_continues() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let frames: Vec<_> = [0, 1, 3].map(|n| record(n, 0, vec![0; 60])).to_vec();
        let input = write_file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 1, &frames),
        );
        let mut process = Process::piped(&mut command(&[
            "replay",
            "-q",
            "-i",
            "lo",
            path_arg(&input),
        ]));
        process.wait_until_handles(libc::SIGUSR1);
        let lines = Lines::of(&mut process);
        let ask = || {
            process.signal(libc::SIGUSR2);
            process.signal(libc::SIGUSR1);
        };
        let line = lines.until(ask, |line| line.starts_with("2 packets sent, 120 bytes"));
        assert!(line.ends_with("; 0 not sent"), "{line}");
        assert_eq!(process.end().status, Some(0));
    });
}

/// The programs report while they wait for more data in a pipe.
#[test]
fn copying_programs_report_flush_and_continue() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let (first, second) = bytes.split_at(
        24 + 3 * 16
            + sample_packets()[..3]
                .iter()
                .map(|p| p.2.len())
                .sum::<usize>(),
    );
    for words_ in copying(folder.path()) {
        let words = words(&words_);
        let mut process = Process::piped(&mut command(&words));
        process.wait_until_handles(libc::SIGUSR1);
        let mut stdin = process.child().stdin.take().unwrap();
        let lines = Lines::of(&mut process);
        stdin.write_all(first).unwrap();
        let expected = match words[0] {
            "read" => "3 packets read",
            "split" => "3 packets read, 0 of them in 0 complete savefiles",
            _ => "3 of 3 packets",
        };
        // The signals do nothing before the program begins to copy, so repeat them.
        let ask = || {
            process.signal(libc::SIGUSR2);
            process.signal(libc::SIGUSR1);
        };
        lines.until(ask, |line| line == expected);
        stdin.write_all(second).unwrap();
        drop(stdin);
        let ran = process.end();
        assert_eq!(ran.status, Some(0), "{words:?}");
        if words[0] == "read" {
            assert_eq!(ran.lines().len(), sample_packets().len());
        } else {
            let out = folder.path().join("out-00000.pcap");
            assert_eq!(fs::read(&out).unwrap(), bytes, "{words:?}");
            fs::remove_file(out).unwrap();
        }
    }
}
