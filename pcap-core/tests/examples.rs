//! Runs each example with real packets.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::{Active, Capture};
use support::Netns;

/// The maximum number of lines of an example.
const LONGEST: usize = 40;
const PATIENCE: Duration = Duration::from_secs(20);
/// The frames that the tests count, recognized by their length.
const COUNTED: [u8; 100] = [0xff; 100];

/// Returns the path of an example, which cargo has built before the tests.
fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST");
    let path = profile.join("examples").join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{name}.rs"));
    let time = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
    let is_built = time(&path).is_ok_and(|built| built >= time(&source).expect("its source"));
    assert!(
        is_built,
        "{} is missing or older than its source: `cargo build -p pcap-core --examples`, with the features of this test, builds it",
        path.display()
    );
    path
}

/// Returns an example with its arguments.
fn example<A: AsRef<std::ffi::OsStr>>(name: &str, arguments: &[A]) -> Command {
    let mut command = Command::new(path(name));
    command.args(arguments).env_remove("RUST_BACKTRACE");
    command
}

/// Runs an example to its successful end and returns what it printed on standard output.
fn printed(mut command: Command) -> String {
    let output = command.output().expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs an example to its failure and returns what it printed on standard error.
fn failed(mut command: Command) -> String {
    let output = command.output().expect("it starts");
    assert_eq!(output.status.code(), Some(1), "{command:?}");
    String::from_utf8(output.stderr).expect("text")
}

/// An example that runs. Dropping it kills it.
struct Running {
    child: Child,
    /// What it prints on standard output and standard error.
    lines: Receiver<String>,
}

impl Running {
    fn start(mut command: Command) -> Running {
        command.stdin(Stdio::piped());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let (sender, lines) = mpsc::channel();
        let outputs: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().expect("a pipe")),
            Box::new(child.stderr.take().expect("a pipe")),
        ];
        for output in outputs {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(output).lines() {
                    let _ = sender.send(line.expect("text"));
                }
            });
        }
        Running { child, lines }
    }

    /// Returns the next line.
    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }

    /// Sends frames until the example has printed a packet of each of these devices.
    fn until_it_prints(&self, capture: &Capture<Active>, devices: &[&str]) {
        let start = Instant::now();
        let mut missing = devices.to_vec();
        while !missing.is_empty() {
            assert!(start.elapsed() < PATIENCE, "no packets of {missing:?}");
            capture.inject(&[0xff; 60]).unwrap();
            if let Ok(line) = self.lines.recv_timeout(Duration::from_millis(50)) {
                missing.retain(|device| !line.starts_with(device));
            }
        }
    }

    /// Sends SIGINT, as Ctrl-C does.
    fn interrupt(&self) {
        let pid = i32::try_from(self.child.id()).expect("a process number");
        // SAFETY: the child has not been waited for, so the number is still its own.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGINT) }, 0);
    }

    /// Waits for its successful end and returns the remaining lines.
    fn end(mut self) -> Vec<String> {
        let start = Instant::now();
        let mut lines = Vec::new();
        // The senders are dropped when both outputs are closed.
        loop {
            match self.lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => lines.push(line),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    assert!(start.elapsed() < PATIENCE, "{lines:?}")
                }
            }
        }
        let status = self.child.wait().expect("its status");
        assert!(status.success(), "{status}: {lines:?}");
        lines
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a network of two connected devices, `left` and `right`, and a capture to send on `left`.
fn network() -> Option<(Netns, Capture<Active>)> {
    let net = Netns::new()?;
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    Some((net, left))
}

fn send(capture: &Capture<Active>, count: usize) {
    for _ in 0..count {
        assert_eq!(capture.inject(&COUNTED).unwrap(), COUNTED.len());
    }
}

/// Returns how many of these lines start with `start` and are about a counted frame.
fn counted(lines: &[String], start: &str) -> usize {
    let is_counted = |line: &&String| line.starts_with(start) && line.ends_with(" 100 bytes");
    lines.iter().filter(is_counted).count()
}

#[test]
fn examples_are_short_and_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= LONGEST, "{name} has {lines} lines");
        let call = format!("example(\"{name}\", ");
        assert!(
            include_str!("examples.rs").contains(&call),
            "no test runs {name}"
        );
        let guide = include_str!("../src/lib.rs");
        assert!(
            guide.contains(&format!("`{name}`")),
            "{name} is not in the guide"
        );
        count += 1;
    }
    assert!(count >= 10, "{count} examples");
}

