//! Runs programs and builds savefiles, for all tests.

#![allow(dead_code)] // some of it is for tests of Linux only

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use etherparse::PacketBuilder;

pub(crate) mod frames;
pub(crate) mod live;
pub(crate) mod process;

/// Copies one of the programs to a directory, using cp(1). If this process wrote the copy itself, a child that another
/// thread forks could keep it open for writing, and a file open for writing cannot be executed.
pub(crate) fn copy_program(name: &str, folder: &Path) -> PathBuf {
    let copy = folder.join(name);
    let done = Command::new("cp")
        .arg(program(name).get_program())
        .arg(&copy)
        .status();
    assert!(done.expect("cp runs").success(), "cannot copy {name}");
    copy
}

/// Returns the command for a program, given its name without `pcap-`. The environment variable `PCAP_TEST_PROGRAMS` may
/// name a directory with commands that run the programs, for example in an emulator.
pub(crate) fn program(name: &str) -> Command {
    let built = built(name);
    let mut command = match std::env::var_os("PCAP_TEST_PROGRAMS") {
        Some(folder) => Command::new(Path::new(&folder).join(format!("pcap-{name}"))),
        None => Command::new(built),
    };
    // Local times do not depend on the system.
    command.env("TZ", "UTC");
    reset_signals(&mut command);
    if ["capture", "demo", "replay", "stats", "top"].contains(&name) {
        isolate(&mut command);
    }
    command
}

/// Starts a program in an empty network namespace, unless the test has created one. A test whose command line is
/// accepted by mistake then neither captures nor sends on the devices of the machine. Without root, it could not.
fn isolate(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt;
        let namespace = |of: &str| fs::read_link(format!("/proc/{of}/ns/net"));
        // `self` is the main thread, which runs no test.
        let is_isolated = match (namespace("thread-self"), namespace("self")) {
            (Ok(thread), Ok(process)) => thread != process,
            _ => false,
        };
        // SAFETY: geteuid(2) has no preconditions.
        if is_isolated || unsafe { libc::geteuid() } != 0 {
            return;
        }
        let unshare = || {
            // SAFETY: unshare(2) only takes a flag here, and only affects the new process.
            match unsafe { libc::unshare(libc::CLONE_NEWNET) } {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        };
        // SAFETY: unshare(2) is a system call without locks, so it may be called between fork and exec.
        unsafe { command.pre_exec(unshare) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Resets the signals that the tests may ignore, as under nohup(1) and in the background jobs of a script.
pub(crate) fn reset_signals(command: &mut Command) {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        let heed = || {
            for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGTERM, libc::SIGQUIT] {
                // SAFETY: SIG_DFL runs no code of this program.
                unsafe { libc::signal(signal, libc::SIG_DFL) };
            }
            Ok(())
        };
        // SAFETY: signal(2) is async-signal-safe, so it may be called between fork and exec.
        unsafe { command.pre_exec(heed) };
    }
    #[cfg(not(unix))]
    let _ = command;
}

fn built(name: &str) -> &'static str {
    match name {
        "bpf" => env!("CARGO_BIN_EXE_pcap-bpf"),
        "capture" => env!("CARGO_BIN_EXE_pcap-capture"),
        "demo" => env!("CARGO_BIN_EXE_pcap-demo"),
        "devices" => env!("CARGO_BIN_EXE_pcap-devices"),
        "filter" => env!("CARGO_BIN_EXE_pcap-filter"),
        "info" => env!("CARGO_BIN_EXE_pcap-info"),
        "merge" => env!("CARGO_BIN_EXE_pcap-merge"),
        "read" => env!("CARGO_BIN_EXE_pcap-read"),
        "recode" => env!("CARGO_BIN_EXE_pcap-recode"),
        "replay" => env!("CARGO_BIN_EXE_pcap-replay"),
        "split" => env!("CARGO_BIN_EXE_pcap-split"),
        "stats" => env!("CARGO_BIN_EXE_pcap-stats"),
        "top" => env!("CARGO_BIN_EXE_pcap-top"),
        other => panic!("there is no program {other}"),
    }
}

/// The exit status and the output of a program.
#[derive(Debug)]
pub(crate) struct RunResult {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl RunResult {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("text")
    }

    pub(crate) fn lines(&self) -> Vec<&str> {
        self.text().lines().collect()
    }

    /// Returns standard output. Panics if the program failed or printed something on standard error.
    pub(crate) fn success_output(self) -> String {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""));
        String::from_utf8(self.stdout).expect("text")
    }
}

