//! The precision of timestamps.

#[allow(unused_imports)] // of the documentation
use super::Timestamp;

/// The precision of the timestamps that a capture delivers or a savefile holds.
///
/// [`Timestamp`] has nanoseconds with either; with [`Micro`](Precision::Micro) the last three
/// digits are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Precision {
    /// Microseconds.
    Micro,
    /// Nanoseconds.
    #[default]
    Nano,
}

impl Precision {
    /// Returns the number of nanoseconds in one unit of this precision.
    pub(crate) const fn nanos(self) -> i64 {
        match self {
            Precision::Micro => 1000,
            Precision::Nano => 1,
        }
    }
}
