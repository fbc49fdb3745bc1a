//! Signals: what ends a program, what does not, and that nothing is lost either way.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::live::{PORT, Running, Sender, in_netns};
use crate::common::process::{Lines, Process, ignoring, wait_until, whole_packets};
use crate::common::{
    Ran, arg, file, not_written, packets, program, record, savefile, tool, written_and_error,
};

/// Returns a command with these words.
fn command(words: &[&str]) -> Command {
    let mut command = program(words[0]);
    command.args(&words[1..]);
    command
}

/// Returns `pcap-capture` for the datagrams that the tests send, with these options.
fn capture(options: &[&str]) -> Command {
    let mut command = command(&["capture", "-i", "lo"]);
    command
        .args(options)
        .args(["udp", "port"])
        .arg(PORT.to_string());
    command
}

/// Returns the number before these words in what a program printed.
fn said(stderr: &str, words: &str) -> u64 {
    let number = |line: &str| line.split_once(words)?.0.rsplit(' ').next()?.parse().ok();
    let found = stderr.lines().find_map(number);
    found.unwrap_or_else(|| panic!("{words}: {stderr}"))
}

fn packets_in(path: &Path) -> u64 {
    whole_packets(&fs::read(path).unwrap_or_default()).0
}

/// Returns a savefile with this many packets of 60 bytes.
fn long(count: u32) -> Vec<u8> {
    let packets: Vec<_> = (0..count)
        .map(|n| record(n, 0, vec![n as u8; 60]))
        .collect();
    savefile(false, false, 1, &packets)
}

/// Returns programs that read a savefile from standard input and write one into a directory, or print.
fn copying(folder: &Path) -> Vec<Vec<String>> {
    let out = folder.join("out-00000.pcap");
    let (out, prefix) = (arg(&out), folder.join("out"));
    [
        &["filter", "-", out][..],
        &["recode", "-", out],
        &["merge", "-", "-w", out],
        &["merge", "--append", "-", "-w", out],
        &["split", "-", "--packets", "100000", "-o", arg(&prefix)],
        &["read", "--raw", "-"],
    ]
    .iter()
    .map(|words| words.iter().map(ToString::to_string).collect())
    .collect()
}

fn words(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

#[test]
fn a_hangup_ignored_at_start_stays_ignored() {
    let folder = tempfile::tempdir().unwrap();
    for words_ in copying(folder.path()) {
        let words = words(&words_);
        let mut process = Process::piped(ignoring(&mut command(&words), &[libc::SIGHUP]));
        process.answers(libc::SIGUSR1);
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
        let endless = file(folder.path(), "endless.pcap", &long(10));
        let path = folder.path().join("live.pcap");
        for words in [
            &["capture", "-i", "lo", "-w", arg(&path)][..],
            &["replay", "-i", "lo", "--loops", "0", arg(&endless)],
        ] {
            let mut nohup = command(words);
            let mut process = Process::piped(ignoring(&mut nohup, &[libc::SIGHUP]));
            process.answers(libc::SIGUSR1);
            process.signal(libc::SIGHUP);
            assert_eq!(process.status("SigIgn") & 1, 1, "{words:?}");
            thread::sleep(Duration::from_millis(200));
            assert!(process.runs(), "{words:?}");
            process.signal(libc::SIGTERM);
            process.end();
        }
    });
}

#[test]
fn otherwise_a_hangup_ends_it_like_sigterm() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let running = Running::start(&mut capture(&["-w", arg(&path)]));
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
fn sigint_and_sigterm_end_it_even_if_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    tool("mkfifo", &[arg(&fifo)]);
    let mut all = copying(folder.path());
    all.push(["bpf", "-F", arg(&fifo)].map(str::to_owned).to_vec());
    for words_ in &all {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            let words = words(words_);
            let ignored = &[libc::SIGINT, libc::SIGTERM];
            let process = Process::piped(ignoring(&mut command(&words), ignored));
            process.answers(libc::SIGUSR1);
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
            let mut running = Process::piped(ignoring(&mut background, ignored));
            Lines::of(&mut running).next();
            running.signal(libc::SIGINT);
            wait_until("it ends", || !running.runs());
            assert!(running.child().wait().unwrap().success(), "{words:?}");
        }
    });
}

