//! Waits without packets: how soon a break and a deadline end them, and what they cost.

use std::fs;
use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::Next;

use super::{Figures, figures, until_broken};
use crate::Failure;
use crate::latency::rows::{Device, Reader};
use crate::outcome::{Metric, Outcome, cpu_time};
use crate::peers::ours;
use crate::work::live::network::{Network, TO};

/// The longest pause between a reader's falling asleep and its break, in microseconds.
const LONGEST_PAUSE: u32 = 500;
/// No reader takes as long to fall asleep.
const LONG: Duration = Duration::from_secs(10);

fn spread(times: Vec<Duration>) -> Figures {
    let waits = times.len() as f64;
    let outcome = Outcome::of_times(times);
    let of = |metric| outcome.figures.get(&metric).copied().unwrap_or(f64::NAN);
    let [median, late, longest] = [Metric::P50, Metric::P99, Metric::Max].map(of);
    figures([
        ("p50_us", median),
        ("p99_us", late),
        ("max_us", longest),
        ("waits", waits),
    ])
}

/// Measures the time from another thread's break of a sleeping reader until its call has returned.
pub(super) fn breaks(
    reader: Reader,
    count: usize,
    begin: impl FnOnce() -> io::Result<()>,
) -> Result<Figures, Failure> {
    let capture = ours::open(TO, None)?;
    let handle = capture.break_handle();
    let (tell_who, who) = mpsc::channel();
    let (returned, returns) = mpsc::channel();
    begin()?;
    thread::scope(|scope| {
        scope.spawn(move || {
            // SAFETY: takes nothing and always succeeds.
            let _ = tell_who.send(unsafe { libc::gettid() });
            let read = || -> Result<(), Failure> {
                let mut read = until_broken(reader, capture)?;
                for _ in 0..count {
                    read()?;
                    returned.send(Ok(Instant::now()))?;
                }
                Ok(())
            };
            if let Err(error) = read() {
                let _ = returned.send(Err(error.to_string()));
            }
        });
        let id = who.recv()?;
        let mut random = 0x9e37_79b9_u32;
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            while !sleeps(id, reader)? {
                if start.elapsed() > LONG {
                    return Err("the reader does not fall asleep".into());
                }
                if let Ok(early) = returns.try_recv() {
                    return Err(format!("it returned without a break: {early:?}").into());
                }
                thread::yield_now();
            }
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            thread::sleep(Duration::from_micros((random % LONGEST_PAUSE).into()));
            let start = Instant::now();
            handle.breakloop();
            let end = returns.recv()??;
            times.push(end.saturating_duration_since(start));
        }
        Ok(spread(times))
    })
}

/// Returns whether this thread sleeps in a system call. A reader only sleeps in the call that waits for packets, and
/// in locks. On async-io it may wait by a lock, for the thread that waits for packets.
fn sleeps(id: libc::pid_t, reader: Reader) -> Result<bool, Failure> {
    let path = format!("/proc/self/task/{id}/syscall");
    let text = match fs::read_to_string(&path) {
        // It has just ended; its last message says why.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        text => text.map_err(|error| format!("{path}: {error}"))?,
    };
    // `running`, or the number of the call; -1 is none.
    let call = text
        .split(' ')
        .next()
        .and_then(|word| word.parse::<libc::c_long>().ok());
    let locked = reader == Reader::AsyncIo;
    Ok(call.is_some_and(|call| call >= 0 && (locked || call != libc::SYS_futex)))
}

/// Measures how much longer than its deadline a capture without packets waits.
pub(super) fn deadlines(
    device: Device,
    millis: u64,
    quick: bool,
    begin: impl FnOnce() -> io::Result<()>,
) -> Result<Figures, Failure> {
    let count = match millis {
        _ if quick => 2,
        0..=1 => 1000,
        2..=10 => 300,
        11..=100 => 50,
        _ => 8,
    };
    let device = match device {
        Device::Veth => TO,
        Device::Lo => "lo",
        Device::Any => "any",
    };
    let asked = Duration::from_millis(millis);
    let mut capture = ours::open(device, None)?;
    let (mut times, mut early) = (Vec::new(), 0);
    begin()?;
    for _ in 0..count {
        let start = Instant::now();
        let next = capture.next_packet_timeout(asked)?;
        let took = start.elapsed();
        if next != Next::Timeout {
            return Err("there was a packet where nobody sends".into());
        }
        early += u32::from(took < asked);
        times.push(took.saturating_sub(asked));
    }
    let mut figures = spread(times);
    figures.insert("early".to_owned(), early.into());
    Ok(figures)
}

/// Measures the CPU usage of this process while it waits; with a network, its interface is set down before.
pub(super) fn idle(
    reader: Reader,
    down: Option<&Network>,
    quick: bool,
    begin: impl FnOnce() -> io::Result<()>,
) -> Result<Figures, Failure> {
    let time = Duration::from_secs(if quick { 1 } else { 30 });
    let capture = ours::open(TO, None)?;
    let handle = capture.break_handle();
    let mut read = until_broken(reader, capture)?;
    if let Some(network) = down {
        network.set_down(TO);
    }
    begin()?;
    let (start, used) = (Instant::now(), cpu_time());
    let end = thread::spawn(move || {
        thread::sleep(time);
        handle.breakloop();
    });
    read()?;
    let (took, used) = (start.elapsed(), cpu_time() - used);
    end.join().map_err(|_| "it could not be broken")?;
    if took < time {
        return Err("it returned without a break".into());
    }
    let percent = used.as_secs_f64() * 100.0 / took.as_secs_f64();
    Ok(figures([
        ("percent", percent),
        ("seconds", took.as_secs_f64()),
    ]))
}
