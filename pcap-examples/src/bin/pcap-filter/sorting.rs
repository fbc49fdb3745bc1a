//! Sorts the packets that are copied.

use pcap_core::{Packet, Timestamp};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::signals;
use pcap_examples::sorter::{Item, Sorter};

use crate::args::Args;

/// Returns the sorter, if the packets are to be sorted.
pub(crate) fn sorter(args: &Args) -> Option<Sorter> {
    args.sort.then(|| Sorter::new(args.sort_memory))
}

/// Returns a packet as an item to sort.
#[inline]
pub(crate) fn item(number: u64, kind: u32, packet: Packet<'_>) -> Item<'_> {
    Item {
        time: packet.timestamp(),
        number,
        wire_len: packet.wire_len(),
        kind,
        data: packet.data(),
    }
}

/// Returns the packet of an item.
#[inline]
pub(crate) fn packet<'a>(item: &Item<'a>) -> Packet<'a> {
    Packet::new(item.time, item.wire_len, item.data)
}

/// The time of blocks before the first packet.
pub(crate) fn start() -> Timestamp {
    Timestamp::new(i64::MIN, 0)
}

/// Writes the sorted items, unless the packets are not sorted. A request to end the program that comes meanwhile stops
/// it; after an earlier one, everything that was read is written.
pub(crate) fn drain(
    sorter: &mut Option<Sorter>,
    mut write: impl FnMut(&Item<'_>) -> Outcome,
) -> Outcome {
    let Some(sorter) = sorter else {
        return Ok(());
    };
    let was_requested = signals::end_requested().is_some();
    sorter.drain(|item| match signals::end_requested() {
        Some(_) if !was_requested => Err(Failure::Reported),
        _ => write(item),
    })
}
