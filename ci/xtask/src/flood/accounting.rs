//! Each packet is in exactly one file, or counted as dropped.

use std::io::BufRead;
use std::path::Path;
use std::time::{Duration, Instant};

use super::Plan;
use super::capture::{Capture, count, member};
use super::savefile::{self, Seen};
use super::sender::Sender;
use crate::Result;

/// Files of 20 MB, in a ring that is long enough for reading each of them.
const OPTIONS: &str =
    "--json --print-files -b filesize:20MB -b files:60 -b total:1.2GB -w all.pcapng";

pub(super) fn run(plan: &Plan) -> Result<()> {
    flood(plan, OPTIONS, |_, _| Ok(()))
}

/// Floods a capture with these options. Calls a closure with the capture and each finished file.
pub(super) fn flood(
    plan: &Plan,
    options: &str,
    check: impl Fn(&Capture, &Path) -> Result<()>,
) -> Result<()> {
    let mut capture = Capture::start(plan, "pcap-capture", options)?;
    let sender = Sender::start(0)?;
    let end = Instant::now() + Duration::from_secs(plan.seconds);
    let mut sender = Some(sender);
    let mut totals = (0, 0);
    let (mut seen, mut files, mut removed) = (Seen::default(), 0_u64, 0_u64);
    let mut line = String::new();
    // Lines arrive several times per second, until the sender is stopped.
    loop {
        if Instant::now() >= end {
            if let Some(sender) = sender.take() {
                totals = sender.stop();
                capture.interrupt()?;
            }
        }
        line.clear();
        let read = capture.stdout.read_line(&mut line);
        if read.map_err(|e| format!("cannot read the list of files: {e}"))? == 0 {
            return Err("the capture has ended without statistics".to_owned());
        }
        if member(&line, "type") == Some("statistics") {
            break;
        }
        let path = plan.folder.join(member(&line, "path").unwrap_or_default());
        if !path.exists() {
            removed += 1;
            continue;
        }
        let contents = savefile::read(&path)?;
        if !contents.is_whole || contents.numbers.len() as u64 != count(&line, "packets")? {
            return Err(format!("{} is not whole", path.display()));
        }
        // After the last file, the process may be gone.
        if sender.is_some() {
            check(&capture, &path)?;
        }
        seen.add(&path, &contents)?;
        files += 1;
    }
    let statistics = line.clone();
    capture.end()?;
    let (sent, rate) = totals;
    let written = count(&statistics, "packets")?;
    let places = ["dropped", "dropped_waiting", "not_written"];
    let mut dropped = 0;
    for place in places {
        dropped += count(&statistics, place)?;
    }
    println!(
        "flood of {} s: {sent} packets, {rate} per second: {written} in {files} files, {dropped} dropped ({:.2} %)",
        plan.seconds,
        100.0 * dropped as f64 / sent as f64
    );
    if removed > 0 {
        return Err(format!(
            "{removed} files were removed before they were read"
        ));
    }
    if seen.count != written || written + dropped != sent {
        return Err(format!(
            "{sent} packets were sent, {written} written and {dropped} dropped, but {} are in files",
            seen.count
        ));
    }
    Ok(())
}
