//! The part of a savefile in memory: what has been read, and not walked yet.

use std::fs::File;
use std::io;
use std::ops::Range;

use crate::packet::PacketBatch;
use crate::savefile::{LONGEST, RECORD_HEADER};
use crate::sys::platform;

/// Reads go to addresses that equal their offsets in the file, modulo this number of bytes. Some processors copy half
/// as fast if the two differ by a few bytes within a page.
const ALIGNMENT: usize = 64;

/// The size of the buffer, which can contain the longest record, wherever the reads are aligned. One system call reads
/// a record and the data after it. Longer blocks make the buffer [grow](Window::grow).
const SIZE: usize = RECORD_HEADER + LONGEST + ALIGNMENT;

/// A buffer that moves along a savefile.
#[derive(Debug)]
pub(super) struct Window {
    /// The file to read from; `None` to read from the stream, at its position.
    file: Option<File>,
    /// The walkers use this field and the next directly: they move one while they lend from the other.
    pub(super) buffer: Box<[u8]>,
    /// The part of the buffer that has been read, but not walked yet.
    pub(super) unread: Range<usize>,
    /// The offset in the file of the end of that part.
    end: u64,
}

impl Window {
    /// Creates a window at an offset of a file; without a file, at the position of the stream.
    pub(super) fn new(file: Option<File>, position: u64) -> Window {
        Window {
            file,
            buffer: vec![0; SIZE].into_boxed_slice(),
            unread: 0..0,
            end: position,
        }
    }

    /// Returns the bytes that have been read, but not walked yet.
    #[inline]
    pub(super) fn unread(&self) -> &[u8] {
        &self.buffer[self.unread.clone()]
    }

    /// Returns the same bytes, and the index where they start, which the walker moves.
    #[inline(always)]
    pub(super) fn parts(&mut self) -> (&[u8], &mut usize) {
        (&self.buffer[self.unread.clone()], &mut self.unread.start)
    }

    /// Reads more after the rest; returns false if there is no more.
    #[cold]
    pub(super) fn refill(&mut self, stream: &mut Option<platform::Stream>) -> io::Result<bool> {
        // Moves fewer bytes than were walked, so that a search in a full buffer is not slowed down by moves.
        let (walked, room) = (self.unread.start, self.buffer.len() - self.unread.end);
        if walked >= self.unread.len() || room == 0 {
            self.move_down();
        }
        let free = &mut self.buffer[self.unread.end..];
        let read = match (&self.file, stream) {
            (Some(file), _) => platform::read_at(file, free, self.end)?,
            (None, Some(stream)) => stream.read(free)?,
            (None, None) => 0,
        };
        self.unread.end += read;
        self.end += read as u64;
        Ok(read > 0)
    }

    /// Moves the unread bytes to the start of the buffer, to where the next read is aligned.
    fn move_down(&mut self) {
        let length = self.unread.len();
        let start = match length {
            0 => self.aligned(0),
            _ => self.aligned(length).min(self.unread.start),
        };
        self.buffer.copy_within(self.unread.clone(), start);
        self.unread = start..start + length;
    }

    /// Returns the index for this number of unread bytes at which the read after them is aligned.
    fn aligned(&self, length: usize) -> usize {
        let end = self.buffer.as_ptr().addr() + length;
        (self.end as usize).wrapping_sub(end) % ALIGNMENT
    }

    /// Puts the bytes from an address in the buffer into a batch. If they are most of what the buffer contains, hands
    /// over the buffer in exchange for that of the batch. Otherwise copies them.
    pub(super) fn give(&mut self, address: usize, length: usize, batch: &mut PacketBatch) {
        let start = address - self.buffer.as_ptr().addr();
        let data = start..start + length;
        let room = self.buffer.len();
        let is_most = length >= room / 4 && self.unread.len() <= room / 16;
        if !is_most || batch.room() > room {
            return batch.add(&self.buffer[data]);
        }
        batch.exchange(data, |mut other| {
            if other.len() < room {
                other = vec![0; room].into_boxed_slice();
            }
            let buffer = std::mem::replace(&mut self.buffer, other);
            let rest = &buffer[self.unread.clone()];
            let start = self.aligned(rest.len());
            self.unread = start..start + rest.len();
            self.buffer[self.unread.clone()].copy_from_slice(rest);
            buffer
        });
    }

    /// Makes room for more if the buffer is full. The room doubles, so a length that a damaged savefile only claims
    /// costs no memory.
    pub(super) fn grow(&mut self) {
        if self.buffer.len() - self.unread.len() < ALIGNMENT {
            let mut buffer = vec![0; 2 * self.buffer.len()].into_boxed_slice();
            buffer[..self.unread.len()].copy_from_slice(self.unread());
            self.unread = 0..self.unread.len();
            self.buffer = buffer;
        }
    }

    /// Adds bytes of the stream that were read before the window existed.
    pub(super) fn prepend(&mut self, bytes: &[u8]) {
        let length = self.buffer.len().max(bytes.len());
        let mut buffer = vec![0; length].into_boxed_slice();
        buffer[..bytes.len()].copy_from_slice(bytes);
        self.buffer = buffer;
        self.unread = 0..bytes.len();
        self.end += bytes.len() as u64;
    }

    /// Returns the file that is read.
    pub(super) fn into_file(self) -> Option<File> {
        self.file
    }

    /// Continues at an offset in the file.
    pub(super) fn go_to(&mut self, position: u64) {
        let behind = position
            .checked_sub(self.position())
            .and_then(|behind| usize::try_from(behind).ok());
        match behind {
            Some(behind) if behind <= self.unread.len() => self.unread.start += behind,
            _ => {
                self.unread = 0..0;
                self.end = position;
            }
        }
    }

    /// Returns the offset in the file of the next byte to walk.
    pub(super) fn position(&self) -> u64 {
        self.end - self.unread.len() as u64
    }

    /// Returns the offset in the file up to which it has been read.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Returns the file that is read, at any offset; `None` if it is a stream.
    pub(super) fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }
}

#[cfg(test)]
mod tests;
