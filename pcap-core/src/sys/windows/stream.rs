//! Savefiles for libpcap to read, on Windows.
//!
//! A stdio stream belongs to the C library that created it. libpcap has its own C library, so it cannot use our
//! streams, and it has no function to seek in a file. So libpcap opens files by their paths. Data that has no path, or
//! that begins inside a file, is copied to a temporary file. To continue at another offset, libpcap opens a file that
//! consists of the savefile's header and the data to read. The new handle replaces the old one.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::windows::ffi::OsStringExt;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use libc::FILE;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_SHARE_READ, FILE_SHARE_WRITE, GetFinalPathNameByHandleW,
};

use super::temp::Temp;
use super::{RawFd, read_at};
use crate::sys::{self, ErrBuf, Failure, Frames, PANICKED, Reader, Sought, checked, pcap_t};

/// The length of a classic savefile's header.
const FILE_HEADER: usize = 24;
/// The length of a classic savefile's record header.
const RECORD_HEADER: usize = 16;
/// The magic numbers of a classic savefile, in this machine's byte order.
const MAGICS: [u32; 2] = [0xa1b2_c3d4, 0xa1b2_3c4d];
/// The longest record that libpcap reads, for the link types without special limits.
const LONGEST: usize = RECORD_HEADER + 262_144;

/// A stream over a text, for data that libpcap only reads from streams. Not available on Windows.
pub(crate) enum TextStream {}

impl TextStream {
    pub(crate) fn from_text(_: Vec<u8>) -> io::Result<TextStream> {
        let why = "libpcap only reads this data from a stdio stream of its own C library";
        Err(io::Error::new(io::ErrorKind::Unsupported, why))
    }

    pub(crate) fn file(&self) -> *mut FILE {
        match *self {}
    }
}

/// The source of a savefile, with the temporary files that libpcap reads. It must be dropped after the handle, which
/// has one of these files open.
pub(crate) struct Stream {
    source: Input,
    /// The temporary files. libpcap has the last one open.
    temps: Vec<Temp>,
    /// The offset in the file after the data that libpcap may read.
    position: u64,
    error: Option<io::Error>,
}

enum Input {
    File {
        file: File,
        start: u64,
        /// Whether libpcap only has its header.
        cut: bool,
        /// Whether libpcap reads a complete copy.
        copied: bool,
    },
    Reader(Spool),
}

/// A user's reader.
struct Spool {
    reader: Box<dyn Reader>,
    /// Bytes that we have read but not used, which precede the rest of the reader.
    back: Vec<u8>,
    /// The number of bytes that libpcap may read now, if limited.
    allowed: Option<usize>,
    /// The first bytes that libpcap has read: the savefile's header.
    header: Vec<u8>,
    /// Whether the reader has reported its end. It is not called again.
    ended: bool,
    /// Whether we are calling the reader. If still set at the next call, the reader panicked.
    reading: bool,
    /// Whether a break is pending.
    is_broken: Option<Box<dyn Fn() -> bool + Send>>,
}

impl Stream {
    /// Creates a stream over a seekable file.
    pub(crate) fn from_file(mut file: File, _: Option<Box<dyn Frames>>) -> io::Result<Stream> {
        let start = io::Seek::stream_position(&mut file)?;
        Ok(Stream::new(Input::File {
            file,
            start,
            cut: false,
            copied: false,
        }))
    }

    /// Creates a stream over any reader.
    #[allow(clippy::unnecessary_wraps)] // as on Unix
    pub(crate) fn from_reader(
        reader: Box<dyn Reader>,
    ) -> Result<Stream, (io::Error, Box<dyn Reader>)> {
        Ok(Stream::new(Input::Reader(Spool {
            reader,
            back: Vec::new(),
            allowed: None,
            header: Vec::new(),
            ended: false,
            reading: false,
            is_broken: None,
        })))
    }

    fn new(source: Input) -> Stream {
        Stream {
            source,
            temps: Vec::new(),
            position: 0,
            error: None,
        }
    }

