//! Savefiles that are written: as they are, or compressed by gzip.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::Compression;
use flate2::write::GzEncoder;
use pcap_core::{Activated, Capture, Dumper, Error, ErrorKind, Packet};

use crate::exit::{Failure, Outcome};

/// A savefile that packets are written to.
#[derive(Debug)]
pub struct Savefile {
    path: PathBuf,
    dumper: Dumper,
    compressor: Option<Compressor>,
}

impl Savefile {
    /// A new savefile for packets of a capture's link type, snaplen and precision, compressed if
    /// wanted; `-` is standard output.
    ///
    /// # Errors
    ///
    /// If it cannot be created, or savefiles cannot have the link type: what was there before
    /// stays then.
    pub fn create<S: Activated>(
        path: &Path,
        capture: &Capture<S>,
        gzip: bool,
    ) -> Outcome<Savefile> {
        let (dumper, compressor) = if gzip {
            // Before there is a file: this fails where the link type is not one for savefiles.
            drop(capture.dump_to(io::sink())?);
            let compressor = Compressor::create(path)?;
            (capture.dump_to(compressor.clone())?, Some(compressor))
        } else {
            (capture.dump(path)?, None)
        };
        Ok(Savefile {
            path: path.to_owned(),
            dumper,
            compressor,
        })
    }

    /// Writes a packet.
    ///
    /// # Errors
    ///
    /// If the savefile cannot hold it, or the disk does not take it.
    pub fn write(&mut self, packet: Packet<'_>) -> Outcome {
        let written = self.dumper.write_packet(packet);
        written.map_err(|e| name(&self.path, e))
    }

    /// Completes the savefile.
    ///
    /// # Errors
    ///
    /// If it is not complete.
    pub fn close(self) -> Outcome {
        let Savefile {
            path,
            dumper,
            compressor,
        } = self;
        dumper.close().map_err(|e| name(&path, e))?;
        match compressor {
            // The end of the compressed data, which the dumper knows nothing of.
            Some(compressor) => compressor.finish().map_err(|e| failed(&path, &e)),
            None => Ok(()),
        }
    }
}

/// An error of a writer, with the path that it writes.
fn name(path: &Path, error: Error) -> Failure {
    match (error.object(), error.kind()) {
        (Some("the writer"), ErrorKind::Io(kind)) => {
            let source = std::error::Error::source(&error);
            let io = source.and_then(|e| e.downcast_ref::<io::Error>());
            failed(path, io.unwrap_or(&kind.into()))
        }
        _ => error.into(),
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    if path == Path::new("-") && error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::Stdout(error.kind().into());
    }
    Failure::Text(format!("cannot write `{}`: {error}", path.display()))
}

/// Compresses into a file. A dumper keeps its writer until it is closed, and the end of gzip has to
/// be written after that: so the two of them share it.
#[derive(Clone)]
struct Compressor(Arc<Mutex<Option<Encoder>>>);

type Encoder = GzEncoder<Box<dyn Write + Send>>;

impl Compressor {
    fn create(path: &Path) -> Outcome<Compressor> {
        let to: Box<dyn Write + Send> = if path == Path::new("-") {
            Box::new(io::stdout())
        } else {
            let file = File::create(path);
            let path = path.display();
            Box::new(file.map_err(|e| Failure::Text(format!("cannot create `{path}`: {e}")))?)
        };
        let encoder = GzEncoder::new(to, Compression::default());
        Ok(Compressor(Arc::new(Mutex::new(Some(encoder)))))
    }

    fn finish(self) -> io::Result<()> {
        let encoder = self.lock().take();
        encoder.map_or(Ok(()), |encoder| encoder.finish()?.flush())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Encoder>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Compressor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.lock() {
            Some(encoder) => encoder.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        // What is collected is written by `finish`; flushing before it only makes more of it.
        Ok(())
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}
