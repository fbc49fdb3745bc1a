//! Signals while an output is blocked or slow, and outputs with a size limit.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::{capture, command, long, packets_in, said, slowly};
use crate::common::live::{Running, Sender, in_netns};
use crate::common::process::{Lines, Process, wait_until, whole_packets};
use crate::common::{not_written, path_arg, program, run_tool, write_file, written_and_error};

/// The packets in the pipe and the packets reported as not written add up to the packets sent.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_capture_into_a_blocked_pipe_reports_lost_packets() {
    in_netns(|| {
        let sender = Sender::new();
        for sent in [2000, 20_000] {
            let mut process = Process::piped(&mut capture(&["-B", "16M", "-w", "-"]));
            let lines = Lines::of(&mut process);
            lines.next();
            sender.send(sent, 64);
            process.signal(libc::SIGTERM);
            wait_until("it ends", || !process.is_running());
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

/// The reader of the names of finished files does not read.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn names_of_files_do_not_keep_a_capture_from_ending() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list");
        run_tool("mkfifo", &[path_arg(&list)]);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true);
        let mut pipe = options.custom_flags(libc::O_NONBLOCK).open(&list).unwrap();
        while pipe.write(&[0; 4096]).is_ok() {}
        let mut command = program("capture");
        let line = "-i lo -b packets:1 -b printname:list -w a.pcap udp";
        command.current_dir(folder.path()).args(line.split(' '));
        let running = Running::start(&mut command);
        Sender::new().send(50, 64);
        running.signal(libc::SIGTERM);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(1), "{stderr}");
        let error = "pcap-capture: cannot write `list`: it accepted nothing for ";
        assert!(stderr.contains(error), "{stderr}");
        assert!(stderr.contains("50 packets captured"), "{stderr}");
    });
}

#[test]
fn a_copy_into_a_blocked_pipe_reports_lost_packets() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(folder.path(), "in.pcap", &long(20_000));
    for words in [
        &["filter", path_arg(&input), "-"][..],
        &["recode", path_arg(&input), "-"],
        &["merge", path_arg(&input), "-w", "-"],
    ] {
        let process = Process::piped(&mut command(words));
        process.wait_until_handles(libc::SIGUSR1);
        let start = Instant::now();
        // Wait until the pipe is full.
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
    let process = Process::piped(&mut command(&["read", "--raw", path_arg(&input)]));
    process.wait_until_handles(libc::SIGUSR1);
    thread::sleep(Duration::from_millis(500));
    process.signal(libc::SIGTERM);
    let ran = process.end_unread();
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert!(not_written(&ran.stderr) > 0, "{}", ran.stderr);
}

/// Standard error is a full socket that nobody reads.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_blocked_standard_error_causes_status_1() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.pcap");
        for words in [
            &["capture", "-i", "lo", "-w", path_arg(&path)][..],
            &["capture", "-i", "lo"],
            &["capture", "-i", "lo", "--duration", "0.5"],
        ] {
            let (mut full, unread) = UnixStream::pair().unwrap();
            full.set_nonblocking(true).unwrap();
            while full.write(&[0; 4096]).is_ok() {}
            full.set_nonblocking(false).unwrap();
            let mut command = command(words);
            command.stdout(Stdio::null()).stderr(OwnedFd::from(full));
            let mut process = Process::of(command.spawn().unwrap());
            process.wait_until_handles(libc::SIGTERM);
            if !words.contains(&"--duration") {
                // Wait until the program blocks in printing a message.
                thread::sleep(Duration::from_secs(1));
                process.signal(libc::SIGTERM);
            }
            wait_until("it ends", || !process.is_running());
            assert_eq!(process.end().status, Some(1), "{words:?}");
            drop(unread);
        }
    });
}

/// No packet that arrives after the end is captured, although reading waits for the output.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_duration_ends_a_capture_into_a_blocked_pipe() {
    in_netns(|| {
        let sender = Sender::new();
        for options in [
            &["--queue", "64K", "-B", "16M", "-w", "-", "--duration", "2"][..],
            &["--queue", "64K", "-B", "16M", "-w", "-", "-a", "duration:2"],
        ] {
            let mut process = Process::piped(&mut capture(options));
            let lines = Lines::of(&mut process);
            lines.next();
            let start = Instant::now();
            sender.send(1000, 1000);
            thread::sleep(Duration::from_secs(4).saturating_sub(start.elapsed()));
            sender.send(1000, 1000);
            wait_until("it ends", || !process.is_running());
            let text = lines.rest();
            let ran = process.end();
            assert_eq!(ran.status, Some(1), "{text}");
            let captured = said(&text, " packets captured");
            assert_eq!(captured, whole_packets(&ran.stdout).0, "{text}");
            assert_eq!(captured + not_written(&text), 1000, "{text}");
            let error = text.lines().last().unwrap();
            let expected = "pcap-capture: cannot write `-`: it accepted nothing for five seconds \
                after the end of the duration";
            assert_eq!(error, expected);
        }
    });
}

/// Nobody opens the other end of the FIFO.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_duration_ends_a_capture_into_a_fifo() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        run_tool("mkfifo", &[path_arg(&fifo)]);
        let running = Running::start(&mut capture(&["--duration", "0.5", "-w", path_arg(&fifo)]));
        Sender::new().send(10, 64);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert_eq!(not_written(&stderr), 10, "{stderr}");
        let error = stderr.lines().last().unwrap();
        let expected = "its other end was not opened before the end of the duration";
        assert!(error.ends_with(expected), "{error}");
    });
}

/// The output accepts data all the time, for longer than it could accept nothing.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_slow_output_gets_all_packets_of_a_duration() {
    in_netns(|| {
        let options = ["--queue", "64K", "-B", "16M", "-w", "-", "--duration", "1"];
        let mut running = Running::start(&mut capture(&options));
        let stdout = running.child().stdout.take().unwrap();
        Sender::new().send(1000, 1000);
        let all = slowly(stdout, |_| false);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert_eq!(said(&stderr, " packets captured"), 1000);
        assert_eq!(whole_packets(&all).0, 1000);
    });
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_slow_output_gets_all_packets() {
    in_netns(|| {
        let mut running = Running::start(&mut capture(&["-B", "16M", "-w", "-"]));
        let stdout = running.child().stdout.take().unwrap();
        Sender::new().send(4000, 64);
        running.signal(libc::SIGTERM);
        // Reading takes more than two seconds, but the output accepts data all the time.
        let all = slowly(stdout, |_| false);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert_eq!(said(&stderr, " packets captured"), 4000);
        assert_eq!(whole_packets(&all).0, 4000);
    });
}

/// The limit is the one that `ulimit -f` sets.
#[test]
fn a_file_size_limit_is_an_error() {
    use std::os::unix::process::CommandExt;
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(folder.path(), "in.pcap", &long(20_000));
    let output = folder.path().join("out.pcap");
    let mut command = command(&["filter", path_arg(&input), path_arg(&output)]);
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
    // SAFETY: setrlimit(2) is a plain system call, so it may be called between fork and exec.
    unsafe { command.pre_exec(limit) };
    let ran = Process::start(command.stdout(Stdio::null())).end();
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    let (written, error) = written_and_error(&ran.stderr);
    assert_eq!(written as u64, packets_in(&output));
    assert!(error.contains("File too large"), "{error}");
}
