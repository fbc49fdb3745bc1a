//! The end of a live capture: what had arrived is still read.

use std::time::{Duration, Instant};

use pcap_core::{Active, Capture, Next, Packet};

use crate::exit::Outcome;
use crate::stop;

/// The longest packet-buffer timeout that the programs give libpcap: at the end, packets lie unseen in the kernel's
/// buffer for that long.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(1);

/// How long packets are waited for after a request to end at once: longer than the usual packet-buffer timeout.
const URGENT: Duration = Duration::from_millis(500);

/// Stops the inflow of a capture and hands on what it still holds, until the closure says that it is enough.
///
/// # Errors
///
/// If it cannot be read, and those of the closure.
pub fn drain(
    capture: &mut Capture<Active>,
    mut take: impl FnMut(Packet<'_>) -> Outcome<bool>,
) -> Outcome {
    capture.stop()?;
    loop {
        let left = |asked: Instant| (asked + URGENT).saturating_duration_since(Instant::now());
        let patience = stop::urgent().map_or(Duration::MAX, left);
        match capture.next_packet_timeout(patience)? {
            Next::Packet(packet) if take(packet)? => {}
            // A further signal, or a request.
            Next::Break => {}
            Next::Packet(_) | Next::Timeout | Next::Eof => return Ok(()),
        }
    }
}
