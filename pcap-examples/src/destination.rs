//! The target of a background writer: a file, a pipe or standard output, compressed with gzip or not.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::background_writer::Shared;
use crate::signals;

/// The most that is written at once to pipes and terminals, so that progress is seen.
const MAX_WRITE: usize = 64 * 1024;
/// The same, after a request to end: `PIPE_BUF` of Linux.
const MAX_WRITE_AT_END: usize = 4096;
/// The pause before another try if the output is non-blocking and full.
const RETRY_PAUSE: Duration = Duration::from_millis(5);

pub(crate) enum Destination {
    Plain(CountingOutput),
    Gzip {
        encoder: GzEncoder<CountingOutput>,
        /// The number of bytes that are not flushed, and since when.
        pending: usize,
        since: Option<Instant>,
    },
}

impl Destination {
    /// Duplicates standard output: closing the duplicate reports errors and leaves the original open.
    pub(crate) fn stdout(shared: Arc<Shared>, gzip: bool) -> io::Result<Destination> {
        Ok(Destination::new(CountingOutput::stdout(shared, gzip)?))
    }

    pub(crate) fn file(file: File, shared: Arc<Shared>, gzip: bool) -> io::Result<Destination> {
        Ok(Destination::new(CountingOutput::file(file, shared, gzip)?))
    }

    fn new(output: CountingOutput) -> Destination {
        if output.is_compressed {
            Destination::Gzip {
                encoder: GzEncoder::new(output, Compression::default()),
                pending: 0,
                since: None,
            }
        } else {
            Destination::Plain(output)
        }
    }

    /// Returns since when compressed data are not flushed.
    pub(crate) fn unflushed_since(&self) -> Option<Instant> {
        match self {
            Destination::Plain(_) => None,
            Destination::Gzip { since, .. } => *since,
        }
    }

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
            Destination::Gzip {
                encoder,
                pending,
                since,
            } => {
                since.get_or_insert_with(Instant::now);
                *pending += bytes.len();
                encoder.write_all(bytes)
            }
        }
    }

    /// Flushes compressed data.
    pub(crate) fn flush_gzip(&mut self) -> io::Result<()> {
        if let Destination::Gzip {
            encoder,
            pending,
            since,
        } = self
        {
            encoder.flush()?;
            let shared = &encoder.get_ref().shared;
            shared.record_written(std::mem::take(pending))?;
            *since = None;
        }
        Ok(())
    }

    /// Completes and closes the target. Some file systems report a failed write only here.
    pub(crate) fn close(mut self) -> io::Result<()> {
        self.flush_gzip()?;
        let output = match self {
            Destination::Plain(output) => output,
            Destination::Gzip { encoder, .. } => encoder.finish()?,
        };
        output.shared.set_operation("close");
        output.close()
    }
}

/// The file that takes the bytes, and reports progress to the background writer.
pub(crate) struct CountingOutput {
    handle: Handle,
    shared: Arc<Shared>,
    is_regular: bool,
    /// The bytes are compressed, so their number says nothing about the outlet's bytes.
    is_compressed: bool,
}

enum Handle {
    File(File),
    /// A console needs text, which only this converts.
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
        })
    }

    #[cfg(unix)]
    fn stdout(shared: Arc<Shared>, is_compressed: bool) -> io::Result<CountingOutput> {
        use std::os::fd::AsFd;
        crate::closed_stdout::stdout_is_open()?;
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
        })
    }

    fn close(mut self) -> io::Result<()> {
        self.flush()?;
        match self.handle {
            #[cfg(unix)]
            Handle::File(file) => {
                use std::os::fd::IntoRawFd;
                // SAFETY: the descriptor is open and ours, and given away here.
                match unsafe { libc::close(file.into_raw_fd()) } {
                    0 => Ok(()),
                    _ => Err(io::Error::last_os_error()),
                }
            }
            #[cfg(not(unix))]
            Handle::File(_) | Handle::Stdout(_) => Ok(()),
        }
    }
}

impl Write for CountingOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.shared.begin_write()?;
            let most = match signals::end_requested() {
                Some(_) if !self.is_regular => MAX_WRITE_AT_END,
                None if !self.is_regular => MAX_WRITE,
                _ => bytes.len(),
            };
            let piece = &bytes[..bytes.len().min(most)];
            let written = match &mut self.handle {
                Handle::File(file) => file.write(piece),
                #[cfg(not(unix))]
                Handle::Stdout(stdout) => stdout.write(piece),
            };
            match written {
                // The program looks whether to continue.
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY_PAUSE),
                Err(e) => return Err(e),
                Ok(written) => {
                    let for_good = if self.is_compressed { 0 } else { written };
                    self.shared.record_written(for_good)?;
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

/// Returns whether a path is a FIFO, whose opening waits for the other end.
#[cfg(unix)]
pub(crate) fn is_fifo(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// Returns `false`: only Unix has FIFOs among its files.
#[cfg(not(unix))]
pub(crate) fn is_fifo(_: &Path) -> bool {
    false
}
