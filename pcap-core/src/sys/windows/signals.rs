//! Signals, which do not interrupt anything here.

/// Does nothing.
pub(crate) struct Postponed;

impl Postponed {
    /// Does nothing.
    pub(crate) fn new() -> Postponed {
        Postponed
    }
}
