//! Copies the packets of pcapng savefiles to classic savefiles.

use pcap_core::Precision;
use pcap_core::pcapng::Block;
use pcap_examples::block_reader::BlockReader;
use pcap_examples::classic_headers::snaplen;
use pcap_examples::classic_output::ClassicOutput;
use pcap_examples::compression::Compression;
use pcap_examples::copy_progress::CopyProgress;
use pcap_examples::exit::Outcome;
use pcap_examples::host_order;
use pcap_examples::lost_parts::LostParts;
use pcap_examples::skipped_packets::SkippedPackets;
use pcap_examples::stderr;

use crate::args::{Args, NAME};
use crate::counts::Counts;
use crate::recoder::Recoder;
use crate::{check_shift, outcome_of_reading};

pub(crate) fn copy(
    args: &Args,
    mut input: BlockReader,
    compression: Option<Compression>,
) -> Outcome {
    let bar = input.bar().clone();
    let copy_progress = CopyProgress::without_output(&bar);
    let precision = args.precision().unwrap_or(Precision::Nano);
    check_shift(args, precision)?;
    let mut copy = ClassicCopy {
        args,
        recoder: Recoder::new(args)?,
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
        counts: Counts::default(),
        read: 0,
    };
    let outcome = loop {
        match input.next_block() {
            Ok(Some(block)) => match copy.copy_block(&block) {
                Ok(()) => {}
                Err(failure) => break Err(failure),
            },
            Ok(None) => break Ok(()),
            Err(failure) => break Err(failure),
        }
    };
    bar.finish_and_clear();
    let closed = copy.output.close(outcome.is_err());
    let mut outcome = closed
        .and(outcome_of_reading(args, outcome))
        .and(copy.skipped.outcome());
    if copy.output.is_created() {
        copy.counts.written = copy_progress.written();
        copy.counts.untagged = copy.recoder.untagged();
        copy.counts.unwritable = copy.skipped.packets();
        outcome = copy.counts.report(args, copy.read, outcome);
        if !args.quiet {
            copy.lost.report(NAME, &bar);
        }
        stderr::print_unwritten(copy_progress.unwritten());
    }
    outcome
}

/// The state of the copy.
struct ClassicCopy<'a> {
    args: &'a Args,
    recoder: Recoder<'a>,
    output: ClassicOutput,
    copy_progress: CopyProgress,
    skipped: SkippedPackets<'a>,
    lost: LostParts,
    counts: Counts,
    /// The number of packets read.
    read: u64,
}

impl ClassicCopy<'_> {
    /// Copies the packet in a block, and counts what is lost.
    #[inline]
    fn copy_block(&mut self, block: &Block<'_>) -> Outcome {
        match block {
            Block::Packet(packet) => {
                self.read += 1;
                self.copy_progress.set_read(self.read);
                if self.read == 1 {
                    self.output.create_if_clear()?;
                }
                let from = packet.linktype();
                let shifted = self.recoder.shift(packet.packet());
                let to = self.args.linktype.unwrap_or(from);
                let recoded = self
                    .recoder
                    .recode(&mut self.counts, self.read, from, shifted)?;
                if let Some(recoded) = recoded {
                    let args = self.args;
                    host_order::check(packet, self.read, &args.input, &args.output)?;
                    let written = self.output.write(self.read, to, recoded);
                    if self.skipped.check_written(self.read, written)? {
                        self.lost.count_packet(packet);
                    }
                }
                return self.output.tick();
            }
            Block::Interface(interface) => {
                let from = interface.linktype();
                let to = self.recoder.add_linktype(from)?;
                let snaplen = self.recoder.snaplen(from, snaplen(interface));
                let fcs = interface
                    .fcs_len()
                    .filter(|_| to == from && self.args.keeps_ends());
                self.output.add_linktype(to, snaplen, fcs);
            }
            _ => {}
        }
        self.lost.count(block);
        Ok(())
    }
}
