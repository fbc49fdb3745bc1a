//! How soon a waiting capture returns after a break, and at a deadline.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::Next;

use super::network::TO;
use super::{Place, cannot};
use crate::Failure;
use crate::outcome::Outcome;
use crate::peers::{Peer, Way, c, ours, pcap};

/// The number of breaks.
const BREAKS: usize = 300;
/// The time until the reader waits again.
const PAUSE: Duration = Duration::from_millis(3);
/// No packet has this length.
const NO_MARK: usize = usize::MAX >> 33;

pub(super) fn breaks(peer: Peer, place: &Place) -> Result<Outcome, Failure> {
    let count = if place.quick { 10 } else { BREAKS };
    match peer {
        Peer::Us => {
            let mut capture = ours::open(TO, None)?;
            let handle = capture.break_handle();
            let read = move || ours::receive(&mut capture, Way::ForEach, NO_MARK).map(drop);
            time_breaks(count, read, || handle.breakloop())
        }
        Peer::C => {
            let capture = c::Live::open(TO, None)?;
            let read = || capture.receive(Way::ForEach, NO_MARK).map(drop);
            time_breaks(count, read, || capture.breakloop())
        }
        Peer::Pcap => {
            let mut capture = pcap::open(TO, None)?;
            let handle = capture.breakloop_handle();
            let read = move || {
                // A break is an error here.
                let _ = pcap::receive(&mut capture, Way::ForEach, NO_MARK);
                Ok(())
            };
            time_breaks(count, read, || handle.breakloop())
        }
        _ => Err(cannot(peer)),
    }
}

/// Repeatedly breaks a reader in another thread, and measures the time until its call has returned.
fn time_breaks(
    count: usize,
    mut read: impl FnMut() -> Result<(), Failure> + Send,
    breakloop: impl Fn(),
) -> Result<Outcome, Failure> {
    let (returned, returns) = mpsc::channel();
    let times = thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..count {
                let result = read().map_err(|error| error.to_string());
                let _ = returned.send((Instant::now(), result));
            }
        });
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            thread::sleep(PAUSE);
            let start = Instant::now();
            breakloop();
            let (end, result) = returns.recv()?;
            result?;
            times.push(end.saturating_duration_since(start));
        }
        Ok::<_, Failure>(times)
    })?;
    Ok(Outcome::of_times(times))
}

/// Measures how much longer than its deadline a capture without packets waits.
pub(super) fn deadlines(peer: Peer, millis: u64, place: &Place) -> Result<Outcome, Failure> {
    if peer != Peer::Us {
        return Err(cannot(peer));
    }
    let asked = Duration::from_millis(millis);
    let count = if place.quick { 3 } else { 20 + 180 / millis };
    let mut capture = ours::open(TO, None)?;
    let mut times = Vec::new();
    for _ in 0..count {
        let start = Instant::now();
        let next = capture.next_packet_timeout(asked)?;
        let took = start.elapsed();
        if next != Next::Timeout {
            return Err("there was a packet where nobody sends".into());
        }
        times.push(took.checked_sub(asked).ok_or("it returned too early")?);
    }
    Ok(Outcome::of_times(times))
}
