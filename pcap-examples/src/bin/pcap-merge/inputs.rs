//! Opens the inputs.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use pcap_core::SavefileFormat;
use pcap_core::pcapng::{Block, Endian};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::files::length;
use pcap_examples::savefile_input::SavefileInput;

use crate::args::{Args, NAME};
use crate::changes::Changes;
use crate::merge::Merge;
use crate::merged_format::Properties;
use crate::source::{Source, Step};
use crate::translator::{Position, Seen, Translated};

/// The most bytes at the start of a pcapng input that are searched for interfaces before anything is written.
const INSPECTED: u64 = 1 << 20;

/// An input.
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    /// How its packets change. Those of a temporary file have changed.
    pub(crate) changes: Changes,
    /// The open savefile, if it can be opened only once, or if all inputs may be open at the same time.
    pub(crate) open: Option<Source>,
    /// Whether it is a temporary file, the result of an earlier round.
    pub(crate) is_temporary: bool,
    /// The interfaces and sections at its start.
    pub(crate) known: Seen,
}

/// Opens a savefile. Reports the error and returns `None` if it cannot be opened.
///
/// # Errors
///
/// Returns an error if too many files are open.
pub(crate) fn open(path: &Path, bar: &ProgressBar) -> Outcome<Option<SavefileInput>> {
    match SavefileInput::open_with(path, bar.clone()) {
        Ok(input) => Ok(Some(input)),
        Err(Failure::TooManyOpen(text)) => Err(Failure::Text(format!(
            "{text}; lower --max-open, or raise the limit (`ulimit -n`)"
        ))),
        Err(failure) => {
            report(bar, &failure);
            Ok(None)
        }
    }
}

/// Prints a failure above the progress bar.
pub(crate) fn report(bar: &ProgressBar, failure: &Failure) {
    bar.suspend(|| failure.report(NAME));
}

impl Merge {
    /// Opens each input once before anything is written, to check it. Returns the readable inputs.
    pub(crate) fn inspect(&mut self, args: &Args) -> Outcome<Vec<Input>> {
        let keep = !args.append && args.inputs.len() <= args.max_open as usize;
        let mut inputs = Vec::new();
        for (index, path) in args.inputs.iter().enumerate() {
            let is_stream = length(path).is_none();
            let is_kept = keep || is_stream;
            let bar = if is_kept {
                self.bar.clone()
            } else {
                ProgressBar::hidden()
            };
            let Some(input) = open(path, &bar)? else {
                self.unread += 1;
                continue;
            };
            let changes = args.changes(index);
            let mut source = Source::new(path.clone(), input, Position::default(), changes);
            let is_readable = match source.input {
                SavefileInput::Packets(_) => self.inspect_header(&mut source).map(|()| true),
                SavefileInput::Blocks(_) => self.inspect_blocks(&mut source, is_kept, is_stream),
            };
            if is_readable? {
                inputs.push(Input {
                    path: path.clone(),
                    changes,
                    known: source.position.seen.clone(),
                    open: is_kept.then_some(source),
                    is_temporary: false,
                });
            }
        }
        Ok(inputs)
    }

    /// Adds the header of a classic input.
    fn inspect_header(&mut self, source: &mut Source) -> Outcome {
        let SavefileInput::Packets(reader) = &source.input else {
            return Ok(());
        };
        let capture = reader.capture();
        let (linktype, endian) = (capture.linktype(), source.file_endian());
        self.filters.add(linktype, endian)?;
        let properties = Properties::of_capture(capture, source.changes);
        if self.format != Some(SavefileFormat::Pcap) {
            if self.translator.header.block().is_none() {
                // libpcap converts packets to this machine's byte order.
                self.translator.interfaces.set_endian(Endian::NATIVE);
                self.translator.header.add_classic(Endian::NATIVE);
            }
            let index = self
                .translator
                .interfaces
                .add_classic(capture, source.changes)?;
            source.position.interfaces.push(index);
            source.position.seen.interfaces.push(index);
        }
        self.add_properties(properties, &source.path)?;
        self.check_endian(source, linktype)
    }

    /// Adds the sections and interfaces at the start of a pcapng input. Keeps its other blocks if the input stays open.
    /// Returns `false` if it is no savefile, which is then reported.
    fn inspect_blocks(
        &mut self,
        source: &mut Source,
        is_kept: bool,
        is_stream: bool,
    ) -> Outcome<bool> {
        self.has_pcapng = true;
        loop {
            let step = source.step();
            let SavefileInput::Blocks(reader) = &source.input else {
                return Ok(true);
            };
            match step {
                Ok(Step::Block) => {}
                Err(failure) if reader.reader().section().is_none() => {
                    report(&self.bar, &failure);
                    self.unread += 1;
                    return Ok(false);
                }
                step => {
                    source.unused = Some(step);
                    return Ok(true);
                }
            }
            let block = reader.reader().block();
            let is_interface = matches!(block, Some(Block::Interface(_)));
            let is_header = is_interface || matches!(block, Some(Block::Section(_)));
            let is_last = reader.reader().position() >= INSPECTED || (is_stream && is_interface);
            if is_kept || is_header {
                match self.take_block(source, is_kept)? {
                    block @ (Translated::Block(_) | Translated::Statistics(..)) => {
                        source.leading.push(block);
                    }
                    Translated::Interface(_) | Translated::Nothing => {}
                }
            }
            if is_last {
                return Ok(true);
            }
        }
    }
}
