//! Sorts the packets that are copied.

use std::ops::ControlFlow::{Break, Continue};
use std::path::Path;

use pcap_core::{Packet, Timestamp};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::savefile_reader::{self, SavefileReader};
use pcap_examples::signals;
use pcap_examples::sorter::{Item, Sorter};

use crate::args::Args;

/// Returns the sorter, if the packets are to be sorted.
pub(crate) fn sorter(args: &Args) -> Option<Sorter> {
    args.sort.then(|| Sorter::new(args.sort_memory))
}

/// Returns the sorter, if the packets of a classic savefile are to be sorted and do not have this order already. Reading
/// a file twice takes less time than keeping its packets.
pub(crate) fn sorter_for(args: &Args, input: &SavefileReader) -> Option<Sorter> {
    // With a limit or a range, the rest of the input is not read.
    let reads_all = args.limit.is_none() && args.range.start().is_all();
    let may_read_twice = reads_all && input.is_plain_file() && args.input.is_file();
    match args.sort && may_read_twice && is_sorted(&args.input) {
        true => None,
        false => sorter(args),
    }
}

/// Returns whether a savefile is whole and its packets are in the order of time.
fn is_sorted(path: &Path) -> bool {
    let Ok(mut capture) = savefile_reader::open_capture(path) else {
        return false;
    };
    let mut last = start();
    let flow = capture.try_for_each(|packet| {
        let time = packet.timestamp();
        match time >= last && signals::end_requested().is_none() {
            true => {
                last = time;
                Continue(())
            }
            false => Break(()),
        }
    });
    matches!(flow, Ok(Continue(_)))
}

/// Checks that the packets of a savefile which was sorted still are.
pub(crate) struct Order<'a> {
    args: &'a Args,
    last: Timestamp,
}

impl<'a> Order<'a> {
    pub(crate) fn new(args: &'a Args) -> Order<'a> {
        Order {
            args,
            last: start(),
        }
    }

    /// Checks the time of the next packet.
    ///
    /// # Errors
    ///
    /// Returns an error if the packets are to be sorted, and another program has changed the savefile.
    #[inline]
    pub(crate) fn check(&mut self, time: Timestamp) -> Outcome {
        if self.args.sort && time < self.last {
            let path = self.args.input.display();
            let text = format!("cannot sort `{path}`: another program has changed it");
            return Err(Failure::Text(text));
        }
        self.last = time;
        Ok(())
    }
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
