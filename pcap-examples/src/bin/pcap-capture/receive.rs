//! Receives the packets of a capture, and passes them to the outputs.

use std::mem;
use std::time::{Duration, Instant};

use pcap_core::{Active, Capture, End, Next};
use pcap_examples::background_writer::Totals;
use pcap_examples::drain::drain_capture;
use pcap_examples::exit::Outcome;
use pcap_examples::packet_sink::PacketSink;
use pcap_examples::progress::StatusLine;
use pcap_examples::signals;
use pcap_examples::statistics::{CaptureReports, ReportSlot};

use crate::args::Args;
use crate::quota::Quota;

/// How often the program checks for buffered packets while no packets arrive.
const FLUSH_INTERVAL: Duration = Duration::from_millis(100);
/// The number of packets between two readings of the clock.
const CLOCK_INTERVAL: u32 = 64;

/// Passes packets to the sink until the limit, the end of the duration or a request to end the program. Then drains the
/// capture, unless the limit is reached.
pub(crate) fn receive(
    args: &Args,
    capture: &mut Capture<Active>,
    sink: &mut PacketSink,
    status: &mut StatusLine,
    quota: &Quota,
    reports: &CaptureReports,
) -> Outcome {
    let duration = args.stop.duration();
    let end = duration.and_then(|time| Instant::now().checked_add(time));
    let received = receive_until_end(capture, sink, status, quota, &reports.add_slot(), end);
    let must_drain = match &received {
        Ok(must_stop) => *must_stop && !quota.is_used_up(),
        Err(failure) => sink.is_failed() && !failure.is_broken_pipe(),
    };
    let mut outcome = received.map(drop);
    if must_drain {
        let drained = drain_capture(capture, |packet| {
            let is_wanted = quota.claim();
            if is_wanted {
                // Even if the output has failed, the sink counts the packets.
                let written = sink.write(packet);
                outcome = mem::replace(&mut outcome, Ok(())).and(written);
            }
            Ok(is_wanted)
        });
        outcome = outcome.and(drained);
    }
    outcome
}

/// Passes packets to the sink. Returns `false` if the capture has ended by itself, and `true` if it must be stopped.
fn receive_until_end(
    capture: &mut Capture<Active>,
    sink: &mut PacketSink,
    status: &mut StatusLine,
    quota: &Quota,
    slot: &ReportSlot,
    end: Option<Instant>,
) -> Outcome<bool> {
    let mut wait = Duration::ZERO;
    let mut packets = 0_u32;
    while !quota.is_used_up() && !sink.must_end() && signals::end_requested().is_none() {
        match capture.next_packet_timeout(wait)? {
            Next::Packet(_) if !quota.claim() => break,
            Next::Packet(packet) => {
                sink.write(packet)?;
                wait = Duration::ZERO;
                packets = packets.wrapping_add(1);
                // Reading the clock for each packet would be too slow.
                if packets % CLOCK_INTERVAL != 0 {
                    continue;
                }
            }
            Next::Timeout => {
                sink.flush_dumper()?;
                wait = FLUSH_INTERVAL;
            }
            Next::End(End::Break) => slot.report(capture, sink)?,
            Next::End(End::Eof) => return Ok(false),
        }
        let now = Instant::now();
        if let Some(end) = end {
            if end <= now {
                break;
            }
            wait = wait.min(end - now);
        }
        sink.tick(now)?;
        if status.is_due(now) {
            let Totals { packets, bytes } = sink.received();
            status.show(now, packets, bytes, capture.stats()?.dropped);
        }
    }
    Ok(true)
}
