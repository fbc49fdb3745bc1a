//! A buffered reader of compressed data, which knows its position.

use std::io::{self, BufRead, ErrorKind, Read};

/// The size of each read, in bytes.
const BUFFER_SIZE: usize = 64 * 1024;

/// Compressed data.
pub(super) struct CompressedInput<R> {
    reader: R,
    buffer: Box<[u8]>,
    /// The part of the buffer that is not consumed yet.
    start: usize,
    end: usize,
    /// The number of bytes consumed.
    position: u64,
    /// Whether a read has found the end of the data.
    has_ended: bool,
}

impl<R: Read> CompressedInput<R> {
    pub(super) fn new(reader: R) -> CompressedInput<R> {
        CompressedInput {
            reader,
            buffer: vec![0; BUFFER_SIZE].into(),
            start: 0,
            end: 0,
            position: 0,
            has_ended: false,
        }
    }

    /// Returns the number of bytes consumed.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Returns whether a read has found the end of the data.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Returns the next bytes without consuming them: at least `length` of them, unless the data ends before.
    pub(super) fn peek(&mut self, length: usize) -> io::Result<&[u8]> {
        while self.end - self.start < length && !self.has_ended {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            self.read_more()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Reads once, to the end of the buffer.
    fn read_more(&mut self) -> io::Result<()> {
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(length) => {
                    self.end += length;
                    self.has_ended = length == 0;
                    return Ok(());
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl<R: Read> BufRead for CompressedInput<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            self.read_more()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, length: usize) {
        self.start += length;
        self.position += length as u64;
    }
}

impl<R: Read> Read for CompressedInput<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}
