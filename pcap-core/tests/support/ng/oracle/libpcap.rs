//! libpcap, called as in C.

use super::super::super::differential::{Raw, Theirs, memory};

/// What libpcap reads of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// Whether it opens the file.
    pub(crate) opens: bool,
    /// The times in seconds and nanoseconds, the captured and the original lengths, and the data.
    pub(crate) packets: Vec<Raw>,
    /// The error on opening the file, or after the packets.
    pub(crate) error: Option<String>,
}

/// Reads a file to its end, or to the first error.
pub(crate) fn libpcap(bytes: &[u8]) -> Read {
    let mut bytes = bytes.to_vec();
    let mut read = Read {
        opens: false,
        packets: Vec::new(),
        error: None,
    };
    let theirs = match Theirs::open(memory(&mut bytes)) {
        Ok(theirs) => theirs,
        Err(error) => {
            read.error = Some(error);
            return read;
        }
    };
    read.opens = true;
    loop {
        match theirs.next() {
            Ok(Some(packet)) => read.packets.push(packet),
            Ok(None) => return read,
            Err(error) => {
                read.error = Some(error);
                return read;
            }
        }
    }
}
