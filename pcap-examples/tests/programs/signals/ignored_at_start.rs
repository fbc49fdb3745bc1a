//! Signals that are ignored when a program starts.

use std::fs;
use std::io::Write;
use std::thread;
use std::time::Duration;

use super::{capture, command, copying, long, packets_in, said, words};
use crate::common::live::{Running, Sender, in_netns};
use crate::common::process::{Lines, Process, ignore_signals, wait_until};
use crate::common::{path_arg, run_tool, write_file};

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn sighup_ignored_at_start_stays_ignored() {
    let folder = tempfile::tempdir().unwrap();
    for words_ in copying(folder.path()) {
        let words = words(&words_);
        let mut process = Process::piped(ignore_signals(&mut command(&words), &[libc::SIGHUP]));
        process.wait_until_handles(libc::SIGUSR1);
        process.signal(libc::SIGHUP);
        assert_eq!(process.status("SigIgn") & 1, 1, "{words:?}");
        let mut stdin = process.child().stdin.take().unwrap();
        stdin.write_all(&long(10)).unwrap();
        drop(stdin);
        let ran = process.end();
        assert_eq!(ran.status, Some(0), "{words:?}: {}", ran.stderr);
        let _ = fs::remove_file(folder.path().join("out-00000.pcap"));
    }
    in_netns(|| {
        let endless = write_file(folder.path(), "endless.pcap", &long(10));
        let path = folder.path().join("live.pcap");
        for words in [
            &["capture", "-i", "lo", "-w", path_arg(&path)][..],
            &["replay", "-i", "lo", "--loops", "0", path_arg(&endless)],
        ] {
            let mut nohup = command(words);
            let mut process = Process::piped(ignore_signals(&mut nohup, &[libc::SIGHUP]));
            process.wait_until_handles(libc::SIGUSR1);
            process.signal(libc::SIGHUP);
            assert_eq!(process.status("SigIgn") & 1, 1, "{words:?}");
            thread::sleep(Duration::from_millis(200));
            assert!(process.is_running(), "{words:?}");
            process.signal(libc::SIGTERM);
            process.end();
        }
    });
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn sighup_ends_a_capture_like_sigterm() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let running = Running::start(&mut capture(&["-w", path_arg(&path)]));
        Sender::new().send(500, 64);
        running.signal(libc::SIGHUP);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert_eq!(
            (said(&stderr, " packets captured"), packets_in(&path)),
            (500, 500)
        );
    });
}

/// SIGINT is ignored in the background jobs of a script.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn ignored_sigint_and_sigterm_still_end_programs() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    run_tool("mkfifo", &[path_arg(&fifo)]);
    let mut all = copying(folder.path());
    all.push(["bpf", "-F", path_arg(&fifo)].map(str::to_owned).to_vec());
    for words_ in &all {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            let words = words(words_);
            let ignored = &[libc::SIGINT, libc::SIGTERM];
            let process = Process::piped(ignore_signals(&mut command(&words), ignored));
            process.wait_until_handles(libc::SIGUSR1);
            process.signal(signal);
            let ran = process.end_unread();
            assert_ne!(ran.status, Some(0), "{words:?}: {}", ran.stderr);
            let _ = fs::remove_file(folder.path().join("out-00000.pcap"));
        }
    }
    in_netns(|| {
        for words in [
            &["capture", "-i", "lo"][..],
            &["capture", "-i", "lo", "-w", "-"],
        ] {
            let mut background = command(words);
            let ignored = &[libc::SIGINT, libc::SIGQUIT];
            let mut running = Process::piped(ignore_signals(&mut background, ignored));
            Lines::of(&mut running).next();
            running.signal(libc::SIGINT);
            wait_until("it ends", || !running.is_running());
            assert!(running.child().wait().unwrap().success(), "{words:?}");
        }
    });
}
