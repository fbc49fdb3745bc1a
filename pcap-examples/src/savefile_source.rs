//! Opens savefiles: decompresses them, and finds their format by its magic number.

use std::fs::File;
use std::io::{self, Chain, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use pcap_core::{Capture, SavefileFormat};

use crate::compression::{CompressionFormat, Decompressor, MAX_MAGIC_LENGTH, Recognized};
use crate::exit::{Failure, Outcome};
use crate::interruptible_reader::InterruptibleReader;
use crate::savefile_kind::{HEADER_LENGTH, SavefileKind};
use crate::{destination, files};

/// A closure that is called with all bytes of a stream as they are read, before decompression, in another thread. At the
/// end of the stream, it is called with none.
pub type Observer = Box<dyn FnMut(&[u8]) + Send>;

/// An open savefile.
pub(crate) struct SavefileSource {
    pub(crate) kind: SavefileKind,
    pub(crate) data: Data,
}

/// The data of a savefile, at its start.
pub(crate) enum Data {
    /// That of a regular file that is not compressed. Opening it by its path is fastest. The same for a folder: opening
    /// it returns the error to report.
    AtPath,
    /// That of a pipe, or decompressed data. Reading it moves the progress bar.
    Stream(Box<dyn Read + Send>),
}

impl SavefileSource {
    /// Opens a savefile. The path `-` means standard input. Compressed data is decompressed.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened or read, or if the compression is not supported. Returns
    /// [`Failure::TooManyOpen`] at the limit of open files.
    pub(crate) fn open(path: &Path, bar: &ProgressBar) -> Outcome<SavefileSource> {
        SavefileSource::open_observed(path, bar, None)
    }

    /// Does the same. If the savefile is a stream, such as a pipe, the observer is called with its bytes.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`open`](Self::open).
    pub(crate) fn open_observed(
        path: &Path,
        bar: &ProgressBar,
        observer: Option<Observer>,
    ) -> Outcome<SavefileSource> {
        if destination::is_fifo(path) {
            return open_stream(Fifo::Closed(path.to_owned()), path, bar, observer);
        }
        match open_file(path) {
            Ok(file) if files::is_regular(&file) => open_regular_file(file, path, bar),
            Ok(file) if !files::is_folder(&file) => open_stream(file, path, bar, observer),
            Err(_) if path == Path::new("-") => open_stream(io::stdin(), path, bar, observer),
            Err(error) => Err(not_opened(path, &error)),
            Ok(_) => Ok(SavefileSource {
                kind: SavefileKind::default(),
                data: Data::AtPath,
            }),
        }
    }
}

/// Returns the compression of a regular file, if the programs support it. The path `-` means standard input.
#[must_use]
pub fn file_compression(path: &Path) -> Option<CompressionFormat> {
    let mut file = open_file(path).ok().filter(files::is_regular)?;
    let mut start = [0; MAX_MAGIC_LENGTH];
    let length = peek(&mut file, &mut start).unwrap_or(0);
    match Recognized::from_magic(&start[..length])? {
        Recognized::Supported(format) => Some(format),
        Recognized::Other { .. } => None,
    }
}

/// Opens a regular file at its current position.
fn open_regular_file(mut file: File, path: &Path, bar: &ProgressBar) -> Outcome<SavefileSource> {
    let mut start = [0; HEADER_LENGTH];
    // Without them, the format is unknown, even if the next read succeeds.
    let mut length = peek(&mut file, &mut start).map_err(|e| not_read(path, &e))?;
    loop {
        if let Some(format) = compression(&start[..length], path)? {
            return Ok(decompress(bar.wrap_read(file), format));
        }
        let kind = SavefileKind::new(&start[..length], None);
        if length == HEADER_LENGTH || kind.format() == SavefileFormat::Pcapng {
            let data = Data::AtPath;
            return Ok(SavefileSource { kind, data });
        }
        // The file is too short for a savefile, unless it has grown since.
        let failure = failure_to_open(&mut file, path);
        let length_before = length;
        length = peek(&mut file, &mut start).map_err(|e| not_read(path, &e))?;
        if let Some(failure) = failure.filter(|_| length <= length_before) {
            return Err(failure);
        }
    }
}

/// Returns the failure of opening a file at its current position, in the words of pcap-core. Does not move the position.
fn failure_to_open(file: &mut File, path: &Path) -> Option<Failure> {
    let opened = file.stream_position().and_then(|position| {
        let capture = Capture::from_open_file_named(file.try_clone()?, path.display().to_string());
        file.seek(SeekFrom::Start(position))?;
        Ok(capture.err().map(Failure::to_open))
    });
    opened.unwrap_or_else(|error| Some(not_opened(path, &error)))
}

/// Opens a file, or duplicates the descriptor of standard input if the path is `-`.
fn open_file(path: &Path) -> io::Result<File> {
    match path == Path::new("-") {
        true => files::stdin().ok_or_else(|| io::ErrorKind::Unsupported.into()),
        false => File::open(path),
    }
}

/// Returns the failure of opening a file, in the words of pcap-core, which must open it to find them.
fn not_opened(path: &Path, error: &io::Error) -> Failure {
    let text = match Capture::from_file(path) {
        Err(error) if !error.io_error().is_some_and(files::is_too_many_open) => {
            return error.into();
        }
        Err(error) => error.to_string(),
        // It can be opened again.
        Ok(_) => format!("cannot open `{}`: {error}", path.display()),
    };
    match files::is_too_many_open(error) {
        true => Failure::TooManyOpen(text),
        false => Failure::Text(text),
    }
}

/// Returns the failure of reading a file.
fn not_read(path: &Path, error: &io::Error) -> Failure {
    Failure::Text(format!("cannot read `{}`: {error}", path.display()))
}

/// Opens a stream that cannot seek. Reads its first bytes to detect compression, and puts them back in front.
fn open_stream(
    stream: impl Read + Send + 'static,
    path: &Path,
    bar: &ProgressBar,
    observer: Option<Observer>,
) -> Outcome<SavefileSource> {
    let mut stream = match observer {
        Some(observer) => InterruptibleReader::new(Observed { stream, observer }),
        None => InterruptibleReader::new(stream),
    };
    let mut start = [0; HEADER_LENGTH];
    let length = read_start(&mut stream, &mut start).map_err(|e| not_read(path, &e))?;
    let start = &start[..length];
    let whole = bar.wrap_read(put_back(start, stream));
    match compression(start, path)? {
        Some(format) => Ok(decompress(whole, format)),
        None => Ok(SavefileSource {
            kind: SavefileKind::new(start, None),
            data: Data::Stream(Box::new(whole)),
        }),
    }
}

/// Opens compressed data, which is decompressed in a thread of its own.
fn decompress(stream: impl Read + Send + 'static, format: CompressionFormat) -> SavefileSource {
    let mut stream = InterruptibleReader::new(Decompressor::new(stream, format));
    let mut start = Vec::new();
    let read = stream.by_ref().take(HEADER_LENGTH as u64);
    let failed = { read }.read_to_end(&mut start).err();
    let rest: Box<dyn Read + Send> = match failed {
        None => Box::new(stream),
        Some(error) => Box::new(FailedReader(Some(error))),
    };
    SavefileSource {
        kind: SavefileKind::new(&start, Some(format)),
        data: Data::Stream(Box::new(put_back(&start, rest))),
    }
}

/// A FIFO that is opened by the first read, in the thread that reads it, because opening it waits for a writer.
enum Fifo {
    Closed(PathBuf),
    Open(File),
}

impl Read for Fifo {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Fifo::Closed(path) = self {
            *self = Fifo::Open(File::open(path)?);
        }
        match self {
            Fifo::Open(file) => file.read(buffer),
            Fifo::Closed(_) => Ok(0),
        }
    }
}