#[test]
fn statistics_leave_the_capture_running() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let sender = Sender::new();
        for options in [&["-q", "-w", arg(&path)][..], &["-q", "--threads", "2"]] {
            let mut process = Process::piped(&mut capture(options));
            process.answers(libc::SIGUSR1);
            let lines = Lines::of(&mut process);
            let ask = || process.signal(libc::SIGUSR1);
            // It prints nothing when it begins, so signals are sent until it has seen a packet.
            lines.until(
                || {
                    sender.send(1, 64);
                    ask();
                },
                |line| line.contains(" packets captured, ") && !line.starts_with("0 "),
            );
            // Packets that arrived before the signal are counted at once.
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
fn replay_prints_how_far_it_is_and_goes_on() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let frames: Vec<_> = [0, 1, 3].map(|n| record(n, 0, vec![0; 60])).to_vec();
        let input = file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 1, &frames),
        );
        let mut process = Process::piped(&mut command(&["replay", "-q", "-i", "lo", arg(&input)]));
        process.answers(libc::SIGUSR1);
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

/// While they wait for more in a pipe.
#[test]
fn copies_report_and_write_out_and_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &packets());
    let (first, second) =
        bytes.split_at(24 + 3 * 16 + packets()[..3].iter().map(|p| p.2.len()).sum::<usize>());
    for words_ in copying(folder.path()) {
        let words = words(&words_);
        let mut process = Process::piped(&mut command(&words));
        process.answers(libc::SIGUSR1);
        let mut stdin = process.child().stdin.take().unwrap();
        let lines = Lines::of(&mut process);
        stdin.write_all(first).unwrap();
        let expected = match words[0] {
            "read" => "3 packets read",
            "split" => "3 packets read, 0 of them in 0 complete savefiles",
            _ => "3 of 3 packets",
        };
        // Before it has begun to copy, the signals do nothing.
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
            assert_eq!(ran.lines().len(), packets().len());
        } else {
            let out = folder.path().join("out-00000.pcap");
            assert_eq!(fs::read(&out).unwrap(), bytes, "{words:?}");
            fs::remove_file(out).unwrap();
        }
    }
}

/// timeout(1) signals its child, and then its own group, which includes the child.
#[test]
fn a_second_signal_soon_after_loses_nothing() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let sender = Sender::new();
        for (second, millis) in [
            (libc::SIGTERM, 0),
            (libc::SIGTERM, 2),
            (libc::SIGHUP, 20),
            (libc::SIGINT, 50),
            (libc::SIGTERM, 150),
        ] {
            let mut running = Running::start(&mut capture(&["-w", arg(&path)]));
            sender.send(1000, 64);
            running.signal(libc::SIGTERM);
            thread::sleep(Duration::from_millis(millis));
            // It may have ended by then.
            if running.child().try_wait().unwrap().is_none() {
                running.signal(second);
            }
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{millis} ms: {stderr}");
            assert_eq!(said(&stderr, " packets captured"), 1000, "{stderr}");
            assert_eq!(said(&stderr, " dropped,"), 0, "{stderr}");
            assert_eq!(packets_in(&path), 1000, "{millis} ms");
        }
    });
}

/// With any timeout, packets lie in the kernel's buffer for a second at most.
#[test]
fn a_long_timeout_loses_nothing_at_the_end() {
    in_netns(|| {
        let sender = Sender::new();
        for options in [
            &["--timeout", "2000"][..],
            &["--timeout", "60000"],
            &["--timeout", "5000", "--threads", "2"],
            &["--timeout", "5000", "--duration", "1"],
        ] {
            let running = Running::start(&mut capture(options));
            sender.send(50, 64);
            if !options.contains(&"--duration") {
                running.signal(libc::SIGINT);
            }
            let (status, stdout, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{options:?}: {stderr}");
            assert_eq!(stdout.lines().count(), 50, "{options:?}: {stderr}");
            assert_eq!(said(&stderr, " packets captured"), 50, "{options:?}");
        }
    });
}

/// Packets are not compared with this machine's clock: they may have another one, or it may be set.
#[test]
fn a_clock_that_was_set_back_loses_nothing() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let source = "\
            #define _GNU_SOURCE\n\
            #include <time.h>\n#include <dlfcn.h>\n\
            int clock_gettime(clockid_t id, struct timespec *t) {\n\
                static int (*real)(clockid_t, struct timespec *);\n\
                if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, \"clock_gettime\");\n\
                int status = real(id, t);\n\
                if (id == CLOCK_REALTIME) t->tv_sec -= 10;\n\
                return status;\n\
            }\n";
        let source = file(folder.path(), "back.c", source.as_bytes());
        let library = folder.path().join("back.so");
        tool(
            "cc",
            &[
                "-shared",
                "-fPIC",
                "-o",
                arg(&library),
                arg(&source),
                "-ldl",
            ],
        );
        for options in [&[][..], &["--duration", "1"]] {
            let mut command = capture(options);
            let running = Running::start(command.env("LD_PRELOAD", &library));
            Sender::new().send(50, 64);
            if options.is_empty() {
                running.signal(libc::SIGINT);
            }
            let (status, stdout, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{stderr}");
            assert_eq!(stdout.lines().count(), 50, "{options:?}: {stderr}");
        }
    });
}

