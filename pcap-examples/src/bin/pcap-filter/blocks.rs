//! Copies pcapng savefiles block by block.

use pcap_core::Timestamp;
use pcap_core::pcapng::{Block, BlockBuf, Endian, PacketBlock, RawBlock, Section};
use pcap_examples::block_output::BlockOutput;
use pcap_examples::block_reader::BlockReader;
use pcap_examples::commented_packets::CommentedPackets;
use pcap_examples::compression::Compression;
use pcap_examples::copy_progress::CopyProgress;
use pcap_examples::drop_counts::DropCounts;
use pcap_examples::exit::Outcome;
use pcap_examples::link_filters::LinkFilters;
use pcap_examples::options::filter::Selection;
use pcap_examples::preamble::Preamble;
use pcap_examples::sorter::{Item, Sorter};

use crate::args::{Args, NAME};
use crate::outcome_of_reading;
use crate::picker::Picker;
use crate::sorting;

/// The types of blocks that hold packets.
const PACKETS: [u32; 3] = [2, 3, 6];

pub(crate) fn copy(
    args: &Args,
    mut input: BlockReader,
    selection: Selection,
    compression: Option<Compression>,
) -> Outcome {
    let bar = input.bar().clone();
    let copy_progress = CopyProgress::without_output(&bar);
    let mut copy = BlockCopy {
        args,
        filters: LinkFilters::new(NAME, selection),
        copy_progress: copy_progress.clone(),
        comments: CommentedPackets::new(&args.comments),
        drops: DropCounts::default(),
        picker: Picker::new(args),
        sorter: sorting::sorter(args),
        place: sorting::start(),
        endian: Endian::NATIVE,
        output: BlockOutput::new(&args.input, &args.output, compression, &copy_progress),
        sections: 0,
        read: 0,
    };
    let outcome = loop {
        match input.next_block() {
            Ok(Some(block)) => match copy.copy_block(&block, &bar) {
                Ok(()) if copy.picker.is_full() => {
                    // The rest of the section is missing.
                    copy.output.change_section();
                    break Ok(());
                }
                Ok(()) => {}
                Err(failure) => break Err(failure),
            },
            Ok(None) => break Ok(()),
            Err(failure) => break Err(failure),
        }
    };
    bar.finish_and_clear();
    let closed = copy.close(outcome.is_err());
    let mut outcome = closed
        .and(outcome_of_reading(args, outcome))
        .and(copy.comments.check());
    if copy.output.is_created() {
        outcome = copy_progress.report(args.quiet, args.json, &args.output, outcome);
        copy.picker.report(&bar);
    }
    outcome
}

/// The state of the copy.
struct BlockCopy<'a> {
    args: &'a Args,
    filters: LinkFilters,
    copy_progress: CopyProgress,
    comments: CommentedPackets,
    drops: DropCounts,
    picker: Picker,
    sorter: Option<Sorter>,
    /// The time of the last packet of the section that has one.
    place: Timestamp,
    /// The byte order of the section.
    endian: Endian,
    /// The output, which is created once the filter is known to compile.
    output: BlockOutput,
    /// The number of sections read.
    sections: u64,
    /// The number of packets read.
    read: u64,
}

impl BlockCopy<'_> {
    /// Copies a block, unless it is a packet that the filter rejects.
    #[inline]
    fn copy_block(&mut self, block: &Block<'_>, bar: &indicatif::ProgressBar) -> Outcome {
        match block {
            Block::Packet(packet) => {
                self.read += 1;
                self.place = packet.timestamp().unwrap_or(self.place);
                self.copy_progress.set_read(self.read);
                let endian = block.as_raw().endian();
                let plain = packet.packet();
                let (linktype, time) = (packet.linktype(), packet.timestamp());
                if self.picker.is_in_range(self.read, time)
                    && self.filters.accepts(linktype, endian, plain, bar)
                    && self.picker.picks(linktype, plain, time)
                {
                    self.copy_packet(packet)?;
                } else {
                    self.drops.remove(packet);
                    self.output.change_section();
                }
            }
            Block::Section(section) => self.begin_section(section)?,
            Block::Interface(interface) => {
                let endian = block.as_raw().endian();
                self.filters.add(interface.linktype(), endian)?;
                self.output.write_block(block.as_raw())?;
            }
            other if self.sorter.is_none() || Preamble::has(other) => {
                self.output.write_block(other.as_raw())?;
            }
            other => self.sort(other.as_raw(), 0)?,
        }
        if !self.output.is_created() && !matches!(block, Block::Section(_)) {
            self.create_if_ready()?;
        }
        self.output.tick()
    }

    #[inline]
    fn copy_packet(&mut self, packet: &PacketBlock<'_>) -> Outcome {
        let wire_len = packet.wire_len();
        let has_comments = self.comments.concern(self.read, packet);
        let has_drops = self.drops.concern(packet);
        if !has_comments && !has_drops {
            return self.write_packet(packet.as_raw(), wire_len);
        }
        self.output.change_section();
        let mut block = packet.to_enhanced();
        if has_comments {
            self.comments.add(self.read, &mut block)?;
        }
        if has_drops {
            self.drops.add(packet, &mut block)?;
        }
        self.write_packet(block.as_raw(), wire_len)
    }

    /// Writes the block of a packet, or sorts it first.
    #[inline]
    fn write_packet(&mut self, block: RawBlock<'_>, wire_len: u32) -> Outcome {
        match self.sorter {
            None => self.output.write_packet(block, wire_len),
            Some(_) => self.sort(block, wire_len),
        }
    }

    /// Sorts a block. One without a time stays behind the packet before it.
    fn sort(&mut self, block: RawBlock<'_>, wire_len: u32) -> Outcome {
        let item = Item {
            time: self.place,
            number: self.read,
            wire_len,
            kind: block.block_type(),
            data: block.body(),
        };
        self.sorter
            .as_mut()
            .map_or(Ok(()), |sorter| sorter.push(&item))
    }

    /// Writes the sorted blocks of a section.
    fn write_sorted(&mut self) -> Outcome {
        let (output, endian) = (&mut self.output, self.endian);
        sorting::drain(&mut self.sorter, |item| {
            let block = BlockBuf::with_endian(item.kind, item.data, endian);
            match PACKETS.contains(&item.kind) {
                true => output.write_packet(&block, item.wire_len)?,
                false => output.write_block(&block)?,
            }
            output.tick()
        })
    }

    /// Copies a section header.
    fn begin_section(&mut self, section: &Section) -> Outcome {
        self.write_sorted()?;
        (self.place, self.endian) = (sorting::start(), section.endian());
        self.drops.begin_section();
        self.sections += 1;
        let comments = &self.args.comments;
        if self.filters.accepts_all() && self.picker.picks_all() && comments.is_empty() {
            return self.output.write_block(section.as_raw());
        }
        match self.sections {
            1 => self.output.begin_section(&comments.add_to_section(section)),
            _ => self.output.begin_section(section),
        }
    }

    /// Creates the output, unless the filter compiles for none of the link types so far.
    #[cold]
    fn create_if_ready(&mut self) -> Outcome {
        if !self.filters.has_linktypes() {
            // Perhaps no interface follows at all.
            self.filters.outcome()?;
        } else if !self.filters.is_usable() {
            return Ok(());
        }
        self.output.create()
    }

    /// Closes the output. If reading succeeded, creates it first if it does not exist.
    fn close(&mut self, is_failed: bool) -> Outcome {
        if !is_failed {
            self.filters.outcome()?;
            self.output.create()?;
        }
        let sorted = self.write_sorted();
        self.output.close()?;
        sorted
    }
}
