//! SIGKILL at random moments leaves complete files.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Plan;
use super::capture::Capture;
use super::savefile::{self, Seen};
use super::sender::Sender;
use crate::Result;

/// Packets that were sent this long before the signal are in the files. The programs promise one second; the rest is
/// their way through the buffers.
const MAX_AGE: Duration = Duration::from_millis(1300);
/// The rate in packets per second. It is low enough that the kernel drops no packet.
const RATE: u64 = 50_000;

pub(super) fn run(plan: &Plan) -> Result<()> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut random = clock.map_or(1, |time| time.subsec_nanos().into());
    for round in 0..plan.kills {
        // xorshift
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let delay: u64 = 2200 + random % 1800;
        let name = match round % 2 {
            0 => "kill.pcap",
            _ => "kill.pcapng",
        };
        kill_after(plan, Duration::from_millis(delay), name)
            .map_err(|why| format!("killed after {delay} ms: {why}"))?;
    }
    println!(
        "{} captures killed: all finished files are whole",
        plan.kills
    );
    Ok(())
}

fn kill_after(plan: &Plan, delay: Duration, name: &str) -> Result<()> {
    let options = format!("-b filesize:3MB -b files:100 -w {name}");
    let mut capture = Capture::start(plan, "pcap-capture", &options)?;
    let sender = Sender::start(RATE)?;
    let start = Instant::now();
    let mut history = VecDeque::new();
    while start.elapsed() < delay {
        history.push_back((Instant::now(), sender.sent()));
        thread::sleep(Duration::from_millis(10));
    }
    let end = Instant::now();
    let killed = capture.child.kill();
    killed.map_err(|e| format!("cannot kill a capture: {e}"))?;
    let _ = capture.child.wait();
    sender.stop();
    let old = history
        .iter()
        .rfind(|(at, _)| end.duration_since(*at) >= MAX_AGE);
    let expected = old.map_or(0, |(_, sent)| *sent);

    let entries = fs::read_dir(&plan.folder).map_err(|e| e.to_string())?;
    let paths = entries.flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| is_of(path)).collect();
    paths.sort();
    // The newest file may still be empty. Then the one before it is the last.
    paths.retain(|path| fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0));
    let mut seen = Seen::default();
    for (index, path) in paths.iter().enumerate() {
        let contents = savefile::read(path)?;
        if !contents.is_whole && index + 1 < paths.len() {
            return Err(format!("{} is not whole", path.display()));
        }
        seen.add(path, &contents)?;
        let _ = fs::remove_file(path);
    }
    match seen.count >= expected {
        true => Ok(()),
        false => Err(format!(
            "{expected} packets were sent at least {MAX_AGE:?} before, but {} are in files",
            seen.count
        )),
    }
}

/// Returns whether a path is one of the files of these captures.
fn is_of(path: &std::path::Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("kill_"))
}
