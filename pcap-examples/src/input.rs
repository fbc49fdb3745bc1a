//! Savefiles that are read: as they are or compressed by gzip, with a bar of how far it is.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::mem;
use std::path::Path;

use indicatif::ProgressBar;
use pcap_core::{Capture, Error, Offline, Packet};

use crate::compressed::{self, Compression, Gunzip};
use crate::exit::{Failure, Outcome};
use crate::files::{self, is_too_many_open, length, record_length};
use crate::progress;
use crate::waiting::Waiting;

/// The bar moves once in so many packets.
const STEP: u64 = 4096;

/// A savefile, pcap or pcapng.
#[derive(Debug)]
pub struct Input {
    capture: Capture<Offline>,
    bar: ProgressBar,
    /// How many bytes a packet takes; where nobody knows, as in a compressed savefile, the bar is
    /// moved by what is read.
    record: Option<fn(Packet<'_>) -> u64>,
    packets: u64,
    /// By how much the bar is to be moved.
    bytes: u64,
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
        Input::open_with(path, bar)
    }

    /// The same with a bar that others may move, too.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); that too many files are open is told apart.
    pub fn open_with(path: &Path, bar: ProgressBar) -> Outcome<Input> {
        let (capture, is_plain) = open(path, &bar)?;
        let record = is_plain.then(|| record_length(&capture));
        Ok(Input {
            bar,
            record,
            capture,
            packets: 0,
            bytes: if is_plain { 24 } else { 0 },
        })
    }

    /// What its packets are read from.
    #[must_use]
    pub fn capture(&self) -> &Capture<Offline> {
        &self.capture
    }

    /// The same, to be changed.
    pub fn capture_mut(&mut self) -> &mut Capture<Offline> {
        &mut self.capture
    }

    /// The bar of how far it is.
    #[must_use]
    pub fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// Goes to the next packet, and returns whether there is one; moves the bar.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn advance(&mut self) -> Outcome<bool> {
        let advanced = self.capture.advance();
        let is_there = advanced?;
        if let (Some(record), Some(packet)) = (self.record, self.capture.packet()) {
            self.bytes += record(packet);
        }
        self.packets += 1;
        if self.packets % STEP == 0 || !is_there {
            self.bar.inc(mem::take(&mut self.bytes));
        }
        Ok(is_there)
    }

    /// The packet that it is at.
    #[must_use]
    pub fn packet(&self) -> Option<Packet<'_>> {
        self.capture.packet()
    }

    /// Hands each packet to a closure with its number, from 1 on, until that has a reason to end;
    /// moves the bar.
    ///
    /// Returns how many packets there were, and the first error. That it was asked to stop is none.
    pub fn each(&mut self, mut take: impl FnMut(u64, Packet<'_>) -> Outcome) -> (u64, Outcome) {
        use std::ops::ControlFlow::{Break, Continue};
        let (bar, record) = (&self.bar, self.record);
        let (mut packets, mut bytes) = (0, self.bytes);
        let flow = self.capture.try_for_each(|packet| {
            packets += 1;
            if let Some(record) = record {
                bytes += record(packet);
                if packets % STEP == 0 {
                    bar.inc(mem::take(&mut bytes));
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
            Err(error) => Err(error.into()),
        };
        (packets, outcome)
    }
}

/// A savefile as [`Input::open`] opens it, without a bar.
///
/// # Errors
///
/// If it cannot be opened or is no savefile.
pub fn capture(path: &Path) -> Outcome<Capture<Offline>> {
    Ok(open(path, &ProgressBar::hidden())?.0)
}

/// Whether a file, but no pipe, begins as gzip does; `-` is standard input.
#[must_use]
pub fn is_gzip(path: &Path) -> bool {
    file(path).is_some_and(|mut file| {
        files::is_regular(&file) && compression(&mut file) == Some(Compression::Gzip)
    })
}

/// Opens a savefile, and tells whether it is read as it is: by libpcap's own way, the quick one.
fn open(path: &Path, bar: &ProgressBar) -> Outcome<(Capture<Offline>, bool)> {
    let capture = match file(path) {
        Some(mut file) if files::is_regular(&file) => match compression(&mut file) {
            Some(Compression::Gzip) => {
                let stream = Gunzip::new(bar.wrap_read(file));
                Capture::from_reader_named(stream, path.display().to_string())
            }
            Some(Compression::Other { name, unpack }) => {
                return Err(unreadable(path, name, unpack));
            }
            None => {
                drop(file);
                return plain(path);
            }
        },
        Some(file) if !files::is_folder(&file) => stream(file, path, bar)?,
        None if path == Path::new("-") => stream(io::stdin(), path, bar)?,
        // This says why not.
        _ => return plain(path),
    };
    Ok((capture?, false))
}

/// A file that can be opened; of standard input a descriptor more.
fn file(path: &Path) -> Option<File> {
    if path == Path::new("-") {
        files::stdin()
    } else {
        File::open(path).ok()
    }
}

fn plain(path: &Path) -> Outcome<(Capture<Offline>, bool)> {
    match Capture::from_file(path) {
        Ok(capture) => Ok((capture, true)),
        Err(error) if error.io_error().is_some_and(is_too_many_open) => {
            Err(Failure::TooManyOpen(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// What cannot be gone back in: its first bytes are put before the others again.
fn stream(
    stream: impl Read + Send + 'static,
    path: &Path,
    bar: &ProgressBar,
) -> Outcome<Result<Capture<Offline>, Error>> {
    let mut stream = Waiting::new(stream);
    let mut start = [0; compressed::LONGEST];
    let length = read_start(&mut stream, &mut start).map_err(|e| {
        let path = path.display();
        Failure::Text(format!("cannot read `{path}`: {e}"))
    })?;
    let compression = Compression::of_bytes(&start[..length]);
    let name = path.display().to_string();
    let start = Cursor::new(start).take(length as u64);
    let stream = bar.wrap_read(start.chain(stream));
    Ok(match compression {
        Some(Compression::Gzip) => Capture::from_reader_named(Gunzip::new(stream), name),
        Some(Compression::Other { name, unpack }) => return Err(unreadable(path, name, unpack)),
        None => Capture::from_reader_named(stream, name),
    })
}

/// A savefile that is compressed by something else than gzip.
fn unreadable(path: &Path, name: &str, unpack: &str) -> Failure {
    let path = path.display();
    Failure::Text(format!(
        "cannot read `{path}`: it is compressed by {name}; unpack it with `{unpack} {path}`, into a \
         file or into a pipe that is read as `-`"
    ))
}

/// How what follows in a file is compressed; the file stands where it stood.
fn compression(file: &mut File) -> Option<Compression> {
    let mut start = [0; compressed::LONGEST];
    let mut look = || {
        let position = file.stream_position()?;
        let length = read_start(&mut *file, &mut start);
        file.seek(SeekFrom::Start(position))?;
        length
    };
    // Who reads it next says why it cannot be read.
    let length = look().ok()?;
    Compression::of_bytes(&start[..length])
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
