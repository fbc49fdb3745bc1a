//! The protocol of FUSE, as in `linux/fuse.h`: requests of the kernel, and replies.

use std::fs::File;
use std::io::{Read, Write};

/// The most bytes that a request writes.
pub(super) const MAX_WRITE: u32 = 128 * 1024;
/// The size of the buffer for requests: one that writes, and headers.
pub(super) const BUFFER: usize = MAX_WRITE as usize + 8192;
/// The length of the header of each request.
const HEADER: usize = 40;

/// The errors of requests that are not specific to a fault.
pub(super) const ENOENT: i32 = 2;
pub(super) const ENOSYS: i32 = 38;

/// What the kernel asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Lookup,
    Forget,
    GetAttributes,
    SetAttributes,
    Unlink,
    Rename,
    Open,
    Read,
    Write,
    FileSystem,
    Release,
    Sync,
    Flush,
    Init,
    OpenFolder,
    ReadFolder,
    Create,
    Interrupt,
    Other,
}

/// A request of the kernel.
pub(super) struct Request<'a> {
    pub(super) operation: Operation,
    pub(super) unique: u64,
    /// The number of the file or of the folder.
    pub(super) node: u64,
    body: &'a [u8],
}

/// Receives the next request. Returns `None` if the file system is unmounted.
pub(super) fn receive<'a>(mut device: &File, buffer: &'a mut [u8]) -> Option<Request<'a>> {
    // Other errors are those of requests that were interrupted.
    let length = loop {
        match device.read(buffer) {
            Ok(length) if length >= HEADER => break length,
            Err(error) if error.raw_os_error() == Some(ENOENT) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            _ => return None,
        }
    };
    let (header, body) = buffer[..length].split_at(HEADER);
    let header = Request {
        operation: Operation::Other,
        unique: 0,
        node: 0,
        body: header,
    };
    let operation = match header.word(4) {
        1 => Operation::Lookup,
        2 | 42 => Operation::Forget,
        3 => Operation::GetAttributes,
        4 => Operation::SetAttributes,
        10 => Operation::Unlink,
        12 | 45 => Operation::Rename,
        14 => Operation::Open,
        15 => Operation::Read,
        16 => Operation::Write,
        17 => Operation::FileSystem,
        18 | 29 => Operation::Release,
        20 | 30 => Operation::Sync,
        25 => Operation::Flush,
        26 => Operation::Init,
        27 => Operation::OpenFolder,
        28 => Operation::ReadFolder,
        35 => Operation::Create,
        36 => Operation::Interrupt,
        _ => Operation::Other,
    };
    Some(Request {
        operation,
        unique: header.long(8),
        node: header.long(16),
        body,
    })
}

impl Request<'_> {
    /// Returns the number of 32 bits at an offset, or 0 if the request is shorter.
    pub(super) fn word(&self, at: usize) -> u32 {
        let bytes = self.body.get(at..at + 4).and_then(|it| it.try_into().ok());
        bytes.map_or(0, u32::from_ne_bytes)
    }

    /// Returns the number of 64 bits at an offset, or 0 if the request is shorter.
    pub(super) fn long(&self, at: usize) -> u64 {
        let bytes = self.body.get(at..at + 8).and_then(|it| it.try_into().ok());
        bytes.map_or(0, u64::from_ne_bytes)
    }

    /// Returns the bytes from an offset on.
    pub(super) fn bytes(&self, at: usize) -> &[u8] {
        self.body.get(at..).unwrap_or_default()
    }

    /// Returns the names from an offset on, each of which ends with a zero.
    pub(super) fn names(&self, at: usize) -> Vec<String> {
        let names = self.bytes(at).split(|&byte| byte == 0);
        let names = names.map(|name| String::from_utf8_lossy(name).into_owned());
        names.filter(|name| !name.is_empty()).collect()
    }
}

/// Sends a reply: the body, or a number of an error.
pub(super) fn reply(mut device: &File, unique: u64, reply: Result<Reply, i32>) {
    let (error, body) = match reply {
        Ok(reply) => (0, reply.0),
        Err(error) => (-error, Vec::new()),
    };
    let mut bytes = ((16 + body.len()) as u32).to_ne_bytes().to_vec();
    bytes.extend(error.to_ne_bytes());
    bytes.extend(unique.to_ne_bytes());
    bytes.extend(body);
    // The kernel no longer waits for some replies.
    let _ = device.write(&bytes);
}

/// The body of a reply.
#[derive(Default)]
pub(super) struct Reply(Vec<u8>);

impl Reply {
    pub(super) fn word(mut self, word: u32) -> Reply {
        self.0.extend(word.to_ne_bytes());
        self
    }

    pub(super) fn long(mut self, long: u64) -> Reply {
        self.0.extend(long.to_ne_bytes());
        self
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Reply {
        self.0.extend(bytes);
        self
    }

    /// Adds the answer to the first request.
    pub(super) fn init(self) -> Reply {
        const VERSION: [u32; 2] = [7, 31];
        // Requests that write more than a page, and several reads at the same time.
        const BIG_WRITES: u32 = 1 << 5;
        const ASYNC_READ: u32 = 1;
        let reply = self.word(VERSION[0]).word(VERSION[1]);
        let reply = reply.word(MAX_WRITE).word(BIG_WRITES | ASYNC_READ);
        // The number of requests in the background, as two numbers of 16 bits, and the unit of times.
        let reply = reply.word(0).word(MAX_WRITE).word(1);
        reply.bytes(&[0; 36])
    }

    /// Adds the attributes of a file or of the folder.
    pub(super) fn attributes(self, node: u64, size: u64, is_folder: bool) -> Reply {
        let mode = if is_folder { 0o040_755 } else { 0o100_644 };
        let reply = self.long(node).long(size).long(size.div_ceil(512));
        let reply = reply.long(0).long(0).long(0).word(0).word(0).word(0);
        reply
            .word(mode)
            .word(1)
            .word(0)
            .word(0)
            .word(0)
            .word(4096)
            .word(0)
    }
}
