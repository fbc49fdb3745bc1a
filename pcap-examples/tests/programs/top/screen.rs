//! `pcap-top` in a terminal that script(1) emulates.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::common::process::{PATIENCE, wait_until};
use crate::common::{path_arg, program, reset_signals};

/// `pcap-top` on a terminal of 80x24, with its standard error in a file.
pub(super) struct Screen {
    script: Child,
    keyboard: ChildStdin,
    /// What the terminal shows.
    output: BufReader<ChildStdout>,
    pid: i32,
    stderr: PathBuf,
}

impl Screen {
    pub(super) fn start(folder: &Path, arguments: &str) -> Screen {
        Screen::start_after("ulimit -c 0", folder, arguments)
    }

    /// Starts the program after a command of the shell.
    pub(super) fn start_after(command: &str, folder: &Path, arguments: &str) -> Screen {
        let stderr = folder.join("stderr");
        let program = program("top");
        let path = program.get_program().to_str().expect("a path in UTF-8");
        let line = format!(
            "stty cols 80 rows 24; {command}; echo $$; exec {path} {arguments} 2>{}",
            path_arg(&stderr)
        );
        let mut script = Command::new("script");
        reset_signals(&mut script);
        let mut script = script
            .args(["-q", "-e", "-c", &line, "/dev/null"])
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script");
        let keyboard = script.stdin.take().expect("a keyboard");
        let mut output = BufReader::new(script.stdout.take().expect("a screen"));
        let mut pid = String::new();
        output.read_line(&mut pid).expect("a line");
        let pid = pid.trim().parse().expect("a process");
        Screen {
            script,
            keyboard,
            output,
            pid,
            stderr,
        }
    }

    pub(super) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("to press");
    }

    /// Reads until the terminal shows a text, of which no character was there before at the same place.
    pub(super) fn wait_for(&mut self, text: &str) {
        self.wait_for_either(text, text);
    }

    /// Does the same until the terminal shows one of two texts. Returns whether it shows the first.
    pub(super) fn wait_for_either(&mut self, text: &str, other: &str) -> bool {
        let mut shown = Vec::new();
        let mut part = [0; 1024];
        loop {
            let all = String::from_utf8_lossy(&shown);
            if all.contains(text) || all.contains(other) {
                return all.contains(text);
            }
            let in_time = !self.output.buffer().is_empty() || is_readable(self.output.get_ref());
            let length = match in_time {
                true => self.output.read(&mut part).expect("output"),
                false => 0,
            };
            assert!(length > 0, "{text}: {}", String::from_utf8_lossy(&shown));
            shown.extend_from_slice(&part[..length]);
        }
    }

    pub(super) fn signal(&self, signal: i32) {
        // SAFETY: script(1) has not ended, so the process exists or is at least not reused.
        assert_eq!(unsafe { libc::kill(self.pid, signal) }, 0);
    }

    /// Waits for the end. Returns the exit status as a shell does, and what the terminal shows last.
    pub(super) fn end(mut self) -> (i32, String) {
        let mut shown = Vec::new();
        self.output.read_to_end(&mut shown).expect("output");
        let status = self.script.wait().expect("a status");
        let shown = String::from_utf8_lossy(&shown).into_owned();
        (status.code().expect("a status"), shown)
    }

    /// Waits for the end, without reading the screen. Returns standard error.
    pub(super) fn end_unread(mut self) -> String {
        let stat = format!("/proc/{}/stat", self.pid);
        let has_ended = || {
            let stat = fs::read_to_string(&stat).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        wait_until("it ends", has_ended);
        let _ = self.script.kill();
        let _ = self.script.wait();
        fs::read_to_string(&self.stderr).expect("standard error")
    }
}

/// Waits until a pipe has data or no writer. Returns whether it does in time.
fn is_readable(pipe: &ChildStdout) -> bool {
    let mut event = libc::pollfd {
        fd: pipe.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one structure, which outlives the call.
    unsafe { libc::poll(&raw mut event, 1, PATIENCE.as_millis() as i32) == 1 }
}
