//! Whether a program behaved well when something failed.

use std::collections::BTreeMap;

use crate::drivers::Driver;
use crate::fault::Fault;
use crate::savefile;
use crate::trace::End;
use crate::worker::Run;

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing failed: the program made fewer calls than before.
    NotReached,
    /// The result is that of a run without faults.
    Unharmed,
    /// The program reported an error.
    Error,
    /// Rust's allocator ended the program, as it does by default.
    OutOfMemory,
    /// The program behaved badly.
    Bad(String),
}

/// What a run without faults leaves behind.
pub(crate) struct Expected {
    stdout: Vec<u8>,
    files: BTreeMap<String, Vec<u8>>,
    descriptors: Vec<String>,
    threads: usize,
    live: [i64; 3],
}

impl Expected {
    /// Takes the results of runs without faults.
    ///
    /// # Errors
    ///
    /// If they differ, or if one failed.
    pub(crate) fn new(driver: &Driver, runs: &[Run]) -> Result<Expected, String> {
        let mut expected: Option<Expected> = None;
        for run in runs {
            // If it failed anyway, each fault would be an expected error.
            if run.trace.end != End::Status(0) || run.hung {
                return Err(format!(
                    "{}: fails without faults: {:?} {}",
                    driver.name, run.trace.end, run.stderr
                ));
            }
            let this = Expected {
                stdout: masked_text(driver, &run.stdout),
                files: run
                    .files
                    .iter()
                    .map(|(name, bytes)| (name.clone(), masked(driver, bytes)))
                    .collect(),
                descriptors: run.trace.descriptors.clone(),
                threads: run.trace.threads,
                live: run.report.live,
            };
            match &mut expected {
                None => expected = Some(this),
                Some(first) if first.stdout != this.stdout || first.files != this.files => {
                    return Err(format!(
                        "{}: prints or writes something else in each run: {}",
                        driver.name,
                        first.difference(&this)
                    ));
                }
                // Several threads may end in any order.
                Some(first) => {
                    first.threads = first.threads.max(this.threads);
                    for (most, this) in first.live.iter_mut().zip(this.live) {
                        *most = (*most).max(this);
                    }
                }
            }
        }
        expected.ok_or_else(|| format!("{}: no run", driver.name))
    }

    fn difference(&self, other: &Expected) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if self.stdout != other.stdout {
            return format!("{} and {}", text(&self.stdout), text(&other.stdout));
        }
        format!("files {:?} and {:?}", self.files.keys(), other.files.keys())
    }

    /// Judges a run with a fault.
    pub(crate) fn judge(&self, driver: &Driver, fault: Fault, run: &Run) -> Verdict {
        let bad = |text: String| Verdict::Bad(text);
        if run.stderr.contains("panicked at") {
            let at = run.stderr.find("panicked at").unwrap_or(0);
            let text: Vec<&str> = run.stderr[at..].lines().take(2).collect();
            return bad(text.join(" "));
        }
        if run.hung {
            return bad("does not end".into());
        }
        // Printing the message may fail as well.
        let out_of_memory = run.stderr.contains("memory allocation of ");
        let ended = match run.trace.end {
            End::Signal(libc::SIGABRT) if out_of_memory => Verdict::OutOfMemory,
            End::Signal(libc::SIGABRT) => {
                // Another thread may print its message at the same time.
                let fatal = run.stderr.find("Fatal glibc error");
                let message = fatal.map_or_else(
                    || last_line(&run.stderr),
                    |at| first_line(&run.stderr[at..]),
                );
                return bad(format!("aborts: {message}"));
            }
            End::Signal(signal) => return bad(format!("signal {signal} at {}", run.trace.place)),
            End::Status(0) => Verdict::Unharmed,
            End::Status(status) if driver.program == "operations" && status != 1 => {
                return bad(format!(
                    "exits with status {status}: {}",
                    last_line(&run.stderr)
                ));
            }
            End::Status(_) => Verdict::Error,
        };
        let stdout = masked_text(driver, &run.stdout);
        if let Some(text) = self.damage(driver, run, ended == Verdict::Unharmed) {
            return bad(text);
        }
        if ended == Verdict::Unharmed && stdout != self.stdout {
            return bad(format!(
                "claims success, but {}",
                difference(&self.stdout, &stdout)
            ));
        }
        let reached = run.trace.failed > 0 || run.report.failed > 0;
        if ended == Verdict::Error {
            // A message that cannot be written is lost.
            let writes = matches!(
                fault,
                Fault::Call {
                    number: libc::SYS_write | libc::SYS_writev,
                    ..
                }
            );
            if run.stderr.trim().is_empty() && !writes {
                return bad("fails without a message".into());
            }
            if !reached {
                return bad(format!("fails without a fault: {}", last_line(&run.stderr)));
            }
        }
        if ended != Verdict::OutOfMemory
            && let Some(text) = self.leak(driver, run)
        {
            return bad(text);
        }
        if reached { ended } else { Verdict::NotReached }
    }

    /// Returns what is wrong with the files: each must be as expected after a success, and otherwise a beginning of it.
    fn damage(&self, driver: &Driver, run: &Run, success: bool) -> Option<String> {
        for (name, bytes) in &run.files {
            let bytes = masked(driver, bytes);
            let Some(expected) = self.files.get(name) else {
                let aborted = matches!(run.trace.end, End::Signal(_));
                if aborted {
                    continue;
                }
                return Some(format!("leaves the file `{name}`"));
            };
            if success && bytes != *expected {
                return Some(format!(
                    "claims success, but `{name}` has {} of {} bytes",
                    bytes.len(),
                    expected.len()
                ));
            }
            let intact = match driver.unordered {
                true => savefile::is_whole(&bytes),
                false => expected.starts_with(&bytes),
            };
            if !intact {
                return Some(format!("damages `{name}`, which has {} bytes", bytes.len()));
            }
            let kept = kept(&run.stdout, name);
            if (bytes.len() as u64) < kept {
                return Some(format!(
                    "loses what it has written: `{name}` has {} of {kept} bytes",
                    bytes.len()
                ));
            }
        }
        if success
            && let Some(name) = self
                .files
                .keys()
                .find(|name| !run.files.contains_key(*name))
        {
            return Some(format!("claims success, but there is no `{name}`"));
        }
        None
    }

    /// Returns what is left: descriptors, threads, processes and memory.
    fn leak(&self, driver: &Driver, run: &Run) -> Option<String> {
        if run.trace.children > 0 {
            return Some(format!("leaves {} processes", run.trace.children));
        }
        if driver.program != "operations" {
            // A program may exit while threads and files of it are in use.
            return None;
        }
        if run.trace.descriptors.len() > self.descriptors.len() {
            return Some(format!(
                "leaves descriptors open: {}",
                run.trace.descriptors.join(", ")
            ));
        }
        if run.trace.threads > self.threads {
            return Some(format!("leaves {} threads", run.trace.threads));
        }
        let owners = ["the program", "libpcap", "other libraries"];
        for ((now, before), owner) in run.report.live.iter().zip(self.live).zip(owners) {
            if *now > before + driver.lazy {
                return Some(format!(
                    "leaves {} blocks of memory of {owner}, instead of {before}",
                    now
                ));
            }
        }
        None
    }
}

