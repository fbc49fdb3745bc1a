//! Opening a pcapng file to read its blocks.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;

use crate::breakloop::Breaker;
use crate::error::{Error, Result};
use crate::pcapng::Reader;
use crate::savefile::Length;
use crate::savefile::pcapng::{Blocks, Rules};
use crate::sys::platform;

/// # Opening a file
impl Reader {
    /// Opens a pcapng file. The path `-` means standard input; use `./-` for a file of that name.
    ///
    /// This call reads nothing. If the file is not a pcapng file, the first read returns an error.
    ///
    /// # Errors
    ///
    /// - [`Io`](crate::ErrorKind::Io) if the file cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Reader> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let file = match path.as_os_str() == "-" {
            true => platform::stdin(),
            false => File::open(path),
        };
        let file = file.map_err(|e| Error::io("open", name.clone(), e))?;
        Self::from_open_file_named(file, name)
    }

    /// Creates a reader from an open file, starting at its current position. The file can also be a pipe, a socket or a
    /// terminal.
    ///
    /// # Errors
    ///
    /// - [`Io`](crate::ErrorKind::Io) if the file cannot be read, or the process has no file descriptor left.
    pub fn from_open_file(file: File) -> Result<Reader> {
        Self::from_open_file_named(file, "the savefile")
    }

    /// Creates a reader from an open file, with a name for error messages. See
    /// [`from_open_file`](Self::from_open_file).
    ///
    /// # Errors
    ///
    /// Those of `from_open_file`.
    pub fn from_open_file_named(mut file: File, name: impl Into<String>) -> Result<Reader> {
        let name = name.into();
        let io = |e| Error::io("open", name.clone(), e);
        if platform::peek(&mut file, &mut [0]).map_err(io)?.is_some() {
            let start = file.stream_position().map_err(io)?;
            let length = Length::of(&file);
            let blocks = Blocks::new(Some(file), start, Rules::Lenient);
            let breaker = Arc::new(Breaker::detached(None));
            return Ok(Self::new(blocks, None, name, length, breaker));
        }
        // A pipe: its descriptor is polled.
        let Some(fd) = platform::descriptor(&file) else {
            return Self::from_reader_named(file, name);
        };
        let wake = platform::Wake::new().map_err(io)?;
        let mut stream = platform::Stream::from_reader(Box::new(file)).map_err(|(e, _)| io(e))?;
        stream.wait_for(fd);
        let blocks = Blocks::new(None, 0, Rules::Lenient);
        let breaker = Arc::new(Breaker::detached(Some(wake)));
        Ok(Self::new(blocks, Some(stream), name, None, breaker))
    }

    /// Creates a reader from any reader, for example a decompressor or a buffer in memory.
    ///
    /// While a reader waits for data, breaks and timeouts have no effect until its `read` returns. For a pipe or a
    /// socket, prefer [`from_open_file`](Self::from_open_file), with which both take effect during the wait.
    ///
    /// # Errors
    ///
    /// - [`Io`](crate::ErrorKind::Io) if memory is exhausted.
    pub fn from_reader<R>(reader: R) -> Result<Reader>
    where
        R: Read + Send + 'static,
    {
        Self::from_reader_named(reader, "the reader")
    }

    /// Creates a reader from any reader, with a name for error messages. See [`from_reader`](Self::from_reader).
    ///
    /// # Errors
    ///
    /// Those of `from_reader`.
    pub fn from_reader_named<R>(reader: R, name: impl Into<String>) -> Result<Reader>
    where
        R: Read + Send + 'static,
    {
        let name = name.into();
        let stream = platform::Stream::from_reader(Box::new(reader));
        let mut stream = stream.map_err(|(e, _)| Error::io("open", name.clone(), e))?;
        let breaker = Arc::new(Breaker::detached(None));
        let breaks = breaker.clone();
        stream.broken_by(move || breaks.is_pending());
        let blocks = Blocks::new(None, 0, Rules::Lenient);
        Ok(Self::new(blocks, Some(stream), name, None, breaker))
    }

    fn new(
        blocks: Blocks,
        stream: Option<platform::Stream>,
        name: String,
        length: Option<Length>,
        breaker: Arc<Breaker>,
    ) -> Reader {
        Reader {
            blocks,
            stream,
            breaker,
            name,
            length,
            follow: false,
            resume: false,
            searching: false,
            skipped: 0,
            damage: None,
            failed: None,
            ended: false,
        }
    }
}
