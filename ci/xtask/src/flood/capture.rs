//! Running captures.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::Plan;
use crate::{Result, command};

/// A running `pcap-capture`, dumpcap or tcpdump.
pub(super) struct Capture {
    pub(super) child: Child,
    pub(super) stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
}

impl Capture {
    /// Starts a capture of the numbered packets, and waits until it captures.
    pub(super) fn start(plan: &Plan, program: &str, options: &str) -> Result<Capture> {
        let mut command = Command::new(program);
        command
            .current_dir(&plan.folder)
            .args(["-i", super::DEVICE]);
        command.args(options.split(' '));
        match program {
            "tcpdump" => command.arg("udp dst port 9"),
            _ => command.args(["-f", "udp dst port 9"]),
        };
        let pipes = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let started = pipes.stderr(Stdio::piped()).spawn();
        let mut child = started.map_err(|e| format!("cannot run {program}: {e}"))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
            return Err("a capture has no pipes".to_owned());
        };
        let mut capture = Capture {
            child,
            stdout: BufReader::new(stdout),
            stderr: BufReader::new(stderr),
        };
        let mut text = String::new();
        // dumpcap prints the first file when it captures.
        while !text.contains("listening on") && !text.contains("File: ") {
            let read = capture.stderr.read_line(&mut text);
            if read.map_err(|e| e.to_string())? == 0 {
                return Err(format!("{program} {options} has ended: {text}"));
            }
        }
        Ok(capture)
    }

    /// Returns the processor time that the capture has used so far.
    pub(super) fn processor_time(&self) -> Result<Duration> {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = fs::read_to_string(&path).map_err(|e| format!("cannot read {path}: {e}"))?;
        // See proc(5): the name is in brackets, and the times are the fields 14 and 15, in hundredths of a second.
        let fields = text.rsplit(')').next().unwrap_or_default();
        let times = fields.split_whitespace().skip(11).take(2);
        let hundredths: u64 = times.filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(hundredths * 10))
    }

    /// Asks the capture to end.
    pub(super) fn interrupt(&self) -> Result<()> {
        command::signal("INT", self.child.id())
    }

    /// Waits for the end. Returns the rest of its standard output and of its standard error.
    pub(super) fn end(mut self) -> Result<(String, String)> {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let read = self.stdout.read_to_string(&mut stdout);
        read.and_then(|_| self.stderr.read_to_string(&mut stderr))
            .map_err(|e| format!("cannot read the output of a capture: {e}"))?;
        match self.child.wait() {
            Ok(status) if status.success() => Ok((stdout, stderr)),
            Ok(status) => Err(format!("a capture has failed: {status}: {stderr}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Returns a member of an object in JSON: a number or a string without escapes.
pub(crate) fn member<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("\"{name}\":"))?;
    let rest = rest.strip_prefix('"').unwrap_or(rest);
    rest.split(['"', ',', '}']).next()
}

/// Returns a number in the last line of JSON that `pcap-capture` prints.
pub(crate) fn count(statistics: &str, name: &str) -> Result<u64> {
    let number = member(statistics, name).and_then(|text| text.parse().ok());
    number.ok_or(format!(
        "no number `{name}` in the statistics: {statistics}"
    ))
}
