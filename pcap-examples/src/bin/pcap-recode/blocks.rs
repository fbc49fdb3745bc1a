//! Copies pcapng savefiles block by block.

use pcap_core::pcapng::{
    Block, BlockBuf, Interface, JournalBlock, PacketBlock, Section, StatisticsBlock,
};
use pcap_examples::block_output::BlockOutput;
use pcap_examples::block_reader::BlockReader;
use pcap_examples::block_times;
use pcap_examples::commented_packets::CommentedPackets;
use pcap_examples::compression::Compression;
use pcap_examples::copy_progress::CopyProgress;
use pcap_examples::drop_counts::DropCounts;
use pcap_examples::exit::Outcome;
use pcap_examples::skipped_packets::SkippedPackets;
use pcap_examples::stderr;

use crate::anonymized_blocks;
use crate::args::{Args, NAME};
use crate::counts::Counts;
use crate::outcome_of_reading;
use crate::recoded_interface::{RecodedInterface, bytes32};
use crate::recoder::Recoder;

/// The type of a simple packet block.
const SIMPLE: u32 = 3;

pub(crate) fn copy(
    args: &Args,
    mut input: BlockReader,
    compression: Option<Compression>,
) -> Outcome {
    let bar = input.bar().clone();
    let copy_progress = CopyProgress::without_output(&bar);
    let mut copy = BlockCopy {
        args,
        copy_progress: copy_progress.clone(),
        comments: CommentedPackets::new(&args.comments),
        drops: DropCounts::default(),
        recoder: Recoder::new(args)?,
        anonymizes: args.rewrite.anonymizes(),
        skipped: SkippedPackets::new(NAME, &bar),
        counts: Counts::default(),
        output: BlockOutput::new(&args.input, &args.output, compression, &copy_progress),
        interfaces: Vec::new(),
        sections: 0,
        read: 0,
    };
    let outcome = loop {
        match input.next_block() {
            Ok(Some(block)) => match copy.copy_block(&block) {
                Ok(()) => {}
                Err(failure) => break Err(failure),
            },
            Ok(None) => break copy.output.create(),
            Err(failure) => break Err(failure),
        }
    };
    bar.finish_and_clear();
    let closed = copy.output.close();
    let mut outcome = closed
        .and(outcome_of_reading(args, outcome))
        .and(copy.skipped.outcome())
        .and(copy.comments.check());
    if copy.output.is_created() {
        copy.counts.written = copy_progress.written();
        copy.counts.untagged = copy.recoder.untagged();
        copy.counts.unwritable = copy.skipped.packets();
        outcome = copy.counts.report(args, copy.read, outcome);
        stderr::print_unwritten(copy_progress.unwritten());
    }
    outcome
}

/// The state of the copy.
struct BlockCopy<'a> {
    args: &'a Args,
    copy_progress: CopyProgress,
    comments: CommentedPackets,
    drops: DropCounts,
    recoder: Recoder<'a>,
    /// Whether addresses are anonymized, and so other parts removed.
    anonymizes: bool,
    skipped: SkippedPackets<'a>,
    counts: Counts,
    output: BlockOutput,
    /// The interfaces of the section.
    interfaces: Vec<RecodedInterface>,
    /// The number of sections read.
    sections: u64,
    /// The number of packets read.
    read: u64,
}

