//! Opening savefiles: a regular file, a pipe, a reader.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::panic::resume_unwind;
use std::path::Path;

use super::{Offline, clock};
use crate::capture::Capture;
use crate::capture::offline::blocks;
use crate::capture::offline::filtering::Filtering;
use crate::capture::offline::route::Route;
use crate::capture::read_ahead::{Batch, Limit};
use crate::error::{Error, ErrorKind, Result};
use crate::handle::Handle;
use crate::savefile::pcapng::{Blocks, Rules};
use crate::savefile::{
    self, ByteOrder, Feed, Length, Magic, Place, Records, SavefileFormat, Units,
};
use crate::sys::{self, Failure, Until, platform};
use crate::timestamp::Precision;

/// Messages of a socket are shorter than this. Linux limits them to 208 KiB by default.
const MESSAGE: usize = 256 * 1024;

/// # Opening a savefile
impl Capture<Offline> {
    /// Opens a savefile in classic pcap or pcapng format. The path `-` means standard input; use `./-` for a file of
    /// that name.
    ///
    /// Timestamps are in nanoseconds, regardless of the savefile's precision.
    ///
    /// The interfaces of a pcapng savefile may have different snaplens, which libpcap does not support. If they may
    /// also have different link types, call [`mix_linktypes`](Self::mix_linktypes). Otherwise, reading returns
    /// [`SavefileBad`](crate::ErrorKind::SavefileBad) at the second link type.
    ///
    /// The capture waits for packets from a pipe, a socket or a terminal as it does for packets from a device: a
    /// [`BreakHandle`](crate::BreakHandle) ends the wait at once, [`next_packet_timeout`](Self::next_packet_timeout)
    /// returns in time, and reading can continue even in the middle of a record. This call itself waits for the
    /// savefile's header, and for a writer to open a FIFO; a break handle cannot interrupt that. On Windows, pipes,
    /// sockets and terminals are read like [a reader](Self::from_reader).
    ///
    /// A socket that preserves message boundaries is read like a reader on every system. A message of 256 KiB or more
    /// is an error. Pipes in packet mode (`O_DIRECT`) are not supported.
    ///
    /// On Linux, the call enlarges a pipe to 256 KiB if the system permits it, so that the writer and the reader wait
    /// for each other less often. Packets are still delivered as soon as they are in the pipe.
    ///
    /// # Errors
    ///
    /// - [`Io`](crate::ErrorKind::Io) if the file cannot be opened or read.
    /// - [`SavefileTruncated`](crate::ErrorKind::SavefileTruncated) if the file is empty or ends within its header.
    /// - [`SavefileBad`](crate::ErrorKind::SavefileBad) if the file is not a savefile. If it is compressed, the message
    ///   names the compression; use a decompressor with [`from_reader`](Self::from_reader).
    ///
    /// A regular file that shrinks while it is read has lost packets, even if its last record is complete. The reading
    /// calls then return [`SavefileTruncated`](crate::ErrorKind::SavefileTruncated) at its end, where libpcap would
    /// report a normal end. If another file takes over the path, the capture still reads the original file to its end.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// let mut capture = pcap_core::Capture::from_file("trace.pcap")?;
    /// let done = capture.for_each(|packet| println!("{packet:?}"))?;
    /// println!("{} packets", done.packets());
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    #[doc = manual!("pcap_open_offline")]
    ///
    #[doc(alias = "pcap_open_offline_with_tstamp_precision")]
    #[doc(alias = "pcap_open_offline")]
    pub fn from_file(path: impl AsRef<Path>) -> Result<Capture<Offline>> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let file = if path.as_os_str() == "-" {
            platform::stdin()
        } else {
            File::open(path)
        };
        let file = file.map_err(|e| Error::io("open", name.clone(), e))?;
        Self::from_open(file, name)
    }

    /// Opens a savefile from an open file, starting at its current position.
    ///
    /// The file can also be a pipe or, on Unix, a socket: `File::from` accepts an `OwnedFd` on Unix, and an
    /// `OwnedHandle` on Windows.
    ///
    /// # Errors
    ///
    /// The errors of [`from_file`](Self::from_file). [`take`](Error::take) returns the [`File`] at its original
    /// position; bytes that were read from a pipe are lost.
    ///
    #[doc = manual!("pcap_fopen_offline", "pcap_open_offline")]
    #[doc(alias = "pcap_fopen_offline_with_tstamp_precision")]
    #[doc(alias = "pcap_fopen_offline")]
    #[doc(alias = "pcap_hopen_offline_with_tstamp_precision")]
    #[doc(alias = "pcap_hopen_offline")]
    pub fn from_open_file(file: File) -> Result<Capture<Offline>> {
        Self::from_open_file_named(file, "the savefile")
    }

    /// Opens a savefile from an open file, with a name for error messages. See
    /// [`from_open_file`](Self::from_open_file).
    ///
    /// # Errors
    ///
    /// Those of `from_open_file`, with this name as their [`object`](Error::object).
    pub fn from_open_file_named(
        mut file: File,
        name: impl Into<String>,
    ) -> Result<Capture<Offline>> {
        let name = name.into();
        // A stream that fails closes its descriptor, so give it a duplicate.
        let copy = match file.try_clone() {
            Ok(copy) => copy,
            Err(e) => return Err(Error::io("open", name, e).handing_back(file)),
        };
        let start = file.stream_position();
        Self::from_open(copy, name).map_err(|error| {
            if let Ok(start) = start {
                // The file has reported its position, so it can seek back.
                let _ = file.seek(SeekFrom::Start(start));
            }
            error.handing_back(file)
        })
    }

    /// Opens a savefile from any reader, for example a decompressor, a buffer in memory or a socket.
    ///
    /// While a reader waits for data, breaks and timeouts have no effect until its `read` returns. For a pipe or a
    /// socket, prefer [`from_open_file`](Self::from_open_file), with which both take effect during the wait.
    ///
    /// # Errors
    ///
    /// The errors of [`from_file`](Self::from_file). [`take`](Error::take) returns the reader, usually positioned after
    /// the savefile's header.
    ///
    /// If the reader fails, the returned error has the same kind, and [`io_error`](Error::io_error) returns the
    /// reader's error. Any error ends the capture, even a temporary one such as
    /// [`WouldBlock`](std::io::ErrorKind::WouldBlock), because the bytes of a partially read record are lost.
    ///
    /// On Windows, libpcap can only read from files. So the rest of the reader's data is copied at once into a
    /// temporary file if it is a damaged classic savefile, or has a link type whose packets libpcap may convert, such
    /// as USB.
    ///
    /// # Panics
    ///
    /// Panics if the reader panics, or if formatting its error panics. If the panic is caught, each later call on the
    /// capture returns an error.
    ///
    /// # Examples
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// # pcap_core::Capture::dead(pcap_core::Dlt::EN10MB)?.dump(&path)?.close()?;
    /// let bytes: Vec<u8> = std::fs::read(&path).unwrap();
    /// let mut capture = pcap_core::Capture::from_reader(std::io::Cursor::new(bytes))?;
    /// assert!(capture.next_packet()?.is_none());
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[doc(alias = "pcap_fopen_offline_with_tstamp_precision")]
    pub fn from_reader<R>(reader: R) -> Result<Capture<Offline>>
    where
        R: Read + Send + 'static,
    {
        Self::from_reader_named(reader, "the reader")
    }

    /// Opens a savefile from any reader, with a name for error messages. See [`from_reader`](Self::from_reader).
    ///
    /// # Errors
    ///
    /// Those of `from_reader`, with this name as their [`object`](Error::object).
    ///
    /// # Examples
    ///
    /// ```
    /// let failed = pcap_core::Capture::from_reader_named(&b"no savefile"[..], "trace.pcap.gz");
    /// assert_eq!(failed.unwrap_err().object(), Some("trace.pcap.gz"));
    /// ```
    pub fn from_reader_named<R>(reader: R, name: impl Into<String>) -> Result<Capture<Offline>>
    where
        R: Read + Send + 'static,
    {
        Self::from_stream(Box::new(reader), name.into(), None)
            .map_err(|(error, reader)| error.handing_back_boxed(reader.into_any()))
    }

    fn from_open(mut file: File, name: String) -> Result<Capture<Offline>> {
        let mut magic = [0; 4];
        let io = |e| Error::io("read", name.clone(), e);
        match platform::peek(&mut file, &mut magic).map_err(io)? {
            Some(length) => {
                let magic = Magic::new(&magic[..length]);
                let start = file.stream_position().map_err(io)?;
                let length = Length::of(&file);
                if magic.format == SavefileFormat::Pcapng {
                    let reader = Blocks::new(Some(file), start, Rules::Libpcap);
                    match blocks::open(reader, &name)? {
                        blocks::Opened::Ours(reader, first) => {
                            let header = blocks::Header::of_first(first, reader.order(), &name)?;
                            return Ok(Self::from_blocks(reader, header, None, name, length, None));
                        }
                        blocks::Opened::Libpcaps(reader) => {
                            let gone = || io(io::ErrorKind::NotFound.into());
                            file = reader.into_file().ok_or_else(gone)?;
                            // On Windows, reads at an offset move it.
                            file.seek(SeekFrom::Start(start)).map_err(io)?;
                        }
                    }
                }
                // This needs a second descriptor. Without it, libpcap reads everything.
                let order = magic.classic.filter(|_| length.is_some());
                let copy = order.map(|_| file.try_clone()).transpose();
                let (copy, no_copy) = match copy {
                    Ok(copy) => (copy, None),
                    Err(e) => (None, Some(Error::io("follow", name.clone(), e))),
                };
                let fast = copy.zip(order);
                // libpcap only checks for a break at packets, and many pcapng blocks contain none.
                let place = Place::of_pcapng(magic.format);
                let stream = platform::Stream::from_file(file, place).map_err(io)?;
                let opened = Self::open(stream, magic, name, Limit::FILE, None);
                let mut capture = opened.map_err(|(error, _)| error)?;
                let records =
                    fast.and_then(|(file, order)| capture.records(Some(file), start, order));
                if let Some(records) = records {
                    capture.state.route = Route::Records(records);
                }
                let is_reread = length.is_some() && magic.format == SavefileFormat::Pcapng;
                capture.state.start = is_reread.then_some(start);
                capture.state.length = length;
                capture.state.no_copy = no_copy;
                capture.release();
                Ok(capture)
            }
            // A pipe cannot be inspected without reading from it.
            None => {
                let fd = platform::descriptor(&file);
                if platform::keeps_messages(&file) {
                    let messages = Messages(Patient(file, fd));
                    let reader = Box::new(BufReader::with_capacity(MESSAGE, messages));
                    return Self::from_stream(reader, name, None).map_err(|(error, _)| error);
                }
                let patient = Box::new(Patient(file, fd));
                Self::from_stream(patient, name, fd).map_err(|(error, _)| error)
            }
        }
    }

    /// Returns this crate's reader for the records of a file or stream, if libpcap would deliver the packets unchanged.
    fn records(&self, file: Option<File>, start: u64, order: ByteOrder) -> Option<Records> {
        let as_they_are =
            self.format_version() == (2, 4) && savefile::is_plain(self.datalink(), order);
        let position = start + savefile::FILE_HEADER as u64;
        let precision = self.state.precision;
        as_they_are.then(|| Records::new(file, position, self.snaplen(), precision, order))
    }

    /// Reads a savefile from a stream. With a descriptor, as for a pipe, every wait polls that descriptor.
    fn from_stream(
        mut reader: Box<dyn sys::Reader>,
        name: String,
        descriptor: Option<platform::RawFd>,
    ) -> Result<Capture<Offline>, (Error, Box<dyn sys::Reader>)> {
        match read_start(&mut *reader) {
            Err(e) => Err((Error::io("read", name, e), reader)),
            Ok(start) => Self::from_started(reader, start, name, descriptor),
        }
    }

    fn from_started(
        reader: Box<dyn sys::Reader>,
        start: Start,
        name: String,
        descriptor: Option<platform::RawFd>,
    ) -> Result<Capture<Offline>, (Error, Box<dyn sys::Reader>)> {
        let io = |e| Error::io("read", name.clone(), e);
        let Start { bytes, head, ended } = start;
        let magic = Magic::new(&bytes[..bytes.len().min(4)]);
        if head.is_none() && bytes.len() > savefile::LONGEST_HEAD {
            let text = format!("it has no interface in its first {} bytes", bytes.len());
            let error = Error::cannot(ErrorKind::SavefileBad, "open", name, text);
            return Err((error, reader));
        }
        let opened = match magic.format {
            SavefileFormat::Pcapng => Some(blocks::open(
                Blocks::of_stream(&bytes, Rules::Libpcap),
                &name,
            )),
            SavefileFormat::Pcap => None,
        };
        let ours = match opened {
            Some(Ok(blocks::Opened::Ours(blocks, first))) => Some((blocks, first)),
            Some(Ok(blocks::Opened::Libpcaps(_))) | None => None,
            Some(Err(error)) => return Err((error, reader)),
        };
        let wake = match descriptor.map(|_| platform::Wake::new()).transpose() {
            Ok(wake) => wake,
            Err(e) => return Err((io(e), reader)),
        };
        let mut stream =
            platform::Stream::from_reader(reader).map_err(|(e, reader)| (io(e), reader))?;
        if ended {
            stream.ended();
        }
        if let Some((blocks, first)) = ours {
            let header = match blocks::Header::of_first(first, blocks.order(), &name) {
                Ok(header) => header,
                Err(error) => return Err((error, stream.into_reader())),
            };
            let mut capture = Self::from_blocks(blocks, header, Some(stream), name, None, wake);
            if let (Some(fd), Some(stream)) = (descriptor, &mut capture.state.stream) {
                stream.wait_for(fd);
            }
            return Ok(capture);
        }
        let mut behind = None;
        // Only a pipe is fed in pieces.
        if let (Some((length, units)), Some(_)) = (head, descriptor) {
            stream.give(&bytes[..length]);
            behind = Some((units, bytes[length..].to_vec()));
        } else {
            stream.give_back(&bytes);
            if let Some(place) = Place::of_pcapng(magic.format) {
                stream.track(place);
            }
            if magic.classic.is_some() {
                // Bytes that stdio has read cannot be recovered.
                stream.hold_back(savefile::FILE_HEADER);
            }
        }
        let mut capture = Self::open(stream, magic, name, Limit::PIPE, wake)
            .map_err(|(error, stream)| (error, stream.into_reader()))?;
        if let Some(order) = magic.classic {
            let records = capture.records(None, 0, order);
            if let Some(records) = records {
                capture.state.route = Route::Records(records);
            }
            if capture.format_version() == (2, 4) {
                let units = Units::Records(order);
                match (descriptor, &mut capture.state.stream) {
                    (Some(_), _) if matches!(capture.state.route, Route::Libpcap) => {
                        behind = Some((units, Vec::new()));
                    }
                    // In case libpcap has to read the rest.
                    (None, Some(stream)) => stream.track(Box::new(Place::new(units))),
                    _ => {}
                }
            }
        }
        if let Some((units, bytes)) = behind {
            let feed = Feed::new(units, capture.datalink(), bytes);
            capture.state.route = Route::Fed(feed);
        }
        let paced = !matches!(capture.state.route, Route::Libpcap);
        match (descriptor, &mut capture.state.stream) {
            (Some(fd), Some(stream)) if paced => stream.wait_for(fd),
            _ => capture.release(),
        }
        Ok(capture)
    }

    /// Lets libpcap read everything, if this crate's record reader cannot.
    fn release(&mut self) {
        if let (Route::Libpcap, Some(stream)) = (&self.state.route, &mut self.state.stream) {
            // The first read returns an error of this.
            match stream.release(&[]) {
                Ok(sought) => drop(self.state.continue_at(sought)),
                Err(e) => drop(self.state.fail(e)),
            }
        }
    }

    fn open(
        mut stream: platform::Stream,
        magic: Magic,
        name: String,
        ahead: Limit,
        wake: Option<platform::Wake>,
    ) -> Result<Capture<Offline>, (Error, platform::Stream)> {
        if let Err(error) = Error::library("open", name.clone()) {
            return Err((error, stream));
        }
        let mut errbuf = sys::ErrBuf::new();
        let Some(pcap) = stream.open(&mut errbuf) else {
            let os = io::Error::last_os_error();
            let error = match stream.failure() {
                Some(Failure::Error(error)) => Error::io("read", name, error),
                Some(Failure::Panic(panic)) => resume_unwind(panic),
                None => {
                    let mut text = errbuf.text();
                    if let Some(by) = magic.compressed {
                        text += &format!(
                            "; it is compressed by {by}: pass a decompressor to `Capture::from_reader`"
                        );
                    }
                    Error::savefile("open", &name, &text, os)
                }
            };
            return Err((error, stream));
        };
        // SAFETY: the handle is open.
        let (version, is_swapped) = unsafe { super::header(pcap) };
        let clock = clock(magic.format, Precision::Nano);
        // SAFETY: the handle is open and ours, and the stream outlives it: see `Offline`.
        let handle = unsafe { Handle::new(pcap, wake, clock, name, false) };
        let breaks = handle.break_handle();
        stream.broken_by(move || breaks.is_pending());
        Ok(Capture::new(Offline {
            handle,
            stream: Some(stream),
            _header: None,
            route: Route::Libpcap,
            start: None,
            length: None,
            no_copy: None,
            batch: Batch::new(ahead),
            filtering: Filtering::All,
            format: magic.format,
            precision: magic.precision,
            version,
            is_swapped,
            follow: false,
        }))
    }
}

