//! Private networks, traffic and running programs, for tests that capture or send.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::UdpSocket;
use std::panic;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{path_arg, record, run, run_tool, savefile};

/// Returns whether the tests run as root. If not, prints that the test is skipped.
pub(crate) fn is_root() -> bool {
    // SAFETY: geteuid(2) has no preconditions.
    let root = unsafe { libc::geteuid() } == 0;
    if !root {
        let test = thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("{test}: skipped, only root can make a network namespace");
    }
    root
}

/// Runs a test in a new network namespace, in which only `lo` exists and is up, without IPv6. Programs that the test
/// starts are in the namespace, too.
pub(crate) fn in_netns(test: impl FnOnce() + Send) {
    if !is_root() {
        return;
    }
    let result = thread::scope(|scope| {
        let inside = scope.spawn(|| {
            // SAFETY: unshare(2) only takes a flag here, and only affects the network namespace of this thread.
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

/// Runs ip(8) with arguments that are separated by spaces.
pub(crate) fn ip(words: &str) {
    run_tool("ip", &words.split(' ').collect::<Vec<_>>());
}

/// How long to wait for the end of a program. A busy machine needs a while to compress and close many files.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program that captures or sends packets.
pub(crate) struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Running {
    /// Starts `pcap-capture`, and waits until it prints that it is capturing.
    pub(crate) fn start(command: &mut Command) -> Running {
        Running::start_saying(command, "listening on")
    }

    /// Starts a program, and waits for its first line on standard error, which must contain a string.
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
        // SAFETY: the child was not waited for yet, so its process ID is still valid.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }

    /// Waits for the program to end, and panics if that takes too long. Returns its status, its standard output, unless
    /// the test has taken that, and the rest of its standard error.
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
            if start.elapsed() > PATIENCE {
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

/// The port that the tests send to. A socket listens there, so that there are no ICMP replies.
pub(crate) const PORT: u16 = 9999;

/// Sends numbered datagrams on the loopback device.
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
            _to: bind_to_port(),
        }
    }

    /// Sends `count` datagrams of this length. Each begins with its number.
    pub(crate) fn send(&self, count: u32, length: usize) {
        for number in 0..count {
            let mut data = vec![0; length.max(4)];
            data[..4].copy_from_slice(&number.to_be_bytes());
            self.from.send(&data).expect("to send");
        }
    }
}

/// Binds a socket to the port that the tests send to. If another test starts a process, that has a copy of an earlier
/// sender's socket until it executes its program, and the port is in use until then.
pub(crate) fn bind_to_port() -> UdpSocket {
    let start = Instant::now();
    loop {
        match UdpSocket::bind(("127.0.0.1", PORT)) {
            Ok(socket) => return socket,
            Err(error) if error.kind() == ErrorKind::AddrInUse && start.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(error) => panic!("cannot bind a socket to port {PORT}: {error}"),
        }
    }
}

/// Runs a program in a mount namespace with a file system of one megabyte, given a path on that file system for its
/// savefile. Returns its status, its standard error, and the number of packets that tcpdump can read from the savefile.
pub(crate) fn on_small_disk(
    folder: &Path,
    program: impl FnOnce(&str) -> Command,
) -> (i32, String, usize) {
    let disk = folder.join("disk");
    fs::create_dir(&disk).expect("a folder");
    let output = disk.join("out.pcap");
    let command = program(path_arg(&output));
    // The file system disappears with the namespace, so copy the savefile.
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

/// Returns a savefile with the first `count` packets of an endless sequence.
pub(crate) fn endless(count: usize) -> Vec<u8> {
    let packets: Vec<_> = (0..count as u32)
        .map(|n| record(n, 0, vec![n as u8; 60]))
        .collect();
    savefile(false, false, 1, &packets)
}

/// Runs a program that reads an endless savefile from standard input, and sends SIGINT once the file `until` exists.
/// Returns its status and its standard error.
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
        // Writing fails after the program has ended.
        if stdin.write_all(&bytes[written..]).is_err() {
            break;
        }
        written = bytes.len();
        if !asked && until.exists() {
            // SAFETY: the child was not waited for yet, so its process ID is still valid.
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
