//! A private network for the tests that capture.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::UdpSocket;
use std::panic;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{path_arg, record, run, run_tool, savefile};

/// Returns whether this is root. Prints that the test is skipped if it is not.
pub(crate) fn is_root() -> bool {
    // SAFETY: takes nothing and always succeeds.
    let root = unsafe { libc::geteuid() } == 0;
    if !root {
        let test = thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("{test}: skipped, only root can make a network namespace");
    }
    root
}

/// Runs a test in a network namespace with only `lo`, up, without IPv6; programs that it starts are in it, too.
pub(crate) fn in_netns(test: impl FnOnce() + Send) {
    if !is_root() {
        return;
    }
    let result = thread::scope(|scope| {
        let inside = scope.spawn(|| {
            // SAFETY: takes a number, and only affects this thread's network.
            let status = unsafe { libc::unshare(libc::CLONE_NEWNET) };
            let error = std::io::Error::last_os_error();
            assert_eq!(status, 0, "cannot make a network namespace: {error}");
            for which in ["all", "default"] {
                let path = format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6");
                // A kernel without IPv6 has no such file.
                let _ = fs::write(path, "1");
            }
            ip("link set lo up");
            test();
        });
        inside.join()
    });
    if let Err(why) = result {
        panic::resume_unwind(why);
    }
}

/// Runs `ip` with these words.
pub(crate) fn ip(words: &str) {
    run_tool("ip", &words.split(' ').collect::<Vec<_>>());
}

/// A program that captures or sends.
pub(crate) struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Running {
    /// Starts it, and waits until it prints that it captures.
    pub(crate) fn start(command: &mut Command) -> Running {
        Running::start_saying(command, "listening on")
    }

    /// Starts it, and waits for its first line, which contains this text.
    pub(crate) fn start_saying(command: &mut Command, text: &str) -> Running {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut stderr = BufReader::new(child.stderr.take().expect("standard error"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("a line");
        assert!(line.contains(text), "{line}");
        Running { child, stderr }
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(crate) fn signal(&self, signal: i32) {
        let pid = self.child.id() as i32;
        // SAFETY: the child has not been waited for, so the number is still its own.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }

    /// Waits for its end, with a limit; returns its status, its standard output if nobody took it, and the rest of its
    /// standard error.
    pub(crate) fn end(mut self) -> (ExitStatus, String, String) {
        let stdout = self.child.stdout.take();
        let reader = thread::spawn(move || {
            let mut text = Vec::new();
            if let Some(mut stdout) = stdout {
                stdout.read_to_end(&mut text).expect("standard output");
            }
            String::from_utf8_lossy(&text).into_owned()
        });
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("its status") {
                break status;
            }
            if start.elapsed() > Duration::from_secs(10) {
                self.child.kill().expect("it to end");
                panic!("the program does not end");
            }
            thread::sleep(Duration::from_millis(5));
        };
        let mut stderr = String::new();
        self.stderr
            .read_to_string(&mut stderr)
            .expect("standard error");
        (status, reader.join().expect("standard output"), stderr)
    }
}

/// The port that the tests send to, with a listener so that there are no replies.
pub(crate) const PORT: u16 = 9999;

/// Sends numbered datagrams over the loopback device while it exists.
pub(crate) struct Sender {
    from: UdpSocket,
    _to: UdpSocket,
}

impl Sender {
    pub(crate) fn new() -> Sender {
        let from = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        from.connect(("127.0.0.1", PORT)).expect("an address");
        Sender {
            from,
            _to: UdpSocket::bind(("127.0.0.1", PORT)).expect("a socket"),
        }
    }

    /// Sends datagrams of this length that begin with their numbers.
    pub(crate) fn send(&self, count: u32, length: usize) {
        for number in 0..count {
            let mut data = vec![0; length.max(4)];
            data[..4].copy_from_slice(&number.to_be_bytes());
            self.from.send(&data).expect("to send");
        }
    }
}

/// Runs a program, which gets the path of its savefile, in a mount namespace where that path is on a disk of one
/// megabyte. Returns its status, its standard error, and how many packets of the savefile tcpdump can read.
pub(crate) fn on_small_disk(
    folder: &Path,
    program: impl FnOnce(&str) -> Command,
) -> (i32, String, usize) {
    let disk = folder.join("disk");
    fs::create_dir(&disk).expect("a folder");
    let output = disk.join("out.pcap");
    let command = program(path_arg(&output));
    // The content of the disk is lost with the namespace.
    let script = "mount --make-rprivate / 2>/dev/null; mount -t tmpfs -o size=1m none \"$1\" || exit 99; disk=$1 copy=$2; shift 2; \
                  \"$@\"; status=$?; cp \"$disk/out.pcap\" \"$copy\" || exit 98; \
                  umount \"$disk\"; exit $status";
    let copy = folder.join("copy.pcap");
    let mut unshare = Command::new("unshare");
    unshare.args(["-m", "--propagation", "unchanged", "sh", "-c", script, "sh"]);
    unshare.args([&disk, &copy]);
    unshare.arg(command.get_program()).args(command.get_args());
    let ran = run(&mut unshare);
    let mut tcpdump = Command::new("tcpdump");
    let read = run(tcpdump.args(["-n", "-r", path_arg(&copy)]));
    (
        ran.status.expect("a status"),
        ran.stderr,
        read.stdout.split(|&b| b == b'\n').count() - 1,
    )
}

/// Returns the first packets of an endless savefile.
pub(crate) fn endless(count: usize) -> Vec<u8> {
    let packets: Vec<_> = (0..count as u32)
        .map(|n| record(n, 0, vec![n as u8; 60]))
        .collect();
    savefile(false, false, 1, &packets)
}

/// Runs a program that reads an endless savefile from standard input, and interrupts it once this file exists. Returns
/// its status and its standard error.
pub(crate) fn interrupt(command: &mut Command, until: &Path) -> (Option<i32>, String) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut stdin = child.stdin.take().expect("standard input");
    let start = Instant::now();
    let (mut written, mut asked) = (0, false);
    for count in 0.. {
        let bytes = endless(count);
        // When it has ended, nobody reads this.
        if stdin.write_all(&bytes[written..]).is_err() {
            break;
        }
        written = bytes.len();
        if !asked && until.exists() {
            // SAFETY: the child has not been waited for, so the number is still its own.
            assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGINT) }, 0);
            asked = true;
        }
        if start.elapsed() > Duration::from_secs(20) {
            child.kill().expect("it to end");
            panic!("the program does not end");
        }
        thread::sleep(Duration::from_millis(2));
    }
    drop(stdin);
    let output = child.wait_with_output().expect("its end");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), error)
}
