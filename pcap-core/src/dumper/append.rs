//! Checks a savefile before records are appended to it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::format::Format;
use crate::error::{Error, ErrorKind, Result};
use crate::savefile::{FILE_HEADER, MAGIC_MICRO, MAGIC_NANO, RECORD_HEADER};

/// Checks that records may be appended to a file, given the format and the header that this crate would write. Seeks
/// to the end of the file and returns its length, which is 0 for an empty file.
#[inline]
pub(super) fn check(
    file: &mut File,
    format: Format,
    header: &[u8; FILE_HEADER],
    name: &str,
) -> Result<u64> {
    let io = |e| Error::io("append to", name.to_owned(), e);
    let refuse = |kind, text: String| Err(Error::cannot(kind, "append to", name.to_owned(), text));
    let length = file.seek(SeekFrom::End(0)).map_err(io)?;
    if length == 0 {
        return Ok(0);
    }
    if length < FILE_HEADER as u64 {
        return refuse(
            ErrorKind::SavefileTruncated,
            format!("expected a header of {FILE_HEADER} bytes, found {length}"),
        );
    }
    let mut file = io::BufReader::with_capacity(256 * 1024, file);
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let mut there = [0; FILE_HEADER];
    file.read_exact(&mut there).map_err(io)?;

    let magic = field(&there, 0);
    if magic != field(header, 0) {
        let (kind, text) = if matches!(magic, MAGIC_MICRO | MAGIC_NANO) {
            (
                ErrorKind::InvalidArgument,
                "its timestamps have a different precision",
            )
        } else if matches!(magic.swap_bytes(), MAGIC_MICRO | MAGIC_NANO) {
            (ErrorKind::Unsupported, "it has the opposite byte order")
        } else {
            (ErrorKind::SavefileBad, "it is not a classic pcap savefile")
        };
        return refuse(kind, text.into());
    }
    for (offset, what) in [(4, "version"), (16, "snaplen"), (20, "link type")] {
        let (there, here) = (field(&there, offset), field(header, offset));
        if there != here {
            return refuse(
                ErrorKind::InvalidArgument,
                format!("{what} mismatch: the file has {there}, expected {here}"),
            );
        }
    }

    let mut position = FILE_HEADER as u64;
    while position < length {
        let cut = |text: &str| {
            refuse(
                ErrorKind::SavefileTruncated,
                format!(
                    "its last record, at byte {position}, is {text}; truncate the file there first"
                ),
            )
        };
        if length - position < RECORD_HEADER as u64 {
            return cut("truncated within its header");
        }
        let mut record = [0; RECORD_HEADER];
        file.read_exact(&mut record).map_err(io)?;
        let caplen = field(&record, 8);
        let end = position + RECORD_HEADER as u64 + u64::from(caplen);
        if end > length {
            return cut("truncated or damaged");
        }
        if caplen > format.readable() {
            return refuse(
                ErrorKind::SavefileBad,
                format!(
                    "its record at byte {position} has a caplen of {caplen} bytes, which no reader accepts"
                ),
            );
        }
        file.seek_relative(i64::from(caplen)).map_err(io)?;
        position = end;
    }
    file.into_inner().seek(SeekFrom::End(0)).map_err(io)?;
    Ok(length)
}

/// Returns the 32-bit field at an offset of a header, in this machine's byte order.
#[inline]
fn field(bytes: &[u8], offset: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[offset..offset + 4]);
    u32::from_ne_bytes(number)
}
