//! Writes the output.

use std::collections::HashSet;

use pcap_core::pcapng::{Block, BlockBuf, Endian, PacketBlock, Record};
use pcap_examples::comment_args::CommentArgs;
use pcap_examples::drop_counts::DropCounts;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::savefile_input::SavefileInput;
use pcap_examples::savefile_summary::SavefileSummary;
use pcap_examples::savefile_writer::SavefileWriter;

use crate::changes::Changes;
use crate::left_out::must_go;
use crate::source::Source;
use crate::translator::{Translated, Translator};

/// The code of a comment in every block.
const COMMENT: u16 = 1;
/// The most bytes of a packet block without options, besides the data.
const BARE: usize = 32 + 3;
/// The type of a simple packet block.
const SIMPLE_PACKET: u32 = 3;

/// The type of the block that precedes a packet without a time in a temporary file. Inputs have no such blocks: those
/// for local use are left out.
pub(crate) const TIMELESS: u32 = 0xffff_fffe;

/// Returns that block.
fn timeless_mark(endian: Endian) -> BlockBuf {
    BlockBuf::with_endian(TIMELESS, &[], endian)
}

/// A savefile to write, with the summary of its packets.
#[derive(Debug)]
pub(crate) struct OutputSavefile<'a> {
    pub(crate) savefile: SavefileWriter,
    summary: SavefileSummary,
    /// The numbers of the interfaces in a pcapng savefile.
    numbers: Option<Numbers>,
    /// Whether it is a temporary pcapng savefile, in which a mark precedes each packet without a time.
    is_temporary: bool,
    /// The comments to add.
    comments: Option<&'a CommentArgs>,
    /// The numbers of the packets that have got them.
    commented: HashSet<u64>,
}

/// The numbers of interfaces in a savefile.
#[derive(Debug, Default)]
struct Numbers {
    /// By the index of the interface; `None` if the savefile does not have it.
    numbers: Vec<Option<u32>>,
    /// The indexes, in the order of the savefile.
    indexes: Vec<usize>,
}

