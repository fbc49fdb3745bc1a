//! Further savefiles with their own filters (`--also`), and savefiles of several threads.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::words;
use crate::common::live::{Running, Sender, in_netns};
use crate::common::{RunResult, path_arg, program, run, run_program, run_tool};

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

/// The savefiles of `--also` change as those of `-w` do. Each output is a ring of its own.
#[test]
fn further_savefiles_rotate() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut command = program("capture");
        command.current_dir(folder.path());
        command.args(words("-i lo -C 20kB -W 3 -w a.pcap --print-files"));
        command.args(["--also", "udp port 9999=b.pcapng", "udp"]);
        let running = Running::start(&mut command);
        Sender::new().send(200, 1000);
        running.signal(libc::SIGINT);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        let text = "`b.pcapng`: 200 packets written, ";
        assert!(stderr.contains(text), "{stderr}");
        for (name, files) in [("a.pcap", 10), ("b.pcapng", 10)] {
            let listed = stdout.lines().filter(|line| line.starts_with(name));
            assert!(listed.count() > files, "{stdout}");
            let kept = [0, 1, 2].map(|number| folder.path().join(format!("{name}{number}")));
            let last = kept
                .iter()
                .any(|path| super::numbers(path).ends_with(&[199]));
            assert!(last, "{stdout}");
            assert!(
                kept.iter()
                    .all(|path| path.metadata().unwrap().len() <= 20_000)
            );
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 6);
    });
}

/// Runs a capture that must fail in a folder. Afterwards, the folder has the same files.
fn fail_in(folder: &Path, options: &str, also: &[&str]) -> RunResult {
    let list = || {
        let entries = fs::read_dir(folder).unwrap();
        let entries = entries.map(|entry| entry.unwrap());
        let mut list: Vec<_> = entries
            .map(|entry| (entry.file_name(), entry.metadata().unwrap().len()))
            .collect();
        list.sort();
        list
    };
    let before = list();
    let mut command = program("capture");
    command.current_dir(folder).args(words("-i lo -c 1"));
    command.args(words(options));
    for also in also {
        command.args(["--also", also]);
    }
    // Without an error, the capture would not end.
    let ran = run(command.args(words("-a duration:1")));
    assert_eq!(list(), before, "{options} {also:?}: {}", ran.stderr);
    ran
}

#[test]
fn each_output_is_another_file() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("inner")).unwrap();
        fs::write(path("old.pcap"), "old").unwrap();
        symlink("old.pcap", path("link.pcap")).unwrap();
        symlink("new.pcap", path("dangling.pcap")).unwrap();
        fs::hard_link(path("old.pcap"), path("hard.pcap")).unwrap();
        for (options, also, part) in [
            (
                "-w new.pcap",
                &["udp=./new.pcap"][..],
                "for --also: it is also the file `new.pcap` of -w",
            ),
            ("-w new.pcap", &["udp=inner/../new.pcap"], "of -w"),
            ("-w dangling.pcap", &["udp=new.pcap"], "of -w"),
            ("-w old.pcap", &["udp=link.pcap"], "of -w"),
            ("-w old.pcap", &["udp=hard.pcap"], "of -w"),
            (
                "-w a.pcap",
                &["udp=new.pcap", "tcp=dangling.pcap"],
                "of --also",
            ),
            (
                "-w old.pcap --status-file old.pcap",
                &[],
                "for --status-file",
            ),
            (
                "-w new.pcap --status-file ./new.pcap",
                &[],
                "for --status-file",
            ),
            ("-C 1 -w new.pcap", &["udp=new.pcap"], "of -w"),
            (
                "-b packets:1 -b printname:new.pcap -w new.pcap",
                &[],
                "for printname",
            ),
            (
                "--threads 2 -w new.pcap",
                &["udp=./new.pcap"],
                "`new-1.pcap` of -w",
            ),
            ("-w -", &["udp=-"], "for --also"),
        ] {
            let ran = fail_in(folder.path(), options, also);
            assert_eq!(ran.status, Some(1), "{options}: {}", ran.stderr);
            assert!(ran.stderr.contains(part), "{options}: {}", ran.stderr);
        }
        assert_eq!(fs::read(path("old.pcap")).unwrap(), b"old");
        for (options, also) in [
            ("", "udp=-"),
            ("-C 1 -w a.pcap", "udp=-"),
            ("-w a.pcap --print-files", "udp=-"),
            ("", "udp=/dev/stdout"),
            ("-C 1 -w a.pcap", "udp=/dev/fd/1"),
            ("-w a.pcap --print-files", "udp=/dev/stdout"),
            ("-w a.pcap -b printname:/dev/stdout", "udp=-"),
            ("-w /dev/stdout --print", "udp=a.pcap"),
            ("-w /proc/self/fd/1 -C 1", "udp=a.pcap"),
        ] {
            let ran = fail_in(folder.path(), options, &[also]);
            assert_eq!(ran.status, Some(2), "{options}: {}", ran.stderr);
            assert!(ran.stderr.contains("standard output"), "{}", ran.stderr);
        }
    });
}

#[test]
fn no_output_is_created_if_another_one_cannot_be() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("inner")).unwrap();
        fs::write(path("old.pcap"), "old").unwrap();
        symlink("status", path("link")).unwrap();
        run_tool("mkfifo", &[path_arg(&path("fifo"))]);
        for (options, also, part) in [
            (
                "-w old.pcap",
                &["udp=none/b.pcap"][..],
                "the folder `none` does not exist",
            ),
            (
                "-w old.pcap",
                &["udp=inner"],
                "it is a folder; add the name of a file, as in `inner/a.pcap`",
            ),
            (
                "-w old.pcap",
                &["not a filter=b.pcap"],
                "cannot compile `not a filter`",
            ),
            ("-w old.pcap", &["udp=b.xz"], "xz"),
            (
                "-w old.pcap --status-file none/status",
                &[],
                "the folder `none` does not exist",
            ),
            (
                "-w old.pcap --status-file link",
                &[],
                "expected a regular file, found a symbolic link",
            ),
            (
                "-w old.pcap --status-file fifo",
                &[],
                "expected a regular file, found a device",
            ),
            (
                "-w a.pcap -b packets:1 -b printname:none/list",
                &[],
                "the folder `none` does not exist",
            ),
            (
                "-b packets:1 -w inner/",
                &[],
                "add the name of a file, as in `inner/a.pcap`",
            ),
            (
                "-C 1 -w inner",
                &[],
                "add the name of a file, as in `inner/a.pcap`",
            ),
            ("-G 1 -w %F/", &[], "it is a folder"),
            (
                "-C 1 -w none/a.pcap",
                &[],
                "the folder `none` does not exist",
            ),
            (
                "-C 1 -w a.pcap",
                &["udp=none/b.pcap"],
                "the folder `none` does not exist",
            ),
        ] {
            let ran = fail_in(folder.path(), options, also);
            assert_eq!(ran.status, Some(1), "{options}: {}", ran.stderr);
            assert!(ran.stderr.contains(part), "{options}: {}", ran.stderr);
        }
        assert_eq!(fs::read(path("old.pcap")).unwrap(), b"old");
    });
}
