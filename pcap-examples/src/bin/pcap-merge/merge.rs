//! Merges the inputs, in several rounds if there are too many.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::path::Path;
use std::{fs, mem};

use indicatif::ProgressBar;
use pcap_core::pcapng::{Block, Endian};
use pcap_core::{Linktype, SavefileFormat};
use pcap_examples::copy_progress::CopyProgress;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::host_order::HOST_ORDER;
use pcap_examples::link_filters::LinkFilters;
use pcap_examples::lost_parts::LostParts;
use pcap_examples::savefile_input::SavefileInput;
use pcap_examples::signals;
use tempfile::TempDir;

use crate::changes::Changes;
use crate::inputs::{self, Input};
use crate::merged_format::{MergedFormat, Properties};
use crate::output_savefile::{OutputSavefile, TIMELESS};
use crate::source::{Source, Step};
use crate::translator::{Position, Seen, Translated, Translator};

/// The state of the program while it merges.
pub(crate) struct Merge {
    /// The format of the output, once it is known.
    pub(crate) format: Option<SavefileFormat>,
    /// Whether an input is pcapng.
    pub(crate) has_pcapng: bool,
    /// The header of a classic output. `None` before the first interface.
    pub(crate) classic: Option<MergedFormat>,
    /// What is not a packet in a pcapng output.
    pub(crate) translator: Translator,
    /// What a classic output cannot hold.
    pub(crate) lost: LostParts,
    pub(crate) filters: LinkFilters,
    /// The progress bar of all inputs together.
    pub(crate) bar: ProgressBar,
    pub(crate) copy_progress: CopyProgress,
    /// Whether the output exists.
    pub(crate) is_created: bool,
    /// The number of packets read. Packets are counted again in each round.
    pub(crate) read: u64,
    /// The number of inputs of which something was skipped.
    pub(crate) unread: usize,
}

impl Merge {
    /// Merges inputs, with at most `max_open` of them open at the same time.
    ///
    /// If there are more, first merges groups of consecutive inputs into temporary files, as few as necessary. The
    /// order of packets is the same as in a single round.
    pub(crate) fn merge_in_rounds(
        &mut self,
        max_open: usize,
        mut inputs: Vec<Input>,
        out: &mut OutputSavefile<'_>,
    ) -> Outcome {
        let mut folder = None;
        let mut count = 0;
        while inputs.len() > max_open {
            let folder = match &mut folder {
                Some(folder) => folder,
                none => none.insert(create_temporary_folder()?),
            };
            let mut left = inputs.len() - max_open;
            let mut rest = inputs.into_iter().peekable();
            inputs = Vec::new();
            while rest.peek().is_some() {
                let group: Vec<Input> = rest.by_ref().take(max_open.min(left + 1)).collect();
                left -= group.len() - 1;
                if group.len() == 1 {
                    inputs.extend(group);
                    continue;
                }
                let path = folder.path().join(count.to_string());
                count += 1;
                inputs.push(self.merge_into_temporary(&path, group)?);
                if signals::end_requested().is_some() {
                    return Ok(());
                }
            }
        }
        self.merge_round(inputs, out)
    }

    /// Merges inputs into a temporary file. It has the format of the output, so that it can hold all its packets.
    fn merge_into_temporary(&mut self, path: &Path, group: Vec<Input>) -> Outcome<Input> {
        let mut part = self.create_output(path, None, None)?;
        self.merge_round(group, &mut part)?;
        let interfaces = part.interfaces();
        let (closed, summary) = part.close();
        closed?;
        if self.bar.length().is_some() {
            // These bytes are read again in a later round.
            self.bar.inc_length(summary.bytes);
        }
        Ok(Input {
            path: path.to_owned(),
            changes: Changes::default(),
            open: None,
            is_temporary: true,
            known: Seen {
                interfaces,
                sections: 1,
            },
        })
    }

