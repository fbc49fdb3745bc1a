//! Estimates the length of compressed savefiles whose data waits for the compressor.

use std::sync::{Arc, Mutex, PoisonError};

/// The most bytes that a compressor holds before it writes some.
const HELD: u64 = 128 << 10;
/// Beyond this number of bytes, older savefiles count less and less.
const MEMORY: u64 = 64 << 20;

/// How well the savefiles of an output were compressed so far. Without compression, lengths are exact. The clones share
/// the numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct CompressionRatio(Arc<Mutex<Sums>>);

/// The bytes of closed savefiles.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    input: u64,
    output: u64,
}

impl CompressionRatio {
    /// Adds a closed savefile: its length before and after compression.
    pub(super) fn add(&self, input: u64, output: u64) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sums.input += input;
        sums.output += output;
        while sums.input > MEMORY {
            sums.input /= 2;
            sums.output /= 2;
        }
    }

    /// Returns the length that data will have. `input` bytes of the savefile have reached the compressor, which has
    /// written `output` bytes of them.
    pub(crate) fn estimate(&self, waiting: u64, input: u64, output: u64) -> u64 {
        let sums = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let input = sums.input + input;
        let output = sums.output + output + HELD;
        if output >= input {
            return waiting;
        }
        (u128::from(waiting) * u128::from(output) / u128::from(input)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_estimated_from_what_was_compressed() {
        let ratio = CompressionRatio::default();
        // Nothing is known yet.
        assert_eq!(ratio.estimate(1000, 0, 0), 1000);
        assert_eq!(ratio.estimate(1000, 1000, 10), 1000);
        // The savefile itself tells.
        let estimate = ratio.estimate(1 << 20, 32 << 20, 8 << 20);
        assert!((256 << 10..264 << 10).contains(&estimate), "{estimate}");
        // Newer savefiles count more.
        ratio.add(60 << 20, 60 << 20);
        assert_eq!(ratio.estimate(1000, 0, 0), 1000);
        for _ in 0..20 {
            ratio.add(60 << 20, 6 << 20);
        }
        let estimate = ratio.estimate(1000, 0, 0);
        assert!((100..110).contains(&estimate), "{estimate}");
    }
}
