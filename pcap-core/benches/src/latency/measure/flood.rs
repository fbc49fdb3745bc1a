//! Many packets: the cost of each, the losses, and how fast a full buffer is read.

use std::io;
use std::mem;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use pcap_core::{Active, Capture, Next};

use super::{DEADLINE, Figures, figures};
use crate::Failure;
use crate::latency::rows::Reader;
use crate::outcome::{Metric, cpu_time, measured};
use crate::peers::{Way, ours, tasks};
use crate::tally::Tally;
use crate::work::live::network::TO;
use crate::work::live::sender::{LENGTH, MARK, Sender};

/// The number of packets of a flood.
const FLOOD: u64 = 500_000;
/// The number of paced packets, and their rate per second.
const PACED: u64 = 1_000_000;
const PACE: u64 = 200_000;
/// The number of packets that fill a buffer, and the size of a buffer that holds them all.
const BURST: u64 = 1_000_000;
const BUFFER: usize = 320 << 20;
/// Twice the packet-buffer timeout: what has arrived by then can be read.
const SETTLED: Duration = Duration::from_millis(200);

fn part(number: u64, quick: bool) -> u64 {
    number / if quick { 100 } else { 1 }
}

/// Reads until the packet that means that all were sent.
fn receive(
    reader: Reader,
    mut capture: Capture<Active>,
) -> Result<(Tally, Capture<Active>), Failure> {
    let way = match reader {
        Reader::Next | Reader::Held => Way::Next,
        Reader::ForEach => Way::ForEach,
        Reader::Tokio => Way::Tokio,
        Reader::AsyncIo => Way::AsyncIo,
        Reader::Deadlines => {
            let tally = with_deadlines(&mut capture)?;
            return Ok((tally, capture));
        }
    };
    tasks::receive_all(capture, way, MARK)
}

/// Does the same, each packet with a deadline.
fn with_deadlines(capture: &mut Capture<Active>) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    loop {
        match capture.next_packet_timeout(DEADLINE)? {
            Next::Packet(packet) if packet.data().len() == MARK => return Ok(tally),
            Next::Packet(packet) => tally.add(packet.data()),
            Next::Timeout => {}
            _ => return Err("it ended before all were sent".into()),
        }
    }
}

/// Checks that what arrived and what was lost add up to what was sent.
fn check(tally: Tally, sent: u64) -> Result<(), Failure> {
    let came = tally.packets;
    if came == 0 || came > sent || tally.bytes != came * LENGTH as u64 {
        return Err(format!("{came} of {sent} packets came").into());
    }
    Ok(())
}

/// Measures the CPU time of the reader for each packet of a flood.
pub(super) fn flood(
    reader: Reader,
    quick: bool,
    begin: impl FnOnce() -> io::Result<()>,
) -> Result<Figures, Failure> {
    let sent = part(FLOOD, quick);
    let mut sender = Sender::new(sent, None)?;
    let capture = ours::open(TO, None)?;
    let (over, wait) = mpsc::channel::<()>();
    let held = (reader == Reader::Held).then(|| capture.break_handle());
    let holder = held.map(|handle| {
        thread::spawn(move || {
            let _ = wait.recv();
            drop(handle);
        })
    });
    begin()?;
    sender.start()?;
    let outcome = measured(None, || Ok(receive(reader, capture)?.0))?;
    drop(over);
    if let Some(holder) = holder {
        holder
            .join()
            .map_err(|_| "the holder of the handle failed")?;
    }
    check(outcome.tally, sent)?;
    let lost = (sent - outcome.tally.packets) as f64 * 100.0 / sent as f64;
    let nanos = outcome.figures.get(&Metric::Nanos).copied();
    Ok(figures([
        ("ns", nanos.unwrap_or(f64::NAN)),
        ("lost_percent", lost),
    ]))
}

/// Measures the losses at a rate that a reader can sustain.
pub(super) fn paced(
    reader: Reader,
    quick: bool,
    begin: impl FnOnce() -> io::Result<()>,
) -> Result<Figures, Failure> {
    let sent = part(PACED, quick);
    let mut sender = Sender::new(sent, Some(PACE))?;
    let capture = ours::open(TO, None)?;
    begin()?;
    sender.start()?;
    let (tally, capture) = receive(reader, capture)?;
    check(tally, sent)?;
    Ok(figures([
        ("sent", sent as f64),
        ("received", tally.packets as f64),
        ("dropped", capture.stats()?.dropped as f64),
    ]))
}

/// Measures how fast a reader empties a full buffer: by its CPU time, the only time it needs on an idle machine.
pub(super) fn drain(
    reader: Reader,
    quick: bool,
    begin: impl FnOnce() -> io::Result<()>,
) -> Result<Figures, Failure> {
    let sent = part(BURST, quick);
    let mut sender = Sender::new(sent, None)?;
    let capture = ours::open(TO, Some(BUFFER))?;
    begin()?;
    sender.start()?;
    // One more than were sent: the final packet is in the buffer.
    while capture.stats()?.received <= sent {
        thread::sleep(Duration::from_millis(10));
    }
    drop(sender);
    thread::sleep(SETTLED);
    let dropped = capture.stats()?.dropped;
    if dropped > 0 {
        return Err(format!("{dropped} packets found no room in the buffer").into());
    }
    let (used, waits) = (cpu_time(), waits());
    let (tally, capture) = receive(reader, capture)?;
    let (used, waits) = (cpu_time() - used, self::waits() - waits);
    check(tally, sent)?;
    if tally.packets < sent || capture.stats()?.dropped > 0 {
        return Err(format!("{} of {sent} packets were in the buffer", tally.packets).into());
    }
    Ok(figures([
        ("packets_per_second", sent as f64 / used.as_secs_f64()),
        ("waits", waits as f64),
    ]))
}

/// Returns how often this thread has waited.
fn waits() -> libc::c_long {
    // SAFETY: a structure of numbers, for which zero is valid.
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    // SAFETY: the structure is a local variable for the result.
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, &mut usage) };
    usage.ru_nvcsw
}
