//! Reads savefiles, optionally compressed with gzip, and shows a progress bar.

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

/// The number of packets between two updates of the bar.
const BAR_INTERVAL: u64 = 4096;

/// Reads a pcap or pcapng savefile.
#[derive(Debug)]
pub struct SavefileReader {
    capture: Capture<Offline>,
    bar: ProgressBar,
    /// Returns the length of a packet's record in the savefile. `None` for a stream, such as a compressed savefile,
    /// which moves the bar as it is read.
    record_length: Option<fn(Packet<'_>) -> u64>,
    packets: u64,
    /// The number of bytes read since the last update of the bar.
    bytes: u64,
}

impl SavefileReader {
    /// Opens a savefile. The path `-` means standard input. Data that begins with gzip's magic number is decompressed.
    /// With `bar`, shows a progress bar if standard error is a terminal.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened or is not a savefile.
    pub fn open(path: &Path, bar: bool) -> Outcome<SavefileReader> {
        let bar = if bar {
            progress::byte_bar(length(path))
        } else {
            ProgressBar::hidden()
        };
        SavefileReader::open_with(path, bar)
    }

    /// Opens a savefile with a progress bar that several readers may share.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`open`](Self::open). Returns [`Failure::TooManyOpen`] at the limit of open files.
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

    /// Returns the underlying capture.
    #[must_use]
    pub fn capture(&self) -> &Capture<Offline> {
        &self.capture
    }

    /// Returns the underlying capture, mutably.
    pub fn capture_mut(&mut self) -> &mut Capture<Offline> {
        &mut self.capture
    }

    /// Returns the progress bar.
    #[must_use]
    pub fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// Advances to the next packet and updates the bar. Returns `false` at the end of the savefile.
    ///
    /// # Errors
    ///
    /// Returns an error if the next packet cannot be read.
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

    /// Returns the current packet, if [`advance`](Self::advance) found one.
    #[must_use]
    pub fn packet(&self) -> Option<Packet<'_>> {
        self.capture.packet()
    }

    /// Calls a closure with the number of each packet, starting at 1, and the packet. Updates the bar. Stops when the
    /// closure fails.
    ///
    /// Returns the number of packets read and the first error. A request to end the program is not an error.
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

/// Opens a savefile as [`SavefileReader::open`] does, and returns its capture. Shows no progress bar.
///
/// # Errors
///
/// Returns an error if the file cannot be opened or is not a savefile.
pub fn open_capture(path: &Path) -> Outcome<Capture<Offline>> {
    Ok(open(path, &ProgressBar::hidden())?.0)
}

/// Returns whether a regular file begins with gzip's magic number. The path `-` means standard input.
#[must_use]
pub fn is_gzip(path: &Path) -> bool {
    open_file(path).is_some_and(|mut file| {
        files::is_regular(&file) && detect_compression(&mut file) == Some(Compression::Gzip)
    })
}

/// Opens a savefile. Also returns whether the capture reads the file by its path, which is fastest.
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
        // Opening the path again returns the error to report.
        _ => return open_plain(path),
    };
    Ok((capture?, false))
}

/// Opens a file, or duplicates the descriptor of standard input if the path is `-`.
fn open_file(path: &Path) -> Option<File> {
    if path == Path::new("-") {
        files::stdin()
    } else {
        File::open(path).ok()
    }
}

/// Opens an uncompressed savefile by its path.
fn open_plain(path: &Path) -> Outcome<(Capture<Offline>, bool)> {
    match Capture::from_file(path) {
        Ok(capture) => Ok((capture, true)),
        Err(error) if error.io_error().is_some_and(is_too_many_open) => {
            Err(Failure::TooManyOpen(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Opens a stream that cannot seek. Reads its first bytes to detect compression, and puts them back in front.
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

/// Creates the failure for a compression other than gzip.
fn unsupported_compression(path: &Path, name: &str, unpack: &str) -> Failure {
    let path = path.display();
    Failure::Text(format!(
        "cannot read `{path}`: it is compressed with {name}; unpack it with `{unpack} {path}` into a \
         file, or into a pipe that is read as `-`"
    ))
}

/// Detects how a file is compressed from the bytes at its current position, which stays the same.
fn detect_compression(file: &mut File) -> Option<Compression> {
    let mut start = [0; compression::MAX_MAGIC_LENGTH];
    let mut read_and_rewind = || {
        let position = file.stream_position()?;
        let length = read_start(&mut *file, &mut start);
        file.seek(SeekFrom::Start(position))?;
        length
    };
    // If this fails, the next read returns the error.
    let length = read_and_rewind().ok()?;
    Compression::from_magic(&start[..length])
}

/// Reads until the buffer is full or the data ends. Returns the number of bytes read.
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
