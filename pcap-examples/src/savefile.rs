//! Savefiles that are written: classic ones and pcapng, as they are or compressed by gzip.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use pcap_core::pcapng::{Interface, InterfaceId, PcapngDumper, Section};
use pcap_core::{Activated, Capture, Dumper, Error, ErrorKind, Packet, SavefileFormat};

use crate::exit::{Failure, Outcome};
use crate::files;

/// A savefile that packets are written to.
#[derive(Debug)]
pub struct Savefile {
    path: PathBuf,
    dumper: Either,
    gzip: bool,
}

/// What writes it.
#[derive(Debug)]
enum Either {
    Pcap(Dumper),
    Pcapng(PcapngDumper, InterfaceId),
}

type Compressor = GzEncoder<Box<dyn Write + Send>>;

impl Savefile {
    /// A new savefile of a format for packets of a capture's link type, snaplen and precision,
    /// compressed if wanted; `-` is standard output.
    ///
    /// # Errors
    ///
    /// If it cannot be created, or classic savefiles cannot have the link type: what was there
    /// before stays then.
    pub fn create<S: Activated>(
        path: &Path,
        capture: &Capture<S>,
        format: SavefileFormat,
        gzip: bool,
    ) -> Outcome<Savefile> {
        let dumper = match format {
            SavefileFormat::Pcapng => {
                let mut dumper = if gzip {
                    PcapngDumper::to_writer(compressor(path)?, &Section::new())?
                } else {
                    PcapngDumper::create(path).map_err(|e| created(path, e))?
                };
                let interface = dumper.add_interface(&Interface::of(capture))?;
                Either::Pcapng(dumper, interface)
            }
            _ if gzip => {
                // Before there is a file: this fails for such a link type.
                drop(capture.dump_to(io::sink())?);
                Either::Pcap(capture.dump_to(compressor(path)?)?)
            }
            _ => Either::Pcap(capture.dump(path).map_err(|e| created(path, e))?),
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
    /// [`Failure::Unfit`] if the savefile cannot hold it; anything else if the disk does not take it.
    pub fn write(&mut self, packet: Packet<'_>) -> Outcome {
        let written = match &mut self.dumper {
            Either::Pcap(dumper) => dumper.write_packet(packet),
            Either::Pcapng(dumper, interface) => dumper.write_packet(*interface, packet),
        };
        written.map_err(|e| name(&self.path, e))
    }

    /// Hands everything written so far to the system.
    ///
    /// # Errors
    ///
    /// If the disk does not take it.
    pub fn flush(&mut self) -> Outcome {
        let flushed = match &mut self.dumper {
            Either::Pcap(dumper) => dumper.flush(),
            Either::Pcapng(dumper, _) => dumper.flush(),
        };
        flushed.map_err(|e| name(&self.path, e))
    }

    /// How long it is before it is compressed, in bytes, with what is not written yet.
    #[must_use]
    pub fn position(&self) -> u64 {
        match &self.dumper {
            Either::Pcap(dumper) => dumper.position(),
            Either::Pcapng(dumper, _) => dumper.position(),
        }
    }

    /// Completes the savefile.
    ///
    /// # Errors
    ///
    /// If it is not complete.
    pub fn close(self) -> Outcome {
        let Savefile { path, dumper, gzip } = self;
        let compressor: Result<Compressor, Error> = match dumper {
            Either::Pcap(dumper) if !gzip => return Ok(dumper.close()?),
            Either::Pcapng(dumper, _) if !gzip => return Ok(dumper.close()?),
            Either::Pcap(dumper) => dumper.into_writer(),
            Either::Pcapng(dumper, _) => dumper.into_writer(),
        };
        let compressor = compressor.map_err(|e| name(&path, e))?;
        // The end of the compressed data, which the dumper knows nothing of.
        let finished = compressor.finish().and_then(|mut to| to.flush());
        finished.map_err(|e| failed(&path, &e))
    }
}

/// Whether a classic savefile can hold the time of a packet: what its dumper says, before there is one.
///
/// # Errors
///
/// Why not.
pub fn holds(packet: Packet<'_>) -> Result<(), String> {
    let time = packet.timestamp();
    let (raw, _) = packet.header().raw_timestamp();
    match u32::try_from(time.secs()).or(u32::try_from(raw)) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!(
            "the time {time} is outside of what a savefile can hold, 1970 to 2106"
        )),
    }
}

/// An error of a writer, with the path that it writes.
fn name(path: &Path, error: Error) -> Failure {
    match (error.object(), error.kind()) {
        (_, ErrorKind::InvalidArgument) => Failure::Unfit {
            path: path.display().to_string(),
            why: error.text().to_owned(),
        },
        (Some("the writer"), ErrorKind::Io(kind)) => {
            failed(path, error.io_error().unwrap_or(&kind.into()))
        }
        _ => error.into(),
    }
}

/// An error of a dumper that could not be made.
fn created(path: &Path, error: Error) -> Failure {
    match error.io_error() {
        Some(e) if error.operation() == Some("create") => {
            let why = files::not_created(path, e);
            Failure::Text(format!("cannot create `{}`: {why}", path.display()))
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
        let file = File::create(path).map_err(|e| {
            let why = files::not_created(path, &e);
            Failure::Text(format!("cannot create `{}`: {why}", path.display()))
        });
        Box::new(file?)
    };
    Ok(GzEncoder::new(to, Compression::default()))
}
