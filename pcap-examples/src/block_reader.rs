//! Reads pcapng savefiles block by block, and shows a progress bar.

use std::path::Path;

use indicatif::ProgressBar;
use pcap_core::pcapng::{Block, Reader};

use crate::exit::{Failure, Outcome};
use crate::savefile_kind::SavefileKind;
use crate::savefile_source::{Data, SavefileSource};

/// The number of blocks between two updates of the bar.
const BAR_INTERVAL: u32 = 4096;

/// Reads the blocks of a pcapng savefile.
#[derive(Debug)]
pub struct BlockReader {
    kind: SavefileKind,
    reader: Reader,
    bar: ProgressBar,
    /// The position that the bar shows. `None` for a stream, such as a compressed savefile, which moves the bar as it
    /// is read.
    shown: Option<u64>,
    /// The number of blocks since the last update of the bar.
    blocks: u32,
}

impl BlockReader {
    /// Reads an open savefile.
    pub(crate) fn of_source(
        source: SavefileSource,
        path: &Path,
        bar: ProgressBar,
    ) -> Outcome<BlockReader> {
        let kind = source.kind;
        let (reader, shown) = match source.data {
            Data::AtPath => (Reader::open(path).map_err(Failure::to_open)?, Some(0)),
            Data::Stream(stream) => {
                let name = path.display().to_string();
                (Reader::from_reader_named(stream, name)?, None)
            }
        };
        Ok(BlockReader {
            kind,
            reader,
            bar,
            shown,
            blocks: 0,
        })
    }

    /// Returns the kind of the savefile.
    #[must_use]
    pub fn kind(&self) -> SavefileKind {
        self.kind
    }

    /// Returns whether it reads a file without decompressing it.
    #[must_use]
    pub fn is_plain_file(&self) -> bool {
        self.shown.is_some()
    }

    /// Returns the underlying reader.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Returns the underlying reader, mutably.
    pub fn reader_mut(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// Returns the progress bar.
    #[must_use]
    pub fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// Returns the next block, and updates the bar. Returns `None` at the end of the savefile, and after a break.
    ///
    /// # Errors
    ///
    /// Returns an error if the next block cannot be read.
    #[inline]
    pub fn next_block(&mut self) -> Outcome<Option<Block<'_>>> {
        self.blocks += 1;
        if self.blocks == BAR_INTERVAL {
            self.blocks = 0;
            self.show_position();
        }
        Ok(self.reader.next_block()?)
    }

    /// Advances to the next block, which [`Reader::block`] then returns, and updates the bar. Returns `false` at the
    /// end of the savefile, and after a break.
    ///
    /// # Errors
    ///
    /// Returns an error if the next block cannot be read.
    #[inline]
    pub fn advance(&mut self) -> Outcome<bool> {
        self.blocks += 1;
        if self.blocks == BAR_INTERVAL {
            self.blocks = 0;
            self.show_position();
        }
        Ok(self.reader.advance()?)
    }

    #[cold]
    fn show_position(&mut self) {
        if let Some(shown) = &mut self.shown {
            let position = self.reader.position();
            self.bar.inc(position.saturating_sub(*shown));
            *shown = position;
        }
    }
}
