//! Savefiles that are written: as they are, or compressed by gzip.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use pcap_core::{Activated, Capture, Dumper, Error, ErrorKind, Packet};

use crate::exit::{Failure, Outcome};

/// A savefile that packets are written to.
#[derive(Debug)]
pub struct Savefile {
    path: PathBuf,
    dumper: Dumper,
    gzip: bool,
}

type Compressor = GzEncoder<Box<dyn Write + Send>>;

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
        let dumper = if gzip {
            // Before there is a file: this fails where the link type is not one for savefiles.
            drop(capture.dump_to(io::sink())?);
            capture.dump_to(compressor(path)?)?
        } else {
            capture.dump(path)?
        };
        Ok(Savefile {
            path: path.to_owned(),
            dumper,
            gzip,
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
        let Savefile { path, dumper, gzip } = self;
        if !gzip {
            return Ok(dumper.close()?);
        }
        let compressor = dumper.into_writer::<Compressor>();
        let compressor = compressor.map_err(|e| name(&path, e.into()))?;
        // The end of the compressed data, which the dumper knows nothing of.
        let finished = compressor.finish().and_then(|mut to| to.flush());
        finished.map_err(|e| failed(&path, &e))
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

/// The compressor of a new file, or of standard output.
fn compressor(path: &Path) -> Outcome<Compressor> {
    let to: Box<dyn Write + Send> = if path == Path::new("-") {
        Box::new(io::stdout())
    } else {
        let file = File::create(path);
        let path = path.display();
        Box::new(file.map_err(|e| Failure::Text(format!("cannot create `{path}`: {e}")))?)
    };
    Ok(GzEncoder::new(to, Compression::default()))
}
