//! Reads the packets of classic savefiles.

use std::ops::ControlFlow;

use pcap_examples::exit::Outcome;
use pcap_examples::options::filter::Selection;
use pcap_examples::packet_counter::PacketCounter;
use pcap_examples::savefile_reader::SavefileReader;

use crate::args::Args;
use crate::description::{Description, End};
use crate::filter_failure;

/// Reads a savefile, and returns where or why that ended.
///
/// # Errors
///
/// Returns an error if the filter does not compile. The savefile then has no description.
pub(crate) fn read(
    args: &Args,
    selection: &Selection,
    input: &mut SavefileReader,
    description: &mut Description<'_>,
    packets_read: &PacketCounter,
) -> Outcome<Outcome<End>> {
    let filter = match selection.is_all() {
        true => None,
        false => {
            let compiled = selection.compile_for(input.capture());
            Some(compiled.map_err(|error| filter_failure(description.path, error))?)
        }
    };
    description.add_classic(input);
    let linktype = input.capture().datalink();
    let (mut range, limit) = (args.range.start(), args.limit());
    let totals = &mut description.totals;
    let mut end = End::Complete;
    let (packets, read) = input.for_each_packet(|number, packet| {
        packets_read.set(number);
        let time = Some(packet.timestamp());
        let passes = || { filter.as_ref() }.is_none_or(|filter| filter.matches_packet(packet));
        if range.selects(number, time) && passes() {
            totals.count(number, linktype, time, packet);
        }
        if totals.packets == limit || range.is_over(number) {
            end = End::Limit;
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    });
    description.packets_read = packets;
    description.finish_classic();
    Ok(read.map(|()| end))
}
