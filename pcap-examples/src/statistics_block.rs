//! Statistics blocks of pcapng, with the counts that a live capture knows.

use pcap_core::pcapng::{BlockBuf, Interface, Resolution};
use pcap_core::{Error, Stats, Timestamp};

/// The type of a statistics block.
const STATISTICS: u32 = 5;
/// Codes of the options: the end of the capture, and numbers of packets.
const END: u16 = 3;
const RECEIVED: u16 = 4;
const IF_DROPPED: u16 = 5;
const FILTER_ACCEPTED: u16 = 6;
const OS_DROPPED: u16 = 7;
const DELIVERED: u16 = 8;

/// The length of a block, in bytes.
pub(crate) const LENGTH: u64 = 104;

/// Returns the block with the statistics of the interface with this number, at the current time.
pub(crate) fn block(number: u32, interface: &Interface, stats: &Stats) -> Result<BlockBuf, Error> {
    let now = Timestamp::now();
    let (per_second, fraction) = match interface.resolution() {
        Resolution::MICRO => (1_000_000, now.subsec_micros()),
        _ => (1_000_000_000, now.subsec_nanos()),
    };
    let seconds = u64::try_from(now.secs()).unwrap_or(0);
    let ticks = seconds
        .saturating_mul(per_second)
        .saturating_add(fraction.into());
    let halves = [(ticks >> 32) as u32, ticks as u32].map(u32::to_ne_bytes);
    let time = halves.concat();
    let mut block = BlockBuf::new(STATISTICS, &[&number.to_ne_bytes()[..], &time].concat());
    block.add_option(END, &time)?;
    for (code, count) in [
        (RECEIVED, stats.received),
        (IF_DROPPED, stats.if_dropped),
        // On Linux, only packets that pass the filter are counted at all.
        (FILTER_ACCEPTED, stats.received),
        (OS_DROPPED, stats.dropped),
        (DELIVERED, stats.received.saturating_sub(stats.dropped)),
    ] {
        if code != FILTER_ACCEPTED || cfg!(target_os = "linux") {
            block.add_option(code, &count.to_ne_bytes())?;
        }
    }
    Ok(block)
}
