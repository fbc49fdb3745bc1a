//! The results of the threads of a group.

use std::fmt;

use crate::error::Error;
use crate::stats::Stats;

/// The result of [`FanoutGroup::run`](super::FanoutGroup::run): the values of the closures, the statistics of all
/// members, and the first error.
///
/// # Examples
///
/// ```no_run
/// use pcap_core::os::linux::{Fanout, FanoutMode};
/// use pcap_core::{Capture, Error};
///
/// # fn main() -> pcap_core::Result<()> {
/// let group = Fanout::new(FanoutMode::Hash).activate(&Capture::from_device("eth0"), 2)?;
/// let outcome = group.run(|_, capture| {
///     capture.for_each(|packet| println!("{packet:?}"))?;
///     Ok::<_, Error>(())
/// });
/// let stats = outcome.stats();
/// eprintln!("{} received, {} dropped", stats.received, stats.dropped);
/// outcome.into_result()?;
/// # Ok(()) }
/// ```
#[must_use = "this outcome may contain errors, which should be handled"]
pub struct FanoutOutcome<T, E = Error> {
    values: Vec<Option<T>>,
    stats: Stats,
    error: Option<E>,
}

impl<T, E> FanoutOutcome<T, E> {
    pub(super) fn new(values: Vec<Option<T>>, stats: Stats, error: Option<E>) -> Self {
        FanoutOutcome {
            values,
            stats,
            error,
        }
    }

    /// Returns the values of the closures in the order of the members. The value is `None` for a closure that failed or
    /// was not started.
    #[must_use]
    pub fn values(&self) -> &[Option<T>] {
        &self.values
    }

    /// Returns the [statistics of the group](super::FanoutGroup::stats), including the members whose closures failed. A
    /// member whose statistics cannot be read adds nothing.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Returns the first error, if any. See [`FanoutGroup::for_each`](super::FanoutGroup::for_each).
    #[must_use]
    pub fn error(&self) -> Option<&E> {
        self.error.as_ref()
    }

    /// Returns the values of the closures and the statistics of all members, if there was no error.
    ///
    /// # Errors
    ///
    /// The call returns the first error. See [`FanoutGroup::for_each`](super::FanoutGroup::for_each).
    pub fn into_result(self) -> Result<(Vec<T>, Stats), E> {
        match self.error {
            Some(error) => Err(error),
            None => Ok((self.values.into_iter().flatten().collect(), self.stats)),
        }
    }

    /// Returns the values of the closures, the statistics and the first error.
    #[must_use]
    pub fn into_parts(self) -> (Vec<Option<T>>, Stats, Option<E>) {
        (self.values, self.stats, self.error)
    }
}

impl<T, E: fmt::Debug> fmt::Debug for FanoutOutcome<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FanoutOutcome")
            .field("stats", &self.stats)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
