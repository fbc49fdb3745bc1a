//! Reading packets from a savefile.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::callback;
use crate::capture::offline::Offline;
use crate::capture::offline::filtering::Filtering;
use crate::capture::offline::route::Route;
use crate::capture::offline::walk;
use crate::capture::phase::{self, BatchResult, Found, PacketSource, Waits};
use crate::capture::wait::{self, LOOK_AGAIN, Waiter, Waiting, WaitsFor};
use crate::error::Result;
use crate::filter::{Filter, FilterSource};
use crate::packet::{Packet, PacketBatch};
use crate::savefile::Walk;
use crate::sys::platform;

impl Offline {
    /// Returns the descriptor to wait for when a pipe has no data now.
    pub(super) fn descriptor(&self) -> Option<platform::RawFd> {
        match &self.route {
            Route::Records(_) | Route::Blocks(_) | Route::Fed(_) => {
                self.stream.as_ref()?.waits_for()
            }
            _ => None,
        }
    }

    /// Returns the packet of the last step, if the record reader did not read it.
    #[inline(never)]
    fn current_elsewhere(&self) -> Option<Packet<'_>> {
        match &self.route {
            Route::Blocks(blocks) => blocks.current(),
            _ => self.batch.current(),
        }
    }

    /// Returns whether libpcap waits for each packet: that of a reader.
    fn waits_for_each(&self) -> bool {
        matches!(self.route, Route::Libpcap) && self.batch.limit() == 1
    }

    fn waiter(&self) -> Option<Waiter> {
        let descriptor = self.descriptor();
        // A pipe reports its readiness without delay.
        descriptor.map(|fd| Waiter::new(Waiting::Descriptor(fd), Duration::MAX))
    }
}

impl PacketSource for Offline {
    fn read_batch<F>(&mut self, max: u64, closure: &mut F) -> Result<BatchResult>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        let breaker = self.handle.breaker();
        if !self.route.is_ours() {
            let filter = self.filtering.one();
            if let Some(ahead) = self.batch.read_batch(max, filter, breaker, closure) {
                return ahead;
            }
            self.resume();
        }
        if self.route.is_ours() {
            return self.walk_batch(max, closure);
        }
        if self.filtering.one().is_some_and(Filter::jumps_backward) {
            return self.read_one(closure);
        }
        let wanted = max.min(u64::from(callback::MAX_SLICE)) as u32;
        let (done, found) = self.dispatch(wanted, closure)?;
        Ok(BatchResult {
            packets: done.packets.into(),
            stopped: done.stopped,
            found,
        })
    }

    #[inline]
    fn step(&mut self) -> Result<Found> {
        loop {
            if let Some(found) = self.walk()? {
                return Ok(found);
            }
            while self.batch.step() {
                // libpcap may not have filtered these packets.
                if self.filtering.wants(self.batch.current()) {
                    return Ok(Found::Packet);
                }
            }
            if self.resume() {
                continue;
            }
            match self.read_ahead()? {
                Found::Packet => {}
                other => return Ok(other),
            }
            if self.handle.breaker().is_pending() {
                return Ok(Found::Nothing);
            }
        }
    }

    #[inline(always)] // else the packet would be passed in memory
    fn ready(&mut self) -> Option<Packet<'_>> {
        if !self.filtering.is_all() || self.handle.breaker().is_pending() {
            return None;
        }
        match &mut self.route {
            Route::Records(records) => records.ready(),
            Route::Blocks(blocks) => blocks.ready(),
            _ => None,
        }
    }

    #[inline(always)] // else the packet would be passed in memory
    fn current(&self) -> Option<Packet<'_>> {
        match &self.route {
            Route::Records(records) => records.current(),
            _ => self.current_elsewhere(),
        }
    }

    fn lend_none(&mut self) {
        match &mut self.route {
            Route::Records(records) => records.lend_none(),
            Route::Blocks(blocks) => blocks.lend_none(),
            _ => self.batch.lend_none(),
        }
    }

    fn fill(&mut self, batch: &mut PacketBatch) -> Result<Found> {
        // A read of many packets may find none although there are some, so the first one is read by itself.
        let found = self.step()?;
        if found == Found::Packet {
            let (filtering, breaker) = (&self.filtering, self.handle.breaker());
            match &mut self.route {
                Route::Records(records) => walk::gather(records, filtering, breaker, batch),
                Route::Blocks(blocks) => walk::gather(blocks, filtering, breaker, batch),
                // libpcap had to read this packet.
                _ => {
                    batch.extend(self.batch.current());
                    self.batch.lend_none();
                    if !batch.is_full() && !self.waits_for_each() {
                        return phase::fill(self, batch, |_, _| {});
                    }
                }
            }
        }
        Ok(found)
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Result<()> {
        if !self.follow {
            // Reading from a file or a reader itself waits.
            let waiter = self.waiter();
            return waiter.map_or(Ok(()), |waiter| waiter.wait(&self.handle, deadline));
        }
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        let pause = left.map_or(LOOK_AGAIN, |left| left.min(LOOK_AGAIN));
        wait::sleep(&self.handle, pause)?;
        Ok(())
    }

    fn patience(&self) -> Option<Duration> {
        self.follow.then_some(Duration::ZERO)
    }

    fn longest(&self) -> Option<Duration> {
        None
    }

    fn set_filter(&mut self, source: FilterSource<'_>) -> Result<()> {
        if let Some(filtering) = self.filter_per_linktype(&source)? {
            self.filtering = filtering;
            return Ok(());
        }
        let filter = self.handle.filter(&source, false, None)?;
        if self.route.may_be_libpcaps() {
            self.hand_to_libpcap(&filter)?;
        }
        self.filtering = Filtering::One(filter, source.into_owned());
        Ok(())
    }
}

impl Waits for Offline {
    fn waits_for(&mut self) -> WaitsFor {
        let (descriptor, pause) = match (self.follow, self.descriptor()) {
            (true, _) => (None, Some(LOOK_AGAIN)),
            (false, Some(descriptor)) => (Some(descriptor), None),
            (false, None) => return WaitsFor::Nothing,
        };
        WaitsFor::Event { descriptor, pause }
    }

    fn is_ready(&self) -> Result<bool> {
        match self.waiter() {
            None => wait::sleep(&self.handle, Duration::ZERO),
            Some(waiter) => waiter.is_ready(&self.handle),
        }
    }
}
