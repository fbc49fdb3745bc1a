//! Splits pcapng savefiles.

use pcap_core::SavefileFormat;
use pcap_core::pcapng::{Block, BlockBuf, PacketBlock};
use pcap_examples::block_reader::BlockReader;
use pcap_examples::classic_headers::ClassicHeaders;
use pcap_examples::commented_packets::CommentedPackets;
use pcap_examples::drop_counts::DropCounts;
use pcap_examples::exit::Outcome;
use pcap_examples::host_order;
use pcap_examples::link_filters::LinkFilters;
use pcap_examples::lost_parts::LostParts;
use pcap_examples::preamble::Preamble;
use pcap_examples::skipped_packets::SkippedPackets;
use pcap_examples::{savefile_writer, signals};

use crate::args::{Args, NAME};
use crate::part::{Head, Item};
use crate::split::{self, SplitState, Splitter, lock};

/// Reads all blocks, and passes those that the filter accepts to the splitter.
pub(crate) fn split(
    args: &Args,
    mut input: BlockReader,
    format: SavefileFormat,
    splitter: impl Splitter,
) -> Outcome {
    signals::break_on_end(input.reader().break_handle());
    let bar = input.bar().clone();
    let state = split::begin(args, &bar, splitter)?;
    let mut skipped = SkippedPackets::new(NAME, &bar);
    let mut blocks = SplitBlocks {
        args,
        is_pcapng: format == SavefileFormat::Pcapng,
        filters: LinkFilters::new(NAME, args.filter.selection()?),
        comments: CommentedPackets::new(&args.comments),
        drops: DropCounts::default(),
        preamble: Preamble::default(),
        headers: ClassicHeaders::default(),
        lost: LostParts::default(),
    };
    let end = loop {
        let block = match input.next_block() {
            Ok(Some(block)) => block,
            Ok(None) => break blocks.filters.outcome(),
            // The signal may have ended a pipe in the middle of a block.
            Err(_) if signals::end_requested().is_some() => break Ok(()),
            Err(failure) => break Err(failure),
        };
        let mut state = lock(&state);
        let split = match &block {
            Block::Packet(packet) => {
                state.read += 1;
                let endian = block.as_raw().endian();
                let plain = packet.packet();
                let filters = &mut blocks.filters;
                if filters.accepts(packet.linktype(), endian, plain, &bar) {
                    blocks.write(packet, &mut state, &mut skipped)
                } else {
                    blocks.drops.remove(packet);
                    Ok(())
                }
            }
            other => blocks.add(other, &mut state),
        };
        if let Err(failure) = split {
            break Err(failure);
        }
    };
    let ended = match blocks.is_pcapng {
        true => lock(&state).splitter.end(Head::Preamble(&blocks.preamble)),
        false => Ok(()),
    };
    let finished = split::finish(&state, &bar, &skipped, &blocks.comments, end.and(ended));
    if !blocks.is_pcapng {
        blocks.headers.report_fcs();
    }
    if !blocks.is_pcapng && !args.quiet {
        blocks.lost.report(NAME, &bar);
    }
    finished
}

/// What the packets of the section depend on.
struct SplitBlocks<'a> {
    args: &'a Args,
    /// Whether the output is pcapng.
    is_pcapng: bool,
    filters: LinkFilters,
    comments: CommentedPackets,
    drops: DropCounts,
    preamble: Preamble,
    headers: ClassicHeaders,
    /// What is lost in classic savefiles.
    lost: LostParts,
}

impl SplitBlocks<'_> {
    /// Adds a block without a packet.
    fn add<P: Splitter>(&mut self, block: &Block<'_>, state: &mut SplitState<P>) -> Outcome {
        if let Block::Interface(interface) = block {
            let endian = block.as_raw().endian();
            self.filters.add(interface.linktype(), endian)?;
            self.headers.add(interface);
        }
        if !self.is_pcapng {
            self.lost.count(block);
            return Ok(());
        }
        let is_in_preamble = Preamble::has(block);
        if let Block::Section(section) = block {
            self.drops.begin_section();
            // Its length is unknown, because a part of it is shorter.
            let section = (*section).clone().without_length();
            self.preamble
                .begin(self.args.comments.add_to_section(&section).as_raw());
        } else if is_in_preamble {
            self.preamble.add(block);
        }
        let head = Head::Preamble(&self.preamble);
        let block = match is_in_preamble {
            // That of a section header is another one.
            true => self.preamble.blocks().next_back().unwrap_or(block.as_raw()),
            false => block.as_raw(),
        };
        state.splitter.write_block(head, block, is_in_preamble)
    }

    /// Writes a packet.
    fn write<P: Splitter>(
        &mut self,
        packet: &PacketBlock<'_>,
        state: &mut SplitState<P>,
        skipped: &mut SkippedPackets<'_>,
    ) -> Outcome {
        let (number, plain, linktype) = (state.read, packet.packet(), packet.linktype());
        if !self.is_pcapng {
            if let Err(why) = savefile_writer::check_time(plain) {
                skipped.count(number, format_args!("cannot write the packet: {why}"));
                return Ok(());
            }
            let args = self.args;
            host_order::check(packet, number, &args.input, args.prefix())?;
        }
        let edited = self.edited(number, packet)?;
        let head = match self.is_pcapng {
            true => Head::Preamble(&self.preamble),
            false => Head::Classic(self.headers.of(linktype)),
        };
        let item = Item {
            input: &self.args.input,
            number,
            packet: plain,
            time: packet.timestamp(),
            linktype,
            block: Some(edited.as_ref().map_or(packet.as_raw(), BlockBuf::as_raw)),
            options: &[],
        };
        let written = state.splitter.write(head, &item, &mut state.list);
        if skipped.check_written(number, written)? && !self.is_pcapng {
            self.lost.count_packet(packet);
        }
        Ok(())
    }

    /// Returns the block of a packet that gets comments or another drop count.
    fn edited(&mut self, number: u64, packet: &PacketBlock<'_>) -> Outcome<Option<BlockBuf>> {
        let has_comments = self.is_pcapng && self.comments.concern(number, packet);
        let has_drops = self.is_pcapng && self.drops.concern(packet);
        if !has_comments && !has_drops {
            return Ok(None);
        }
        let mut block = packet.to_enhanced();
        if has_comments {
            self.comments.add(number, &mut block)?;
        }
        if has_drops {
            self.drops.add(packet, &mut block)?;
        }
        Ok(Some(block))
    }
}
