//! The precision of timestamps.

#[allow(unused_imports)] // for the documentation
use super::Timestamp;

/// The precision of the timestamps of a capture or savefile.
///
/// A [`Timestamp`] always has nanoseconds; with [`Micro`](Precision::Micro) its last three digits are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Precision {
    /// Microseconds.
    Micro,
    /// Nanoseconds, the default.
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