/// Runs a program to its end, with an empty standard input.
pub(crate) fn run(command: &mut Command) -> RunResult {
    run_with_stdin(command, b"")
}

/// Runs a program to its end with this standard input.
pub(crate) fn run_with_stdin(command: &mut Command, input: &[u8]) -> RunResult {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("cannot run {command:?}, which these tests need: {e}"));
    let mut stdin = child.stdin.take().expect("standard input");
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A program that ends early does not read all input.
            let _ = stdin.write_all(input);
        });
        let output = child.wait_with_output().expect("its end");
        RunResult {
            status: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    })
}

/// Runs one of the programs with these arguments.
pub(crate) fn run_program(name: &str, arguments: &[&str]) -> RunResult {
    run(program(name).args(arguments))
}

/// Returns the command for another tool, such as tcpdump.
pub(crate) fn tool(name: &str) -> Command {
    // ci/test-versions names a tcpdump that uses the tested libpcap.
    let other = std::env::var("PCAP_TEST_TCPDUMP").ok();
    let name = match other.as_deref().filter(|_| name == "tcpdump") {
        Some(tcpdump) => tcpdump,
        None => name,
    };
    let mut command = Command::new(name);
    // Do not depend on the user's language and preferences.
    command.env("LC_ALL", "C").env("HOME", "/nonexistent");
    command.env_remove("XDG_CONFIG_HOME");
    command
}

/// Runs another tool, and returns its output. Panics if it fails.
pub(crate) fn run_tool(name: &str, arguments: &[&str]) -> String {
    let mut command = tool(name);
    let ran = run(command.args(arguments));
    assert_eq!(ran.status, Some(0), "{command:?}: {}", ran.stderr);
    String::from_utf8(ran.stdout).expect("text")
}

/// A packet of a savefile: the seconds and nanoseconds of its time, its bytes and its wire length.
pub(crate) type Record = (u32, u32, Vec<u8>, u32);

pub(crate) fn record(secs: u32, nanos: u32, data: Vec<u8>) -> Record {
    let len = data.len() as u32;
    (secs, nanos, data, len)
}

/// Returns the C library's text for an error number.
pub(crate) fn error_text(number: i32) -> String {
    let text = std::io::Error::from_raw_os_error(number).to_string();
    let end = text.rfind(" (os error").expect("the number");
    text[..end].to_owned()
}

/// Builds a classic savefile byte by byte, without libpcap and pcap-core. Its numbers are in native byte order, as the
/// programs write them, or swapped.
pub(crate) fn savefile(swapped: bool, nano: bool, linktype: u32, packets: &[Record]) -> Vec<u8> {
    let number = |n: u32| if swapped { n.swap_bytes() } else { n }.to_ne_bytes();
    let short = |n: u16| if swapped { n.swap_bytes() } else { n }.to_ne_bytes();
    let mut bytes = number(if nano { 0xa1b2_3c4d } else { 0xa1b2_c3d4 }).to_vec();
    bytes.extend([short(2), short(4)].concat());
    for n in [0, 0, 65_535, linktype] {
        bytes.extend(number(n));
    }
    for (secs, nanos, data, len) in packets {
        let fraction = if nano { *nanos } else { nanos / 1000 };
        for n in [*secs, fraction, data.len() as u32, *len] {
            bytes.extend(number(n));
        }
        bytes.extend(data);
    }
    bytes
}

/// Reads a savefile that a tool wrote, in the byte order of this program. If this program runs in an emulator, the tool
/// runs on the host, whose byte order may differ; then the numbers are swapped.
pub(crate) fn read_tool_savefile(path: &Path) -> Vec<u8> {
    let mut bytes = fs::read(path).expect("cannot read the tool's output");
    let magic = u32::from_ne_bytes(bytes[..4].try_into().expect("four bytes"));
    if ![0xa1b2_3c4d, 0xa1b2_c3d4].contains(&magic.swap_bytes()) {
        return bytes;
    }
    let mut swap = |at: usize, length: usize| bytes[at..at + length].reverse();
    [4, 6].iter().for_each(|&at| swap(at, 2));
    [0, 8, 12, 16, 20].iter().for_each(|&at| swap(at, 4));
    let mut at = 24;
    while at < bytes.len() {
        bytes[at..at + 16].chunks_mut(4).for_each(<[u8]>::reverse);
        let length = bytes[at + 8..at + 12].try_into().expect("four bytes");
        at += 16 + u32::from_ne_bytes(length) as usize;
    }
    bytes
}

