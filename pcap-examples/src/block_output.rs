//! Writes the blocks of a pcapng savefile that is copied.

use std::path::{Path, PathBuf};

use pcap_core::pcapng::{BlockBuf, RawBlock};

use crate::copy_progress::CopyProgress;
use crate::exit::Outcome;
use crate::savefile_writer::SavefileWriter;

/// A pcapng savefile, which is created when the program has checked the input. Until then, blocks wait in memory.
#[derive(Debug)]
pub struct BlockOutput {
    input: PathBuf,
    path: PathBuf,
    gzip: bool,
    copy_progress: CopyProgress,
    savefile: Option<SavefileWriter>,
    waiting: Vec<BlockBuf>,
}

impl BlockOutput {
    /// Prepares the output. Creates no file yet.
    #[must_use]
    pub fn new(input: &Path, path: &Path, gzip: bool, copy_progress: &CopyProgress) -> BlockOutput {
        BlockOutput {
            input: input.to_owned(),
            path: path.to_owned(),
            gzip,
            copy_progress: copy_progress.clone(),
            savefile: None,
            waiting: Vec::new(),
        }
    }

    /// Returns whether the savefile was created.
    #[inline]
    #[must_use]
    pub fn is_created(&self) -> bool {
        self.savefile.is_some()
    }

    /// Creates the savefile, unless it exists, and writes the waiting blocks.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be created or written.
    #[cold]
    pub fn create(&mut self) -> Outcome {
        if self.savefile.is_some() {
            return Ok(());
        }
        let mut savefile = SavefileWriter::create_for_blocks(&self.path, self.gzip)?;
        savefile.set_buffering_for_input(&self.input);
        self.copy_progress.set_output(&savefile);
        for block in self.waiting.drain(..) {
            savefile.write_block(&block)?;
        }
        // Write the header now. If this fails, writing the first packet fails, too.
        let _ = savefile.flush_dumper();
        self.savefile = Some(savefile);
        Ok(())
    }

    /// Writes a block without a packet, or lets it wait until the savefile is created.
    ///
    /// # Errors
    ///
    /// Returns an error if the block cannot be written, or if the output has failed.
    pub fn write_block<'a>(&mut self, block: impl Into<RawBlock<'a>>) -> Outcome {
        let block = block.into();
        match &mut self.savefile {
            Some(savefile) => savefile.write_block(block),
            None => {
                self.waiting.push(block.into());
                Ok(())
            }
        }
    }

    /// Writes a block that holds a packet of this length on the wire. Creates the savefile if necessary.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`SavefileWriter::write`].
    #[inline]
    pub fn write_packet<'a>(&mut self, block: impl Into<RawBlock<'a>>, wire_len: u32) -> Outcome {
        if self.savefile.is_none() {
            self.create()?;
        }
        match &mut self.savefile {
            Some(savefile) => savefile.write_packet_block(block, wire_len),
            None => Ok(()),
        }
    }

    /// Flushes packets that have waited long enough. Call this after each block that the program reads.
    ///
    /// # Errors
    ///
    /// Returns the error of the output if it has failed.
    #[inline]
    pub fn tick(&mut self) -> Outcome {
        self.savefile.as_mut().map_or(Ok(()), SavefileWriter::tick)
    }

    /// Closes the savefile, if it was created.
    ///
    /// # Errors
    ///
    /// Returns an error if the savefile is not complete.
    pub fn close(&mut self) -> Outcome {
        self.savefile.as_mut().map_or(Ok(()), SavefileWriter::close)
    }
}
