//! What the streams of all systems have in common: a user's reader, and the answer to going to another place.

use std::any::Any;
use std::io::{self, Read};
use std::ptr::NonNull;

use super::pcap_t;

/// A reader that can be given back as what it was.
pub(crate) trait Reader: Read + Send {
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<R: Read + Send + 'static> Reader for R {
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// What of a savefile libpcap was given, record by record or block by block.
#[allow(dead_code)] // not every system has all
pub(crate) trait Frames: Send {
    /// Takes note of bytes that libpcap got.
    fn passed(&mut self, bytes: &[u8]);

    /// Whether it is known where a record or block begins.
    fn is_known(&self) -> bool;

    /// Takes the bytes of the record or block that libpcap has in part, which it gets again.
    fn part(&mut self) -> Vec<u8>;
}

/// Checks the length that a user's reader returned for a buffer: of more bytes than it has room for, the rest is nowhere.
pub(crate) fn checked(length: usize, buffer: &[u8]) -> io::Result<usize> {
    let room = buffer.len();
    if length > room {
        let text = format!("the reader returned {length} bytes for a buffer of {room}");
        return Err(io::Error::other(text));
    }
    Ok(length)
}

/// Why a user's reader gives no more.
#[allow(dead_code)] // not every system has all
pub(crate) enum Failure {
    /// Its read returned this error.
    Error(io::Error),
    /// Its read panicked with this payload.
    Panic(Box<dyn Any + Send>),
}

/// The text of the error of each read after one that panicked: part of a record may be lost.
pub(crate) const PANICKED: &str = "the reader panicked";

/// How libpcap goes on at another place.
#[derive(Debug)]
#[allow(dead_code)] // not every system has all
pub(crate) enum Sought {
    /// It is there.
    There,
    /// By another handle, in the place of its own.
    Handle(NonNull<pcap_t>),
    /// There is nothing: the end.
    End,
}