#[test]
fn savefiles_are_written_read_and_filtered() {
    let folder = tempfile::tempdir().unwrap();
    let [made, large, same] =
        ["made.pcap", "large.pcap", "same"].map(|name| folder.path().join(name));
    let text = printed(example("write", &[&made]));
    assert_eq!(text, format!("282 bytes in {}\n", made.display()));
    let bytes = fs::read(&made).unwrap();
    assert_eq!(bytes.len(), 24 + 3 * (16 + 60) + 16 + 14);

    let read = printed(example("read", &[&made]));
    let lines: Vec<_> = read.lines().collect();
    assert_eq!(lines.len(), 5, "{read}");
    assert!(
        lines[..3].iter().all(|line| line.ends_with(" 60 bytes")),
        "{read}"
    );
    assert!(lines[3].ends_with(" 1514 bytes, truncated"), "{read}");
    assert_eq!(lines[4], "4 packets, 1694 bytes, LINKTYPE_ETHERNET");

    let filter = [made.as_os_str(), large.as_os_str(), "greater 1000".as_ref()];
    let text = printed(example("filter", &filter));
    assert_eq!(text, "1 packets pass `greater 1000`\n");
    let text = printed(example("read", &[&large]));
    assert!(
        text.ends_with("1 packets, 1514 bytes, LINKTYPE_ETHERNET\n"),
        "{text}"
    );

    // No example destroys its input, and errors state the cause.
    let overwriting = [made.as_os_str(), made.as_os_str(), "arp".as_ref()];
    let error = failed(example("filter", &overwriting));
    let text = format!(
        "Error: cannot write `{}`: it is also the input\n",
        made.display()
    );
    assert_eq!(error, text);
    assert_eq!(fs::read(&made).unwrap(), bytes);
    let none: [&str; 0] = [];
    assert_eq!(failed(example("read", &none)), "Error: usage: read FILE\n");
    let error = failed(example("read", &[&same]));
    let start = format!("Error: cannot open `{}`: ", same.display());
    assert!(
        error.starts_with(&start) && error.lines().count() == 1,
        "{error}"
    );
}

#[test]
fn a_savefile_is_copied_to_pcapng() {
    let folder = tempfile::tempdir().unwrap();
    let [made, copy] = ["made.pcap", "copy.pcapng"].map(|name| folder.path().join(name));
    printed(example("write", &[&made]));
    assert_eq!(
        printed(example("pcapng", &[&made, &copy])),
        "4 packets copied\n"
    );
    let mut capture = Capture::from_file(&copy).unwrap();
    assert_eq!(capture.savefile_format(), pcap_core::SavefileFormat::Pcapng);
    let packets: Vec<_> = Capture::from_file(&made)
        .unwrap()
        .packets()
        .map(Result::unwrap)
        .collect();
    let copies: Vec<_> = capture.packets().map(Result::unwrap).collect();
    assert_eq!(copies, packets);
    let bytes = fs::read(&copy).unwrap();
    let has = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(has("truncated") && has(&format!("copied from {}", made.display())));
}

#[test]
fn devices_are_listed() {
    let Some(_network) = network() else { return };
    let none: [&str; 0] = [];
    let text = printed(example("devices", &none));
    for line in [
        "left (running)",
        "right (running)",
        "lo (running)",
        "    127.0.0.1",
    ] {
        assert!(
            text.lines().any(|printed| printed == line),
            "{line}: {text}"
        );
    }
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("default device: "), "{text}");
}

#[test]
fn what_one_example_sends_another_captures() {
    let Some(_network) = network() else { return };
    let capture = Running::start(example("capture", &["right"]));
    assert_eq!(capture.line(), "capturing on right, EN10MB");
    let sent = printed(example("send", &["left"]));
    assert_eq!(sent, "1 frame sent, 60 bytes\n10 frames sent, 600 bytes\n");
    let lines = capture.end();
    let header = " 60 bytes: [ff, ff, ff, ff, ff, ff, 02, 00, 00, 00, 00, 01, 88, b5]";
    assert_eq!(lines.len(), 10, "{lines:?}");
    assert!(lines.iter().all(|line| line.ends_with(header)), "{lines:?}");
}

