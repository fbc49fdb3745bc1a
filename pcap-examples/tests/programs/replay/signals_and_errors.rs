//! Signals, errors and the exit status of `pcap-replay`.

use std::fs;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use super::{create_device_pair, frames};
use crate::common::live::{Running, in_netns, ip, is_root};
use crate::common::process::Process;
use crate::common::{
    copy_program, path_arg, program, record, run, run_program, run_tool, sample_packets, savefile,
    write_file,
};

#[test]
fn ctrl_c_ends_a_wait_with_the_summary() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let slow = write_file(
            folder.path(),
            "slow.pcap",
            &savefile(
                false,
                false,
                1,
                &[record(1, 0, vec![2; 60]), record(1000, 0, vec![2; 60])],
            ),
        );
        let quick = write_file(
            folder.path(),
            "quick.pcap",
            &savefile(false, false, 1, &frames(10)),
        );
        for (options, input) in [(&[][..], &slow), (&["--fast", "--loops", "0"], &quick)] {
            let mut command = program("replay");
            command.args(["-i", "left"]).args(options).arg(input);
            let start = Instant::now();
            let running = Running::start_saying(&mut command, "sending `");
            thread::sleep(Duration::from_millis(100));
            running.signal(libc::SIGINT);
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{stderr}");
            assert!(stderr.contains(" sent, "), "{stderr}");
            assert!(start.elapsed() < Duration::from_secs(5));
        }
    });
}

/// The queue of the device is full for more than a second, or the device drops the packets.
#[test]
fn ctrl_c_ends_a_wait_to_send() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let packets = [1400; 30].map(|length| record(1, 0, vec![2; length]));
        let input = write_file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 1, &packets),
        );
        let full = "qdisc add dev left root tbf rate 8kbit burst 1600 limit 1600";
        run_tool("tc", &full.split(' ').collect::<Vec<_>>());
        for drops in [false, true] {
            if drops {
                run_tool("tc", &["qdisc", "del", "dev", "left", "root"]);
                ip("link set right mtu 200");
            }
            for pace in [&["--fast"][..], &["--pps", "1000"]] {
                let mut command = program("replay");
                command.args(["-i", "left"]).args(pace).arg(&input);
                let running = Running::start_saying(&mut command, "sending `");
                thread::sleep(Duration::from_millis(300));
                let start = Instant::now();
                running.signal(libc::SIGTERM);
                let (status, _, stderr) = running.end();
                assert!(start.elapsed() < Duration::from_secs(5), "{pace:?}");
                assert_eq!(status.code(), Some(0), "{stderr}");
                assert!(stderr.contains(" sent, "), "{stderr}");
            }
        }
    });
}

#[test]
fn a_removed_device_ends_the_replay() {
    for pace in [&["--pps", "1000"][..], &["--fast"]] {
        in_netns(|| {
            create_device_pair();
            let folder = tempfile::tempdir().unwrap();
            let input = write_file(
                folder.path(),
                "in.pcap",
                &savefile(false, false, 1, &frames(10)),
            );
            let mut command = program("replay");
            command.args(["-i", "left"]).args(pace);
            command.args(["--loops", "0", path_arg(&input)]);
            let running = Running::start_saying(&mut command, "sending `");
            thread::sleep(Duration::from_millis(100));
            ip("link del left");
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(1), "{stderr}");
            let error = stderr.lines().last().unwrap();
            assert!(
                error.contains(" bytes: cannot inject on `left`: "),
                "{stderr}"
            );
        });
    }
}

#[test]
fn exit_status_separates_usage_from_failure() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let input = path_arg(&input);
    for (arguments, status, text) in [
        (&["--help"][..], 0, ""),
        (&[input], 2, "--interface"),
        (
            &["-i", "x", "--fast", "--pps", "1", input],
            2,
            "cannot be used with",
        ),
        (&["-i", "x", "--speed", "0", input], 2, "greater than 0"),
        (&["-i", "x", "--mbps", "inf", input], 2, "greater than 0"),
        (&["-i", "x", "-c", "0", input], 2, "--limit"),
        (&["-i", "x", "--loops", "2", "-"], 2, "more than once"),
        (
            &["-i", "x", "/no/such/file"],
            1,
            "pcap-replay: cannot open `/no/such/file`: ",
        ),
        (
            &["-i", "x", "-f", "tcp prot", input],
            1,
            "pcap-replay: cannot compile `tcp prot`: ",
        ),
    ] {
        let ran = run_program("replay", arguments);
        assert_eq!(ran.status, Some(status), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(text), "{arguments:?}: {}", ran.stderr);
    }
    let ran = run_program("replay", &["-i", "no-such-dev", input]);
    assert_eq!(
        (ran.status, ran.stderr.lines().count()),
        (Some(1), 1),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .starts_with("pcap-replay: cannot activate `no-such-dev`: "),
        "{}",
        ran.stderr
    );
}

#[test]
fn missing_privileges_are_explained() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let copy = copy_program("replay", folder.path());
    let mut command = std::process::Command::new(copy);
    let ran = run(command
        .args(["-i", "lo", path_arg(&input)])
        .uid(65_534)
        .gid(65_534));
    assert_eq!((ran.status, ran.stderr.lines().count()), (Some(1), 1));
    assert!(
        ran.stderr
            .starts_with("pcap-replay: cannot activate `lo`: no permission")
    );
    assert!(ran.stderr.contains("setcap"), "{}", ran.stderr);
}

/// The pipes stay open and silent: without a writer, without any data, and after a packet.
#[test]
fn a_duration_ends_a_wait_for_a_pipe() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        run_tool("mkfifo", &[path_arg(&fifo)]);
        let packets = savefile(false, false, 1, &frames(2));
        for (path, input) in [
            (path_arg(&fifo), &[][..]),
            ("-", &[]),
            ("-", &packets[..20]),
            ("-", &packets),
        ] {
            let mut command = program("replay");
            command.args(["-i", "left", "--duration", "1", path]);
            let mut process = Process::piped(&mut command);
            process
                .child()
                .stdin
                .as_mut()
                .unwrap()
                .write_all(input)
                .unwrap();
            let ran = process.end_unread();
            if input.len() == packets.len() {
                assert_eq!(ran.status, Some(0), "{}", ran.stderr);
                assert!(ran.stderr.contains("\n2 packets sent, "), "{}", ran.stderr);
            } else {
                assert_eq!(ran.status, Some(1), "{}", ran.stderr);
                let expected = format!(
                    "pcap-replay: cannot send `{path}`: it had no packets before the end of the duration\n"
                );
                assert_eq!(ran.stderr, expected);
            }
        }
    });
}
