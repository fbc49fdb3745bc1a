//! Ends a live capture without losing the packets that have already arrived.

use std::time::{Duration, Instant};

use pcap_core::{Active, Capture, End, Next, Packet};

use crate::exit::Outcome;
use crate::signals;

/// The longest packet-buffer timeout that the programs set. Ending a capture may take this long.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(1);

/// How long to wait for packets after a request to end immediately. The default packet-buffer timeout is shorter.
pub const URGENT_WAIT: Duration = Duration::from_millis(500);

/// Stops a capture from accepting packets, then calls a closure with each packet that has already arrived, until the
/// closure returns `false`.
///
/// # Errors
///
/// Returns an error if the capture cannot be stopped or read. Also returns the first error of the closure.
pub fn drain_capture(
    capture: &mut Capture<Active>,
    mut visit: impl FnMut(Packet<'_>) -> Outcome<bool>,
) -> Outcome {
    capture.stop()?;
    loop {
        let remaining = |requested: Instant| {
            (requested + URGENT_WAIT).saturating_duration_since(Instant::now())
        };
        let timeout = signals::immediate_end_requested().map_or(Duration::MAX, remaining);
        match capture.next_packet_timeout(timeout)? {
            Next::Packet(packet) if visit(packet)? => {}
            // Another signal arrived.
            Next::End(End::Break) => {}
            Next::Packet(_) | Next::Timeout | Next::End(End::Eof) => return Ok(()),
        }
    }
}