impl BlockCopy<'_> {
    #[inline]
    fn copy_block(&mut self, block: &Block<'_>) -> Outcome {
        if self.anonymizes && !anonymized_blocks::keeps(block) {
            self.counts.removed_blocks += 1;
            return Ok(());
        }
        match block {
            Block::Packet(packet) => {
                self.read += 1;
                self.copy_progress.set_read(self.read);
                self.copy_packet(packet)?;
            }
            Block::Section(section) => return self.begin_section(section),
            Block::Interface(interface) => self.add_interface(interface)?,
            Block::Statistics(statistics) => self.copy_statistics(statistics)?,
            Block::Journal(journal) => self.copy_journal(journal)?,
            other => self.output.write_block(other.as_raw())?,
        }
        if !self.output.is_created() {
            self.output.create()?;
        }
        self.output.tick()
    }

    /// Copies a section header. If its blocks may change, it no longer states their length.
    fn begin_section(&mut self, section: &Section) -> Outcome {
        self.drops.begin_section();
        self.interfaces.clear();
        self.sections += 1;
        let args = self.args;
        let changes = args.linktype.is_some()
            || args.snaplen.is_some()
            || args.precision.is_some()
            || args.shift.is_some()
            || self.recoder.rewrites()
            || args.comments.has_packets();
        let anonymized = anonymized_blocks::section(section);
        let section = match self.anonymizes {
            true => &anonymized,
            false => section,
        };
        let section = match self.sections {
            1 => &args.comments.add_to_section(section),
            _ => section,
        };
        match changes {
            true => self
                .output
                .write_block(section.clone().without_length().as_raw()),
            false => self.output.write_block(section.as_raw()),
        }
    }

    fn add_interface(&mut self, interface: &Interface) -> Outcome {
        let number = self.interfaces.len();
        let mut recoded = RecodedInterface::new(self.args, &mut self.recoder, interface, number)?;
        if self.anonymizes {
            recoded.block = anonymized_blocks::interface(recoded.block.as_raw())?;
        }
        self.output.write_block(&recoded.block)?;
        self.interfaces.push(recoded);
        Ok(())
    }

    #[inline]
    fn copy_packet(&mut self, packet: &PacketBlock<'_>) -> Outcome {
        let number = self.read;
        let before = packet.packet();
        let is_rewritten = self.recoder.rewrites();
        let linktype = packet.linktype();
        let recoded = self
            .recoder
            .recode(&mut self.counts, number, linktype, before)?;
        let Some(after) = recoded else {
            self.drops.remove(packet);
            return Ok(());
        };
        let Some(interface) = self.interfaces.get(packet.interface_id() as usize) else {
            return Ok(());
        };
        let is_cut = interface.is_converted
            || after.caplen() < before.caplen()
            || is_rewritten
                && (after.data() != before.data() || after.wire_len() != before.wire_len());
        let ticks = match packet.ticks() {
            Some(ticks) if interface.changes_times() => match interface.ticks(ticks) {
                Some(ticks) => Some(ticks),
                None => {
                    let why = "cannot write the packet: its interface cannot have the time";
                    self.skipped.count(number, why);
                    self.drops.remove(packet);
                    return Ok(());
                }
            },
            _ => None,
        };
        let has_comments = self.comments.concern(number, packet);
        let has_drops = self.drops.concern(packet);
        if !is_cut && ticks.is_none() && !has_comments && !has_drops && !self.anonymizes {
            return self.output.write_packet(packet.as_raw(), after.wire_len());
        }
        let is_simple = packet.ticks().is_none();
        if is_simple && !has_comments && after.caplen() == after.wire_len().min(interface.snaplen) {
            let endian = packet.as_raw().endian();
            let body = [&bytes32(after.wire_len(), endian)[..], after.data()].concat();
            let block = BlockBuf::with_endian(SIMPLE, &body, endian);
            return self.output.write_packet(&block, after.wire_len());
        }
        let mut block = packet.to_enhanced();
        if is_cut {
            block.set_data(after.data(), after.wire_len())?;
        }
        if let Some(ticks) = ticks {
            block.set_ticks(ticks)?;
        }
        if self.anonymizes {
            block = anonymized_blocks::packet(&block, after.data())?;
        }
        if has_comments {
            self.comments.add(number, &mut block)?;
        }
        if has_drops {
            self.drops.add(packet, &mut block)?;
        }
        self.output.write_packet(&block, after.wire_len())
    }

    /// Copies statistics, and changes their times. A time that the interface cannot have becomes 0.
    fn copy_statistics(&mut self, statistics: &StatisticsBlock<'_>) -> Outcome {
        let anonymized;
        let raw = match self.anonymizes {
            true => {
                anonymized = anonymized_blocks::statistics(statistics.as_raw())?;
                anonymized.as_raw()
            }
            false => statistics.as_raw(),
        };
        let interface = self.interfaces.get(statistics.interface_id() as usize);
        let Some(interface) = interface.filter(|interface| interface.changes_times()) else {
            return self.output.write_block(raw);
        };
        let changed = |ticks| interface.ticks(ticks).unwrap_or(0);
        let block = block_times::change_statistics(statistics, changed)?;
        self.output.write_block(&block)
    }

    /// Copies an entry of a journal, and shifts its time.
    fn copy_journal(&mut self, journal: &JournalBlock<'_>) -> Outcome {
        let shift = self.args.shift.unwrap_or_default();
        match block_times::shift_journal(journal, shift) {
            Some(block) => self.output.write_block(&block),
            None => self.output.write_block(journal.as_raw()),
        }
    }
}
