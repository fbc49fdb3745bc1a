//! What the streams of all systems have in common: a user's reader, and the answer to going to another place.
//!
//! May import: `ffi`.

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
