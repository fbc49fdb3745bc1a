//! The parts that the streams of all systems share: a user's reader, and the result of a seek.

use std::any::Any;
use std::io::{self, Read};
use std::ptr::NonNull;

use super::pcap_t;

/// A reader that can be returned as its original type.
pub(crate) trait Reader: Send {
    /// Reads as [`Read::read`] does. `Read` itself is not a supertrait, because then all of its provided methods would
    /// be compiled for each type of reader.
    fn read_bytes(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

impl<R: Read + Send + 'static> Reader for R {
    fn read_bytes(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read(buffer)
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

/// Tracks which parts of a savefile libpcap has read, record by record or block by block.
#[allow(dead_code)] // some systems do not use all of them
pub(crate) trait Frames: Send {
    /// Notes bytes that libpcap has read.
    fn passed(&mut self, bytes: &[u8]);

    /// Returns whether the start of the current record or block is known.
    fn is_known(&self) -> bool;

    /// Takes the bytes of the record or block that libpcap has read in part, so that it can read them again.
    fn part(&mut self) -> Vec<u8>;
}

/// Checks that the length that a user's reader returned does not exceed the buffer.
pub(crate) fn checked(length: usize, buffer: &[u8]) -> io::Result<usize> {
    let size = buffer.len();
    if length > size {
        let text = format!("the reader returned {length} bytes for a buffer of {size} bytes");
        return Err(io::Error::other(text));
    }
    Ok(length)
}

/// Why a user's reader failed.
#[allow(dead_code)] // some systems do not use all of them
pub(crate) enum Failure {
    /// The read returned this error.
    Error(io::Error),
    /// The read panicked with this payload.
    Panic(Box<dyn Any + Send>),
}

/// The error text of each read after one that panicked, because part of a record may be lost.
pub(crate) const PANICKED: &str = "the reader panicked";

/// How libpcap continues reading at another offset.
#[derive(Debug)]
#[allow(dead_code)] // some systems do not use all of them
pub(crate) enum Sought {
    /// With the same handle.
    There,
    /// With another handle, which replaces its own.
    Handle(NonNull<pcap_t>),
    /// There is no more data.
    End,
}
