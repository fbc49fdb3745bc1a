//! Translates blocks without a packet for the output.

use std::path::Path;

use pcap_core::pcapng::{Block, BlockBuf, Interface};
use pcap_examples::exit::Outcome;

use crate::changes::Changes;
use crate::header::{self, Header};
use crate::interfaces::{Interfaces, Occurrences};
use crate::left_out::LeftOut;

/// The bit of the types of blocks for local use.
const LOCAL_BLOCK: u32 = 0x8000_0000;

/// What is to be written for a block.
#[derive(Debug)]
pub(crate) enum Translated {
    Nothing,
    /// The description of the interface with this index.
    Interface(usize),
    /// A block that refers to no other.
    Block(BlockBuf),
    /// Statistics of the interface with this index.
    Statistics(BlockBuf, usize),
}

/// The position in the sections of a pcapng input.
#[derive(Debug, Default)]
pub(crate) struct Position {
    /// The indexes of the current section's interfaces.
    pub(crate) interfaces: Vec<usize>,
    occurrences: Occurrences,
    /// Whether the version of the section is unknown.
    is_unknown: bool,
    /// The comments of a header that came too late for that of the output. The first interface gets them.
    comments: Vec<Vec<u8>>,
    /// The indexes of all interfaces so far, in the order of the file, and the number of sections.
    pub(crate) seen: Seen,
    /// What an earlier reading of the file has seen.
    known: Seen,
}

/// Interfaces and sections from the beginning of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) interfaces: Vec<usize>,
    pub(crate) sections: usize,
}

impl Position {
    /// Returns the start of a file whose first interfaces and sections are known.
    pub(crate) fn with_known(known: Seen) -> Position {
        Position {
            known,
            ..Position::default()
        }
    }

    fn begin(&mut self, is_unknown: bool) {
        self.interfaces.clear();
        self.occurrences.clear();
        self.is_unknown = is_unknown;
        self.seen.sections += 1;
    }
}

/// The parts of the output that are no packets.
#[derive(Debug)]
pub(crate) struct Translator {
    pub(crate) interfaces: Interfaces,
    pub(crate) header: Header,
    pub(crate) left_out: LeftOut,
}

impl Translator {
    pub(crate) fn new(joins: bool) -> Translator {
        Translator {
            interfaces: Interfaces::new(joins),
            header: Header::default(),
            left_out: LeftOut::default(),
        }
    }

    /// Translates a block of the input at a path. Blocks that do not belong into the output are counted.
    pub(crate) fn translate(
        &mut self,
        block: &Block<'_>,
        path: &Path,
        position: &mut Position,
        changes: Changes,
    ) -> Outcome<Translated> {
        let left_out = &mut self.left_out;
        Ok(match block {
            Block::Section(section) => {
                let is_known_header = position.seen.sections < position.known.sections;
                self.finish(position);
                position.begin(!section.is_known());
                if !section.is_known() {
                    self.left_out.unknown_sections += 1;
                } else if is_known_header {
                    // An earlier reading of the file has added it.
                } else if self.header.is_written {
                    let mut header = BlockBuf::from(section.as_raw());
                    self.left_out.remove_options(&mut header);
                    position.comments = header::comments(&header);
                    let is_described = header::description(section).is_some();
                    self.left_out.header_texts += u64::from(is_described);
                } else {
                    if self.header.block().is_none() {
                        self.interfaces.set_endian(section.endian());
                    }
                    self.header.add(section, path, &mut self.left_out)?;
                }
                Translated::Nothing
            }
            _ if position.is_unknown => {
                left_out.unknown_sections += 1;
                Translated::Nothing
            }
            Block::Interface(interface) => {
                let known = &position.known.interfaces;
                let index = match known.get(position.seen.interfaces.len()) {
                    Some(&index) => index,
                    None => {
                        let comments = std::mem::take(&mut position.comments);
                        let occurrences = &mut position.occurrences;
                        let block = changes.interface(interface, path)?;
                        self.interfaces
                            .add(block, &comments, occurrences, left_out)?
                    }
                };
                position.interfaces.push(index);
                position.seen.interfaces.push(index);
                Translated::Interface(index)
            }
            Block::Statistics(statistics) => {
                let index = position.interfaces.get(statistics.interface_id() as usize);
                let resolution = statistics.interface().map(Interface::resolution);
                let changed = changes.other_block(block, resolution)?;
                match (index, self.convert(changed)) {
                    (Some(&index), Some(block)) => Translated::Statistics(block, index),
                    (None, Some(_)) => {
                        self.left_out.statistics += 1;
                        Translated::Nothing
                    }
                    (_, None) => Translated::Nothing,
                }
            }
            Block::Custom(custom) if !custom.is_copyable() => {
                left_out.uncopied_blocks += 1;
                Translated::Nothing
            }
            other if other.as_raw().block_type() & LOCAL_BLOCK != 0 => {
                left_out.local_blocks += 1;
                Translated::Nothing
            }
            other => match self.convert(changes.other_block(other, None)?) {
                Some(block) => Translated::Block(block),
                None => Translated::Nothing,
            },
        })
    }

    /// Ends the current section of an input, or the input.
    pub(crate) fn finish(&mut self, position: &mut Position) {
        let comments = std::mem::take(&mut position.comments);
        self.left_out.header_texts += comments.len() as u64;
    }

    /// Removes options that do not belong into another file, and converts the block to the byte order of the output.
    /// Returns `None`, and counts the block, if that is impossible.
    pub(crate) fn convert(&mut self, mut block: BlockBuf) -> Option<BlockBuf> {
        self.left_out.remove_options(&mut block);
        match block.to_endian(self.interfaces.endian()) {
            Ok((block, unconverted)) => {
                self.left_out.unconverted_options += unconverted.len() as u64;
                Some(block)
            }
            Err(_) => {
                self.left_out.unconverted_blocks += 1;
                None
            }
        }
    }
}
