//! The end of a live capture: what had arrived is still read.

use std::time::{Duration, Instant};

use pcap_core::{Active, Capture, Next, Packet};

use crate::exit::Outcome;
use crate::stop;

/// The longest packet-buffer timeout that the programs give libpcap: at the end, packets lie unseen in the kernel's
/// buffer for that long.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(1);

/// Reads what a capture still holds, until the closure says that it is enough.
///
/// # Errors
///
/// If it cannot be read, and those of the closure.
pub fn drain(
    capture: &mut Capture<Active>,
    timeout: Duration,
    mut take: impl FnMut(Packet<'_>) -> Outcome<bool>,
) -> Outcome {
    let deadline = Instant::now() + timeout + Duration::from_millis(50);
    loop {
        let left = match stop::urgent() {
            Some(_) => Duration::ZERO,
            None => deadline.saturating_duration_since(Instant::now()),
        };
        match capture.next_packet_timeout(left)? {
            Next::Packet(packet) if take(packet)? && Instant::now() < deadline => {}
            // A further signal, or a request.
            Next::Break => {}
            Next::Packet(_) | Next::Timeout | Next::Eof => return Ok(()),
        }
    }
}
