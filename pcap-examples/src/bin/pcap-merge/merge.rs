//! Merges savefiles, in rounds if necessary.

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

pub(crate) struct Merge<'a> {
    pub(crate) format: &'a MergedFormat,
    /// The format and the compression of the output.
    pub(crate) output_format: OutputFormat,
    pub(crate) filters: Filters<'a>,
    /// The progress of all savefiles.
    pub(crate) bar: ProgressBar,
    pub(crate) copy_progress: CopyProgress,
    /// The number of packets read, counting those of a round again.
    pub(crate) read: u64,
    /// The number of savefiles of which something was skipped.
    pub(crate) unread: usize,
}

/// An open savefile, at one of its packets.
struct Source {
    path: PathBuf,
    open: SavefileReader,
    is_temporary: bool,
    /// Something of it was skipped.
    is_partial: bool,
}

impl Merge<'_> {
    /// Merges savefiles. If too many to be open at once, first merges as few consecutive ones as necessary into one
    /// each. The order of packets is the same as in a single round.
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
                // The temporary savefiles must hold whatever the output can hold.
                let output_format = OutputFormat {
                    gzip: false,
                    ..self.output_format
                };
                let mut part = OutputSavefile::new(self.format.create(&path, output_format)?);
                self.merge_round(group, &mut part)?;
                let (closed, summary) = part.close();
                closed?;
                if self.bar.length().is_some() {
                    // These bytes will be read again.
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

    /// Merges savefiles that can all be open at once.
    fn merge_round(&mut self, inputs: Vec<Input>, out: &mut OutputSavefile) -> Outcome {
        let mut sources = Vec::new();
        // The top is the earliest packet, and among equal ones that of the first savefile.
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
                // The folder is removed later anyway.
                let _ = fs::remove_file(source.path);
            }
        }
        Ok(())
    }

    /// Writes one savefile after the other.
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

    fn open(&mut self, mut input: Input) -> Outcome<Option<Source>> {
        let open = match input.open.take() {
            Some(open) => Some(open),
            None => inputs::open(&input.path, &self.bar)?,
        };
        let Some(open) = open else {
            self.unread += 1;
            return Ok(None);
        };
        // The file may have been replaced meanwhile.
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

    /// Writes the current packet of a savefile. Skips packets that the new savefile cannot hold, and reports the first
    /// of each savefile.
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

    /// Counts a savefile of which something was skipped, once. Returns whether it was counted before.
    fn mark_partial(&mut self, source: &mut Source) -> bool {
        let before = mem::replace(&mut source.is_partial, true);
        self.unread += usize::from(!before);
        before
    }

    /// Advances to the next packet that passes the filter, and returns its time.
    fn advance(&mut self, source: &mut Source) -> Option<Timestamp> {
        loop {
            match source.open.advance() {
                Ok(true) => {}
                Ok(false) => return None,
                // The signal ended it in the middle of a packet.
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
            // Packets of a round have passed already.
            if source.is_temporary || self.filters.accept(source.open.capture(), packet) {
                return Some(packet.timestamp());
            }
        }
    }
}

/// Creates a folder that is removed with its contents when it is dropped.
fn create_temporary_folder() -> Outcome<TempDir> {
    let folder = tempfile::tempdir()
        .map_err(|e| Failure::Text(format!("cannot create a folder for temporary files: {e}")))?;
    exit::remove_on_give_up(folder.path());
    Ok(folder)
}
