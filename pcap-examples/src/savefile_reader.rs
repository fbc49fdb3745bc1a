//! The savefile that is read, optionally compressed with gzip, with a progress bar.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::mem;
use std::path::Path;

use indicatif::ProgressBar;
use pcap_core::{Capture, Error, Offline, Packet};

use crate::compression::{self, Compression, GzipReader};
use crate::exit::{Failure, Outcome};
use crate::files::{self, is_too_many_open, length, record_length};
use crate::interruptible_reader::InterruptibleReader;
use crate::progress;

/// The bar moves once in this many packets.
const BAR_INTERVAL: u64 = 4096;

/// A savefile, pcap or pcapng.
#[derive(Debug)]
pub struct SavefileReader {
    capture: Capture<Offline>,
    bar: ProgressBar,
    /// Returns the bytes that a packet takes in the savefile. `None` for a stream, such as a compressed savefile: there
    /// reading it moves the bar.
    record_length: Option<fn(Packet<'_>) -> u64>,
    packets: u64,
    /// The bytes by which the bar is still to move.
    bytes: u64,
}

impl SavefileReader {
    /// Opens a savefile; `-` is standard input. Data that begin like gzip are decompressed. With `bar`, a bar is shown
    /// on a terminal.
    ///
    /// # Errors
    ///
    /// If it cannot be opened or is not a savefile.
    pub fn open(path: &Path, bar: bool) -> Outcome<SavefileReader> {
        let bar = if bar {
            progress::byte_bar(length(path))
        } else {
            ProgressBar::hidden()
        };
        SavefileReader::open_with(path, bar)
    }

    /// Opens a savefile with a bar that others may move as well.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), and [`Failure::TooManyOpen`].
    pub fn open_with(path: &Path, bar: ProgressBar) -> Outcome<SavefileReader> {
        let (capture, is_plain) = open(path, &bar)?;
        let record_length = is_plain.then(|| record_length(&capture));
        Ok(SavefileReader {
            bar,
            record_length,
            capture,
            packets: 0,
            bytes: if is_plain { 24 } else { 0 },
        })
    }

    /// Returns the capture that reads the packets.
    #[must_use]
    pub fn capture(&self) -> &Capture<Offline> {
        &self.capture
    }

    /// Returns the capture that reads the packets.
    pub fn capture_mut(&mut self) -> &mut Capture<Offline> {
        &mut self.capture
    }

    /// Returns the progress bar.
    #[must_use]
    pub fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// Advances to the next packet and moves the bar. Returns whether there is one.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn advance(&mut self) -> Outcome<bool> {
        let advanced = self.capture.advance();
        let has_packet = advanced?;
        if let (Some(record_length), Some(packet)) = (self.record_length, self.capture.packet()) {
            self.bytes += record_length(packet);
        }
        self.packets += 1;
        if self.packets % BAR_INTERVAL == 0 || !has_packet {
            self.bar.inc(mem::take(&mut self.bytes));
        }
        Ok(has_packet)
    }

    /// Returns the current packet.
    #[must_use]
    pub fn packet(&self) -> Option<Packet<'_>> {
        self.capture.packet()
    }

    /// Calls a closure with each packet and its number, from 1, until it fails. Moves the bar.
    ///
    /// Returns the number of packets and the first error. A request to end is no error.
    pub fn for_each_packet(
        &mut self,
        mut visit: impl FnMut(u64, Packet<'_>) -> Outcome,
    ) -> (u64, Outcome) {
        use std::ops::ControlFlow::{Break, Continue};
        let (bar, record_length) = (&self.bar, self.record_length);
        let (mut packets, mut bytes) = (0, self.bytes);
        let flow = self.capture.try_for_each(|packet| {
            packets += 1;
            if let Some(record_length) = record_length {
                bytes += record_length(packet);
                if packets % BAR_INTERVAL == 0 {
                    bar.inc(mem::take(&mut bytes));
                }
            }
            match visit(packets, packet) {
                Ok(()) => Continue(()),
                Err(failure) => Break(failure),
            }
        });
        self.bar.finish_and_clear();
        let outcome = match flow {
            Ok(Break(failure)) => Err(failure),
            Ok(Continue(_)) => Ok(()),
            Err(error) => Err(error.into()),
        };
        (packets, outcome)
    }
}

