//! The destination of a background writer: a file, a pipe or standard output, optionally compressed.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::background_writer::{FileCare, Shared, SpaceCheck, Sync};
use crate::compression::{Compression, Compressor};
use crate::files;
use crate::signals;

/// The largest write to a pipe or a terminal. Smaller writes let the program notice progress.
const MAX_WRITE: usize = 64 * 1024;
/// The largest write to a file, so that the program notices progress of a slow disk.
const MAX_FILE_WRITE: usize = 1024 * 1024;
/// The number of bytes after which the program notices the progress of the compressor.
const COMPRESSED_PIECE: usize = 32 * 1024;
/// The largest write after a request to end: `PIPE_BUF` on Linux.
const MAX_WRITE_AT_END: usize = 4096;
/// The pause before a write is retried if the output is non-blocking and full.
const RETRY_PAUSE: Duration = Duration::from_millis(5);

/// An output, with or without a compressor in front of it.
pub(crate) enum Destination {
    /// Writes the bytes unchanged.
    Plain(CountingOutput),
    /// Compresses the bytes.
    Compressed {
        compressor: Compressor<CountingOutput>,
        /// The number of bytes that are not flushed.
        pending: usize,
        /// When the first of them arrived.
        since: Option<Instant>,
    },
}

impl Destination {
    /// Writes to a duplicate of standard output. Closing the duplicate reports errors and leaves the original open.
    pub(crate) fn stdout(
        shared: Arc<Shared>,
        compression: Option<Compression>,
    ) -> io::Result<Destination> {
        let output = CountingOutput::stdout(shared, compression.is_some())?;
        Destination::new(output, compression)
    }

    /// Writes to a file.
    pub(crate) fn file(
        file: File,
        shared: Arc<Shared>,
        compression: Option<Compression>,
    ) -> io::Result<Destination> {
        let output = CountingOutput::file(file, shared, compression.is_some())?;
        Destination::new(output, compression)
    }

    fn new(output: CountingOutput, compression: Option<Compression>) -> io::Result<Destination> {
        Ok(match compression {
            Some(compression) => Destination::Compressed {
                compressor: Compressor::new(output, compression)?,
                pending: 0,
                since: None,
            },
            None => Destination::Plain(output),
        })
    }

    /// Sets when to call fdatasync(2), and how to check the free space.
    pub(crate) fn with_care(mut self, care: FileCare) -> Destination {
        let output = self.output_mut();
        output.sync = care.sync;
        output.unsynced_folder = care.folder;
        output.space_check = care.space_check.filter(|_| output.is_regular);
        self
    }

    /// Returns when to call [`sync`](Self::sync) next.
    pub(crate) fn sync_at(&self) -> Option<Instant> {
        let output = self.output();
        match output.sync {
            Sync::Every(time) => output.unsynced_since?.checked_add(time),
            Sync::Never | Sync::AtEnd => None,
        }
    }

    /// Makes the written data survive a crash of the system.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.output_mut().sync_data()
    }

    fn output(&self) -> &CountingOutput {
        match self {
            Destination::Plain(output) => output,
            Destination::Compressed { compressor, .. } => compressor.get_ref(),
        }
    }

    fn output_mut(&mut self) -> &mut CountingOutput {
        match self {
            Destination::Plain(output) => output,
            Destination::Compressed { compressor, .. } => compressor.get_mut(),
        }
    }

    /// Returns when the compressor first received data that is not flushed yet.
    pub(crate) fn unflushed_since(&self) -> Option<Instant> {
        match self {
            Destination::Plain(_) => None,
            Destination::Compressed { since, .. } => *since,
        }
    }

    /// Writes all bytes, or compresses them.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Destination::Plain(output) => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let written = output.write(rest)?;
                    if written == 0 {
                        return Err(io::ErrorKind::WriteZero.into());
                    }
                    rest = &rest[written..];
                }
                Ok(())
            }
            Destination::Compressed {
                compressor,
                pending,
                since,
            } => {
                since.get_or_insert_with(Instant::now);
                for piece in bytes.chunks(COMPRESSED_PIECE) {
                    compressor.write_all(piece)?;
                    *pending += piece.len();
                    compressor.get_ref().shared.record_compressed(piece.len());
                }
                Ok(())
            }
        }
    }

    /// Flushes the compressor, if there is one.
    pub(crate) fn flush_compressor(&mut self) -> io::Result<()> {
        if let Destination::Compressed {
            compressor,
            pending,
            since,
        } = self
        {
            compressor.flush()?;
            let shared = &compressor.get_ref().shared;
            shared.record_written(std::mem::take(pending), 0)?;
            *since = None;
        }
        Ok(())
    }

    /// Completes the output and closes it. Some file systems report a failed write only then.
    pub(crate) fn close(mut self) -> io::Result<()> {
        self.flush_compressor()?;
        let mut output = match self {
            Destination::Plain(output) => output,
            Destination::Compressed { compressor, .. } => compressor.finish()?,
        };
        output.shared.complete();
        if output.sync != Sync::Never {
            output.sync_data()?;
        }
        output.shared.set_operation("close");
        output.close()
    }
}

