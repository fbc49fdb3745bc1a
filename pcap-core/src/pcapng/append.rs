//! Checks a pcapng savefile before a section is appended to it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};

const SECTION: u32 = 0x0a0d_0d0a;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// The length of the shortest block, which consists of the fields at the start and end of every block.
const SHORTEST: u64 = 12;

/// Opens a file for appending, or creates it. Checks that it consists of complete blocks, and returns its length.
pub(super) fn open(path: &Path, name: &str) -> Result<(File, u64)> {
    let io = |e| Error::io("append to", name.to_owned(), e);
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)
        .map_err(io)?;
    let length = file.seek(SeekFrom::End(0)).map_err(io)?;
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let mut blocks = Walk {
        file: io::BufReader::with_capacity(256 * 1024, &mut file),
        name,
        length,
        position: 0,
        swapped: false,
    };
    while blocks.position < length {
        blocks.next()?;
    }
    file.seek(SeekFrom::End(0)).map_err(io)?;
    Ok((file, length))
}

/// A walk through the blocks of a file.
struct Walk<'a> {
    file: io::BufReader<&'a mut File>,
    name: &'a str,
    length: u64,
    position: u64,
    /// Whether the byte order of the section differs from this machine's.
    swapped: bool,
}

impl Walk<'_> {
    /// Advances past the next block.
    fn next(&mut self) -> Result<()> {
        let left = self.length - self.position;
        if left < SHORTEST {
            return Err(self.truncated());
        }
        let [kind, length, third] = self.numbers()?;
        if kind == SECTION {
            self.swapped = match third {
                BYTE_ORDER => false,
                other if other.swap_bytes() == BYTE_ORDER => true,
                _ => return Err(self.bad("has an unknown byte order")),
            };
        } else if self.position == 0 {
            return Err(self.bad("is not a section header: the file is not a pcapng savefile"));
        }
        let length = u64::from(self.in_order(length));
        if length < SHORTEST || length % 4 != 0 {
            return Err(self.bad(&format!("has an invalid length of {length} bytes")));
        }
        if length > left {
            return Err(self.truncated());
        }
        // The length is repeated at the end of a block. In the shortest block, that is the third number.
        let trailer = if length == SHORTEST {
            third
        } else {
            self.skip(length - SHORTEST - 4)?;
            self.number()?
        };
        if u64::from(self.in_order(trailer)) != length {
            return Err(self.bad("has different lengths at its start and end"));
        }
        self.position += length;
        Ok(())
    }

    fn in_order(&self, number: u32) -> u32 {
        match self.swapped {
            true => number.swap_bytes(),
            false => number,
        }
    }

    fn numbers(&mut self) -> Result<[u32; 3]> {
        Ok([self.number()?, self.number()?, self.number()?])
    }

    fn number(&mut self) -> Result<u32> {
        let mut bytes = [0; 4];
        let read = self.file.read_exact(&mut bytes);
        read.map_err(|e| Error::io("append to", self.name.to_owned(), e))?;
        Ok(u32::from_ne_bytes(bytes))
    }

    fn skip(&mut self, bytes: u64) -> Result<()> {
        // A block has less than 4 GiB.
        let skipped = self.file.seek_relative(bytes as i64);
        skipped.map_err(|e| Error::io("append to", self.name.to_owned(), e))
    }

    fn truncated(&self) -> Error {
        let position = self.position;
        let text = format!(
            "its last block, at byte {position}, is truncated; truncate the file there first"
        );
        self.refuse(ErrorKind::SavefileTruncated, text)
    }

    fn bad(&self, what: &str) -> Error {
        let text = format!("its block at byte {} {what}", self.position);
        self.refuse(ErrorKind::SavefileBad, text)
    }

    fn refuse(&self, kind: ErrorKind, text: String) -> Error {
        Error::cannot(kind, "append to", self.name.to_owned(), text)
    }
}
