//! Captures that are opened, read for a moment, and closed.

use std::time::{Duration, Instant};

use anyhow::Result;
use pcap_core::{End, Precision, Stats};

use super::{Shared, capture};
use crate::tally::Tally;

/// The time until a capture is stopped.
const OPEN: Duration = Duration::from_millis(20);

/// What happened.
#[derive(Default)]
pub(crate) struct Opens {
    pub(crate) tally: Tally,
    pub(crate) stats: Stats,
    /// The number of captures.
    pub(crate) opened: u64,
}

/// Opens captures until the end of a round.
pub(crate) fn run(shared: &Shared) -> Result<Opens> {
    let mut opens = Opens::default();
    while !shared.is_over() {
        let options = match opens.opened % 4 {
            0 => capture(),
            1 => capture().immediate_mode(true),
            2 => capture().precision(Precision::Nano).promisc(true),
            _ => capture().filter("ether proto 0x88b5").nonblock(true),
        };
        let mut capture = options.activate()?;
        let end = Instant::now() + OPEN;
        let mut tally = Tally::default();
        while Instant::now() < end {
            capture.dispatch(|packet| _ = tally.add(packet))?;
        }
        capture.stop()?;
        while capture.ended() != Some(End::Eof) {
            capture.dispatch(|packet| _ = tally.add(packet))?;
        }
        let stats = capture.close()?;
        tally.check(stats)?;
        opens.tally.merge(tally);
        opens.stats.received += stats.received;
        opens.stats.dropped += stats.dropped;
        opens.opened += 1;
    }
    Ok(opens)
}