    /// Makes libpcap open the savefile with timestamps in nanoseconds. The data lives as long as this object.
    pub(crate) fn open(&mut self, errbuf: &mut ErrBuf) -> Option<NonNull<pcap_t>> {
        let (path, _kept) = self.path().map_err(|e| self.error = Some(e)).ok()?;
        open_path(&path, errbuf)
            .map_err(|e| self.error = Some(e))
            .ok()?
    }

    /// Returns a path at which libpcap can open the savefile, and an open file that prevents others from replacing it
    /// until then.
    fn path(&mut self) -> io::Result<(PathBuf, Option<File>)> {
        let temp = match &mut self.source {
            Input::File {
                file,
                start,
                cut,
                copied,
            } => {
                if let (0, Some((path, kept))) = (*start, path_of(file)) {
                    return Ok((path, Some(kept)));
                }
                let mut temp = Temp::new()?;
                let mut magic = [0; 4];
                let length = read_at(file, &mut magic, *start)?;
                // The header of a classic savefile determines whether libpcap needs more.
                *cut = length == magic.len() && is_classic(u32::from_ne_bytes(magic));
                *copied = !*cut;
                let most = if *cut { FILE_HEADER as u64 } else { u64::MAX };
                io::copy(&mut From(file, *start).take(most), &mut temp)?;
                temp
            }
            Input::Reader(spool) => {
                let mut temp = Temp::new()?;
                // Let libpcap read the data up to the error, and return the error afterwards.
                self.error = spool.copy(&mut temp, true)?;
                temp
            }
        };
        let path = temp.path().to_owned();
        self.temps.push(temp);
        Ok((path, None))
    }

    /// Opens a handle that reads these bytes after the savefile's header and then, with `rest`, the whole reader or
    /// file.
    fn reopen(&mut self, bytes: &[u8], rest: bool) -> io::Result<Sought> {
        let mut temp = Temp::new()?;
        match &mut self.source {
            Input::File {
                file,
                start,
                copied,
                ..
            } if rest => {
                *copied = true;
                io::copy(&mut From(file, *start), &mut temp)?;
            }
            Input::File { file, start, .. } => {
                let mut header = [0; FILE_HEADER];
                let length = From(file, *start).read(&mut header)?;
                temp.write_all(&header[..length])?;
                temp.write_all(bytes)?;
            }
            Input::Reader(spool) => {
                temp.write_all(&spool.header)?;
                temp.write_all(bytes)?;
                if rest {
                    self.error = spool.copy(&mut temp, false)?;
                }
            }
        }
        let mut errbuf = ErrBuf::new();
        let pcap = open_path(temp.path(), &mut errbuf)?;
        self.temps.push(temp);
        // libpcap accepted the same header before.
        let pcap = pcap.ok_or_else(|| io::Error::other(errbuf.text()))?;
        Ok(Sought::Handle(pcap))
    }

    /// Continues reading at an offset in the file, with the single record at that offset.
    pub(crate) fn seek(&mut self, position: u64) -> io::Result<Sought> {
        let Input::File { file, start, .. } = &mut self.source else {
            return Ok(Sought::There);
        };
        let mut magic = [0; 4];
        From(file, *start).read_exact(&mut magic)?;
        let mut record = Vec::new();
        From(file, position)
            .take(LONGEST as u64)
            .read_to_end(&mut record)?;
        if record.is_empty() {
            return Ok(Sought::End);
        }
        if let Some(caplen) = record.get(8..12).and_then(|b| b.try_into().ok()) {
            let caplen = match MAGICS.contains(&u32::from_ne_bytes(magic)) {
                true => u32::from_ne_bytes(caplen),
                false => u32::from_ne_bytes(caplen).swap_bytes(),
            };
            record.truncate(RECORD_HEADER.saturating_add(caplen as usize));
        }
        self.position = position + record.len() as u64;
        self.reopen(&record, false)
    }

    /// Returns the offset after the record that libpcap has read.
    #[allow(clippy::unnecessary_wraps)] // as on Unix
    pub(crate) fn position(&self) -> io::Result<u64> {
        Ok(self.position)
    }

