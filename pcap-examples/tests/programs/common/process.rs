//! Running programs that a test interacts with.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::RunResult;

/// How long to wait for an event. Even a busy machine is faster.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Makes a command start with these signals ignored, as nohup(1) and shells do for background jobs.
pub(crate) fn ignore_signals<'a>(
    command: &'a mut Command,
    signals: &'static [i32],
) -> &'a mut Command {
    let ignore = move || {
        for &signal in signals {
            // SAFETY: SIG_IGN runs no code of this program.
            unsafe { libc::signal(signal, libc::SIG_IGN) };
        }
        Ok(())
    };
    // SAFETY: signal(2) is async-signal-safe, so it may be called between fork and exec.
    unsafe { command.pre_exec(ignore) }
}

/// A running program. It is killed on drop.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Starts a command with a pipe for its standard error.
    pub(crate) fn start(command: &mut Command) -> Process {
        command.stderr(Stdio::piped());
        Process(command.spawn().expect("the program"))
    }

    /// Wraps a program that is already running.
    pub(crate) fn of(child: Child) -> Process {
        Process(child)
    }

    /// Starts a command with pipes for its standard input, output and error.
    pub(crate) fn piped(command: &mut Command) -> Process {
        Process::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    pub(crate) fn signal(&self, signal: i32) {
        let pid = self.0.id() as i32;
        // SAFETY: the child was not waited for yet, so its process ID is still valid.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }

    /// Returns whether the program is still running.
    pub(crate) fn is_running(&mut self) -> bool {
        self.0.try_wait().expect("its status").is_none()
    }

    /// Returns a hexadecimal number of `/proc/PID/status`, such as the ignored signals.
    pub(crate) fn status(&self, name: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()));
        let text = text.expect("its status");
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let number = line.expect("such a line").trim_start_matches(':').trim();
        u64::from_str_radix(number, 16).expect("a number")
    }

    /// Waits until the program handles this signal, which it does soon after its start.
    ///
    /// It blocks the signals that it handles, and waits for them. An emulator, too, blocks signals for a moment, but all.
    pub(crate) fn wait_until_handles(&self, signal: i32) {
        wait_until("the program handles signals", || {
            let blocked = self.status("SigBlk");
            let is_blocked = |number: i32| blocked >> (number - 1) & 1 == 1;
            is_blocked(signal) && !is_blocked(libc::SIGCHLD)
        });
    }

    /// Waits for the program to end. Returns its status and the output that the test has not read.
    pub(crate) fn end(mut self) -> RunResult {
        self.0.stdin = None;
        let stdout = self.0.stdout.take().map(read);
        let stderr = self.0.stderr.take().map(read);
        wait_until("it ends", || !self.is_running());
        let status = self.0.wait().expect("its status");
        RunResult {
            status: status.code(),
            stdout: text(stdout),
            stderr: String::from_utf8_lossy(&text(stderr)).into_owned(),
        }
    }

    /// Does the same, but does not read standard output before the program has ended.
    pub(crate) fn end_unread(mut self) -> RunResult {
        let stdin = self.0.stdin.take();
        let stdout = self.0.stdout.take();
        let stderr = self.0.stderr.take().map(read);
        wait_until("it ends", || !self.is_running());
        drop(stdin);
        let status = self.0.wait().expect("its status");
        RunResult {
            status: status.code(),
            stdout: text(stdout.map(read)),
            stderr: String::from_utf8_lossy(&text(stderr)).into_owned(),
        }
    }
}

/// The lines of a program's standard error, as they arrive.
#[derive(Debug)]
pub(crate) struct Lines(Receiver<String>);

impl Lines {
    /// Starts to collect the lines of a program.
    pub(crate) fn of(process: &mut Process) -> Lines {
        let stderr = process.0.stderr.take().expect("standard error");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let _ = sender.send(line.expect("a line"));
            }
        });
        Lines(lines)
    }

    /// Returns the next line.
    pub(crate) fn next(&self) -> String {
        self.0.recv_timeout(PATIENCE).expect("a line")
    }

    /// Repeats an action until a line fulfills a condition. Returns that line.
    pub(crate) fn until(&self, mut ask: impl FnMut(), fits: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            ask();
            while let Ok(line) = self.0.recv_timeout(Duration::from_millis(100)) {
                if fits(&line) {
                    return line;
                }
                last = line;
            }
        }
        panic!("no such line; the last one is {last:?}");
    }

    /// Waits for the end of the program, and returns the remaining lines.
    pub(crate) fn rest(self) -> String {
        self.0.iter().map(|line| line + "\n").collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn text(reader: Option<thread::JoinHandle<Vec<u8>>>) -> Vec<u8> {
    reader.map_or(Vec::new(), |reader| reader.join().expect("its output"))
}

fn read(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).expect("its output");
        bytes
    })
}

/// Waits until a condition holds, and panics if that takes too long.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < PATIENCE,
            "not so after {PATIENCE:?}: {what}"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

/// Returns the number of complete packets in a classic savefile in native byte order, and the sum of their wire
/// lengths.
pub(crate) fn whole_packets(savefile: &[u8]) -> (u64, u64) {
    let number = |bytes: &[u8]| u32::from_ne_bytes(bytes.try_into().expect("four bytes"));
    let (mut packets, mut bytes) = (0, 0);
    let mut rest = savefile.get(24..).unwrap_or_default();
    while rest.len() >= 16 {
        let end = 16 + number(&rest[8..12]) as usize;
        if rest.len() < end {
            break;
        }
        packets += 1;
        bytes += u64::from(number(&rest[12..16]));
        rest = &rest[end..];
    }
    (packets, bytes)
}
