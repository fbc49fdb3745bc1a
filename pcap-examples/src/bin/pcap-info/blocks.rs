//! Reads the blocks of pcapng savefiles.

use pcap_core::pcapng::Block;
use pcap_examples::block_reader::BlockReader;
use pcap_examples::exit::Outcome;
use pcap_examples::link_filters::LinkFilters;
use pcap_examples::options::filter::Selection;
use pcap_examples::packet_counter::PacketCounter;
use pcap_examples::stderr;

use crate::args::{Args, NAME};
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
    input: &mut BlockReader,
    description: &mut Description<'_>,
    packets_read: &PacketCounter,
) -> Outcome<Outcome<End>> {
    let path = description.path;
    let mut filters = LinkFilters::new(NAME, selection.clone());
    let (mut range, limit) = (args.range.start(), args.limit());
    let bar = input.bar().clone();
    let mut number = 0;
    loop {
        let block = match input.next_block() {
            Ok(Some(block)) => block,
            Ok(None) => {
                let compiled = filters.outcome();
                compiled.map_err(|error| filter_failure(path, error))?;
                return Ok(Ok(End::Complete));
            }
            Err(failure) => return Ok(Err(failure)),
        };
        let endian = block.as_raw().endian();
        let Block::Packet(packet) = &block else {
            description.add_block(&block);
            match block {
                Block::Section(header) if !header.is_known() => {
                    let (major, minor) = header.version();
                    let (section, path) = (description.section(), path.display());
                    bar.suspend(|| {
                        stderr::print_message(
                            NAME,
                            format_args!(
                                "warning: cannot read section {section} of `{path}`: its version is {major}.{minor}"
                            ),
                        );
                    });
                }
                Block::Interface(interface) => {
                    let added = filters.add(interface.linktype(), endian);
                    added.map_err(|error| filter_failure(path, error))?;
                }
                _ => {}
            }
            continue;
        };
        number += 1;
        description.packets_read = number;
        packets_read.set(number);
        if range.selects(number, packet.timestamp())
            && filters.accepts(packet.linktype(), endian, packet.packet(), &bar)
        {
            description.count_block(number, packet);
        }
        if description.totals.packets == limit || range.is_over(number) {
            return Ok(Ok(End::Limit));
        }
    }
}