    /// Merges inputs that may all be open at the same time.
    fn merge_round(&mut self, inputs: Vec<Input>, out: &mut OutputSavefile<'_>) -> Outcome {
        let mut sources = Vec::new();
        // The top is the earliest packet. Among packets with equal times, it is that of the first input.
        let mut heads = BinaryHeap::new();
        for input in inputs {
            let Some(mut source) = self.open(input, out)? else {
                continue;
            };
            if self.advance(&mut source, out)? {
                heads.push(Reverse((source.place, sources.len())));
            }
            sources.push(source);
        }
        while let Some(mut head) = heads.peek_mut() {
            if signals::end_requested().is_some() {
                break;
            }
            let Reverse((_, index)) = *head;
            let source = &mut sources[index];
            self.write(source, out)?;
            if self.advance(source, out)? {
                *head = Reverse((source.place, index));
            } else {
                PeekMut::pop(head);
            }
        }
        for source in sources {
            drop(source.input);
            if source.is_temporary {
                // If this fails, the file is removed with its folder later.
                let _ = fs::remove_file(source.path);
            }
        }
        Ok(())
    }

    /// Writes the packets of one input after those of another.
    pub(crate) fn append(&mut self, inputs: Vec<Input>, out: &mut OutputSavefile<'_>) -> Outcome {
        for input in inputs {
            let Some(mut source) = self.open(input, out)? else {
                continue;
            };
            while signals::end_requested().is_none() && self.advance(&mut source, out)? {
                self.write(&mut source, out)?;
            }
        }
        Ok(())
    }

    /// Opens an input, unless it is already open, and writes the blocks that were read before. Returns `None` if it
    /// cannot be opened, which is then reported.
    fn open(&mut self, mut input: Input, out: &mut OutputSavefile<'_>) -> Outcome<Option<Source>> {
        let mut source = match input.open.take() {
            Some(source) => source,
            None => match inputs::open(&input.path, &self.bar)? {
                Some(open) => {
                    let position = Position::with_known(input.known.clone());
                    Source::new(input.path, open, position, input.changes)
                }
                None => {
                    self.unread += 1;
                    return Ok(None);
                }
            },
        };
        source.is_temporary = input.is_temporary;
        if let SavefileInput::Packets(reader) = &source.input {
            source.position.interfaces = input.known.interfaces;
            // The file may have been replaced since it was inspected.
            let properties = Properties::of_capture(reader.capture(), input.changes);
            self.add_properties(properties, &source.path)?;
        }
        for block in mem::take(&mut source.leading) {
            out.write_block(block, &self.translator)?;
        }
        Ok(Some(source))
    }

    /// Takes the link type and the other properties of an interface into account.
    ///
    /// # Errors
    ///
    /// Returns an error if the output is classic and cannot hold its packets.
    pub(crate) fn add_properties(&mut self, properties: Properties, path: &Path) -> Outcome {
        let is_classic = self.format == Some(SavefileFormat::Pcap);
        match &mut self.classic {
            None => self.classic = Some(MergedFormat::new(properties, path)),
            Some(format) if self.is_created && is_classic => format.check_new(properties, path)?,
            Some(_) if self.is_created => {}
            Some(format) => {
                format.add(properties, path);
                if is_classic {
                    format.check()?;
                }
            }
        }
        Ok(())
    }

    /// Checks that packets of a link type with fields in the byte order of their savefile need no conversion.
    pub(crate) fn check_endian(&self, source: &Source, linktype: Linktype) -> Outcome {
        let expected = match self.format {
            Some(SavefileFormat::Pcap) => Endian::NATIVE,
            _ => self.translator.interfaces.endian(),
        };
        if !HOST_ORDER.contains(&linktype) || source.endian() == expected {
            return Ok(());
        }
        Err(Failure::Text(format!(
            "cannot merge `{}`: its packets of link type {linktype} have another byte order than the output",
            source.path.display()
        )))
    }

    /// Handles the current block of a pcapng input, which is no packet, and returns what is to be written. `counts`
    /// says whether to count what a classic output loses.
    pub(crate) fn take_block(&mut self, source: &mut Source, counts: bool) -> Outcome<Translated> {
        let SavefileInput::Blocks(reader) = &source.input else {
            return Ok(Translated::Nothing);
        };
        let Some(block) = reader.reader().block() else {
            return Ok(Translated::Nothing);
        };
        if source.is_temporary && block.as_raw().block_type() == TIMELESS {
            source.is_timeless = true;
            return Ok(Translated::Nothing);
        }
        let is_classic = self.format == Some(SavefileFormat::Pcap);
        if let Block::Section(_) = &block {
            source.drops.begin_section();
        }
        let translated = match &block {
            block if !is_classic => {
                let position = &mut source.position;
                self.translator
                    .translate(block, &source.path, position, source.changes)?
            }
            Block::Section(_) | Block::Interface(_) if counts => {
                self.lost.count_shared(&block);
                Translated::Nothing
            }
            block => {
                if counts {
                    self.lost.count(block);
                }
                Translated::Nothing
            }
        };
        if let (Block::Interface(interface), false) = (&block, source.is_temporary) {
            let linktype = interface.linktype();
            self.filters.add(linktype, source.endian())?;
            self.add_properties(
                Properties::of_interface(interface, source.changes),
                &source.path,
            )?;
            self.check_endian(source, linktype)?;
        }
        Ok(translated)
    }

