//! The data that the writer thread has not taken yet.

use std::collections::VecDeque;

/// The length of a chunk, in bytes. The writer thread takes one chunk at a time.
const CHUNK_SIZE: usize = 256 * 1024;
/// The number of empty chunks that are kept for reuse.
const MAX_SPARE: usize = 4;

/// A queue of bytes in chunks, so that a long queue needs no large block of memory and no copying.
#[derive(Debug, Default)]
pub(super) struct Queue {
    chunks: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    length: usize,
}

impl Queue {
    /// Returns the number of bytes.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Appends bytes.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len();
        while !bytes.is_empty() {
            let chunk = match self.chunks.pop_back() {
                Some(chunk) if chunk.len() < CHUNK_SIZE => chunk,
                full => {
                    self.chunks.extend(full);
                    self.spare.pop().unwrap_or_default()
                }
            };
            self.chunks.push_back(chunk);
            if let Some(chunk) = self.chunks.back_mut() {
                let length = bytes.len().min(CHUNK_SIZE - chunk.len());
                let (start, rest) = bytes.split_at(length);
                chunk.extend_from_slice(start);
                bytes = rest;
            }
        }
    }

    /// Moves the first chunk to `taken`, whose buffer is used again.
    pub(super) fn take(&mut self, taken: &mut Vec<u8>) {
        let used = std::mem::replace(taken, self.chunks.pop_front().unwrap_or_default());
        self.length -= taken.len();
        if self.spare.len() < MAX_SPARE && used.capacity() > 0 {
            self.spare.push(used);
            if let Some(spare) = self.spare.last_mut() {
                spare.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_leave_the_queue_in_order() {
        let mut queue = Queue::default();
        let (mut written, mut read, mut chunk) = (Vec::new(), Vec::new(), Vec::new());
        for length in [0, 1, CHUNK_SIZE - 1, 1, CHUNK_SIZE, 3 * CHUNK_SIZE + 5, 7] {
            let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            queue.push(&bytes);
            written.extend(bytes);
            if length % 2 == 1 {
                queue.take(&mut chunk);
                read.extend_from_slice(&chunk);
            }
            assert_eq!(queue.len(), written.len() - read.len());
        }
        while !queue.is_empty() {
            queue.take(&mut chunk);
            read.extend_from_slice(&chunk);
        }
        assert!(read == written);
    }
}