/// Returns the number of bytes that a driver says it has written to a file: the last line `kept NAME BYTES`.
fn kept(stdout: &[u8], name: &str) -> u64 {
    let text = String::from_utf8_lossy(stdout);
    let number = |line: &str| {
        line.strip_prefix("kept ")?
            .strip_prefix(name)?
            .trim()
            .parse()
            .ok()
    };
    text.lines().filter_map(number).next_back().unwrap_or(0)
}

/// Returns a file without the times of packets, if they differ in each run.
fn masked(driver: &Driver, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if driver.times {
        let mut at = 24;
        while at < bytes.len() {
            let end = bytes.len().min(at + 8);
            bytes[at..end].fill(0);
            let length = bytes
                .get(at + 8..at + 12)
                .and_then(|field| field.try_into().ok())
                .map_or(0, u32::from_le_bytes);
            at += 16 + length as usize;
        }
    }
    bytes
}

/// Returns a text without numbers and paths, if they differ in each run.
fn masked_text(driver: &Driver, bytes: &[u8]) -> Vec<u8> {
    if !driver.times {
        return bytes.to_vec();
    }
    let text = String::from_utf8_lossy(bytes);
    let mut masked = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        match word.starts_with('/') {
            true => masked.push_str("/\n"),
            false => masked.extend(
                word.chars()
                    .map(|c| if c.is_ascii_digit() { '0' } else { c }),
            ),
        }
    }
    let mut masked = masked.into_bytes();
    masked.dedup_by(|next, previous| *next == b'0' && *previous == b'0');
    masked
}

/// Describes the first line that is not the expected one.
fn difference(expected: &[u8], found: &[u8]) -> String {
    let mut expected = expected.split(|byte| *byte == b'\n');
    let mut found = found.split(|byte| *byte == b'\n');
    loop {
        let (expected, found) = (expected.next(), found.next());
        if expected != found || found.is_none() {
            let line = |line: Option<&[u8]>| line.map_or("nothing".to_owned(), shown);
            return format!("prints {} instead of {}", line(found), line(expected));
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text: String = text.chars().take(300).collect();
    format!("`{}`", text.replace('\n', "\\n"))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn last_line(text: &str) -> &str {
    text.trim().lines().next_back().unwrap_or("no message")
}
