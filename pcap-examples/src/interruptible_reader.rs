//! Reads a pipe so that Ctrl-C can end the program while the pipe has no data.

use std::io::{self, Cursor, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::signals;

/// The size of each read, in bytes.
const CHUNK_SIZE: usize = 64 * 1024;
/// The number of chunks that the thread reads ahead.
const CHUNKS_AHEAD: usize = 4;
/// How often a waiting program checks for a request to end.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A reader that reports the end of its data after a request to end the program.
///
/// A separate thread reads the pipe, because Ctrl-C does not interrupt a read that waits for data.
#[derive(Debug)]
pub struct InterruptibleReader {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Cursor<Vec<u8>>,
}

impl InterruptibleReader {
    /// Starts the thread that reads from `reader`.
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
                // Sending fails if the program has dropped the receiver.
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
