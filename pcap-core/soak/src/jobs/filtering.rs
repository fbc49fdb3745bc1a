//! A capture whose filter changes while packets arrive.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use pcap_core::{Active, Capture, Packet, Stats};

use super::{Shared, capture};
use crate::numbered::PARITY;
use crate::tally::Tally;

/// How long a filter stays.
const STAY: Duration = Duration::from_millis(5);
/// How long to wait for packets that were sent: if the buffer was full, they never arrive.
const WAIT: Duration = Duration::from_millis(200);

/// What happened.
#[derive(Default)]
pub(crate) struct Filters {
    pub(crate) tally: Tally,
    pub(crate) stats: Stats,
    /// How often the filter was changed.
    pub(crate) changes: u64,
    /// Packets that the filter does not accept.
    foreign: u64,
    /// Packets that were sent while the filter accepted them, and were not delivered.
    missing: u64,
}

/// Opens a capture of the packets with even numbers.
pub(crate) fn open() -> Result<Capture<Active>> {
    let options = capture().filter(PARITY[0]).timeout(STAY);
    Ok(options.activate()?)
}

/// Changes the filter until the end of a round.
pub(crate) fn run(mut capture: Capture<Active>, shared: &Shared) -> Result<Filters> {
    let mut found = Filters::default();
    while !shared.is_over() {
        found.read(&mut capture, shared)?;
        found.changes += 1;
        capture.set_filter(PARITY[(found.changes % 2) as usize])?;
    }
    let Filters {
        foreign, missing, ..
    } = found;
    ensure!(foreign == 0, "{foreign} packets did not match the filter");
    found.tally.check_order()?;
    found.stats = capture.close()?;
    let dropped = found.stats.dropped;
    ensure!(
        missing <= dropped,
        "{missing} packets are missing, but {dropped} dropped"
    );
    Ok(found)
}

impl Filters {
    /// Reads for a while, and then until all packets have arrived that were sent by then.
    fn read(&mut self, capture: &mut Capture<Active>, shared: &Shared) -> Result<()> {
        let parity = self.changes % 2;
        // All later packets are sent with this filter.
        let first = shared.begun.load(Ordering::SeqCst) + 1;
        let mut last = u64::MAX;
        let mut delivered = 0;
        let mut end = Instant::now() + STAY;
        loop {
            capture.dispatch(|packet: Packet<'_>| {
                let Some(number) = self.tally.add(packet) else {
                    return;
                };
                self.foreign += u64::from(number % 2 != parity);
                delivered += u64::from(number >= first && number <= last);
            })?;
            let is_complete = self.tally.latest.is_some_and(|latest| latest + 2 > last);
            if is_complete || Instant::now() >= end {
                if last != u64::MAX {
                    break;
                }
                // Later packets may have been delivered already.
                last = shared
                    .sent
                    .load(Ordering::SeqCst)
                    .max(self.tally.latest.unwrap_or(0));
                end = Instant::now() + WAIT;
            }
        }
        let expected = (first..=last).filter(|number| number % 2 == parity).count() as u64;
        self.missing += expected.saturating_sub(delivered);
        Ok(())
    }
}
