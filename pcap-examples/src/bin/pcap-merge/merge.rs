//! Merges the inputs, in several rounds if there are too many.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::path::PathBuf;
use std::{fs, mem};

use indicatif::ProgressBar;
use pcap_core::Timestamp;
use pcap_examples::copy_progress::CopyProgress;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::output_format::OutputFormat;
use pcap_examples::savefile_reader::SavefileReader;
use pcap_examples::signals;
use pcap_examples::stderr;
use tempfile::TempDir;

use crate::args::NAME;
use crate::filters::Filters;
use crate::inputs::{self, Input};
use crate::merged_format::MergedFormat;
use crate::output_savefile::OutputSavefile;

/// The state of the program while it merges.
pub(crate) struct Merge<'a> {
    pub(crate) format: &'a MergedFormat,
    /// The format and the compression of the output.
    pub(crate) output_format: OutputFormat,
    pub(crate) filters: Filters<'a>,
    /// The progress bar of all inputs together.
    pub(crate) bar: ProgressBar,
    pub(crate) copy_progress: CopyProgress,
    /// The number of packets read. Packets are counted again in each round.
    pub(crate) read: u64,
    /// The number of inputs of which something was skipped.
    pub(crate) unread: usize,
}

/// An open input, positioned at a packet.
struct Source {
    path: PathBuf,
    open: SavefileReader,
    is_temporary: bool,
    /// Whether something of it was skipped.
    is_partial: bool,
}

impl Merge<'_> {
    /// Merges inputs, with at most `max_open` of them open at the same time.
    ///
    /// If there are more, first merges groups of consecutive inputs into temporary files, as few as necessary. The
    /// order of packets is the same as in a single round.
    pub(crate) fn merge_in_rounds(
        &mut self,
        max_open: usize,
        mut inputs: Vec<Input>,
        out: &mut OutputSavefile,
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
                // Use the format of the output, so that the temporary file can represent all its packets.
                let output_format = OutputFormat {
                    gzip: false,
                    ..self.output_format
                };
                let mut part = OutputSavefile::new(self.format.create(&path, output_format)?);
                self.merge_round(group, &mut part)?;
                let (closed, summary) = part.close();
                closed?;
                if self.bar.length().is_some() {
                    // These bytes are read again in a later round.
                    self.bar.inc_length(summary.bytes);
                }
                inputs.push(Input {
                    path,
                    open: None,
                    is_temporary: true,
                });
                if signals::end_requested().is_some() {
                    return Ok(());
                }
            }
        }
        self.merge_round(inputs, out)
    }

    /// Merges inputs that may all be open at the same time.
    fn merge_round(&mut self, inputs: Vec<Input>, out: &mut OutputSavefile) -> Outcome {
        let mut sources = Vec::new();
        // The top is the earliest packet. Among packets with equal times, it is that of the first input.
        let mut heads = BinaryHeap::new();
        for input in inputs {
            let Some(mut source) = self.open(input)? else {
                continue;
            };
            if let Some(time) = self.advance(&mut source) {
                heads.push(Reverse((time, sources.len())));
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
            match self.advance(source) {
                Some(time) => *head = Reverse((time, index)),
                None => {
                    PeekMut::pop(head);
                }
            }
        }
        for source in sources {
            drop(source.open);
            if source.is_temporary {
                // If this fails, the file is removed with its folder later.
                let _ = fs::remove_file(source.path);
            }
        }
        Ok(())
    }

    /// Writes the packets of one input after those of another.
    pub(crate) fn append(&mut self, inputs: Vec<Input>, out: &mut OutputSavefile) -> Outcome {
        for input in inputs {
            let Some(mut source) = self.open(input)? else {
                continue;
            };
            while signals::end_requested().is_none() && self.advance(&mut source).is_some() {
                self.write(&mut source, out)?;
            }
        }
        Ok(())
    }

    /// Opens an input, unless it is already open. Returns `None` if it cannot be opened, which is then reported.
    fn open(&mut self, mut input: Input) -> Outcome<Option<Source>> {
        let open = match input.open.take() {
            Some(open) => Some(open),
            None => inputs::open(&input.path, &self.bar)?,
        };
        let Some(open) = open else {
            self.unread += 1;
            return Ok(None);
        };
        // The file may have been replaced since it was inspected.
        self.format.check(open.capture(), &input.path)?;
        if !input.is_temporary {
            self.filters.compile_for(open.capture())?;
        }
        Ok(Some(Source {
            path: input.path,
            open,
            is_temporary: input.is_temporary,
            is_partial: false,
        }))
    }

    /// Writes the current packet of an input. Skips packets that the output cannot represent, and reports the first of
    /// each input.
    fn write(&mut self, source: &mut Source, out: &mut OutputSavefile) -> Outcome {
        match out.write(source.open.packet()) {
            Err(Failure::UnwritablePacket { why, .. }) => {
                if !self.mark_partial(source) {
                    let path = source.path.display();
                    let text =
                        format!("cannot merge all of `{path}`: {why}; such packets are skipped");
                    self.bar.suspend(|| stderr::print_message(NAME, text));
                }
                Ok(())
            }
            written => written,
        }
    }

    /// Counts an input of which something was skipped, unless it was already counted. Returns whether it was.
    fn mark_partial(&mut self, source: &mut Source) -> bool {
        let before = mem::replace(&mut source.is_partial, true);
        self.unread += usize::from(!before);
        before
    }

    /// Advances to the next packet that the filter accepts, and returns its time. Reports an error, and returns `None`
    /// then and at the end of the input.
    fn advance(&mut self, source: &mut Source) -> Option<Timestamp> {
        loop {
            match source.open.advance() {
                Ok(true) => {}
                Ok(false) => return None,
                // The signal may have ended a pipe in the middle of a packet.
                Err(_) if signals::end_requested().is_some() => return None,
                Err(failure) => {
                    inputs::report(&self.bar, &failure);
                    self.mark_partial(source);
                    return None;
                }
            }
            self.read += 1;
            self.copy_progress.set_read(self.read);
            let packet = source.open.packet()?;
            // Packets in temporary files were filtered in an earlier round.
            if source.is_temporary || self.filters.accept(source.open.capture(), packet) {
                return Some(packet.timestamp());
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
