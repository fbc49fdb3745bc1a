//! Decisions that the bytes of an input make.

#![allow(dead_code)]

/// The rest of an input.
pub(crate) struct Choices<'a>(pub(crate) &'a [u8]);

impl Choices<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the next byte; 0 after the last one.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(crate) fn is_so(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    /// Returns a number of any magnitude.
    pub(crate) fn u64(&mut self) -> u64 {
        let count = self.below(9);
        (0..count).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    pub(crate) fn u32(&mut self) -> u32 {
        self.u64() as u32
    }

    /// Returns some bytes that follow from one.
    pub(crate) fn bytes(&mut self, limit: usize) -> Vec<u8> {
        let length = self.below(limit);
        let first = self.byte();
        (0..length).map(|n| first.wrapping_add(n as u8)).collect()
    }

    /// Returns a short text without NUL.
    pub(crate) fn text(&mut self) -> String {
        let length = self.below(12);
        let letter = self.pick(&['a', '\u{e4}', '\u{65e5}', ' ']);
        (0..length).map(|_| letter).collect()
    }
}