    /// Does nothing: on Windows libpcap reads from files, and is not interrupted.
    pub(crate) fn track(&mut self, _: Box<dyn Frames>) {}

    /// Sets the check for a pending break, which ends a [`read`](Self::read) when the user's reader is interrupted.
    pub(crate) fn broken_by(&mut self, is_broken: impl Fn() -> bool + Send + 'static) {
        if let Input::Reader(spool) = &mut self.source {
            spool.is_broken = Some(Box::new(is_broken));
        }
    }

    /// Returns `false`, because libpcap is not interrupted.
    pub(crate) fn was_interrupted(&mut self) -> bool {
        false
    }

    /// Frees the temporary files of the previous handle, which is closed.
    pub(crate) fn forget_older(&mut self) {
        let older = self.temps.len().saturating_sub(1);
        self.temps.drain(..older);
    }

    /// Calls a closure with the file. Returns `None` if libpcap reads from a user's reader or from a copy.
    pub(crate) fn with_file<T>(&self, closure: impl FnOnce(&File) -> T) -> Option<T> {
        match &self.source {
            Input::File {
                file,
                copied: false,
                ..
            } => Some(closure(file)),
            _ => None,
        }
    }

    /// Limits the number of bytes that libpcap may read, until [`release`](Self::release).
    pub(crate) fn hold_back(&mut self, allowed: usize) {
        if let Input::Reader(spool) = &mut self.source {
            spool.allowed = Some(allowed);
        }
    }

    /// Does nothing: no reader can be polled.
    pub(crate) fn wait_for(&mut self, _: RawFd) {}

    /// Returns `None`: no reader can be polled.
    pub(crate) fn waits_for(&self) -> Option<RawFd> {
        None
    }

    /// Lets libpcap read these bytes and no more. Not used on Windows, where no source can be polled.
    pub(crate) fn give(&mut self, bytes: &[u8]) {
        self.give_back(bytes);
    }

    /// Reads from the user's reader, after the bytes that libpcap may read.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.source {
            Input::File { .. } => Ok(0),
            Input::Reader(spool) => spool.read_on(buffer, true),
        }
    }

    /// Notes that the reader was at its end before the stream was created.
    pub(crate) fn ended(&mut self) {
        if let Input::Reader(spool) = &mut self.source {
            spool.ended = true;
        }
    }

    /// Puts bytes back, which are then read first.
    pub(crate) fn give_back(&mut self, bytes: &[u8]) {
        if let Input::Reader(spool) = &mut self.source {
            spool.back.extend(bytes);
        }
    }

    /// Lets libpcap read these bytes first, and then the whole reader.
    pub(crate) fn release(&mut self, bytes: &[u8]) -> io::Result<Sought> {
        match &self.source {
            Input::File { cut: false, .. } => Ok(Sought::There),
            Input::File { .. } => self.reopen(bytes, true),
            // libpcap already has all the data.
            Input::Reader(spool) if spool.allowed.is_none() => Ok(Sought::There),
            Input::Reader(_) => self.reopen(bytes, true),
        }
    }

    /// Returns the user's reader.
    pub(crate) fn into_reader(self) -> Box<dyn Reader> {
        match self.source {
            Input::Reader(spool) => spool.reader,
            Input::File { .. } => Box::new(io::empty()),
        }
    }

    /// Returns why the user's reader failed, if it ended for that reason. Returns each failure only once.
    pub(crate) fn failure(&mut self) -> Option<Failure> {
        self.error.take().map(Failure::Error)
    }
}

impl Spool {
    /// Reads once. With `for_breaks`, a break ends the call if the reader is interrupted.
    fn read_on(&mut self, buffer: &mut [u8], for_breaks: bool) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        if std::mem::replace(&mut self.reading, true) {
            return Err(io::Error::other(PANICKED));
        }
        let read = loop {
            match self.reader.read_bytes(buffer) {
                Ok(n) => {
                    self.ended = n == 0;
                    break checked(n, buffer);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {
                    if for_breaks && self.is_broken.as_ref().is_some_and(|broken| broken()) {
                        break Err(e);
                    }
                }
                Err(e) => break Err(e),
            }
        };
        self.reading = false;
        read
    }

