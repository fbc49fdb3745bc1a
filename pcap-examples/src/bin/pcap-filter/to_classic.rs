//! Copies the packets of pcapng savefiles to classic savefiles.

use indicatif::ProgressBar;
use pcap_core::pcapng::Block;
use pcap_core::{Linktype, Precision};
use pcap_examples::block_reader::BlockReader;
use pcap_examples::classic_output::ClassicOutput;
use pcap_examples::compression::Compression;
use pcap_examples::copy_progress::CopyProgress;
use pcap_examples::exit::Outcome;
use pcap_examples::host_order;
use pcap_examples::link_filters::LinkFilters;
use pcap_examples::lost_parts::LostParts;
use pcap_examples::options::filter::Selection;
use pcap_examples::skipped_packets::SkippedPackets;
use pcap_examples::sorter::Sorter;

use crate::args::{Args, NAME};
use crate::outcome_of_reading;
use crate::picker::Picker;
use crate::sorting;

pub(crate) fn copy(
    args: &Args,
    mut input: BlockReader,
    selection: Selection,
    compression: Option<Compression>,
) -> Outcome {
    let bar = input.bar().clone();
    let copy_progress = CopyProgress::without_output(&bar);
    let precision = Precision::Nano;
    let mut copy = ClassicCopy {
        args,
        filters: LinkFilters::new(NAME, selection),
        output: ClassicOutput::new(
            &args.input,
            &args.output,
            compression,
            precision,
            &copy_progress,
        ),
        copy_progress: copy_progress.clone(),
        skipped: SkippedPackets::new(NAME, &bar),
        lost: LostParts::default(),
        picker: Picker::new(args),
        sorter: sorting::sorter(args),
        read: 0,
    };
    let outcome = loop {
        match input.next_block() {
            Ok(Some(block)) => match copy.copy_block(&block, &bar) {
                Ok(()) if copy.picker.is_over(copy.read) => break Ok(()),
                Ok(()) => {}
                Err(failure) => break Err(failure),
            },
            Ok(None) => break copy.filters.outcome(),
            Err(failure) => break Err(failure),
        }
    };
    let drained = copy.write_sorted();
    bar.finish_and_clear();
    let closed = copy.output.close(outcome.is_err());
    let mut outcome = closed
        .and(outcome_of_reading(args, outcome))
        .and(drained)
        .and(copy.skipped.outcome());
    if copy.output.is_created() {
        outcome = copy_progress.report(args.quiet, args.json, &args.output, outcome);
        copy.picker.report(&bar);
        copy.lost.report(NAME, &bar);
    }
    outcome
}

/// The state of the copy.
struct ClassicCopy<'a> {
    args: &'a Args,
    filters: LinkFilters,
    output: ClassicOutput,
    copy_progress: CopyProgress,
    skipped: SkippedPackets<'a>,
    lost: LostParts,
    picker: Picker,
    sorter: Option<Sorter>,
    /// The number of packets read.
    read: u64,
}

impl ClassicCopy<'_> {
    /// Copies the packet in a block, if the filter accepts it, and counts what is lost.
    #[inline]
    fn copy_block(&mut self, block: &Block<'_>, bar: &ProgressBar) -> Outcome {
        let endian = block.as_raw().endian();
        match block {
            Block::Packet(packet) => {
                self.read += 1;
                self.copy_progress.set_read(self.read);
                if self.read == 1 && self.filters.is_usable() {
                    self.output.create_if_clear()?;
                }
                let (linktype, plain) = (packet.linktype(), packet.packet());
                let time = packet.timestamp();
                if self.picker.is_in_range(self.read, time)
                    && self.filters.accepts(linktype, endian, plain, bar)
                    && self.picker.picks(linktype, plain, time)
                {
                    let args = self.args;
                    host_order::check(packet, self.read, &args.input, &args.output)?;
                    if let Some(sorter) = &mut self.sorter {
                        let item = sorting::item(self.read, linktype.value(), plain);
                        self.lost.count_packet(packet);
                        return sorter.push(&item);
                    }
                    let written = self.output.write(self.read, linktype, plain);
                    if self.skipped.check_written(self.read, written)? {
                        self.lost.count_packet(packet);
                    }
                }
                return self.output.tick();
            }
            Block::Interface(interface) => {
                self.filters.add(interface.linktype(), endian)?;
                self.output.add_interface(interface);
            }
            _ => {}
        }
        self.lost.count(block);
        Ok(())
    }

    /// Writes the sorted packets.
    fn write_sorted(&mut self) -> Outcome {
        let (output, skipped) = (&mut self.output, &mut self.skipped);
        sorting::drain(&mut self.sorter, |item| {
            let packet = sorting::packet(item);
            let written = output.write(item.number, Linktype::new(item.kind), packet);
            skipped.check_written(item.number, written)?;
            output.tick()
        })
    }
}
