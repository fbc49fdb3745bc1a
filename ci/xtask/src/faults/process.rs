//! Running programs until they end, or too long.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Result, command};

/// A program that runs longer than this hangs.
const LIMIT: Duration = Duration::from_secs(60);
/// The longest part of a message in the table.
const MAX_MESSAGE: usize = 150;

/// A running program. Its output is in files, so it never waits for a reader.
pub(super) struct Process {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// What is left of a program.
pub(super) struct Ended {
    status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Process {
    /// Starts a command of the shell in a folder. With `exec`, signals reach the program. Files for its output get
    /// this number in their names.
    pub(super) fn start(folder: &Path, number: u32, script: &str) -> Result<Process> {
        let path = |name: &str| folder.join(format!("{name}-{number}"));
        let (stdout, stderr) = (path("stdout"), path("stderr"));
        let create = |path: &Path| {
            File::create(path).map_err(|e| format!("cannot create {}: {e}", path.display()))
        };
        let child = Command::new("sh")
            .args(["-c", script])
            .current_dir(folder)
            // If memory for a backtrace is lacking, Rust's standard library waits for a lock that it holds.
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(create(&stdout)?)
            .stderr(create(&stderr)?)
            .spawn()
            .map_err(|e| format!("cannot run sh: {e}"))?;
        Ok(Process {
            child,
            stdout,
            stderr,
        })
    }

    /// Returns what the program has printed on standard error so far.
    pub(super) fn stderr(&self) -> String {
        text(&self.stderr)
    }

    /// Returns what the program has printed on standard output so far.
    pub(super) fn stdout(&self) -> String {
        text(&self.stdout)
    }

    /// Waits until a condition is met.
    ///
    /// # Errors
    ///
    /// Returns an error if the program ends before, or if that takes too long.
    pub(super) fn wait_until(
        &mut self,
        what: &str,
        mut is_met: impl FnMut(&Process) -> bool,
    ) -> Result<()> {
        let start = Instant::now();
        while !is_met(self) {
            if self.has_ended()? {
                return Err(format!(
                    "the program has ended before {what}: {}",
                    self.stderr()
                ));
            }
            if start.elapsed() > LIMIT {
                return Err(format!("no {what} within {LIMIT:?}"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Returns whether the program has ended.
    pub(super) fn has_ended(&mut self) -> Result<bool> {
        let status = self.child.try_wait();
        Ok(status.map_err(|e| e.to_string())?.is_some())
    }

    /// Returns the number of the process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `INT`.
    pub(super) fn signal(&self, name: &str) -> Result<()> {
        command::signal(name, self.child.id())
    }

    /// Waits for the end.
    ///
    /// # Errors
    ///
    /// Returns an error if the program hangs or panics, or runs without the library that makes the fault.
    pub(super) fn end(self) -> Result<Ended> {
        self.end_within(LIMIT)
    }

    /// Does the same with another limit.
    pub(super) fn end_within(mut self, limit: Duration) -> Result<Ended> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().map_err(|e| e.to_string())? {
                let ended = Ended {
                    status,
                    stdout: text(&self.stdout),
                    stderr: text(&self.stderr),
                };
                // Rust itself panics if a thread lacks memory for its start.
                let is_lacking_memory = ended.stderr.contains("an alternative stack");
                if ended.stderr.contains("panicked at") && !is_lacking_memory {
                    return Err(format!("the program panicked: {}", ended.stderr));
                }
                // Then the loader goes on without it.
                if ended.stderr.contains("cannot be preloaded") {
                    return Err(format!("there was no fault: {}", ended.stderr));
                }
                return Ok(ended);
            }
            if start.elapsed() > limit {
                return Err(format!("the program still runs after {limit:?}"));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    /// Ends a program that a failed row left behind.
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Ended {
    /// Returns whether the user sees by the status that something went wrong.
    pub(super) fn has_failed(&self) -> bool {
        !self.status.success()
    }

    /// Returns the signal that ended the program.
    pub(super) fn signal(&self) -> Option<i32> {
        // The shell has a program without `exec` as its child.
        self.status.signal()
    }

    /// Checks the exit status, and that standard error contains a text.
    pub(super) fn expect(&self, status: i32, text: &str) -> Result<()> {
        if self.status.code() == Some(status) && self.stderr.contains(text) {
            return Ok(());
        }
        Err(format!(
            "expected status {status} and `{text}`, found {}",
            self.summary()
        ))
    }

    /// Returns the status and the error, or the last line.
    pub(super) fn summary(&self) -> String {
        let status = match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("status {code}"),
            (None, Some(signal)) => format!("ended by signal {signal}"),
            (None, None) => "no status".to_owned(),
        };
        let lines = self.stderr.lines().map(str::trim);
        let mut lines = lines.filter(|line| !line.is_empty() && !line.contains("listening on"));
        let error = lines.clone().find(|line| line.contains("cannot "));
        let line = error.or_else(|| lines.next_back());
        match line.map(without_json) {
            None => status,
            Some(line) if line.chars().count() > MAX_MESSAGE => {
                format!(
                    "{status}: {}…",
                    line.chars().take(MAX_MESSAGE).collect::<String>()
                )
            }
            Some(line) => format!("{status}: {line}"),
        }
    }
}

/// Returns the error in an object of JSON, or another line as it is.
fn without_json(line: &str) -> &str {
    let member = line.split_once("\"error\":\"").map(|(_, rest)| rest);
    member.map_or(line, |text| text.trim_end_matches(['}', '"']))
}

fn text(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
