//! Savefiles that are read: as they are or compressed by gzip, with a bar of how far it is.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use indicatif::ProgressBar;
use pcap_core::{Capture, Error, Offline, Packet};

use crate::exit::{Failure, Outcome};
use crate::files::{length, record_length};
use crate::progress;
use crate::waiting::Waiting;

/// What every file of gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The bar moves once in so many packets.
const STEP: u64 = 4096;

/// A savefile, pcap or pcapng.
#[derive(Debug)]
pub struct Input {
    capture: Capture<Offline>,
    path: PathBuf,
    bar: ProgressBar,
    /// How many bytes a packet takes; of a compressed savefile nobody knows, and the bar is moved
    /// by what is read of it.
    record: Option<fn(Packet<'_>) -> u64>,
}

impl Input {
    /// Opens a savefile; `-` is standard input. One that begins as gzip does is decompressed. The
    /// bar is shown on a terminal, if it is to be shown at all.
    ///
    /// # Errors
    ///
    /// If it cannot be opened or is no savefile.
    pub fn open(path: &Path, bar: bool) -> Outcome<Input> {
        let bar = if bar {
            progress::bytes(length(path))
        } else {
            ProgressBar::hidden()
        };
        let cannot = |e: io::Error| {
            let path = path.display();
            Failure::Text(format!("cannot open `{path}`: {e}"))
        };
        if path == Path::new("-") {
            return Input::from_stream(io::stdin(), path, bar);
        }
        let file = File::open(path).map_err(cannot)?;
        if !file.metadata().map_err(cannot)?.is_file() {
            return Input::from_stream(file, path, bar);
        }
        let mut start = [0; GZIP.len()];
        let length = read_start(&file, &mut start).map_err(cannot)?;
        if start[..length] == GZIP {
            let file = File::open(path).map_err(cannot)?;
            return Input::from_stream(file, path, bar);
        }
        // libpcap's own way is the quick one.
        let capture = Capture::from_file(path)?;
        Ok(Input {
            record: Some(record_length(&capture)),
            capture,
            path: path.to_owned(),
            bar,
        })
    }

    /// What cannot be gone back in: its first bytes are put before the others again.
    fn from_stream(
        stream: impl Read + Send + 'static,
        path: &Path,
        bar: ProgressBar,
    ) -> Outcome<Input> {
        let mut stream = Waiting::new(stream);
        let mut start = [0; GZIP.len()];
        let named = |error| name(path, error);
        let length = read_start(&mut stream, &mut start).map_err(|e| {
            let path = path.display();
            Failure::Text(format!("cannot read `{path}`: {e}"))
        })?;
        let is_gzip = start[..length] == GZIP;
        let start = Cursor::new(start).take(length as u64);
        let stream = bar.wrap_read(start.chain(stream));
        let capture = if is_gzip {
            Capture::from_reader(MultiGzDecoder::new(stream)).map_err(Error::from)
        } else {
            Capture::from_reader(stream).map_err(Error::from)
        };
        Ok(Input {
            capture: capture.map_err(named)?,
            path: path.to_owned(),
            bar,
            record: None,
        })
    }

    /// What its packets are read from.
    pub fn capture(&mut self) -> &mut Capture<Offline> {
        &mut self.capture
    }

    /// Hands each packet to a closure with its number, from 1 on, until that has a reason to end;
    /// moves the bar.
    ///
    /// Returns how many packets there were, and the first error. That it was asked to stop is none.
    pub fn each(&mut self, mut take: impl FnMut(u64, Packet<'_>) -> Outcome) -> (u64, Outcome) {
        use std::ops::ControlFlow::{Break, Continue};
        let (bar, record) = (&self.bar, self.record);
        let (mut packets, mut bytes) = (0, 24);
        let flow = self.capture.try_for_each(|packet| {
            packets += 1;
            if let Some(record) = record {
                bytes += record(packet);
                if packets % STEP == 0 {
                    bar.set_position(bytes);
                }
            }
            match take(packets, packet) {
                Ok(()) => Continue(()),
                Err(failure) => Break(failure),
            }
        });
        self.bar.finish_and_clear();
        let outcome = match flow {
            Ok(Break(failure)) => Err(failure),
            Ok(Continue(_)) => Ok(()),
            Err(error) => Err(name(&self.path, error)),
        };
        (packets, outcome)
    }
}

/// A savefile as it is, pcap or pcapng; `-` is standard input, which is at its end when the program is
/// asked to stop.
///
/// # Errors
///
/// If it cannot be opened or is no savefile. [`name`] gives the error its path.
pub fn capture(path: &Path) -> Result<Capture<Offline>, Error> {
    if path == Path::new("-") {
        return Capture::from_reader(Waiting::new(io::stdin())).map_err(Error::from);
    }
    Capture::from_file(path)
}

/// An error of a reader, with the path that it reads.
#[must_use]
pub fn name(path: &Path, error: Error) -> Failure {
    if error.object() != Some("the reader") {
        return error.into();
    }
    let (operation, text) = (error.operation(), error.text());
    Failure::Text(format!("cannot {operation} `{}`: {text}", path.display()))
}

/// Reads as many bytes as there are, up to those wanted.
fn read_start(mut reader: impl Read, start: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < start.len() {
        match reader.read(&mut start[length..]) {
            Ok(0) => break,
            Ok(n) => length += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(length)
}