/// A file that reports each write to the background writer.
pub(crate) struct CountingOutput {
    handle: Handle,
    shared: Arc<Shared>,
    is_regular: bool,
    /// Whether the bytes are compressed. Then their number is not the number of appended bytes that were written.
    is_compressed: bool,
    sync: Sync,
    /// When the first byte was written that is not synchronized.
    unsynced_since: Option<Instant>,
    /// The folder that does not have the name of the file safely yet.
    unsynced_folder: Option<PathBuf>,
    space_check: Option<SpaceCheck>,
    /// The number of bytes to write before the next check.
    until_space_check: u64,
}

enum Handle {
    File(File),
    /// Standard output may be a console, which expects text. Only the standard library converts it.
    #[cfg(not(unix))]
    Stdout(io::Stdout),
}

impl CountingOutput {
    fn file(file: File, shared: Arc<Shared>, is_compressed: bool) -> io::Result<CountingOutput> {
        let is_regular = file.metadata()?.is_file();
        Ok(CountingOutput {
            handle: Handle::File(file),
            shared,
            is_regular,
            is_compressed,
            sync: Sync::Never,
            unsynced_since: None,
            unsynced_folder: None,
            space_check: None,
            until_space_check: 0,
        })
    }

    #[cfg(unix)]
    fn stdout(shared: Arc<Shared>, is_compressed: bool) -> io::Result<CountingOutput> {
        use std::os::fd::AsFd;
        crate::closed_stdout::check_stdout()?;
        let descriptor = io::stdout().as_fd().try_clone_to_owned()?;
        CountingOutput::file(descriptor.into(), shared, is_compressed)
    }

    #[cfg(not(unix))]
    fn stdout(shared: Arc<Shared>, is_compressed: bool) -> io::Result<CountingOutput> {
        Ok(CountingOutput {
            handle: Handle::Stdout(io::stdout()),
            shared,
            is_regular: false,
            is_compressed,
            sync: Sync::Never,
            unsynced_since: None,
            unsynced_folder: None,
            space_check: None,
            until_space_check: 0,
        })
    }

    /// Makes the written data survive a crash of the system, if the output is a regular file.
    fn sync_data(&mut self) -> io::Result<()> {
        self.unsynced_since = None;
        match &self.handle {
            Handle::File(file) if self.is_regular => {
                self.shared.set_operation("sync");
                file.sync_data()?;
                if let Some(folder) = self.unsynced_folder.take() {
                    files::sync_folder(&folder)?;
                }
                self.shared.set_operation("write");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn close(mut self) -> io::Result<()> {
        self.flush()?;
        match self.handle {
            Handle::File(file) => files::close(file),
            #[cfg(not(unix))]
            Handle::Stdout(_) => Ok(()),
        }
    }
}

impl Write for CountingOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let (Some(check), 0) = (&self.space_check, self.until_space_check) {
            self.until_space_check = check();
        }
        loop {
            self.shared.begin_write()?;
            let max_length = match signals::end() {
                Some(_) if !self.is_regular => MAX_WRITE_AT_END,
                None if !self.is_regular => MAX_WRITE,
                _ => MAX_FILE_WRITE,
            };
            let piece = &bytes[..bytes.len().min(max_length)];
            let written = match &mut self.handle {
                Handle::File(file) => file.write(piece),
                #[cfg(not(unix))]
                Handle::Stdout(stdout) => stdout.write(piece),
            };
            match written {
                // `begin_write` checks whether the program has given up the output.
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY_PAUSE),
                Err(e) => return Err(e),
                Ok(written) => {
                    let appended = if self.is_compressed { 0 } else { written };
                    self.shared.record_written(appended, written)?;
                    self.until_space_check = self.until_space_check.saturating_sub(written as u64);
                    if self.sync != Sync::Never {
                        self.unsynced_since.get_or_insert_with(Instant::now);
                    }
                    return Ok(written);
                }
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.handle {
            Handle::File(_) => Ok(()),
            #[cfg(not(unix))]
            Handle::Stdout(stdout) => stdout.flush(),
        }
    }
}

/// Returns whether a path is a FIFO. Opening a FIFO blocks until its other end is opened.
#[cfg(unix)]
pub(crate) fn is_fifo(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// Returns `false`: only Unix has FIFOs in its file systems.
#[cfg(not(unix))]
pub(crate) fn is_fifo(_: &Path) -> bool {
    false
}
