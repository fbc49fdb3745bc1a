//! An error of one member of a group, with what the others did.
//!
//! May import: `error`, `stats`.

use std::fmt;

use crate::error::Error;
use crate::stats::Stats;

/// Why [`Fanout::for_each`](super::Fanout::for_each) ended, and what all members had done and counted by then.
///
/// With `?` one of an [`Error`] becomes that, and the rest is dropped.
///
/// # Examples
///
/// ```no_run
/// use pcap_core::Capture;
/// use pcap_core::os::linux::{Fanout, FanoutMode};
///
/// # fn main() -> pcap_core::Result<()> {
/// let members = Fanout::new(FanoutMode::Hash).activate(&Capture::from_device("eth0"), 2)?;
/// let done = Fanout::for_each(members, |_, capture| capture.for_each(|packet| println!("{packet:?}")));
/// let stats = match &done {
///     Ok((_, stats)) => *stats,
///     Err(failed) => failed.stats(),
/// };
/// eprintln!("{} received, {} dropped", stats.received, stats.dropped);
/// done?;
/// # Ok(()) }
/// ```
pub struct FanoutError<T, E = Error> {
    error: E,
    values: Vec<Option<T>>,
    stats: Stats,
}

impl<T, E> FanoutError<T, E> {
    pub(super) fn new(error: E, values: Vec<Option<T>>, stats: Stats) -> FanoutError<T, E> {
        FanoutError {
            error,
            values,
            stats,
        }
    }

    /// What failed first.
    #[must_use]
    pub fn error(&self) -> &E {
        &self.error
    }

    /// What the closures returned, in the order of the members; `None` for one that failed or was not
    /// started.
    #[must_use]
    pub fn values(&self) -> &[Option<T>] {
        &self.values
    }

    /// What all members together have counted, those that failed included. A member whose statistics
    /// cannot be had any more adds nothing.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// What failed first.
    #[must_use]
    pub fn into_error(self) -> E {
        self.error
    }

    /// All three.
    #[must_use]
    pub fn into_parts(self) -> (E, Vec<Option<T>>, Stats) {
        (self.error, self.values, self.stats)
    }
}

impl<T, E: fmt::Display> fmt::Display for FanoutError<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T, E: fmt::Debug> fmt::Debug for FanoutError<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FanoutError")
            .field("error", &self.error)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl<T, E: std::error::Error> std::error::Error for FanoutError<T, E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl<T> From<FanoutError<T, Error>> for Error {
    fn from(failed: FanoutError<T, Error>) -> Error {
        failed.error
    }
}
