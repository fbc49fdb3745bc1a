//! An open group and its reader threads.

use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

use super::FanoutOutcome;
use crate::breakloop::BreakHandle;
use crate::capture::{Active, Capture};
use crate::error::{Error, Result};
use crate::stats::Stats;

/// A group of captures, opened by [`Fanout::activate`](super::Fanout::activate).
///
/// Dropping the group closes all its captures.
///
/// # Examples
///
/// Each thread writes its own savefile:
///
/// ```no_run
/// use pcap_core::os::linux::{Fanout, FanoutMode};
/// use pcap_core::{Capture, Error};
///
/// # fn main() -> pcap_core::Result<()> {
/// let group = Fanout::new(FanoutMode::Hash).activate(&Capture::from_device("eth0"), 2)?;
/// let (counts, _) = group.for_each(|number, capture| {
///     let mut dumper = capture.dump(format!("part-{number}.pcap"))?;
///     for _ in 0..1000 {
///         match capture.next_packet()? {
///             Some(packet) => dumper.write(packet)?,
///             None => break,
///         }
///     }
///     dumper.close()?;
///     Ok::<_, Error>(())
/// })?;
/// assert_eq!(counts.len(), 2);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct FanoutGroup(Vec<Capture<Active>>);

impl FanoutGroup {
    #[inline]
    pub(super) fn new(members: Vec<Capture<Active>>) -> FanoutGroup {
        FanoutGroup(members)
    }

    /// Returns the members, in the order of their numbers.
    #[must_use]
    #[inline]
    pub fn members(&self) -> &[Capture<Active>] {
        &self.0
    }

    /// Returns the members mutably, in the order of their numbers, for example to read packets or to set filters.
    #[must_use]
    #[inline]
    pub fn members_mut(&mut self) -> &mut [Capture<Active>] {
        &mut self.0
    }

    /// Converts the group into a list of its members. The kernel still treats them as a group.
    #[must_use]
    #[inline]
    pub fn into_members(self) -> Vec<Capture<Active>> {
        self.0
    }

    /// Returns a break handle for each member, in the order of their numbers.
    #[must_use]
    #[inline]
    pub fn break_handles(&self) -> Vec<BreakHandle> {
        self.0.iter().map(Capture::break_handle).collect()
    }

    /// Returns the statistics of the group. Each counter is the sum of the members' counters, except
    /// [`if_dropped`](Stats::if_dropped), which counts the same packets for all members.
    ///
    /// # Errors
    ///
    /// The errors of [`Capture::stats`].
    #[inline]
    pub fn stats(&self) -> Result<Stats> {
        let mut total = Stats::default();
        for member in &self.0 {
            total.merge(member.stats()?);
        }
        Ok(total)
    }

    /// Runs a closure for each member in a separate thread. The closure receives the member's number and its capture.
    /// The call waits for all threads. It returns the values of the closures, in the order of the members, and the
    /// [statistics](Self::stats) of the group.
    ///
    /// When a closure returns, its member is closed and leaves the group, and the others take over its share of the
    /// packets. To end all closures, use the [break handles](Self::break_handles).
    ///
    /// # Errors
    ///
    /// The call returns the first error:
    ///
    /// - The error of a closure.
    /// - The errors of [`Capture::stats`], when a closure has returned.
    /// - [`Io`](crate::ErrorKind::Io) if the operating system cannot start a thread.
    ///
    /// After the first error, the call interrupts each of the other members with one break, and waits until all
    /// closures have returned. The values and statistics of all members are lost; [`run`](Self::run) returns them
    /// together with the error.
    ///
    /// # Panics
    ///
    /// Panics if a closure panics. As after an error, the call first interrupts the other members and waits for them.
    pub fn for_each<T, E, F>(self, closure: F) -> Result<(Vec<T>, Stats), E>
    where
        T: Send,
        E: From<Error> + Send,
        F: Fn(usize, &mut Capture<Active>) -> Result<T, E> + Sync,
    {
        self.run(closure).into_result()
    }

    /// Runs a closure for each member as [`for_each`](Self::for_each) does, and returns all values and statistics even
    /// if there is an error.
    ///
    /// # Panics
    ///
    /// Those of `for_each`.
    pub fn run<T, E, F>(self, closure: F) -> FanoutOutcome<T, E>
    where
        T: Send,
        E: From<Error> + Send,
        F: Fn(usize, &mut Capture<Active>) -> Result<T, E> + Sync,
    {
        let over = Over {
            handles: self.break_handles(),
            error: Mutex::new(None),
        };
        let (closure, over) = (&closure, &over);
        let work = move |number, mut member: Capture<Active>| {
            let panics = EndOthers(over);
            let done = closure(number, &mut member);
            std::mem::forget(panics);
            let stats = member.stats();
            drop(member);
            let value = done.map_err(|error| over.fail(error)).ok();
            let stats = stats.map_err(|error| over.fail(error.into()));
            (value, stats.unwrap_or_default())
        };
        let count = self.0.len();
        let done: Vec<_> = thread::scope(|scope| {
            let mut threads = Vec::with_capacity(count);
            for (number, member) in self.0.into_iter().enumerate() {
                let thread = Builder::new().name(format!("member {number}"));
                match thread.spawn_scoped(scope, move || work(number, member)) {
                    Ok(thread) => threads.push(thread),
                    Err(error) => {
                        over.fail(Error::io("start a thread", None, error).into());
                        break;
                    }
                }
            }
            let ended: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
            ended
        });
        let mut values = Vec::with_capacity(done.len());
        let mut total = Stats::default();
        for done in done {
            let done = done.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            let (value, stats) = done;
            values.push(value);
            total.merge(stats);
        }
        values.resize_with(count, || None);
        let mut error = over.error.lock().unwrap_or_else(PoisonError::into_inner);
        FanoutOutcome::new(values, total, error.take())
    }
}

impl IntoIterator for FanoutGroup {
    type Item = Capture<Active>;
    type IntoIter = std::vec::IntoIter<Capture<Active>>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a FanoutGroup {
    type Item = &'a Capture<Active>;
    type IntoIter = std::slice::Iter<'a, Capture<Active>>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a mut FanoutGroup {
    type Item = &'a mut Capture<Active>;
    type IntoIter = std::slice::IterMut<'a, Capture<Active>>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

/// The shared state of the threads, which ends all of them when one fails.
struct Over<E> {
    handles: Vec<BreakHandle>,
    error: Mutex<Option<E>>,
}

impl<E> Over<E> {
    /// Stores the error if it is the first, and ends the other members.
    fn fail(&self, error: E) {
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none() {
            *first = Some(error);
            self.end();
        }
    }

    fn end(&self) {
        self.handles.iter().for_each(BreakHandle::breakloop);
    }
}

/// Ends the other members when it is dropped during a panic.
struct EndOthers<'a, E>(&'a Over<E>);

impl<E> Drop for EndOthers<'_, E> {
    fn drop(&mut self) {
        self.0.end();
    }
}
