//! Reads in a thread of its own: a pipe, so that Ctrl-C can end the program while it has no data, or compressed data,
//! which is decompressed ahead of the program.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use crate::signals;

/// The size of each read, in bytes.
const CHUNK_SIZE: usize = 64 * 1024;
/// The number of chunks that the thread reads ahead.
const CHUNKS_AHEAD: usize = 8;
/// How often a waiting program checks whether it must end.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A reader that reports the end of its data if there is none when the program must end.
///
/// A separate thread reads the data, because Ctrl-C does not interrupt a read that waits for data. What the thread has
/// read is available at once.
#[derive(Debug)]
pub struct InterruptibleReader {
    chunks: Receiver<io::Result<Chunk>>,
    /// Returns chunks to the thread, which uses them again.
    used: Sender<Chunk>,
    chunk: Chunk,
    /// The number of bytes of the chunk that were read.
    position: usize,
}

/// Data that was read: the first `length` bytes of the buffer.
#[derive(Debug, Default)]
struct Chunk {
    buffer: Vec<u8>,
    length: usize,
}

impl InterruptibleReader {
    /// Starts the thread that reads from `reader`.
    #[must_use]
    pub fn new(reader: impl Read + Send + 'static) -> InterruptibleReader {
        let (sender, chunks) = sync_channel(CHUNKS_AHEAD);
        let (used, unused) = channel();
        let of_thread = sender.clone();
        let started = thread::Builder::new().spawn(move || {
            let (sender, mut reader) = (of_thread, reader);
            loop {
                let read = read_chunk(&mut reader, unused.try_recv().unwrap_or_default());
                let is_over = !read.as_ref().is_ok_and(|chunk| chunk.length > 0);
                // Sending fails if the program has dropped the receiver.
                if sender.send(read).is_err() || is_over {
                    return;
                }
            }
        });
        if let Err(error) = started {
            // The first read returns it. The channel has space.
            let _ = sender.send(Err(error));
        }
        InterruptibleReader {
            chunks,
            used,
            chunk: Chunk::default(),
            position: 0,
        }
    }
}

/// Reads a chunk, which is empty at the end of the data.
fn read_chunk(reader: &mut impl Read, mut chunk: Chunk) -> io::Result<Chunk> {
    chunk.buffer.resize(CHUNK_SIZE, 0);
    loop {
        match reader.read(&mut chunk.buffer) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            read => {
                chunk.length = read?;
                return Ok(chunk);
            }
        }
    }
}

impl Read for InterruptibleReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let unread = &self.chunk.buffer[self.position..self.chunk.length];
            if !unread.is_empty() || buffer.is_empty() {
                let length = unread.len().min(buffer.len());
                buffer[..length].copy_from_slice(&unread[..length]);
                self.position += length;
                return Ok(length);
            }
            match self.chunks.recv_timeout(POLL_INTERVAL) {
                Ok(chunk) => {
                    let used = std::mem::replace(&mut self.chunk, chunk?);
                    self.position = 0;
                    // Sending fails if the thread has ended.
                    let _ = self.used.send(used);
                    if self.chunk.length == 0 {
                        return Ok(0);
                    }
                }
                Err(RecvTimeoutError::Timeout) if signals::end().is_none() => {}
                Err(_) => return Ok(0),
            }
        }
    }
}