/// Returns the line that `pcap-read --raw` must print, computed independently.
pub(crate) fn raw_line((secs, nanos, data, len): &Record) -> String {
    let mut line = format!("{secs}.{nanos:09} {} {len} ", data.len());
    data.iter()
        .for_each(|byte| write!(line, "{byte:02x}").expect("memory"));
    if data.is_empty() {
        line.push('-');
    }
    line + "\n"
}

/// Returns packets of several protocols, with even and odd lengths. One packet is truncated.
pub(crate) fn sample_packets() -> Vec<Record> {
    let ip = || PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64);
    let write = |payload: &[u8], step: &dyn Fn(&mut Vec<u8>, &[u8])| {
        let mut data = Vec::new();
        step(&mut data, payload);
        data
    };
    let udp = |payload: &[u8]| {
        write(payload, &|data, payload| {
            ip().udp(12_345, 53).write(data, payload).expect("memory");
        })
    };
    let tcp = |payload: &[u8]| {
        write(payload, &|data, payload| {
            ip().tcp(443, 4000, 7, 512)
                .psh()
                .ack(9)
                .write(data, payload)
                .expect("memory");
        })
    };
    let ping = write(b"0123456", &|data, payload| {
        ip().icmpv4_echo_request(3, 4)
            .write(data, payload)
            .expect("memory");
    });
    let v6 = write(b"six", &|data, payload| {
        PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv6([1; 16], [2; 16], 64)
            .udp(1, 2)
            .write(data, payload)
            .expect("memory");
    });
    let long = tcp(&[7; 1400]);
    let cut = (
        1_700_000_004,
        400_000,
        long[..96].to_vec(),
        long.len() as u32,
    );
    vec![
        record(1_700_000_000, 0, udp(b"a")),
        record(1_700_000_001, 999_999_000, tcp(b"")),
        record(1_700_000_001, 999_999_000, tcp(b"four")),
        record(1_700_000_003, 1_000, ping),
        cut,
        record(1_700_000_005, 5_000, v6),
        record(1_700_000_006, 6_000, long),
        record(1_700_000_007, 7_000, udp(&[0xff; 9])),
    ]
}

/// Returns the same packets with nanoseconds in their times.
pub(crate) fn sample_packets_nano() -> Vec<Record> {
    let mut packets = sample_packets();
    for (index, packet) in packets.iter_mut().enumerate() {
        packet.1 += 111 * index as u32;
    }
    packets
}

/// Creates a file with these bytes, and returns its path.
pub(crate) fn write_file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("a file");
    path
}

/// Returns a path as a command-line argument.
pub(crate) fn path_arg(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Returns the number of packets written, from the line `P of R packets` or `P packets of N savefiles`, and the last
/// line, which is the error.
pub(crate) fn written_and_error(stderr: &str) -> (usize, &str) {
    let error = stderr.lines().last().expect("an error");
    let counts = |line: &&str| line.contains(" of ") && line.contains(" packet");
    let line = stderr.lines().find(counts).expect("a summary");
    let (written, _) = line.split_once(' ').expect("a number");
    (written.parse().expect("a number"), error)
}

/// Returns the number of packets that a program reports as not written.
pub(crate) fn not_written(stderr: &str) -> u64 {
    let number = |line: &str| {
        let packets = line.strip_suffix(" not written")?;
        packets.split_once(" packet")?.0.parse().ok()
    };
    stderr.lines().find_map(number).unwrap_or(0)
}

/// Runs a program, and closes the pipe from its standard output after ten bytes.
pub(crate) fn run_into_broken_pipe(command: &mut Command) -> RunResult {
    use std::io::Read;
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut stdout = child.stdout.take().expect("standard output");
    stdout.read_exact(&mut [0; 10]).expect("ten bytes");
    drop(stdout);
    let output = child.wait_with_output().expect("its end");
    RunResult {
        status: output.status.code(),
        stdout: Vec::new(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Compresses bytes with gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let ran = run_with_stdin(Command::new("gzip").args(["-c"]), bytes);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    ran.stdout
}

/// Decompresses bytes with gzip. Panics if they are incomplete or damaged.
pub(crate) fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let ran = run_with_stdin(Command::new("gzip").args(["-dc"]), bytes);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    ran.stdout
}