/// A stream whose bytes an observer sees.
struct Observed<R> {
    stream: R,
    observer: Observer,
}

impl<R: Read> Read for Observed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(buffer)?;
        (self.observer)(&buffer[..length]);
        Ok(length)
    }
}

/// Returns an error at the first read.
struct FailedReader(Option<io::Error>);

impl Read for FailedReader {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Returns the compression of data that begins with these bytes.
///
/// # Errors
///
/// Returns an error if the compression is not supported.
fn compression(start: &[u8], path: &Path) -> Outcome<Option<CompressionFormat>> {
    match Recognized::from_magic(start) {
        None => Ok(None),
        Some(Recognized::Supported(format)) => Ok(Some(format)),
        Some(Recognized::Other { name, unpack }) => {
            let path = path.display();
            Err(Failure::Text(format!(
                "cannot read `{path}`: it is compressed with {name}; unpack it with `{unpack} {path}` into a \
                 file, or into a pipe that is read as `-`"
            )))
        }
    }
}

/// Returns a reader of some bytes and then of the rest.
fn put_back<R: Read>(start: &[u8], rest: R) -> Chain<Cursor<Vec<u8>>, R> {
    Cursor::new(start.to_vec()).chain(rest)
}

/// Reads the first bytes of a file without moving its position.
fn peek(file: &mut File, start: &mut [u8]) -> io::Result<usize> {
    let position = file.stream_position()?;
    let length = read_start(&mut *file, start);
    file.seek(SeekFrom::Start(position))?;
    length
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
