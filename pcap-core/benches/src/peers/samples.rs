//! Packets in memory, and their times.

/// Packets in memory, with the layout of C's peer.
pub(crate) struct Samples {
    frames: Vec<Vec<u8>>,
}

impl Samples {
    pub(crate) fn new(frames: Vec<Vec<u8>>) -> Samples {
        Samples { frames }
    }

    pub(crate) fn frames(&self) -> &[Vec<u8>] {
        &self.frames
    }
}

/// Returns the time of the written packet of this number: seconds and microseconds.
pub(crate) fn time_of(number: u64) -> (u32, u32) {
    (
        1_700_000_000 + (number / 1_000_000) as u32,
        (number % 1_000_000) as u32,
    )
}
