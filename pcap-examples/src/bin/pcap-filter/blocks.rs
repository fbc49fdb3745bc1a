//! Copies pcapng savefiles block by block.

use pcap_core::pcapng::{Block, BlockBuf, PacketBlock, RawBlock, Section};
use pcap_examples::block_reader::BlockReader;
use pcap_examples::commented_packets::CommentedPackets;
use pcap_examples::copy_progress::CopyProgress;
use pcap_examples::drop_counts::DropCounts;
use pcap_examples::exit::Outcome;
use pcap_examples::link_filters::LinkFilters;
use pcap_examples::savefile_writer::SavefileWriter;

use crate::args::{Args, NAME};
use crate::outcome_of_reading;

pub(crate) fn copy(args: &Args, mut input: BlockReader, expression: String, gzip: bool) -> Outcome {
    let bar = input.bar().clone();
    let copy_progress = CopyProgress::without_output(&bar);
    let mut copy = BlockCopy {
        args,
        gzip,
        filters: LinkFilters::new(NAME, Some(expression)),
        copy_progress: copy_progress.clone(),
        comments: CommentedPackets::new(&args.comments),
        drops: DropCounts::default(),
        output: None,
        waiting: Vec::new(),
        sections: 0,
        read: 0,
    };
    let outcome = loop {
        match input.next_block() {
            Ok(Some(block)) => match copy.copy_block(&block, &bar) {
                Ok(()) => {}
                Err(failure) => break Err(failure),
            },
            Ok(None) => break Ok(()),
            Err(failure) => break Err(failure),
        }
    };
    bar.finish_and_clear();
    let closed = copy.close(outcome.is_err());
    if copy.output.is_some() {
        copy_progress.print();
    }
    closed?;
    outcome_of_reading(args, outcome)?;
    copy.comments.check()
}

/// The state of the copy.
struct BlockCopy<'a> {
    args: &'a Args,
    gzip: bool,
    filters: LinkFilters,
    copy_progress: CopyProgress,
    comments: CommentedPackets,
    drops: DropCounts,
    /// The output, once the filter is known to compile.
    output: Option<SavefileWriter>,
    /// The blocks to write when the output is created.
    waiting: Vec<BlockBuf>,
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
                self.copy_progress.set_read(self.read);
                let endian = block.as_raw().endian();
                let plain = packet.packet();
                if self.filters.accepts(packet.linktype(), endian, plain, bar) {
                    self.copy_packet(packet)?;
                } else {
                    self.drops.remove(packet);
                }
            }
            Block::Section(section) => self.begin_section(section)?,
            Block::Interface(interface) => {
                let endian = block.as_raw().endian();
                self.filters.add(interface.linktype(), endian)?;
                self.write(block.as_raw())?;
            }
            other => self.write(other.as_raw())?,
        }
        match &mut self.output {
            Some(output) => output.tick(),
            None if matches!(block, Block::Section(_)) => Ok(()),
            None => self.create_if_ready(),
        }
    }

    #[inline]
    fn copy_packet(&mut self, packet: &PacketBlock<'_>) -> Outcome {
        let wire_len = packet.wire_len();
        self.create_if_ready()?;
        let Some(output) = &mut self.output else {
            return Ok(());
        };
        let has_comments = self.comments.has(self.read);
        let has_drops = self.drops.concern(packet);
        if !has_comments && !has_drops {
            return output.write_packet_block(packet.as_raw(), wire_len);
        }
        let mut block = packet.to_enhanced();
        if has_comments {
            self.comments.add(self.read, packet, &mut block)?;
        }
        if has_drops {
            self.drops.add(packet, &mut block)?;
        }
        output.write_packet_block(&block, wire_len)
    }

    /// Copies a section header. If its blocks may change, it no longer states their length.
    fn begin_section(&mut self, section: &Section) -> Outcome {
        self.drops.begin_section();
        self.sections += 1;
        let section = match self.filters.accepts_all() && !self.args.comments.has_packets() {
            true => section.clone(),
            false => section.clone().without_length(),
        };
        let header = match self.sections {
            1 => self.args.comments.add_to_header(section.as_raw())?,
            _ => None,
        };
        match header {
            Some(header) => self.write(header.as_raw()),
            None => self.write(section.as_raw()),
        }
    }

    /// Writes a block without a packet.
    fn write(&mut self, block: RawBlock<'_>) -> Outcome {
        match &mut self.output {
            Some(output) => output.write_block(block),
            None => {
                self.waiting.push(block.into());
                Ok(())
            }
        }
    }

    /// Creates the output, unless the filter compiles for none of the link types so far.
    #[inline]
    fn create_if_ready(&mut self) -> Outcome {
        if self.output.is_some() {
            return Ok(());
        }
        match self.filters.has_linktypes() {
            true if !self.filters.is_usable() => Ok(()),
            true => self.create(),
            false => {
                // Perhaps no interface follows at all.
                self.filters.outcome()?;
                self.create()
            }
        }
    }

    #[cold]
    fn create(&mut self) -> Outcome {
        let mut output = SavefileWriter::create_for_blocks(&self.args.output, self.gzip)?;
        output.set_buffering_for_input(&self.args.input);
        self.copy_progress.set_output(&output);
        for block in self.waiting.drain(..) {
            output.write_block(&block)?;
        }
        let _ = output.flush_dumper();
        self.output = Some(output);
        Ok(())
    }

    /// Closes the output. If reading succeeded, creates it first if it does not exist.
    fn close(&mut self, is_failed: bool) -> Outcome {
        if self.output.is_none() {
            if is_failed {
                return Ok(());
            }
            self.filters.outcome()?;
            self.create()?;
        }
        self.output.as_mut().map_or(Ok(()), SavefileWriter::close)
    }
}
