//! Savefiles for libpcap to read, on Windows.
//!
//! A stdio stream belongs to the C library that made it, and libpcap's is its own: none of ours can be handed to it, and
//! it cannot be told to go to another place in a file. So it opens files by their paths. What has no path, or
//! is read from the middle, is copied to a temporary file; and to go on at another place it opens a file that has the
//! savefile's header and what it is to read, by a new handle that takes the place of the old one.

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

/// Length of a classic savefile's header.
const FILE_HEADER: usize = 24;
/// Length of a classic savefile's record header.
const RECORD_HEADER: usize = 16;
/// The first number of a classic savefile, in this machine's byte order.
const MAGICS: [u32; 2] = [0xa1b2_c3d4, 0xa1b2_3c4d];
/// The longest record that libpcap reads of the link types whose records are not its own affair.
const LONGEST: usize = RECORD_HEADER + 262_144;

/// A stream over text, for what libpcap reads from streams only: there is none.
pub(crate) enum TextStream {}

impl TextStream {
    pub(crate) fn from_text(_: Vec<u8>) -> io::Result<TextStream> {
        let why =
            "libpcap reads it from a stdio stream only, of which it takes none of others here";
        Err(io::Error::new(io::ErrorKind::Unsupported, why))
    }

    pub(crate) fn file(&self) -> *mut FILE {
        match *self {}
    }
}

/// What a savefile is read from, with the temporary files that libpcap reads. It must be dropped after the handle,
/// which has one open.
pub(crate) struct Stream {
    source: Source,
    /// The last one is libpcap's.
    temps: Vec<Temp>,
    /// Where in the file libpcap is to be when it has read what it was given.
    position: u64,
    error: Option<io::Error>,
}

enum Source {
    File {
        file: File,
        start: u64,
        /// Libpcap has its header only.
        cut: bool,
        /// Libpcap reads a copy of all that there was.
        copied: bool,
    },
    Reader(Spool),
}

/// A user's reader.
struct Spool {
    reader: Box<dyn Reader>,
    /// What comes before the rest of the reader: read by us, and not used.
    back: Vec<u8>,
    /// How many bytes libpcap may have now, if not all.
    allowed: Option<usize>,
    /// What it was given first: the savefile's header.
    header: Vec<u8>,
    /// The reader has said that it is at its end, and is not asked again.
    ended: bool,
    /// The reader is being asked: if it is still so at the next time, it panicked.
    reading: bool,
}

impl Stream {
    /// Over a file that can be read from any place.
    pub(crate) fn from_file(mut file: File, _: Option<Box<dyn Frames>>) -> io::Result<Stream> {
        let start = io::Seek::stream_position(&mut file)?;
        Ok(Stream::new(Source::File {
            file,
            start,
            cut: false,
            copied: false,
        }))
    }

    /// Over anything that can be read.
    #[allow(clippy::unnecessary_wraps)] // as on Unix
    pub(crate) fn from_reader(
        reader: Box<dyn Reader>,
    ) -> Result<Stream, (io::Error, Box<dyn Reader>)> {
        Ok(Stream::new(Source::Reader(Spool {
            reader,
            back: Vec::new(),
            allowed: None,
            header: Vec::new(),
            ended: false,
            reading: false,
        })))
    }

    fn new(source: Source) -> Stream {
        Stream {
            source,
            temps: Vec::new(),
            position: 0,
            error: None,
        }
    }

    /// Has libpcap open the savefile, with nanoseconds. What it reads lives as long as this.
    pub(crate) fn open(&mut self, errbuf: &mut ErrBuf) -> Option<NonNull<pcap_t>> {
        let (path, _kept) = self.path().map_err(|e| self.error = Some(e)).ok()?;
        open_path(&path, errbuf)
            .map_err(|e| self.error = Some(e))
            .ok()?
    }

