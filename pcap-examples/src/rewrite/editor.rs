//! The bytes of a packet that changes, with the checksums that cover them.

use super::checksum;

/// Changes bytes of a packet, and keeps account of what that means for the checksums that cover them.
#[derive(Debug, Default)]
pub(super) struct Editor {
    data: Vec<u8>,
    /// The ranges of the checksums whose headers are being read, the outermost first.
    ranges: Vec<Range>,
}

/// The bytes that a checksum covers.
#[derive(Debug)]
struct Range {
    start: usize,
    end: usize,
    /// By how much the sum of the bytes has changed.
    difference: u64,
}

impl Editor {
    /// Begins another packet.
    pub(super) fn load(&mut self, data: &[u8]) {
        self.data.clear();
        self.data.extend_from_slice(data);
        self.ranges.clear();
    }

    /// Returns the bytes of the packet.
    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    /// Returns the bytes of the packet, to insert, append or remove some. No checksum may be open.
    pub(super) fn data_mut(&mut self) -> &mut Vec<u8> {
        &mut self.data
    }

    /// Returns the bytes at an offset, or `None` if the packet ends before.
    pub(super) fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.data.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    /// Returns the byte at an offset.
    pub(super) fn u8(&self, at: usize) -> Option<u8> {
        self.data.get(at).copied()
    }

    /// Returns the 16-bit number at an offset.
    pub(super) fn u16(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    /// Replaces the bytes at an offset. Those after the end of the packet are ignored.
    pub(super) fn put(&mut self, at: usize, new: &[u8]) {
        let Some(old) = self.data.get_mut(at..) else {
            return;
        };
        let length = old.len().min(new.len());
        let (old, new) = (&mut old[..length], &new[..length]);
        if old == new {
            return;
        }
        for range in &mut self.ranges {
            let (start, end) = (at.max(range.start), (at + length).min(range.end));
            if start < end {
                let part = start - at..end - at;
                let difference = checksum::difference(&old[part.clone()], &new[part]);
                // At an odd offset, the bytes of each number are swapped.
                range.difference += u64::from(match (start - range.start) % 2 {
                    0 => difference,
                    _ => difference.swap_bytes(),
                });
            }
        }
        old.copy_from_slice(new);
    }

    /// Replaces the bytes of a range with zeros.
    pub(super) fn zero(&mut self, start: usize, end: usize) {
        const ZEROS: [u8; 4096] = [0; 4096];
        let end = end.min(self.data.len());
        for start in (start..end).step_by(ZEROS.len()) {
            self.put(start, &ZEROS[..ZEROS.len().min(end - start)]);
        }
    }

    /// Begins the range of a checksum, whose sum has already changed by `difference` outside of the range.
    pub(super) fn open(&mut self, start: usize, end: usize, difference: u16) {
        self.ranges.push(Range {
            start,
            end,
            difference: difference.into(),
        });
    }

    /// Adds to the change of the sum of the innermost range.
    pub(super) fn add_difference(&mut self, difference: u16) {
        if let Some(range) = self.ranges.last_mut() {
            range.difference += u64::from(difference);
        }
    }

    /// Ends the innermost range, and returns by how much its sum has changed.
    pub(super) fn close(&mut self) -> u64 {
        self.ranges.pop().map_or(0, |range| range.difference)
    }
}
