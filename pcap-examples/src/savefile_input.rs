//! Opens savefiles for reading: classic ones packet by packet, and pcapng ones block by block.

use std::path::Path;

use indicatif::ProgressBar;
use pcap_core::{BreakHandle, SavefileFormat};

use crate::block_reader::BlockReader;
use crate::exit::Outcome;
use crate::files::length;
use crate::progress;
use crate::savefile_kind::SavefileKind;
use crate::savefile_reader::SavefileReader;
use crate::savefile_source::{Observer, SavefileSource};

/// An open savefile.
#[derive(Debug)]
// A program has few of them.
#[allow(clippy::large_enum_variant)]
pub enum SavefileInput {
    /// A classic savefile.
    Packets(SavefileReader),
    /// A pcapng savefile.
    Blocks(BlockReader),
}

impl SavefileInput {
    /// Opens a savefile. The path `-` means standard input. Compressed data is decompressed.
    /// With `bar`, shows a progress bar if standard error is a terminal.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened or is not a savefile.
    pub fn open(path: &Path, bar: bool) -> Outcome<SavefileInput> {
        let bar = match bar {
            true => progress::byte_bar(length(path)),
            false => ProgressBar::hidden(),
        };
        SavefileInput::open_with(path, bar)
    }

    /// Opens a savefile with a progress bar, as [`open`](Self::open) does. If it is a stream, such as a pipe, the observer
    /// is called with its bytes as they are read.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`open`](Self::open).
    pub fn open_observed(path: &Path, observer: Option<Observer>) -> Outcome<SavefileInput> {
        let bar = progress::byte_bar(length(path));
        let source = SavefileSource::open_observed(path, &bar, observer)?;
        SavefileInput::of_source(source, path, bar)
    }

    /// Opens a savefile with a progress bar that several readers may share.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`open`](Self::open). Returns [`Failure::TooManyOpen`](crate::exit::Failure::TooManyOpen)
    /// at the limit of open files.
    pub fn open_with(path: &Path, bar: ProgressBar) -> Outcome<SavefileInput> {
        let source = SavefileSource::open(path, &bar)?;
        SavefileInput::of_source(source, path, bar)
    }

    fn of_source(source: SavefileSource, path: &Path, bar: ProgressBar) -> Outcome<SavefileInput> {
        Ok(match source.kind.format() {
            SavefileFormat::Pcapng => {
                SavefileInput::Blocks(BlockReader::of_source(source, path, bar)?)
            }
            _ => SavefileInput::Packets(SavefileReader::of_source(source, path, bar)?),
        })
    }

    /// Returns the format of the savefile.
    #[must_use]
    pub fn format(&self) -> SavefileFormat {
        match self {
            SavefileInput::Packets(_) => SavefileFormat::Pcap,
            SavefileInput::Blocks(_) => SavefileFormat::Pcapng,
        }
    }

    /// Returns the kind of the savefile.
    #[must_use]
    pub fn kind(&self) -> SavefileKind {
        match self {
            SavefileInput::Packets(input) => input.kind(),
            SavefileInput::Blocks(input) => input.kind(),
        }
    }

    /// Returns how many bytes of the file were read, if it is a stream, such as a pipe or a compressed savefile. Of a
    /// compressed savefile, these are the compressed bytes.
    #[must_use]
    pub fn stream_position(&self) -> Option<u64> {
        let is_stream = match self {
            SavefileInput::Packets(input) => !input.is_plain_file(),
            SavefileInput::Blocks(input) => !input.is_plain_file(),
        };
        is_stream.then(|| self.bar().position())
    }

    /// Returns the progress bar.
    #[must_use]
    pub fn bar(&self) -> &ProgressBar {
        match self {
            SavefileInput::Packets(input) => input.bar(),
            SavefileInput::Blocks(input) => input.bar(),
        }
    }

    /// Returns a handle that interrupts reading.
    #[must_use]
    pub fn break_handle(&self) -> BreakHandle {
        match self {
            SavefileInput::Packets(input) => input.capture().break_handle(),
            SavefileInput::Blocks(input) => input.reader().break_handle(),
        }
    }
}
