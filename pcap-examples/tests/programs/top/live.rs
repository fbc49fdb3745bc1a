//! Live captures, in a terminal that script(1) emulates or as JSON.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::screen::Screen;
use crate::common::live::{PORT, Running, Sender, in_netns};
use crate::common::{path_arg, program, sample_packets, savefile};
use crate::json::validate;

#[test]
fn the_filter_changes_while_packets_are_captured() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut screen = Screen::start(folder.path(), "-i lo --interval 0.1 udp port 1");
        screen.wait_for("?help");
        let sender = Sender::new();
        sender.send(3, 10);
        screen.press("/ and\r");
        screen.wait_for("cannot compile");
        // The previous filter stays.
        sender.send(3, 10);
        screen.press(&format!("f\x15udp dst port {PORT}\r"));
        screen.wait_for("the filter is set");
        // Quitting counts the packets that have arrived.
        sender.send(5, 10);
        screen.press("q");
        let text = screen.end_unread();
        assert!(text.starts_with("5 packets captured"), "{text}");
    });
}

#[test]
fn a_filter_for_standard_input_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    fs::write(&path, savefile(false, false, 1, &sample_packets())).unwrap();
    let arguments = format!("-r - --interval 0.1 --duration 20 <{}", path_arg(&path));
    let mut screen = Screen::start(folder.path(), &arguments);
    screen.wait_for("?help");
    screen.press("/udp\r");
    // "standard input cannot be read again". Before its end, the filter holds for the packets that follow.
    while !screen.wait_for_either("again", "the filter is set") {
        screen.press("f\x15udp\r");
    }
    screen.press("q");
    let text = screen.end_unread();
    assert!(text.contains(" packets read, "), "{text}");
}

#[test]
fn a_blocked_terminal_loses_no_packets() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let arguments = format!("-i lo --interval 0.1 -B 16M udp dst port {PORT}");
        let mut screen = Screen::start(folder.path(), &arguments);
        screen.wait_for("?help");
        // Nothing is read any more. Ctrl-L draws everything, until the pipe is full and the terminal blocks.
        for _ in 0..200 {
            screen.press("\x0c");
            thread::sleep(Duration::from_millis(2));
        }
        Sender::new().send(20_000, 100);
        screen.signal(libc::SIGTERM);
        let text = screen.end_unread();
        assert!(
            text.starts_with("20000 packets captured, 2840000 bytes\n"),
            "{text}"
        );
        assert!(
            text.contains(", 0 dropped, 0 dropped by the interface"),
            "{text}"
        );
    });
}

#[test]
fn packets_are_counted_without_privileges() {
    in_netns(|| {
        let mut command = program("top");
        command.args(["--json", "-i", "lo", "-Z", "nobody", "udp"]);
        let mut running = Running::start(&mut command);
        Sender::new().send(7, 100);
        let status = fs::read_to_string(format!("/proc/{}/status", running.child().id())).unwrap();
        let line = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().to_owned()
        };
        assert_eq!(line("Uid:"), "65534");
        assert_eq!(line("CapEff:"), "0000000000000000");
        running.signal(libc::SIGINT);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        let lines: Vec<&str> = stdout.lines().collect();
        let [.., last, summary] = lines[..] else {
            panic!("expected two lines: {stdout}");
        };
        let value = validate("top", last).pop().unwrap();
        assert_eq!(value["packets"], 7);
        assert_eq!(value["sources"][0]["dropped"], 0);
        let summary = validate("top_summary", summary).pop().unwrap();
        assert_eq!(summary["packets"], 7);
        assert_eq!(summary["received"], 7);
        assert_eq!(summary["dropped"], 0);
        assert!(stderr.starts_with("7 packets captured"), "{stderr}");
    });
}

#[test]
fn a_growing_savefile_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let packets = sample_packets();
    let bytes = savefile(false, false, 1, &packets);
    // With a part of the last packet.
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .unwrap();
    file.write_all(&bytes[..bytes.len() - 9]).unwrap();
    let mut child = program("top")
        .args([
            "--json",
            "--follow",
            "--interval",
            "0.1",
            "-r",
            path_arg(&path),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut is_complete = false;
    let mut last = 0;
    for line in lines {
        let value = validate("top", &line.unwrap()).pop().unwrap();
        last = value["packets"].as_u64().unwrap() as usize;
        if last == packets.len() - 1 && !is_complete {
            file.write_all(&bytes[bytes.len() - 9..]).unwrap();
            is_complete = true;
        }
        if last == packets.len() {
            // SAFETY: the child was not waited for yet, so its process ID is still valid.
            assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGINT) }, 0);
        }
    }
    assert_eq!(last, packets.len());
    assert!(child.wait().unwrap().success());
}