/// What reached a pipe without a reader, and the reported loss, add up to what was sent.
#[test]
fn a_blocked_output_ends_with_a_number() {
    in_netns(|| {
        let sender = Sender::new();
        for sent in [2000, 20_000] {
            let mut process = Process::piped(&mut capture(&["-B", "16M", "-w", "-"]));
            let lines = Lines::of(&mut process);
            lines.next();
            sender.send(sent, 64);
            process.signal(libc::SIGTERM);
            wait_until("it ends", || !process.runs());
            let said_ = lines.rest();
            let ran = process.end();
            assert_eq!(ran.status, Some(1), "{said_}");
            assert_eq!(said(&said_, " dropped,"), 0, "{said_}");
            let captured = said(&said_, " packets captured");
            assert_eq!(captured, whole_packets(&ran.stdout).0, "{said_}");
            assert_eq!(captured + not_written(&said_), u64::from(sent), "{said_}");
            let error = said_.lines().last().unwrap();
            assert!(
                error.starts_with("pcap-capture: cannot write `-`: "),
                "{error}"
            );
        }
    });
}

#[test]
fn a_blocked_pipe_ends_with_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "in.pcap", &long(20_000));
    for words in [
        &["filter", arg(&input), "-"][..],
        &["recode", arg(&input), "-"],
        &["merge", arg(&input), "-w", "-"],
    ] {
        let process = Process::piped(&mut command(words));
        process.answers(libc::SIGUSR1);
        let start = Instant::now();
        // Until the pipe is full.
        thread::sleep(Duration::from_millis(500));
        process.signal(libc::SIGINT);
        let ran = process.end_unread();
        assert!(start.elapsed() < Duration::from_secs(15), "{words:?}");
        assert_eq!(ran.status, Some(1), "{words:?}: {}", ran.stderr);
        let (written, error) = written_and_error(&ran.stderr);
        assert_eq!(written as u64, whole_packets(&ran.stdout).0, "{words:?}");
        assert!(not_written(&ran.stderr) > 0, "{words:?}: {}", ran.stderr);
        assert!(error.contains(": cannot write `-`: "), "{words:?}: {error}");
    }
    let process = Process::piped(&mut command(&["read", "--raw", arg(&input)]));
    process.answers(libc::SIGUSR1);
    thread::sleep(Duration::from_millis(500));
    process.signal(libc::SIGTERM);
    let ran = process.end_unread();
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert!(not_written(&ran.stderr) > 0, "{}", ran.stderr);
}

/// Standard error has no reader, and is full before the program begins.
#[test]
fn a_blocked_stderr_ends_with_status_1() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.pcap");
        for words in [
            &["capture", "-i", "lo", "-w", arg(&path)][..],
            &["capture", "-i", "lo"],
        ] {
            let (mut full, unread) = UnixStream::pair().unwrap();
            full.set_nonblocking(true).unwrap();
            while full.write(&[0; 4096]).is_ok() {}
            full.set_nonblocking(false).unwrap();
            let mut command = command(words);
            command.stdout(Stdio::null()).stderr(OwnedFd::from(full));
            let mut process = Process::of(command.spawn().unwrap());
            process.answers(libc::SIGTERM);
            // Until it prints.
            thread::sleep(Duration::from_secs(1));
            process.signal(libc::SIGTERM);
            wait_until("it ends", || !process.runs());
            assert_eq!(process.end().status, Some(1), "{words:?}");
            drop(unread);
        }
    });
}

