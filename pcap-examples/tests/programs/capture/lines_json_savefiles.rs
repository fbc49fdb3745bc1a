//! Lines, JSON and savefiles written by `pcap-capture`.

use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use super::{numbers, statistics, words};
use crate::common::live::{PORT, Running, Sender, in_netns};
use crate::common::{path_arg, program};

#[test]
fn lines_appear_promptly_in_a_pipe() {
    in_netns(|| {
        let mut command = program("capture");
        let mut running = Running::start(command.args(words("-i lo -f udp")));
        let sender = Sender::new();
        sender.send(1, 8);
        let mut stdout = BufReader::new(running.child().stdout.take().unwrap());
        let mut line = String::new();
        // The device is idle after one packet, so waiting for a full buffer would take forever.
        stdout.read_line(&mut line).unwrap();
        assert!(
            line.contains(&format!(" > 127.0.0.1:{PORT} UDP, length 8")),
            "{line}"
        );
        drop(stdout);
        sender.send(1, 8);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert!(stderr.contains("1 packet captured, 50 bytes"), "{stderr}");
        assert_eq!((statistics(&stderr)[1], stderr.lines().count()), (0, 2));
    });
}

#[test]
fn a_savefile_is_written_to_a_pipe() {
    in_netns(|| {
        let mut command = program("capture");
        command.args(words(
            "-i lo -U -w - -s 60 --time-stamp-precision micro udp",
        ));
        let mut running = Running::start(&mut command);
        Sender::new().send(1, 100);
        let mut stdout = running.child().stdout.take().unwrap();
        let mut bytes = [0; 24 + 16 + 60];
        stdout.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes[..4], 0xa1b2_c3d4_u32.to_ne_bytes());
        assert_eq!(
            bytes[32..40],
            [60_u32.to_ne_bytes(), 142_u32.to_ne_bytes()].concat()
        );
        running.signal(libc::SIGINT);
        assert_eq!(running.end().0.code(), Some(0));
    });
}

#[test]
fn json_has_one_line_per_packet() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let mut command = program("capture");
        command.args(words(&format!(
            "-i lo --json -q -c 3 --print -w {}",
            path_arg(&path)
        )));
        let mut running = command
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // With -q, the program does not print when it is ready. Send packets until it has captured enough.
        let sender = Sender::new();
        while running.try_wait().unwrap().is_none() {
            sender.send(1, 10);
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut text = String::new();
        running
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 4, "{text}");
        for packet in &lines[..3] {
            assert_eq!(
                (&packet["type"], &packet["protocol"]),
                (&"packet".into(), &"UDP".into())
            );
            assert_eq!(packet["destination_port"], PORT);
        }
        assert_eq!(lines[3]["type"], "statistics");
        assert_eq!(
            (&lines[3]["packets"], &lines[3]["bytes"]),
            (&3.into(), &156.into())
        );
        assert_eq!(numbers(&path).len(), 3);
    });
}

/// The reader of the lines needs no more of them, but the savefile gets all packets that have arrived.
#[test]
fn a_closed_pipe_loses_no_packets_of_the_savefile() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        for options in ["-i lo", "-i lo -i lo"] {
            let mut command = program("capture");
            command
                .args(words(options))
                .args(words("-B 4M -l --print -w"));
            let mut running = Running::start(command.arg(&path).arg("udp"));
            let sender = Sender::new();
            sender.send(1, 100);
            let mut stdout = BufReader::new(running.child().stdout.take().unwrap());
            stdout.read_line(&mut String::new()).unwrap();
            // All packets are in the kernel's buffer when the program notices that the pipe is closed.
            running.signal(libc::SIGSTOP);
            drop(stdout);
            sender.send(500, 100);
            running.signal(libc::SIGCONT);
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{stderr}");
            let copies = options.matches("-i").count();
            let captured = format!("{} packets captured, ", 501 * copies);
            assert!(stderr.contains(&captured), "{stderr}");
            assert_eq!(numbers(&path).len(), 501 * copies);
        }
    });
}