    /// Copies all data that libpcap may read to a temporary file. Returns the error of the reader, if any. An `Err` is
    /// an error of the temporary file.
    fn copy(&mut self, to: &mut Temp, is_start: bool) -> io::Result<Option<io::Error>> {
        let mut left = match is_start {
            true => self.allowed.unwrap_or(usize::MAX),
            false => usize::MAX,
        };
        let mut buffer = vec![0; 64 * 1024];
        while left > 0 {
            let room = left.min(buffer.len());
            let bytes = if self.back.is_empty() {
                match self.read_on(&mut buffer[..room], false) {
                    Ok(0) => break,
                    Ok(n) => &buffer[..n],
                    Err(e) => return Ok(Some(e)),
                }
            } else {
                let n = room.min(self.back.len());
                buffer[..n].copy_from_slice(&self.back[..n]);
                self.back.drain(..n);
                &buffer[..n]
            };
            if is_start {
                let missing = FILE_HEADER.saturating_sub(self.header.len());
                self.header.extend(bytes.iter().take(missing));
            }
            to.write_all(bytes)?;
            left -= bytes.len();
        }
        if !is_start {
            self.allowed = None;
        }
        Ok(None)
    }
}

fn is_classic(magic: u32) -> bool {
    MAGICS.contains(&magic) || MAGICS.contains(&magic.swap_bytes())
}

/// Reads a file from an offset.
struct From<'a>(&'a mut File, u64);

impl Read for From<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = read_at(self.0, buffer, self.1)?;
        self.1 += n as u64;
        Ok(n)
    }
}

/// Makes libpcap open a savefile. Returns `None` if libpcap fails, with the reason in `errbuf`.
fn open_path(path: &Path, errbuf: &mut ErrBuf) -> io::Result<Option<NonNull<pcap_t>>> {
    let told = path.to_str().filter(|text| reads_correctly(text));
    let Some(path) = told.and_then(|text| CString::new(text).ok()) else {
        let why =
            "libpcap cannot open the path of the file or of the directory for temporary files";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    };
    // SAFETY: the path is a C string, and the buffer has the size that libpcap requires.
    let pcap = unsafe {
        sys::pcap_open_offline_with_tstamp_precision(
            path.as_ptr(),
            sys::PCAP_TSTAMP_PRECISION_NANO as _,
            errbuf.as_mut_ptr(),
        )
    };
    Ok(NonNull::new(pcap))
}

/// Returns whether libpcap interprets a text correctly: any text if it uses UTF-8, and otherwise only ASCII, which is
/// the same in every code page.
fn reads_correctly(text: &str) -> bool {
    text.is_ascii() || super::is_utf8()
}

/// Returns the path of an open file, if libpcap can open the file by it. Also returns the file opened by this path,
/// which prevents others from replacing it.
fn path_of(file: &File) -> Option<(PathBuf, File)> {
    let path = final_path(file)?;
    if !reads_correctly(path.to_str()?) {
        return None;
    }
    // Open it as C libraries do. This fails if the existing handle does not allow it: a file with delete-on-close can
    // only be opened by callers that permit its deletion.
    let mut as_c = File::options();
    as_c.read(true)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE);
    let kept = as_c.open(&path).ok()?;
    // This file cannot be moved now. If the other one still has this path, they are the same file.
    (final_path(file)? == path).then_some((path, kept))
}

/// Returns the system's path of an open file.
fn final_path(file: &File) -> Option<PathBuf> {
    let handle = file.as_raw_handle();
    let mut path = vec![0_u16; 1024];
    loop {
        let size = path.len() as u32;
        // SAFETY: the handle is open, and the buffer has space for that number of characters.
        let length = unsafe { GetFinalPathNameByHandleW(handle, path.as_mut_ptr(), size, 0) };
        match length as usize {
            0 => return None,
            length if length < path.len() => {
                path.truncate(length);
                return Some(OsString::from_wide(&path).into());
            }
            // This length includes the terminating NUL.
            length => path.resize(length + 1, 0),
        }
    }
}
