//! A capture that another thread interrupts at random moments.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use pcap_core::{Active, Capture, End, Stats};

use super::Shared;
use crate::tally::Tally;

/// What happened.
pub(crate) struct Breaks {
    pub(crate) tally: Tally,
    pub(crate) stats: Stats,
    /// The number of calls that were interrupted.
    pub(crate) breaks: u64,
}

/// Reads until the end of a round, through breaks.
pub(crate) fn run(mut capture: Capture<Active>, shared: &Shared) -> Result<Breaks> {
    let handle = capture.break_handle();
    let mut tally = Tally::default();
    let mut breaks = 0;
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = 1_u64;
            while !is_done.load(Ordering::Acquire) {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                thread::sleep(Duration::from_micros(random >> 53));
                handle.breakloop();
            }
        });
        // Also after an error, the other thread has to end.
        let read = (|| {
            while !shared.is_over() {
                let done = capture.for_each(|packet| _ = tally.add(packet))?;
                let stop = done.stop();
                ensure!(
                    stop == End::Break.into(),
                    "expected a break, found {stop:?}"
                );
                breaks += 1;
            }
            Ok(())
        })();
        is_done.store(true, Ordering::Release);
        read
    })?;
    capture.stop()?;
    // There may be a break that no call has returned.
    while capture.ended() != Some(End::Eof) {
        capture.for_each(|packet| _ = tally.add(packet))?;
    }
    let stats = capture.close()?;
    tally.check(stats)?;
    Ok(Breaks {
        tally,
        stats,
        breaks,
    })
}
