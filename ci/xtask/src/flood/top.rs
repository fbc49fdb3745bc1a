//! Floods `pcap-top` with packets of ever new conversations: its memory stays the same, and each packet is counted or
//! reported as dropped. A terminal that accepts nothing loses no packets.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::DEVICE;
use crate::{Result, command, unexpected};

/// The share of the time in which the tables become full.
const FILLING: f64 = 0.2;
/// The most that the memory may grow afterwards, from one half of the time to the other. Within a second, it rises and
/// falls with the copies of the tables that are sorted, and on a busy machine it takes longer to fall. The lower quartiles
/// are compared, which contain few of these copies.
const MAX_GROWTH: f64 = 0.05;
/// The packets per second.
const RATE: u64 = 50_000;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let seconds = match arguments {
        [] => 600,
        [seconds] => seconds.parse().map_err(|_| unexpected(seconds))?,
        [_, more, ..] => return Err(unexpected(more)),
    };
    super::connect()?;
    for words in [
        "route add 198.18.0.0/15 via 192.0.2.2 dev left",
        "link set dev left mtu 1500",
    ] {
        command::run(Command::new("ip").args(words.split(' ')))?;
    }
    for (is_blocked, seconds) in [(true, seconds.min(20)), (false, seconds)] {
        flood(is_blocked, seconds)?;
    }
    Ok(())
}

/// Floods the program on a terminal that is read, or that accepts nothing.
fn flood(is_blocked: bool, seconds: u64) -> Result<()> {
    let folder = command::root()?.join("target/flood-top");
    command::empty_folder(&folder)?;
    let statistics = folder.join("statistics");
    // script(1) emulates a terminal, whose size the shell sets.
    let line = format!(
        "stty cols 80 rows 24; echo $$; exec pcap-top --interval 0.2 -B 64M -i {DEVICE} udp and dst net 198.18.0.0/15 2>{}",
        statistics.display()
    );
    let mut script = Command::new("script")
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run script: {error}"))?;
    let outcome = watch(&mut script, is_blocked, seconds);
    let _ = script.kill();
    let _ = script.wait();
    let sent = outcome?;
    let text = command::read(&statistics)?;
    let number = |word: &str| {
        let before = text.split(word).next().unwrap_or_default();
        let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next();
        digits.and_then(|digits| digits.parse::<u64>().ok())
    };
    let (Some(captured), Some(dropped)) = (number(" packets captured"), number(" dropped,")) else {
        return Err(format!("expected statistics, found {text}"));
    };
    let terminal = if is_blocked {
        "blocked terminal"
    } else {
        "terminal"
    };
    println!("{terminal}: {sent} sent, {captured} captured, {dropped} dropped in {seconds} s");
    match captured + dropped == sent {
        true => Ok(()),
        false => Err("the numbers do not add up".to_owned()),
    }
}

/// Watches the memory, and ends the program. Returns the number of packets sent.
fn watch(script: &mut Child, is_blocked: bool, seconds: u64) -> Result<u64> {
    let (Some(keyboard), Some(screen)) = (script.stdin.take(), script.stdout.take()) else {
        return Err("script has no pipes".to_owned());
    };
    let mut screen = BufReader::new(screen);
    let mut line = String::new();
    screen
        .read_line(&mut line)
        .map_err(|error| error.to_string())?;
    let process: u32 = line
        .trim()
        .parse()
        .map_err(|_| format!("expected a process, found {line}"))?;
    let mut shown = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&shown).contains("help") {
        let length = screen.read(&mut part).map_err(|error| error.to_string())?;
        shown.extend_from_slice(&part[..length]);
        if length == 0 {
            return Err("pcap-top has ended".to_owned());
        }
    }
    let mut unread = None;
    if is_blocked {
        // The screen is never read again. Ctrl-L draws all of it, until the pipe and the terminal are full.
        let mut keyboard = keyboard;
        for _ in 0..400 {
            use std::io::Write;
            let _ = keyboard.write_all(b"\x0c");
            thread::sleep(Duration::from_millis(5));
        }
        unread = Some((keyboard, screen));
    } else {
        thread::spawn(move || {
            let _keyboard = keyboard;
            let _ = std::io::copy(&mut screen, &mut std::io::sink());
        });
    }
    let flood = Flood::start()?;
    // The memory in the first and in the second half of the time after the tables became full.
    let mut samples = [Vec::new(), Vec::new()];
    let began = Instant::now();
    let mut printed = 0;
    while began.elapsed() < Duration::from_secs(seconds) {
        thread::sleep(Duration::from_secs(1));
        let memory = memory(process)?;
        let elapsed = began.elapsed().as_secs();
        let share = elapsed as f64 / seconds as f64;
        if share >= FILLING {
            samples[usize::from(share >= (1.0 + FILLING) / 2.0)].push(memory as f64);
        }
        if elapsed / 30 > printed {
            printed = elapsed / 30;
            println!("{elapsed} s: {memory} KiB");
        }
    }
    let sent = flood.stop();
    // The last packets are delivered.
    thread::sleep(Duration::from_secs(1));
    command::signal("TERM", process)?;
    let begun = Instant::now();
    while fs::metadata(format!("/proc/{process}/exe")).is_ok()
        && begun.elapsed() < Duration::from_secs(10)
    {
        thread::sleep(Duration::from_millis(20));
    }
    println!("ended after {:.1} s", begun.elapsed().as_secs_f64());
    drop(unread);
    if samples.iter().any(Vec::is_empty) {
        return Err("expected more seconds".to_owned());
    }
    let [before, after] = samples.map(lower_quartile);
    let growth = after / before - 1.0;
    println!(
        "lower quartile of the resident memory: {before:.0} KiB, then {after:.0} KiB, {:+.1} %",
        100.0 * growth
    );
    match is_blocked || growth <= MAX_GROWTH {
        true => Ok(sent),
        false => Err(format!("the memory grows by {:.1} %", 100.0 * growth)),
    }
}

fn lower_quartile(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 4]
}

/// Returns the resident memory of a process, in KiB.
fn memory(process: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status"))
        .map_err(|_| "pcap-top has ended".to_owned())?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| "no resident memory".to_owned())
}

/// A thread that sends packets to ever new addresses and ports.
struct Flood {
    sent: Arc<AtomicU64>,
    must_stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Flood {
    fn start() -> Result<Flood> {
        let socket = UdpSocket::bind("192.0.2.1:0").map_err(|error| error.to_string())?;
        let (sent, must_stop) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (count, stop) = (Arc::clone(&sent), Arc::clone(&must_stop));
        let thread = thread::spawn(move || {
            let begun = Instant::now();
            let (mut number, mut state) = (0_u64, 1_u64);
            while !stop.load(Ordering::Relaxed) {
                for _ in 0..32 {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    let random = state >> 24;
                    let address = Ipv4Addr::from(0xc612_0000 | (random as u32 & 0x1_ffff));
                    let port = 1024 + (random >> 17) as u16 % 60_000;
                    if socket.send_to(&[0; 100], (address, port)).is_ok() {
                        number += 1;
                    }
                }
                count.store(number, Ordering::Relaxed);
                let due = Duration::from_secs_f64(number as f64 / RATE as f64);
                if let Some(early) = due.checked_sub(begun.elapsed()) {
                    thread::sleep(early);
                }
            }
        });
        Ok(Flood {
            sent,
            must_stop,
            thread,
        })
    }

    fn stop(self) -> u64 {
        self.must_stop.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
        self.sent.load(Ordering::Relaxed)
    }
}
