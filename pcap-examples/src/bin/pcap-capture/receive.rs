//! Reads the packets and hands them to the outputs.

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

/// How often the program checks for packets that wait to be written.
const FLUSH_INTERVAL: Duration = Duration::from_millis(100);
/// The clock is read once in this many packets.
const CLOCK_INTERVAL: u32 = 64;

/// Hands packets on until the limit, the end of the time or a request to end, then those that had arrived by then.
pub(crate) fn receive(
    args: &Args,
    capture: &mut Capture<Active>,
    sink: &mut PacketSink,
    status: &mut StatusLine,
    quota: &Quota,
    reports: &CaptureReports,
) -> Outcome {
    let end = args
        .duration
        .and_then(|time| Instant::now().checked_add(time));
    let received = receive_until_end(capture, sink, status, quota, &reports.add_slot(), end);
    let is_ended = match &received {
        Ok(is_ended) => *is_ended && !quota.is_used_up(),
        Err(failure) => sink.is_failed() && !failure.is_broken_pipe(),
    };
    let mut outcome = received.map(drop);
    if is_ended {
        let drained = drain_capture(capture, |packet| {
            let is_wanted = quota.claim();
            if is_wanted {
                // If the output has failed, the missing packets are counted.
                let taken = sink.write(packet);
                outcome = mem::replace(&mut outcome, Ok(())).and(taken);
            }
            Ok(is_wanted)
        });
        outcome = outcome.and(drained);
    }
    outcome
}

/// Hands packets on. Returns `true` if the capture is to be ended, and `false` if it has ended.
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
    while !quota.is_used_up() && signals::end_requested().is_none() {
        match capture.next_packet_timeout(wait)? {
            Next::Packet(_) if !quota.claim() => break,
            Next::Packet(packet) => {
                sink.write(packet)?;
                wait = Duration::ZERO;
                packets = packets.wrapping_add(1);
                // While there are packets, reading the clock each time would cost too much.
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
