//! The end of a live capture: packets that had arrived are still read.

use std::time::{Duration, Instant};

use pcap_core::{Active, Capture, End, Next, Packet};

use crate::exit::Outcome;
use crate::signals;

/// The longest packet-buffer timeout that the programs set. At the end of a capture they wait for that long.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(1);

/// How long to wait for packets after a request to end at once. The default packet-buffer timeout is shorter.
const URGENT_WAIT: Duration = Duration::from_millis(500);

/// Stops the inflow of a capture, and hands the packets that it holds to a closure until that returns `false`.
///
/// # Errors
///
/// If reading fails, and those of the closure.
pub fn drain_capture(
    capture: &mut Capture<Active>,
    mut take: impl FnMut(Packet<'_>) -> Outcome<bool>,
) -> Outcome {
    capture.stop()?;
    loop {
        let left = |asked: Instant| (asked + URGENT_WAIT).saturating_duration_since(Instant::now());
        let patience = signals::immediate_end_requested().map_or(Duration::MAX, left);
        match capture.next_packet_timeout(patience)? {
            Next::Packet(packet) if take(packet)? => {}
            // Another signal.
            Next::End(End::Break) => {}
            Next::Packet(_) | Next::Timeout | Next::End(End::Eof) => return Ok(()),
        }
    }
}
