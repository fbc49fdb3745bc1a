//! Reads a pipe without blocking the program.

use std::io::{self, Cursor, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::signals;

/// The number of bytes that are read at once.
const CHUNK_SIZE: usize = 64 * 1024;
/// The number of chunks that are read ahead.
const CHUNKS_AHEAD: usize = 4;
/// How often the program checks for a request to end.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A reader that ends on a request to end, even if the pipe has no data: a separate thread blocks in the pipe, because
/// Ctrl-C does not end a call that waits for one.
#[derive(Debug)]
pub struct InterruptibleReader {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Cursor<Vec<u8>>,
}

impl InterruptibleReader {
    /// Starts the thread that reads.
    #[must_use]
    pub fn new(mut reader: impl Read + Send + 'static) -> InterruptibleReader {
        let (sender, chunks) = sync_channel(CHUNKS_AHEAD);
        thread::spawn(move || {
            loop {
                let mut chunk = vec![0; CHUNK_SIZE];
                let read = match reader.read(&mut chunk) {
                    Ok(0) => return,
                    Ok(length) => {
                        chunk.truncate(length);
                        Ok(chunk)
                    }
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    Err(e) => Err(e),
                };
                let is_over = read.is_err();
                // The program has dropped its end.
                if sender.send(read).is_err() || is_over {
                    return;
                }
            }
        });
        InterruptibleReader {
            chunks,
            chunk: Cursor::default(),
        }
    }
}

impl Read for InterruptibleReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.chunk.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            match self.chunks.recv_timeout(POLL_INTERVAL) {
                Ok(chunk) => self.chunk = Cursor::new(chunk?),
                Err(RecvTimeoutError::Timeout) if signals::end_requested().is_none() => {}
                Err(_) => return Ok(0),
            }
        }
    }
}
