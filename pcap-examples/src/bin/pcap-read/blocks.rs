//! Prints the packets of pcapng savefiles.

use std::path::Path;

use pcap_core::pcapng::Block;
use pcap_examples::background_writer::BackgroundWriter;
use pcap_examples::block_reader::BlockReader;
use pcap_examples::exit::Outcome;
use pcap_examples::link_filters::LinkFilters;
use pcap_examples::packet_origin::PacketOrigin;
use pcap_examples::{signals, stderr};

use crate::args::NAME;
use crate::{Printing, filter_failure, outcome_of_reading};

/// Prints the packets of a file, and counts them.
pub(crate) fn print(printing: &mut Printing<'_>, path: &Path, mut input: BlockReader) -> Outcome {
    let Printing {
        args,
        selection,
        packets_read,
        range,
        number,
        printer,
        output,
    } = printing;
    if args.follow {
        input.reader_mut().follow(true)?;
    }
    let mut filters = LinkFilters::new(NAME, selection.clone());
    signals::break_on_end(input.reader().break_handle());
    BackgroundWriter::stdout().break_on_failure(input.reader().break_handle());
    let bar = input.bar().clone();
    let (mut section, mut interfaces) = (0, 0);
    let read = loop {
        let block = match input.next_block() {
            Ok(Some(block)) => block,
            Ok(None) => {
                break filters
                    .outcome()
                    .map_err(|error| filter_failure(path, error));
            }
            Err(failure) => break Err(failure),
        };
        let endian = block.as_raw().endian();
        match block {
            Block::Section(header) => {
                section += 1;
                interfaces = 0;
                if !header.is_known() {
                    let (major, minor) = header.version();
                    let path = path.display();
                    stderr::print_message(
                        NAME,
                        format_args!(
                            "warning: cannot read section {section} of `{path}`: its version is {major}.{minor}"
                        ),
                    );
                }
            }
            Block::Interface(interface) => {
                interfaces += 1;
                let added = filters.add(interface.linktype(), endian);
                added.map_err(|error| filter_failure(path, error))?;
            }
            Block::Packet(block) => {
                let (linktype, packet) = (block.linktype(), block.packet());
                *number += 1;
                let is_selected = range.selects(*number, block.timestamp())
                    && filters.accepts(linktype, endian, packet, &bar);
                if !is_selected && range.is_over(*number) {
                    return Ok(());
                }
                if !is_selected {
                    continue;
                }
                let count = packets_read.get() + 1;
                packets_read.set(count);
                if !args.count {
                    let origin = PacketOrigin {
                        block,
                        section,
                        is_one_of_several: interfaces > 1,
                    };
                    let print = |out: &mut Vec<u8>| printer.push_block(out, &origin);
                    output.print_packet(packet.wire_len(), print)?;
                }
                if count == args.limit() || range.is_over(*number) {
                    return Ok(());
                }
            }
            _ => {}
        }
    };
    outcome_of_reading(args, path, read)
}
