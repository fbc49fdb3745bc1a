//! Signals that make a program give up its output, or kill it.

use std::fs;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use super::{capture, command, long, said, slowly};
use crate::common::live::{Running, Sender, in_netns};
use crate::common::process::{Lines, Process, wait_until, whole_packets};
use crate::common::{RunResult, not_written, path_arg, run_tool, write_file};

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn later_signals_make_the_program_give_up() {
    in_netns(|| {
        for (signals, pause) in [(1, 2500), (2, 0)] {
            let mut process = Process::piped(&mut capture(&["-B", "64M", "-w", "-"]));
            let lines = Lines::of(&mut process);
            lines.next();
            let stdout = process.child().stdout.take().unwrap();
            // The reader below takes ten seconds for this output.
            Sender::new().send(16_000, 64);
            process.signal(libc::SIGTERM);
            let reading = thread::spawn(move || slowly(stdout, |_| false));
            thread::sleep(Duration::from_millis(pause));
            assert!(process.is_running());
            for _ in 0..signals {
                thread::sleep(Duration::from_millis(30));
                process.signal(libc::SIGTERM);
            }
            let asked = Instant::now();
            wait_until("it ends", || !process.is_running());
            assert!(asked.elapsed() < Duration::from_secs(5));
            let said_ = lines.rest();
            assert_eq!(process.child().wait().unwrap().code(), Some(1), "{said_}");
            assert!(not_written(&said_) > 0, "{said_}");
            let all = reading.join().unwrap();
            assert_eq!(
                whole_packets(&all).0 + not_written(&said_),
                16_000,
                "{said_}"
            );
        }
    });
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_signal_interrupts_opening_a_fifo() {
    let folder = tempfile::tempdir().unwrap();
    let (fifo, output) = (folder.path().join("fifo"), folder.path().join("out.pcap"));
    run_tool("mkfifo", &[path_arg(&fifo)]);
    let input = write_file(folder.path(), "in.pcap", &long(100));
    let (fifo, input) = (path_arg(&fifo), path_arg(&input));
    let out = path_arg(&output);
    let ends = |words: &[&str]| -> RunResult {
        let process = Process::piped(&mut command(words));
        process.wait_until_handles(libc::SIGUSR1);
        thread::sleep(Duration::from_millis(200));
        process.signal(libc::SIGTERM);
        let ran = process.end_unread();
        assert_ne!(ran.status, Some(0), "{words:?}: {}", ran.stderr);
        ran
    };
    for words in [
        &["filter", input, fifo][..],
        &["recode", input, fifo],
        &["recode", "--compress", "gzip", input, fifo],
        &["merge", input, "-w", fifo],
    ] {
        let ran = ends(words);
        assert_eq!(ran.status, Some(1), "{words:?}");
        assert!(
            ran.stderr.contains("\n100 packets not written\n"),
            "{}",
            ran.stderr
        );
    }
    for words in [
        &["merge", fifo, input, "-w", out][..],
        &["merge", "--append", input, fifo, "-w", out],
        &["merge", "--files-from", fifo, "-w", out],
        &["read", fifo],
        &["read", input, fifo],
        &["read", "--follow", fifo],
        &["filter", fifo, out],
        &["recode", fifo, out],
        &["split", fifo, "--packets", "1", "-o", out],
        &["bpf", "-F", fifo],
        &["bpf", "--match", fifo],
    ] {
        ends(words);
    }
    in_netns(|| {
        for words in [&["-w", fifo][..], &["--print", "-w", fifo]] {
            let running = Running::start(&mut capture(words));
            Sender::new().send(10, 64);
            running.signal(libc::SIGTERM);
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(1), "{stderr}");
            assert_eq!(said(&stderr, " packets captured"), 0);
            assert_eq!(not_written(&stderr), 10, "{stderr}");
        }
        ends(&["replay", "-i", "lo", fifo]);
    });
}

#[test]
fn an_interrupted_merge_removes_its_temporary_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (output, temporary) = (folder.path().join("out.pcap"), folder.path().join("tmp"));
    fs::create_dir(&temporary).unwrap();
    let input = write_file(folder.path(), "in.pcap", &long(100));
    for signals in [&[libc::SIGTERM][..], &[libc::SIGINT; 2], &[libc::SIGHUP; 4]] {
        let words = [
            "merge",
            "--max-open",
            "2",
            "-",
            path_arg(&input),
            path_arg(&input),
            "-w",
            path_arg(&output),
        ];
        let mut merge = command(&words);
        let mut process = Process::piped(merge.env("TMPDIR", &temporary));
        let mut stdin = process.child().stdin.take().unwrap();
        stdin.write_all(&long(1)).unwrap();
        let there = || fs::read_dir(&temporary).unwrap().count();
        wait_until("the first round begins", || there() == 1);
        for &signal in signals {
            if process.is_running() {
                process.signal(signal);
            }
            // The program polls for the first signal.
            thread::sleep(Duration::from_millis(10));
        }
        let ran = process.end_unread();
        assert_ne!(ran.status, Some(0), "{}", ran.stderr);
        assert_eq!(there(), 0, "{signals:?}: {}", ran.stderr);
        drop(stdin);
    }
}