    /// Where libpcap can open the savefile, and what keeps it there until it has done so.
    fn path(&mut self) -> io::Result<(PathBuf, Option<File>)> {
        let temp = match &mut self.source {
            Source::File {
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
                // Of a classic one the header tells whether more is needed.
                *cut = length == magic.len() && is_classic(u32::from_ne_bytes(magic));
                *copied = !*cut;
                let most = if *cut { FILE_HEADER as u64 } else { u64::MAX };
                io::copy(&mut From(file, *start).take(most), &mut temp)?;
                temp
            }
            Source::Reader(spool) => {
                let mut temp = Temp::new()?;
                // What there is of a savefile is read, and then why there is no more is told.
                self.error = spool.copy(&mut temp, true)?;
                temp
            }
        };
        let path = temp.path().to_owned();
        self.temps.push(temp);
        Ok((path, None))
    }

    /// A handle that reads these bytes, and more of the reader if there is one, behind the savefile's header.
    fn reopen(&mut self, bytes: &[u8], rest: bool) -> io::Result<Sought> {
        let mut temp = Temp::new()?;
        match &mut self.source {
            Source::File {
                file,
                start,
                copied,
                ..
            } if rest => {
                *copied = true;
                io::copy(&mut From(file, *start), &mut temp)?;
            }
            Source::File { file, start, .. } => {
                let mut header = [0; FILE_HEADER];
                let length = From(file, *start).read(&mut header)?;
                temp.write_all(&header[..length])?;
                temp.write_all(bytes)?;
            }
            Source::Reader(spool) => {
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
        // It took the same header before.
        let pcap = pcap.ok_or_else(|| io::Error::other(errbuf.text()))?;
        Ok(Sought::Handle(pcap))
    }

    /// Goes on reading from this place in the file: the one record that is there.
    pub(crate) fn seek(&mut self, position: u64) -> io::Result<Sought> {
        let Source::File { file, start, .. } = &mut self.source else {
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

    /// Where in the file libpcap is, when it has read a record.
    #[allow(clippy::unnecessary_wraps)] // as on Unix
    pub(crate) fn position(&self) -> io::Result<u64> {
        Ok(self.position)
    }

    /// libpcap reads from files here, and is not interrupted.
    pub(crate) fn track(&mut self, _: Box<dyn Frames>) {}

    /// As above.
    pub(crate) fn broken_by(&mut self, _: impl Fn() -> bool + Send + 'static) {}

    /// As above.
    pub(crate) fn was_interrupted(&mut self) -> bool {
        false
    }

    /// What libpcap had before is not needed any more: its handle is closed.
    pub(crate) fn forget_older(&mut self) {
        let older = self.temps.len().saturating_sub(1);
        self.temps.drain(..older);
    }

    /// Calls a closure with the file that is read; returns `None` if that is a user's reader or a copy.
    pub(crate) fn with_file<T>(&self, closure: impl FnOnce(&File) -> T) -> Option<T> {
        match &self.source {
            Source::File {
                file,
                copied: false,
                ..
            } => Some(closure(file)),
            _ => None,
        }
    }

    /// Lets libpcap take no more than so many bytes, until [`release`](Self::release).
    pub(crate) fn hold_back(&mut self, allowed: usize) {
        if let Source::Reader(spool) = &mut self.source {
            spool.allowed = Some(allowed);
        }
    }

    /// No reader can be waited for.
    pub(crate) fn wait_for(&mut self, _: RawFd) {}

    /// As above.
    pub(crate) fn waits_for(&self) -> Option<RawFd> {
        None
    }

    /// Hands libpcap these bytes, and no more: only what can be waited for is handed on in pieces.
    pub(crate) fn give(&mut self, bytes: &[u8]) {
        self.give_back(bytes);
    }

    /// Reads from the user's reader, behind what libpcap was allowed to take.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.source {
            Source::File { .. } => Ok(0),
            Source::Reader(spool) => spool.read_on(buffer),
        }
    }

    /// The reader was at its end before the stream was made of it.
    pub(crate) fn ended(&mut self) {
        if let Source::Reader(spool) = &mut self.source {
            spool.ended = true;
        }
    }

    /// These bytes come first.
    pub(crate) fn give_back(&mut self, bytes: &[u8]) {
        if let Source::Reader(spool) = &mut self.source {
            spool.back.extend(bytes);
        }
    }

    /// From now on libpcap reads: first these bytes, then all that the reader has.
    pub(crate) fn release(&mut self, bytes: &[u8]) -> io::Result<Sought> {
        match &self.source {
            Source::File { cut: false, .. } => Ok(Sought::There),
            Source::File { .. } => self.reopen(bytes, true),
            // It has all that there was.
            Source::Reader(spool) if spool.allowed.is_none() => Ok(Sought::There),
            Source::Reader(_) => self.reopen(bytes, true),
        }
    }

    /// Gives the user's reader back.
    pub(crate) fn into_reader(self) -> Box<dyn Reader> {
        match self.source {
            Source::Reader(spool) => spool.reader,
            Source::File { .. } => Box::new(io::empty()),
        }
    }

    /// Returns why the user's reader failed, once, if that is why there is no more.
    pub(crate) fn failure(&mut self) -> Option<Failure> {
        self.error.take().map(Failure::Error)
    }
}

impl Spool {
    /// Reads once.
    fn read_on(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        if std::mem::replace(&mut self.reading, true) {
            return Err(io::Error::other(PANICKED));
        }
        let read = loop {
            match self.reader.read(buffer) {
                Ok(n) => {
                    self.ended = n == 0;
                    break checked(n, buffer);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        self.reading = false;
        read
    }

    /// Copies all that libpcap may have. What the reader failed with is returned; an error is that of the copy.
    fn copy(&mut self, to: &mut Temp, is_start: bool) -> io::Result<Option<io::Error>> {
        let mut left = match is_start {
            true => self.allowed.unwrap_or(usize::MAX),
            false => usize::MAX,
        };
        let mut buffer = vec![0; 64 * 1024];
        while left > 0 {
            let room = left.min(buffer.len());
            let bytes = if self.back.is_empty() {
                match self.read_on(&mut buffer[..room]) {
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

/// A file from some place on.
struct From<'a>(&'a mut File, u64);

impl Read for From<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = read_at(self.0, buffer, self.1)?;
        self.1 += n as u64;
        Ok(n)
    }
}

/// Has libpcap open a savefile; `None` if it refuses, and says why.
fn open_path(path: &Path, errbuf: &mut ErrBuf) -> io::Result<Option<NonNull<pcap_t>>> {
    let told = path.to_str().filter(|text| can_be_told(text));
    let Some(path) = told.and_then(|text| CString::new(text).ok()) else {
        let why = "libpcap cannot be told its path, or that of the folder for temporary files";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    };
    // SAFETY: the path is a C string, and the buffer has the size that libpcap asks for.
    let pcap = unsafe {
        sys::pcap_open_offline_with_tstamp_precision(
            path.as_ptr(),
            sys::PCAP_TSTAMP_PRECISION_NANO as _,
            errbuf.as_mut_ptr(),
        )
    };
    Ok(NonNull::new(pcap))
}

/// Whether libpcap takes a text as what it is: all if it takes UTF-8, otherwise what is the same in every code page.
fn can_be_told(text: &str) -> bool {
    text.is_ascii() || super::is_utf8()
}

/// The path of an open file, if libpcap can be told it, and open it by that; and the file by this path, which keeps it
/// there while it is open.
fn path_of(file: &File) -> Option<(PathBuf, File)> {
    let path = final_path(file)?;
    if !can_be_told(path.to_str()?) {
        return None;
    }
    // As C libraries open files. Who has it open may not allow that: a file that is deleted when it is closed is opened
    // only by those who let it be deleted.
    let mut as_c = File::options();
    as_c.read(true)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE);
    let kept = as_c.open(&path).ok()?;
    // Nobody can move this one now: if the other one is still there, they are the same.
    (final_path(file)? == path).then_some((path, kept))
}

/// Where the system says that an open file is.
fn final_path(file: &File) -> Option<PathBuf> {
    let handle = file.as_raw_handle();
    let mut path = vec![0_u16; 1024];
    loop {
        let size = path.len() as u32;
        // SAFETY: the handle is open, and there is room for so many.
        let length = unsafe { GetFinalPathNameByHandleW(handle, path.as_mut_ptr(), size, 0) };
        match length as usize {
            0 => return None,
            length if length < path.len() => {
                path.truncate(length);
                return Some(OsString::from_wide(&path).into());
            }
            // With the end of the text.
            length => path.resize(length + 1, 0),
        }
    }
}
