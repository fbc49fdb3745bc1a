//! Reads the packets of a device, in a thread of its own that never waits for the terminal.

use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use pcap_core::{Active, Capture, End, Next};
use pcap_examples::drain::drain_capture;
use pcap_examples::exit::{self, Outcome};
use pcap_examples::interface_counts::InterfaceCounts;
use pcap_examples::signals;

use crate::counter::Counting;
use crate::debug;
use crate::filter_edit::reason;
use crate::source::{Source, State, current_second};

/// How long to wait for packets, and how often the counts of libpcap are read.
const INTERVAL: Duration = Duration::from_millis(100);
/// The number of packets between two readings of the clock.
const CLOCK_INTERVAL: u32 = 64;
/// The number of packets that are kept in each interval.
const KEPT: u32 = 1024;

/// Counts the packets of a capture until the source must end, and then those that have already arrived.
pub(crate) fn read(source: &Source, mut capture: Capture<Active>) -> Outcome {
    let mut counts = InterfaceCounts::new(&source.name);
    let outcome = read_until_end(source, &mut capture, &mut counts);
    let outcome = match outcome {
        Ok(true) => drain(source, &mut capture),
        outcome => outcome.map(drop),
    };
    let updated = counts.update(&capture, false);
    let outcome = exit::both(outcome, updated);
    source.update(|status| {
        status.interface = Some(counts);
        status.is_closed = true;
        if let Err(failure) = &outcome {
            status.state = State::Failed(failure.to_string());
        }
    });
    outcome
}

/// Returns `false` if the capture has ended by itself.
fn read_until_end(
    source: &Source,
    capture: &mut Capture<Active>,
    counts: &mut InterfaceCounts,
) -> Outcome<bool> {
    let linktype = capture.datalink();
    let mut counting: Option<MutexGuard<'_, Counting>> = None;
    let (mut wait, mut packets, mut second) = (Duration::ZERO, 0_u32, current_second());
    let (mut received, mut updated) = (source.status().received, None::<Instant>);
    while !source.must_end() && !signals::end_noticed() {
        match capture.next_packet_timeout(wait)? {
            Next::Packet(packet) => {
                let counting = counting.get_or_insert_with(|| source.counter.lock());
                counting.count(linktype, packet, second, true);
                received.add(packet.wire_len());
                wait = Duration::ZERO;
                packets = packets.wrapping_add(1);
                if packets % CLOCK_INTERVAL != 0 {
                    continue;
                }
                source.counter.hand_over(counting);
            }
            Next::Timeout => {
                counting = None;
                wait = INTERVAL;
            }
            Next::End(End::Break) => {}
            Next::End(End::Eof) => return Ok(false),
        }
        second = current_second();
        if source.is_edited() {
            // Compiling may wait for a name server.
            counting = None;
            edit(source, capture);
        }
        if updated.is_none_or(|updated| updated.elapsed() >= INTERVAL) {
            updated = Some(Instant::now());
            debug::panic_if_wanted("reader");
            if let Some(counting) = &mut counting {
                counting.refill(KEPT);
            } else {
                source.counter.lock().refill(KEPT);
            }
            // If libpcap has no statistics, that is an error at the end.
            let _ = counts.update(capture, false);
            source.update(|status| {
                status.received = received;
                status.interface = Some(counts.clone());
            });
        }
    }
    source.update(|status| status.received = received);
    Ok(true)
}

/// Sets another filter, if it is requested and right.
fn edit(source: &Source, capture: &mut Capture<Active>) {
    if let Some(expression) = source.take_request() {
        let set = capture.set_filter((expression.as_str(), source.compile_options));
        source.answer(&expression, set.map_err(reason));
    }
}

/// Counts the packets that have already arrived.
fn drain(source: &Source, capture: &mut Capture<Active>) -> Outcome {
    let linktype = capture.datalink();
    let second = current_second();
    let mut counting = source.counter.lock();
    let mut received = source.status().received;
    let drained = drain_capture(capture, |packet| {
        counting.count(linktype, packet, second, true);
        received.add(packet.wire_len());
        Ok(true)
    });
    source.update(|status| status.received = received);
    drained
}