/// Opens a savefile as [`SavefileReader::open`] does, without a bar.
///
/// # Errors
///
/// If it cannot be opened or is not a savefile.
pub fn open_capture(path: &Path) -> Outcome<Capture<Offline>> {
    Ok(open(path, &ProgressBar::hidden())?.0)
}

/// Returns whether a file begins like gzip; `false` for pipes. `-` is standard input.
#[must_use]
pub fn is_gzip(path: &Path) -> bool {
    open_file(path).is_some_and(|mut file| {
        files::is_regular(&file) && detect_compression(&mut file) == Some(Compression::Gzip)
    })
}

/// Opens a savefile. Also returns whether it was opened by its path, which reads fastest.
fn open(path: &Path, bar: &ProgressBar) -> Outcome<(Capture<Offline>, bool)> {
    let capture = match open_file(path) {
        Some(mut file) if files::is_regular(&file) => match detect_compression(&mut file) {
            Some(Compression::Gzip) => {
                let stream = GzipReader::new(bar.wrap_read(file));
                Capture::from_reader_named(stream, path.display().to_string())
            }
            Some(Compression::Other { name, unpack }) => {
                return Err(unsupported_compression(path, name, unpack));
            }
            None => {
                drop(file);
                return open_plain(path);
            }
        },
        Some(file) if !files::is_folder(&file) => open_stream(file, path, bar)?,
        None if path == Path::new("-") => open_stream(io::stdin(), path, bar)?,
        // This reports the error.
        _ => return open_plain(path),
    };
    Ok((capture?, false))
}

/// Opens a file, or duplicates the descriptor of standard input.
fn open_file(path: &Path) -> Option<File> {
    if path == Path::new("-") {
        files::stdin()
    } else {
        File::open(path).ok()
    }
}

fn open_plain(path: &Path) -> Outcome<(Capture<Offline>, bool)> {
    match Capture::from_file(path) {
        Ok(capture) => Ok((capture, true)),
        Err(error) if error.io_error().is_some_and(is_too_many_open) => {
            Err(Failure::TooManyOpen(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Opens a stream that cannot seek: puts its first bytes back in front.
fn open_stream(
    stream: impl Read + Send + 'static,
    path: &Path,
    bar: &ProgressBar,
) -> Outcome<Result<Capture<Offline>, Error>> {
    let mut stream = InterruptibleReader::new(stream);
    let mut start = [0; compression::MAX_MAGIC_LENGTH];
    let length = read_start(&mut stream, &mut start).map_err(|e| {
        let path = path.display();
        Failure::Text(format!("cannot read `{path}`: {e}"))
    })?;
    let compression = Compression::from_magic(&start[..length]);
    let name = path.display().to_string();
    let start = Cursor::new(start).take(length as u64);
    let stream = bar.wrap_read(start.chain(stream));
    Ok(match compression {
        Some(Compression::Gzip) => Capture::from_reader_named(GzipReader::new(stream), name),
        Some(Compression::Other { name, unpack }) => {
            return Err(unsupported_compression(path, name, unpack));
        }
        None => Capture::from_reader_named(stream, name),
    })
}

/// Creates the failure for another compression than gzip.
fn unsupported_compression(path: &Path, name: &str, unpack: &str) -> Failure {
    let path = path.display();
    Failure::Text(format!(
        "cannot read `{path}`: it is compressed with {name}; unpack it with `{unpack} {path}` into a \
         file, or into a pipe that is read as `-`"
    ))
}

/// Returns how the rest of a file is compressed. Keeps the position in the file.
fn detect_compression(file: &mut File) -> Option<Compression> {
    let mut start = [0; compression::MAX_MAGIC_LENGTH];
    let mut look = || {
        let position = file.stream_position()?;
        let length = read_start(&mut *file, &mut start);
        file.seek(SeekFrom::Start(position))?;
        length
    };
    // The next read reports the error.
    let length = look().ok()?;
    Compression::from_magic(&start[..length])
}

/// Fills the buffer, as far as there are bytes.
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
