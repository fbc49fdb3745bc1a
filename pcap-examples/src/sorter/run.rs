//! A sorted run of items in a temporary file, which the system removes when it is closed.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use pcap_core::Timestamp;

use crate::exit::{Failure, Outcome};
use crate::sorter::Item;

/// The length of an item without its data.
const HEADER: usize = 32;
/// The buffer of each file.
const BUFFER: usize = 256 * 1024;

/// Appends an item to a buffer.
#[inline]
pub(super) fn push(bytes: &mut Vec<u8>, item: &Item<'_>) {
    bytes.extend_from_slice(&header(item));
    bytes.extend_from_slice(item.data);
}

fn header(item: &Item<'_>) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&item.time.secs().to_ne_bytes());
    header[8..12].copy_from_slice(&item.time.subsec_nanos().to_ne_bytes());
    header[12..20].copy_from_slice(&item.number.to_ne_bytes());
    header[20..24].copy_from_slice(&item.wire_len.to_ne_bytes());
    header[24..28].copy_from_slice(&item.kind.to_ne_bytes());
    // The data of a packet is shorter than 4 GiB.
    header[28..].copy_from_slice(&(item.data.len() as u32).to_ne_bytes());
    header
}

/// Returns the item at the start of a buffer.
#[inline]
pub(super) fn item(bytes: &[u8]) -> Item<'_> {
    let encoded = encoded(bytes);
    let number32 = |at: usize| u32::from_ne_bytes([0, 1, 2, 3].map(|i| encoded[at + i]));
    let number64 =
        |at: usize| u64::from_ne_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|i| encoded[at + i]));
    Item {
        time: Timestamp::new(number64(0) as i64, i64::from(number32(8))),
        number: number64(12),
        wire_len: number32(20),
        kind: number32(24),
        data: &encoded[HEADER..],
    }
}

/// Returns the bytes of the item at the start of a buffer.
#[inline]
pub(super) fn encoded(bytes: &[u8]) -> &[u8] {
    &bytes[..HEADER + data_length(bytes)]
}

fn data_length(bytes: &[u8]) -> usize {
    u32::from_ne_bytes([28, 29, 30, 31].map(|at| bytes[at])) as usize
}

/// A complete run.
#[derive(Debug)]
pub(super) struct Run(File);

/// Writes a run.
pub(super) struct RunWriter(BufWriter<File>);

impl RunWriter {
    pub(super) fn create() -> Outcome<RunWriter> {
        let file = tempfile::tempfile().map_err(|e| failure("create", &e))?;
        Ok(RunWriter(BufWriter::with_capacity(BUFFER, file)))
    }

    /// Writes the bytes of an item.
    pub(super) fn write(&mut self, encoded: &[u8]) -> Outcome {
        self.0.write_all(encoded).map_err(|e| failure("write", &e))
    }

    /// Writes an item.
    pub(super) fn write_item(&mut self, item: &Item<'_>) -> Outcome {
        self.write(&header(item))?;
        self.write(item.data)
    }

    pub(super) fn finish(self) -> Outcome<Run> {
        let mut file = self
            .0
            .into_inner()
            .map_err(|e| failure("write", e.error()))?;
        file.rewind().map_err(|e| failure("read", &e))?;
        Ok(Run(file))
    }
}

/// Reads the items of a run.
pub(super) struct RunReader {
    file: BufReader<File>,
    /// The current item.
    bytes: Vec<u8>,
}

impl RunReader {
    /// Opens a run. Call [`advance`](Self::advance) before the first item.
    pub(super) fn new(run: Run) -> RunReader {
        RunReader {
            file: BufReader::with_capacity(BUFFER, run.0),
            bytes: Vec::new(),
        }
    }

    /// Advances to the next item. Returns `false` at the end of the run.
    pub(super) fn advance(&mut self) -> Outcome<bool> {
        let read = self.read_item();
        read.map_err(|e| failure("read", &e))
    }

    fn read_item(&mut self) -> io::Result<bool> {
        self.bytes.resize(HEADER, 0);
        let first = self.file.read(&mut self.bytes)?;
        if first == 0 {
            return Ok(false);
        }
        self.file.read_exact(&mut self.bytes[first..])?;
        let length = data_length(&self.bytes);
        self.bytes.resize(HEADER + length, 0);
        self.file.read_exact(&mut self.bytes[HEADER..])?;
        Ok(true)
    }

    /// Returns the current item.
    pub(super) fn item(&self) -> Item<'_> {
        item(&self.bytes)
    }
}

/// The sorted items in memory.
pub(super) struct MemoryRun<'a> {
    bytes: &'a [u8],
    /// The current item, and those after it.
    places: &'a [(Timestamp, usize)],
}

impl<'a> MemoryRun<'a> {
    pub(super) fn new(bytes: &'a [u8], places: &'a [(Timestamp, usize)]) -> MemoryRun<'a> {
        MemoryRun { bytes, places }
    }

    /// Returns the current item, if there is one.
    pub(super) fn item(&self) -> Option<Item<'a>> {
        let &(_, at) = self.places.first()?;
        Some(item(&self.bytes[at..]))
    }

    /// Advances to the next item.
    pub(super) fn advance(&mut self) {
        self.places = self.places.get(1..).unwrap_or_default();
    }
}

fn failure(operation: &str, error: &io::Error) -> Failure {
    let folder = std::env::temp_dir();
    Failure::Text(format!(
        "cannot {operation} a temporary file in `{}`: {error}; TMPDIR names another folder, and --sort-memory may \
         avoid temporary files",
        folder.display()
    ))
}