impl<'a> OutputSavefile<'a> {
    /// Takes over a classic savefile.
    pub(crate) fn classic(savefile: SavefileWriter) -> OutputSavefile<'a> {
        OutputSavefile {
            savefile,
            summary: SavefileSummary::default(),
            numbers: None,
            is_temporary: false,
            comments: None,
            commented: HashSet::new(),
        }
    }

    /// Takes over a pcapng savefile, which has a section header. Adds comments to its packets. A temporary one has none.
    pub(crate) fn pcapng(
        savefile: SavefileWriter,
        comments: Option<&'a CommentArgs>,
    ) -> OutputSavefile<'a> {
        OutputSavefile {
            numbers: Some(Numbers::default()),
            is_temporary: comments.is_none(),
            comments: comments.filter(|comments| comments.has_packets()),
            ..OutputSavefile::classic(savefile)
        }
    }

    /// Returns the indexes of the interfaces, in the order of the savefile.
    pub(crate) fn interfaces(&self) -> Vec<usize> {
        let numbers = self.numbers.as_ref();
        numbers.map_or(Vec::new(), |numbers| numbers.indexes.clone())
    }

    /// Writes a block without a packet. A classic savefile has none.
    pub(crate) fn write_block(&mut self, block: Translated, translator: &Translator) -> Outcome {
        match block {
            _ if self.numbers.is_none() => Ok(()),
            Translated::Nothing => Ok(()),
            Translated::Interface(index) => self.number(index, translator).map(drop),
            Translated::Block(block) => self.savefile.write_block(&block),
            Translated::Statistics(mut block, index) => {
                block.set_interface(self.number(index, translator)?)?;
                self.savefile.write_block(&block)
            }
        }
    }

    /// Returns the number of the interface with an index. Writes its description if the savefile does not have it.
    #[inline]
    pub(crate) fn number(&mut self, index: usize, translator: &Translator) -> Outcome<u32> {
        let numbers = self.numbers.get_or_insert_default();
        match numbers.numbers.get(index) {
            Some(&Some(number)) => Ok(number),
            _ => self.add_interface(index, translator),
        }
    }

    #[cold]
    fn add_interface(&mut self, index: usize, translator: &Translator) -> Outcome<u32> {
        self.savefile
            .write_block(translator.interfaces.block(index))?;
        let numbers = self.numbers.get_or_insert_default();
        if numbers.numbers.len() <= index {
            numbers.numbers.resize(index + 1, None);
        }
        // The reader allows fewer interfaces.
        let number = numbers.indexes.len() as u32;
        numbers.numbers[index] = Some(number);
        numbers.indexes.push(index);
        Ok(number)
    }

    /// Writes the current packet of an input, if there is one, and flushes packets that have waited long enough.
    #[inline]
    pub(crate) fn write(&mut self, source: &mut Source, translator: &mut Translator) -> Outcome {
        match &source.input {
            SavefileInput::Packets(_) => self.write_classic_packet(source, translator)?,
            SavefileInput::Blocks(_) => self.write_packet_block(source, translator)?,
        }
        self.savefile.tick()
    }

    /// Writes the current packet of a classic input.
    #[inline]
    fn write_classic_packet(&mut self, source: &Source, translator: &Translator) -> Outcome {
        let SavefileInput::Packets(reader) = &source.input else {
            return Ok(());
        };
        let Some(packet) = reader.packet() else {
            return Ok(());
        };
        let packet = source.changes.packet(packet);
        match (&self.numbers, source.position.interfaces.first()) {
            (Some(_), Some(&index)) => {
                let number = self.number(index, translator)?;
                let comments: Vec<_> = self.next_comments().collect();
                let options: Vec<_> = comments.iter().map(|text| (COMMENT, *text)).collect();
                let record = Record::new(packet).options(&options);
                self.savefile.write_record_to(number, &record, packet)?;
                self.note_comments(!options.is_empty());
            }
            _ => self.savefile.write(packet)?,
        }
        self.summary.count(packet);
        Ok(())
    }

    /// Writes the current packet of a pcapng input.
    #[inline]
    fn write_packet_block(&mut self, source: &mut Source, translator: &mut Translator) -> Outcome {
        let SavefileInput::Blocks(reader) = &source.input else {
            return Ok(());
        };
        let Some(Block::Packet(packet)) = reader.reader().block() else {
            return Ok(());
        };
        if self.numbers.is_none() {
            self.savefile
                .write(source.changes.packet(packet.packet()))?;
        } else {
            if self.is_temporary && !source.has_time {
                self.savefile
                    .write_block(&timeless_mark(translator.interfaces.endian()))?;
            }
            let interfaces = &source.position.interfaces;
            let Some(&index) = interfaces.get(packet.interface_id() as usize) else {
                return Err(Failure::Text("a packet has no interface".to_owned()));
            };
            let number = self.number(index, translator)?;
            let (drops, changes) = (&mut source.drops, source.changes);
            if drops.concern(&packet)
                || changes.concern(&packet)
                || self.changes(&packet, translator.interfaces.endian())
            {
                self.write_changed(number, &packet, changes, drops, translator)?;
            } else {
                self.savefile.copy_packet(number, &packet)?;
            }
        }
        match source.has_time {
            true => self.summary.count(source.changes.packet(packet.packet())),
            false => self.summary.packets += 1,
        }
        Ok(())
    }

    /// Writes a packet with comments, drop counts of removed packets or another byte order, or without options that do
    /// not belong into another file.
    #[cold]
    fn write_changed(
        &mut self,
        number: u32,
        packet: &PacketBlock<'_>,
        changes: Changes,
        drops: &mut DropCounts,
        translator: &mut Translator,
    ) -> Outcome {
        let comments: Vec<&[u8]> = self.next_comments().collect();
        let can_be_simple = number == 0 && comments.is_empty();
        let mut block = changes.block(packet, can_be_simple)?;
        if drops.concern(packet) {
            drops.add(packet, &mut block)?;
        }
        for comment in &comments {
            block.add_option(COMMENT, comment)?;
        }
        let Some(mut block) = translator.convert(block) else {
            return Ok(());
        };
        if block.as_raw().block_type() != SIMPLE_PACKET {
            block.set_interface(number)?;
        }
        self.savefile
            .write_packet_block(&block, packet.wire_len())?;
        self.note_comments(!comments.is_empty());
        Ok(())
    }

    /// Notes that comments were added to the next packet.
    fn note_comments(&mut self, are_added: bool) {
        if are_added {
            self.commented.insert(self.summary.packets + 1);
        }
    }

    /// Checks that all comments were added.
    ///
    /// # Errors
    ///
    /// Returns an error that names the first packet whose comment was not.
    pub(crate) fn check_comments(&self) -> Outcome {
        match self.comments {
            Some(comments) => comments.check_written(&self.commented),
            None => Ok(()),
        }
    }

    /// Returns whether the block of the next packet cannot be copied with a new interface alone.
    #[inline]
    fn changes(&self, packet: &PacketBlock<'_>, endian: Endian) -> bool {
        let block = packet.as_raw();
        let has_options = block.bytes().len() > BARE + packet.data().len();
        block.endian() != endian
            || self.next_comments().next().is_some()
            || has_options
                && packet
                    .options()
                    .any(|option| must_go(option.code()).is_some())
    }

    /// Returns the comments to add to the next packet.
    fn next_comments(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let number = self.summary.packets + 1;
        let comments = self.comments.into_iter();
        comments
            .flat_map(move |comments| comments.of_packet(number))
            .map(str::as_bytes)
    }

    /// Closes the savefile, and returns its summary.
    pub(crate) fn close(mut self) -> (Outcome, SavefileSummary) {
        self.summary.bytes = self.savefile.position();
        (self.savefile.close(), self.summary)
    }
}