/// A pipe whose reads wait. Another owner may have made it non-blocking, which applies here, too: `WouldBlock` is
/// neither the end nor an error.
struct Patient(File, Option<platform::RawFd>);

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match (self.0.read(buffer), self.1) {
                (Err(e), Some(fd)) if e.kind() == io::ErrorKind::WouldBlock => {
                    platform::wait(None, Some((fd, Until::Readable)), None)?;
                }
                (other, _) => return other,
            }
        }
    }
}

/// A socket that discards the rest of a message after a read that is too short. The buffered reader around it always
/// reads [`MESSAGE`] bytes or more.
struct Messages(Patient);

impl Read for Messages {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.0.read(buffer)?;
        // There may have been more.
        if length == buffer.len() {
            let text = "expected messages of less than 256 KiB, found a longer one";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(length)
    }
}

/// The bytes read from a stream to open it.
struct Start {
    bytes: Vec<u8>,
    /// For a pcapng savefile: the number of these bytes that libpcap needs to open it, and the units that follow.
    head: Option<(usize, Units)>,
    /// Whether the stream is at its end.
    ended: bool,
}

/// Reads the bytes that this crate needs before a savefile is opened: its magic number, and for a pcapng savefile
/// everything up to its first interface or packet.
fn read_start(reader: &mut dyn sys::Reader) -> io::Result<Start> {
    let mut magic = [0; 4];
    let mut length = 0;
    while length < magic.len() {
        match reader.read_bytes(&mut magic[length..]) {
            Ok(0) => break,
            Ok(n) => length += sys::checked(n, &magic[length..])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let mut bytes = magic[..length].to_vec();
    let (mut head, mut ended) = (None, length < magic.len());
    if !ended && Magic::new(&magic).format == SavefileFormat::Pcapng {
        (head, ended) = savefile::read_head(reader, &mut bytes)?;
    }
    Ok(Start { bytes, head, ended })
}
