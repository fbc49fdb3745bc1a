//! The sealed traits of the phases, below the public API. They cannot be named outside this crate.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::capture::live::{LiveHandle, Stopped};
use crate::capture::wait::WaitsFor;
use crate::error::{Error, Result};
use crate::filter::{CompileOptions, Filter, FilterSource};
use crate::handle::Handle;
use crate::packet::{Packet, PacketBatch};
use crate::stats::Stats;
use crate::timestamp::Precision;

/// Limits the phases to those of this crate.
#[allow(unreachable_pub)] // sealed: public in name only
pub trait Sealed {}

/// A phase with an open handle.
#[allow(unreachable_pub)] // as above
pub trait Opened {
    fn handle(&self) -> &Handle;
    fn precision(&self) -> Precision;
    /// Returns the bits above the link type in the header of a savefile.
    fn datalink_ext(&self) -> u32 {
        self.handle().datalink_ext()
    }
    fn compile(&self, expression: &str, options: CompileOptions) -> Result<Filter>;
}

/// The result of a read that does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(unreachable_pub)] // as above
pub enum Found {
    /// A packet; more may be available.
    Packet,
    /// No packet is available now.
    Nothing,
    /// The end: there will be no more packets.
    Eof,
}

/// The result of one read of many packets without waiting.
#[derive(Debug)]
#[allow(unreachable_pub)] // as above
pub struct BatchResult {
    /// The number of packets that the closure received.
    pub packets: u64,
    /// Whether the closure stopped the read.
    pub stopped: bool,
    /// What to expect of the next read. It can be `Packet` even if the closure received no packets, because a filter
    /// may have rejected them all, and `Nothing` after packets.
    pub found: Found,
}

impl BatchResult {
    /// Creates the result of a read at the end.
    pub(crate) fn eof() -> BatchResult {
        BatchResult {
            packets: 0,
            stopped: false,
            found: Found::Eof,
        }
    }
}

/// A phase that packets are read from. None of these methods checks the break latch, and only `wait` waits.
#[allow(unreachable_pub)] // as above
pub trait PacketSource: Opened {
    /// Calls the closure for at most `max` available packets.
    fn read_batch<F>(&mut self, max: u64, closure: &mut F) -> Result<BatchResult>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>;

    /// Makes the next packet the current one, if one is available.
    fn step(&mut self) -> Result<Found>;

    /// Makes the next packet the current one, if that takes no more than to parse its header and there is no break.
    /// `None` means that [`step`](Self::step) has more to do.
    #[inline]
    fn ready(&mut self) -> Option<Packet<'_>> {
        None
    }

    /// Returns whether the last read found that there are no more packets, so that the next one should wait first.
    /// Returns that once.
    fn is_known_empty(&mut self) -> bool {
        false
    }

    /// Returns the packet of the last step, if that found one.
    fn current(&self) -> Option<Packet<'_>>;

    /// Ends the loan of that packet, for a call that ends before a step.
    fn lend_none(&mut self);

    /// Copies the packets that are available into an empty batch, until that is full or there is a break.
    fn fill(&mut self, batch: &mut PacketBatch) -> Result<Found> {
        // The errors are lasting: each read returns them.
        fill(self, batch, |_, _| {})
    }

    /// Waits until there may be packets, a break, or the deadline. May return early.
    fn wait(&mut self, deadline: Option<Instant>) -> Result<()>;

    /// Returns how long `dispatch` waits for the first packet, after which it reads only available packets. `None`
    /// means that it reads until the end or its limit.
    fn patience(&self) -> Option<Duration>;

    /// Returns how long `dispatch` may run while packets keep arriving; `None` means no limit.
    fn longest(&self) -> Option<Duration>;

    /// Installs a filter.
    fn set_filter(&mut self, source: FilterSource<'_>) -> Result<()>;
}

/// Implements [`PacketSource::fill`] with the other methods. An error that follows packets is passed to `defer`, which
/// makes the next read return it.
pub(super) fn fill<S: PacketSource + ?Sized>(
    source: &mut S,
    batch: &mut PacketBatch,
    defer: impl FnOnce(&mut S, Error),
) -> Result<Found> {
    // When the call ends although packets keep arriving, as in `dispatch`.
    let mut over = None;
    loop {
        let read = source.read_batch(u64::MAX, &mut |packet| {
            batch.push(packet);
            match batch.is_full() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        let read = match read {
            Ok(read) => read,
            Err(error) if batch.is_empty() => return Err(error),
            Err(error) => {
                defer(source, error);
                return Ok(Found::Packet);
            }
        };
        let goes_on = read.packets > 0 && read.found == Found::Packet;
        if goes_on && !read.stopped && !source.handle().breaker().is_pending() {
            let Some(longest) = source.longest() else {
                continue;
            };
            let now = Instant::now();
            let end = *over.get_or_insert_with(|| now.checked_add(longest));
            if end.is_none_or(|end| now < end) {
                continue;
            }
        }
        return Ok(match read.found {
            _ if !batch.is_empty() => Found::Packet,
            // A filter has rejected them all.
            Found::Packet => Found::Nothing,
            found => found,
        });
    }
}

/// A phase that an event loop can wait for.
#[allow(unreachable_pub)] // as above
pub trait Waits: PacketSource {
    /// Returns the event that `wait` would wait for.
    fn waits_for(&mut self) -> WaitsFor;

    /// Returns whether `wait` would return at once, for packets or a break.
    fn is_ready(&self) -> Result<bool>;
}

/// A phase of a live capture.
#[allow(unreachable_pub)] // as above
pub trait OnDevice: PacketSource {
    fn live(&self) -> &LiveHandle;
    fn live_mut(&mut self) -> &mut LiveHandle;
    /// Returns whether reads wait inside libpcap, even in non-blocking mode.
    fn only_blocks(&self) -> bool;
    fn stats(&self) -> Result<Stats>;
    /// Stops receiving packets, as far as possible, and returns the condition for the end of the capture.
    fn stop(&mut self) -> Result<Stopped>;
}
