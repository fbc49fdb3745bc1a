//! What a run read.
//!
//! May import: nothing of this program.

/// What a run read, to check that all peers read the same. Its last member makes each reader load a byte of every
/// packet. C has the same structure.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// The sum of all packets' last bytes.
    pub(crate) last: u64,
}

impl Tally {
    #[inline]
    pub(crate) fn add(&mut self, data: &[u8]) {
        self.packets += 1;
        self.bytes += data.len() as u64;
        self.last += u64::from(data.last().copied().unwrap_or(0));
    }
}
