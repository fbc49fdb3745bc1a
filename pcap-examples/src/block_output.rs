//! Writes the blocks of a pcapng savefile that is copied.

use std::fs::OpenOptions;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use pcap_core::pcapng::{BlockBuf, RawBlock, Section};

use crate::compression::Compression;
use crate::copy_progress::CopyProgress;
use crate::exit::{Failure, Outcome};
use crate::files;
use crate::safe_files;
use crate::savefile_writer::SavefileWriter;

/// A pcapng savefile, which is created when the program has checked the input. Until then, blocks wait in memory.
#[derive(Debug)]
pub struct BlockOutput {
    input: PathBuf,
    path: PathBuf,
    compression: Option<Compression>,
    copy_progress: CopyProgress,
    savefile: Option<SavefileWriter>,
    waiting: Vec<BlockBuf>,
    /// The number of bytes of the waiting blocks.
    waiting_bytes: u64,
    /// Where the current section begins, if its header states its length.
    stated: Option<u64>,
    /// Where the sections begin whose length becomes unknown when the savefile is closed.
    changed: Vec<u64>,
}

/// The offset of the length of a section in its header.
const SECTION_LENGTH: u64 = 16;

impl BlockOutput {
    /// Prepares the output. Creates no file yet.
    #[must_use]
    pub fn new(
        input: &Path,
        path: &Path,
        compression: Option<Compression>,
        copy_progress: &CopyProgress,
    ) -> BlockOutput {
        BlockOutput {
            input: input.to_owned(),
            path: path.to_owned(),
            compression,
            copy_progress: copy_progress.clone(),
            savefile: None,
            waiting: Vec::new(),
            waiting_bytes: 0,
            stated: None,
            changed: Vec::new(),
        }
    }

    /// Returns whether the output is a regular file without compression, or will be.
    fn is_seekable(&self) -> bool {
        let is_new = || !self.path.exists();
        self.compression.is_none()
            && self.path != Path::new("-")
            && (files::length(&self.path).is_some() || is_new())
    }

    /// Begins a section whose blocks may change. Its length becomes unknown: at once if the output is a pipe or
    /// compressed, and otherwise at the [first change](Self::change_section).
    ///
    /// # Errors
    ///
    /// Returns an error if the block cannot be written, or if the output has failed.
    pub fn begin_section(&mut self, section: &Section) -> Outcome {
        if section.length().is_none() || !self.is_seekable() {
            self.stated = None;
            return self.write_block(section.clone().without_length().as_raw());
        }
        self.stated = Some(match &self.savefile {
            Some(savefile) => savefile.position(),
            None => self.waiting_bytes,
        });
        self.write_block(section.as_raw())
    }

    /// Notes that a block of the section was changed or left out.
    #[inline]
    pub fn change_section(&mut self) {
        self.changed.extend(self.stated.take());
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
        let mut savefile = SavefileWriter::create_for_blocks(&self.path, self.compression)?;
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
                self.waiting_bytes += block.bytes().len() as u64;
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
        let Some(savefile) = &mut self.savefile else {
            return Ok(());
        };
        savefile.close()?;
        if self.changed.is_empty() {
            return Ok(());
        }
        self.forget_lengths().map_err(|e| {
            let path = self.path.display();
            Failure::Text(format!("cannot write `{path}`: {e}"))
        })
    }

    /// Makes the lengths of the changed sections unknown, in the closed file.
    fn forget_lengths(&mut self) -> io::Result<()> {
        let mut file = safe_files::open(&self.path, OpenOptions::new().write(true))?;
        for start in self.changed.drain(..) {
            file.seek(SeekFrom::Start(start + SECTION_LENGTH))?;
            // -1, which is the same in both byte orders.
            file.write_all(&[0xff; 8])?;
        }
        Ok(())
    }
}
