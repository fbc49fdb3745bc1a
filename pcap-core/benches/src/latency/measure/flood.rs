//! Many packets: what each costs, which are lost, and how fast a full buffer is read.

use std::io;
use std::mem;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use pcap_core::{Active, Capture, Next};

use super::{DEADLINE, Figures, figures};
use crate::Failure;
use crate::latency::rows::Reader;
use crate::peers::{Way, ours};
use crate::tally::{Metric, Tally, cpu_time, measured};
use crate::work::live::network::TO;
use crate::work::live::sender::{LENGTH, MARK, Sender};

/// How many packets a flood has.
const FLOOD: u64 = 500_000;
/// How many come at their own pace, and how many of them in a second.
const PACED: u64 = 1_000_000;
const PACE: u64 = 200_000;
/// How many fill a buffer, and a buffer that they do not fill to the last.
const BURST: u64 = 1_000_000;
const BUFFER: usize = 320 << 20;
/// Twice the packet-buffer timeout: what has come by then lies ready.
const SETTLED: Duration = Duration::from_millis(200);

fn part(number: u64, quick: bool) -> u64 {
    number / if quick { 100 } else { 1 }
}

/// Reads until the packet that says that all were sent.
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
    ours::receive_all(capture, way, MARK)
}

/// As the others, each packet within a deadline.
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

/// What came is what was sent, as far as it was not lost.
fn check(tally: Tally, sent: u64) -> Result<(), Failure> {
    let came = tally.packets;
    if came == 0 || came > sent || tally.bytes != came * LENGTH as u64 {
        return Err(format!("{came} of {sent} packets came").into());
    }
    Ok(())
}

/// Processor time of the reader for each packet of a flood.
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

/// What comes through of packets that come at a pace that a reader can keep.
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

/// How fast a reader empties a buffer that was filled before it began: by its processor time, all that it
/// takes where nothing else runs.
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
    // One more than were sent: the packet that says so is in the buffer.
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

/// How often this thread has waited for something.
fn waits() -> libc::c_long {
    // SAFETY: a structure of numbers, for which zeroes are values.
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    // SAFETY: the structure is ours to be filled in.
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, &mut usage) };
    usage.ru_nvcsw
}