    /// Writes the current packet of an input. Skips packets that the output cannot represent, and reports the first of
    /// each input.
    fn write(&mut self, source: &mut Source, out: &mut OutputSavefile<'_>) -> Outcome {
        if self.format == Some(SavefileFormat::Pcap) {
            self.count_lost(source);
        }
        match out.write(source, &mut self.translator) {
            Err(Failure::UnwritablePacket { why, .. }) => {
                if !self.mark_partial(source) {
                    let path = source.path.display();
                    let text =
                        format!("cannot merge all of `{path}`: {why}; such packets are skipped");
                    inputs::report(&self.bar, &Failure::Text(text));
                }
                Ok(())
            }
            written => written,
        }
    }

    /// Counts what a classic output loses of the current packet of a pcapng input.
    fn count_lost(&mut self, source: &Source) {
        if let SavefileInput::Blocks(reader) = &source.input
            && let Some(Block::Packet(packet)) = reader.reader().block()
        {
            self.lost.count_packet(&packet);
        }
    }

    /// Counts an input of which something was skipped, unless it was already counted. Returns whether it was.
    fn mark_partial(&mut self, source: &mut Source) -> bool {
        let before = mem::replace(&mut source.is_partial, true);
        self.unread += usize::from(!before);
        before
    }

    /// Advances to the next packet that the filter accepts. Writes the blocks before it. Reports an error of the input,
    /// and returns `false` then and at the end of the input.
    #[inline]
    fn advance(&mut self, source: &mut Source, out: &mut OutputSavefile<'_>) -> Outcome<bool> {
        loop {
            match source.step() {
                Ok(Step::Packet) => {
                    self.read += 1;
                    self.copy_progress.set_read(self.read);
                    if self.accepts(source) {
                        return Ok(true);
                    }
                }
                Ok(Step::Block) => match self.take_block(source, true) {
                    Ok(block) => out.write_block(block, &self.translator)?,
                    Err(failure) => return Ok(self.give_up(source, &failure)),
                },
                Ok(Step::End) => {
                    self.translator.finish(&mut source.position);
                    return Ok(false);
                }
                Err(failure) => return Ok(self.give_up(source, &failure)),
            }
            if signals::end_requested().is_some() {
                return Ok(false);
            }
        }
    }

    /// Reports an error of an input, unless a signal may have caused it by ending a pipe in the middle of a packet.
    /// Returns `false`: nothing more is read.
    #[cold]
    fn give_up(&mut self, source: &mut Source, failure: &Failure) -> bool {
        if signals::end_requested().is_none() {
            inputs::report(&self.bar, failure);
            self.mark_partial(source);
        }
        false
    }

    /// Returns whether the filter accepts the current packet. Packets in temporary files were filtered in an earlier
    /// round.
    #[inline]
    fn accepts(&mut self, source: &mut Source) -> bool {
        if source.is_temporary || self.filters.accepts_all() {
            return true;
        }
        let endian = source.file_endian();
        match &source.input {
            SavefileInput::Packets(reader) => {
                let linktype = reader.capture().linktype();
                reader
                    .packet()
                    .is_some_and(|packet| self.filters.accepts(linktype, endian, packet, &self.bar))
            }
            SavefileInput::Blocks(reader) => {
                let Some(Block::Packet(packet)) = reader.reader().block() else {
                    return false;
                };
                let linktype = packet.linktype();
                let accepts = self
                    .filters
                    .accepts(linktype, endian, packet.packet(), &self.bar);
                if !accepts {
                    source.drops.remove(&packet);
                }
                accepts
            }
        }
    }
}

/// Creates a temporary folder, which is removed with its contents on drop or when the program gives up.
fn create_temporary_folder() -> Outcome<TempDir> {
    let folder = tempfile::tempdir()
        .map_err(|e| Failure::Text(format!("cannot create a folder for temporary files: {e}")))?;
    exit::remove_on_give_up(folder.path());
    Ok(folder)
}