#[test]
fn a_capture_goes_on_without_privileges() {
    let Some((_net, left)) = network() else {
        return;
    };
    let running = Running::start(example("drop_privileges", &["right", "nobody"]));
    assert_eq!(running.line(), "capturing on right as nobody");
    assert!(running.line().starts_with("no permission to capture"));
    send(&left, 10);
    let lines = running.end();
    assert_eq!(lines, ["100 bytes"; 10]);
    // Root is not a user without privileges.
    let error = failed(example("drop_privileges", &["right", "root"]));
    let text = "Error: cannot continue as user `root`: root has rights even without capabilities\n";
    assert_eq!(error, text);
}

#[test]
fn without_the_right_to_capture_the_error_says_how_to_get_it() {
    let Some(_network) = network() else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // `cp` copies it: a program cannot be executed while this process has it open for writing, even in a child of
    // another thread.
    let copied = Command::new("cp")
        .arg(path("capture"))
        .arg(folder.path())
        .status();
    assert!(copied.unwrap().success());
    let mut capture = Command::new(folder.path().join("capture"));
    capture.arg("right").uid(65_534).gid(65_534);
    let error = failed(capture);
    assert!(
        error.starts_with("Error: cannot activate `right`: no permission"),
        "{error}"
    );
    assert!(error.contains("setcap"), "{error}");
}

#[test]
fn ctrl_c_ends_a_capture_without_losing_a_packet() {
    let Some((_net, left)) = network() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("right.pcap");
    let arguments = ["right".as_ref(), path.as_os_str()];
    let running = Running::start(example("until_ctrl_c", &arguments));
    assert_eq!(running.line(), "capturing on right; Ctrl-C ends it");
    send(&left, 300);
    running.interrupt();
    let lines = running.end();
    assert_eq!(lines, ["300 packets written", "300 received, 0 dropped"]);
    let mut capture = Capture::from_file(&path).unwrap();
    let mut count = 0;
    capture
        .for_each(|packet| count += usize::from(packet.data() == COUNTED))
        .unwrap();
    assert_eq!(count, 300);
}

#[test]
fn statistics_are_printed_each_second() {
    let Some((_net, left)) = network() else {
        return;
    };
    let running = Running::start(example("statistics", &["right"]));
    assert_eq!(running.line(), "0 packets, 0 bytes; 0 dropped so far");
    send(&left, 300);
    let (mut packets, mut bytes) = (0, 0);
    while packets < 300 {
        let line = running.line();
        let numbers = line
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|n| n.parse::<u64>().ok());
        let numbers: Vec<_> = numbers.collect();
        (packets, bytes) = (packets + numbers[0], bytes + numbers[1]);
    }
    assert_eq!((packets, bytes), (300, 30_000));
    running.interrupt();
    assert_eq!(running.end().last().unwrap(), "300 received, 0 dropped");
}

#[cfg(feature = "tokio")]
#[test]
fn two_devices_are_awaited_until_ctrl_c() {
    let Some((_net, left)) = network() else {
        return;
    };
    let running = Running::start(example("two_devices", &["left", "right"]));
    running.until_it_prints(&left, &["left: ", "right: "]);
    send(&left, 300);
    running.interrupt();
    let lines = running.end();
    // What leaves one end arrives at the other.
    assert_eq!(
        (counted(&lines, "left: "), counted(&lines, "right: ")),
        (300, 300)
    );
    assert!(
        lines.last().unwrap().ends_with(" packets in all"),
        "{lines:?}"
    );
}

#[test]
fn threads_capture_until_ctrl_c() {
    let Some((_net, left)) = network() else {
        return;
    };
    let running = Running::start(example("threads", &["left", "right"]));
    running.until_it_prints(&left, &["left: ", "right: "]);
    send(&left, 300);
    running.interrupt();
    let lines = running.end();
    assert_eq!(
        (counted(&lines, "left: "), counted(&lines, "right: ")),
        (300, 300)
    );
    let statistics = &lines[lines.len() - 2..];
    assert!(
        statistics
            .iter()
            .all(|line| line.ends_with(" received, 0 dropped")),
        "{lines:?}"
    );
}

#[test]
fn an_event_loop_waits_for_packets_and_input() {
    let Some((_net, left)) = network() else {
        return;
    };
    let mut running = Running::start(example("event_loop", &["right"]));
    running.until_it_prints(&left, &[""]);
    send(&left, 300);
    let mut count = 0;
    while count < 300 {
        count += counted(&[running.line()], "");
    }
    writeln!(running.child.stdin.as_mut().unwrap()).unwrap();
    running.end();
}