/// Reads a program's output slowly, to its end or until `is_enough` returns true.
fn slowly(mut from: impl Read, mut is_enough: impl FnMut(usize) -> bool) -> Vec<u8> {
    let mut all = Vec::new();
    let mut some = [0; 16 * 1024];
    loop {
        match from.read(&mut some).unwrap() {
            0 => return all,
            length => all.extend(&some[..length]),
        }
        if is_enough(all.len()) {
            return all;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn an_output_that_is_slow_gets_everything() {
    in_netns(|| {
        let mut running = Running::start(&mut capture(&["-B", "16M", "-w", "-"]));
        let stdout = running.child().stdout.take().unwrap();
        Sender::new().send(4000, 64);
        running.signal(libc::SIGTERM);
        // For more than two seconds, in which it always makes progress.
        let all = slowly(stdout, |_| false);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert_eq!(said(&stderr, " packets captured"), 4000);
        assert_eq!(whole_packets(&all).0, 4000);
    });
}

#[test]
fn later_signals_end_it_at_once() {
    in_netns(|| {
        for (signals, pause) in [(1, 2500), (2, 0)] {
            let mut process = Process::piped(&mut capture(&["-B", "64M", "-w", "-"]));
            let lines = Lines::of(&mut process);
            lines.next();
            let stdout = process.child().stdout.take().unwrap();
            // Ten seconds of output.
            Sender::new().send(16_000, 64);
            process.signal(libc::SIGTERM);
            let reading = thread::spawn(move || slowly(stdout, |_| false));
            thread::sleep(Duration::from_millis(pause));
            assert!(process.runs());
            for _ in 0..signals {
                thread::sleep(Duration::from_millis(30));
                process.signal(libc::SIGTERM);
            }
            let asked = Instant::now();
            wait_until("it ends", || !process.runs());
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
fn a_signal_ends_the_opening_of_a_fifo() {
    let folder = tempfile::tempdir().unwrap();
    let (fifo, output) = (folder.path().join("fifo"), folder.path().join("out.pcap"));
    tool("mkfifo", &[arg(&fifo)]);
    let input = file(folder.path(), "in.pcap", &long(100));
    let (fifo, input) = (arg(&fifo), arg(&input));
    let out = arg(&output);
    let ends = |words: &[&str]| -> Ran {
        let process = Process::piped(&mut command(words));
        process.answers(libc::SIGUSR1);
        thread::sleep(Duration::from_millis(200));
        process.signal(libc::SIGTERM);
        let ran = process.end_unread();
        assert_ne!(ran.status, Some(0), "{words:?}: {}", ran.stderr);
        ran
    };
    for words in [
        &["filter", input, fifo][..],
        &["recode", input, fifo],
        &["recode", "--gzip", input, fifo],
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
fn ended_merging_leaves_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (output, temporary) = (folder.path().join("out.pcap"), folder.path().join("tmp"));
    fs::create_dir(&temporary).unwrap();
    let input = file(folder.path(), "in.pcap", &long(100));
    for signals in [&[libc::SIGTERM][..], &[libc::SIGINT; 2], &[libc::SIGHUP; 4]] {
        let words = [
            "merge",
            "--max-open",
            "2",
            "-",
            arg(&input),
            arg(&input),
            "-w",
            arg(&output),
        ];
        let mut merge = command(&words);
        let mut process = Process::piped(merge.env("TMPDIR", &temporary));
        let mut stdin = process.child().stdin.take().unwrap();
        stdin.write_all(&long(1)).unwrap();
        let there = || fs::read_dir(&temporary).unwrap().count();
        wait_until("the first round begins", || there() == 1);
        for &signal in signals {
            if process.runs() {
                process.signal(signal);
            }
            // It polls for the first one.
            thread::sleep(Duration::from_millis(10));
        }
        let ran = process.end_unread();
        assert_ne!(ran.status, Some(0), "{}", ran.stderr);
        assert_eq!(there(), 0, "{signals:?}: {}", ran.stderr);
        drop(stdin);
    }
}

/// The limit on the size of files, as `ulimit -f` sets it.
#[test]
fn a_file_that_may_not_grow_is_an_error() {
    use std::os::unix::process::CommandExt;
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "in.pcap", &long(20_000));
    let output = folder.path().join("out.pcap");
    let mut command = command(&["filter", arg(&input), arg(&output)]);
    let limit = || {
        let most = libc::rlimit {
            rlim_cur: 100_000,
            rlim_max: 100_000,
        };
        // SAFETY: the limits are valid for the duration of the call.
        match unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &most) } {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        }
    };
    // SAFETY: setrlimit(2) may be called between fork and exec.
    unsafe { command.pre_exec(limit) };
    let ran = Process::start(command.stdout(Stdio::null())).end();
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let (written, error) = written_and_error(&ran.stderr);
    assert_eq!(written as u64, packets_in(&output));
    assert!(error.contains("File too large"), "{error}");
}
