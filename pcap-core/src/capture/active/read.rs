//! Reading packets from a live capture.

use std::ffi::c_int;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::callback::{self, Dispatched};
use crate::capture::active::filtering::{FilterLocation, Screen, Set};
use crate::capture::active::socket_filter::SocketFilter;
use crate::capture::active::{Active, Vanished};
use crate::capture::phase::{self, BatchResult, Found, PacketSource, Waits};
use crate::capture::wait::{self, WaitsFor};
use crate::error::{ErrorKind, Result};
use crate::filter::FilterSource;
use crate::handle::Handle;
use crate::packet::{Packet, PacketBatch};
use crate::sys::linux::packet_socket;
use crate::sys::{self, platform};

/// How long after the packet-buffer timeout the last packets of a removed device may still arrive.
const LAST_PACKETS: Duration = Duration::from_millis(200);

impl Active {
    /// Calls `pcap_dispatch` once, without waiting.
    fn dispatch<F>(&mut self, max: u32, closure: &mut F) -> Result<Dispatched>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.count_read();
        self.started = true;
        let screens = self.screens()?;
        let done = match screens {
            false => callback::dispatch(&mut self.live.handle, max, closure),
            true => self.dispatch_screened(max, closure),
        };
        // libpcap reads a packet socket until its buffer is empty.
        let is_short = (1..max as c_int).contains(&done.status);
        self.emptied = is_short && !screens && self.socket_filter.is_some();
        self.outcome(done)
    }

    /// Returns whether the last read emptied the buffer. A wait then needs no other read before it, which would cost
    /// libpcap a poll.
    fn has_emptied(&self) -> bool {
        self.emptied && self.live.stopped.is_none() && self.vanished.is_none()
    }

    /// Delivers only the packets that pass, because the kernel has not applied the current filter to all of them.
    fn dispatch_screened<F>(&mut self, max: u32, closure: &mut F) -> Dispatched
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        let delivered = std::mem::replace(&mut self.live.handle.clock.longest, u32::MAX);
        let mut packets = 0;
        let mut screen = Screen {
            set: self.set.as_mut(),
            socket_filter: self.socket_filter.as_mut(),
        };
        let clock = Restored(&mut self.live.handle, delivered);
        let done = callback::dispatch(clock.0, max, &mut |packet| match screen.pass(packet) {
            None => ControlFlow::Continue(()),
            Some(packet) => {
                packets += 1;
                closure(packet)
            }
        });
        if let (0, Some(socket_filter)) = (done.packets, &mut screen.socket_filter) {
            socket_filter.found_empty();
        }
        Dispatched { packets, ..done }
    }

    /// Returns whether this process has to filter packets before it delivers them.
    fn screens(&mut self) -> Result<bool> {
        if self
            .socket_filter
            .as_ref()
            .is_some_and(SocketFilter::is_settled)
        {
            let held = self.held()?;
            if let Some(socket_filter) = &mut self.socket_filter {
                socket_filter.settled(held);
            }
        }
        let old = self
            .socket_filter
            .as_ref()
            .is_some_and(SocketFilter::has_old);
        let here = |set: &Set| set.location == FilterLocation::UserSpace;
        Ok(old || self.set.as_ref().is_some_and(here))
    }

    fn outcome(&mut self, done: Dispatched) -> Result<Dispatched> {
        let nothing = done.status >= 0 || done.status == sys::PCAP_ERROR_BREAK;
        // The closures that receive packets may change errno.
        let not_now =
            done.status == sys::PCAP_ERROR && done.packets == 0 && platform::would_block();
        if nothing || not_now {
            return match self.vanished.take() {
                Some(vanished) => self.after_vanishing(vanished, done),
                None => Ok(done),
            };
        }
        let error = self.live.handle.error(done.status, "read from");
        if error.kind() != ErrorKind::Disappeared {
            if self.live.waiter.is_in_libpcap() {
                // libdbus ends the process when a closed connection is read again.
                self.failed = Some(error.clone());
            }
            return Err(error);
        }
        let until =
            Instant::now() + self.live.timeout.min(Duration::from_secs(3600)) + LAST_PACKETS;
        let vanished = self.vanished.take().unwrap_or(Vanished { error, until });
        self.after_vanishing(vanished, done)
    }

    /// Interprets a read after libpcap has reported that the device was removed.
    fn after_vanishing(&mut self, mut vanished: Vanished, done: Dispatched) -> Result<Dispatched> {
        let now = Instant::now();
        if done.packets == 0 && now < vanished.until {
            self.vanished = Some(vanished);
            return Ok(done);
        }
        // libpcap looks the device up by name, which may have changed before the device went down. The socket stays
        // bound to the device while it exists.
        // SAFETY: the handle is open and activated.
        let fd = unsafe { platform::fileno(self.live.handle.as_ptr()) };
        let there = fd.is_some_and(|fd| {
            // SAFETY: the descriptor belongs to the handle, which stays open while it is borrowed.
            packet_socket::is_on_interface(unsafe { platform::borrow(fd) })
        });
        let found = done.packets > 0;
        let result = match found || there {
            true => Ok(done),
            false => Err(vanished.error.clone()),
        };
        if there {
            vanished.until = now + LAST_PACKETS;
        }
        // If there are packets although the device was removed, it has returned.
        self.vanished = Some(vanished).filter(|_| !(found && there));
        result
    }

    /// Advances to the next packet when the packets read ahead are used up.
    fn refill(&mut self) -> Result<Found> {
        if self.live.is_over() && !self.live.batch.has_error() {
            return Ok(Found::Eof);
        }
        let handed = self.live.handle.handed;
        self.fill()?;
        let found = self.live.handle.handed > handed;
        Ok(match self.live.batch.step() {
            true => Found::Packet,
            false if !found && self.live.is_empty() => Found::Eof,
            false => Found::Nothing,
        })
    }

    /// Reads a batch ahead.
    fn fill(&mut self) -> Result<()> {
        let mut batch = self.live.batch.take();
        let filled =
            batch.fill(|batch| self.dispatch(batch.limit(), &mut |packet| batch.push(packet)));
        self.live.batch = batch;
        filled
    }
}

/// Restores the maximum number of bytes per packet, even if a closure panics.
struct Restored<'a>(&'a mut Handle, u32);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        self.0.clock.longest = self.1;
    }
}

impl Vanished {
    /// Returns the interval until the next try. The device's descriptor stays ready, so it cannot be waited for.
    fn pause(&self) -> Duration {
        let left = self.until.saturating_duration_since(Instant::now());
        left.min(Duration::from_millis(10))
    }
}

impl PacketSource for Active {
    fn read_batch<F>(&mut self, max: u64, closure: &mut F) -> Result<BatchResult>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        if let Some(ahead) = self.live.batch_ahead(max, closure) {
            return ahead;
        }
        let wanted = max.min(u64::from(callback::MAX_SLICE)) as u32;
        let done = self.dispatch(wanted, closure)?;
        Ok(BatchResult {
            packets: done.packets.into(),
            stopped: done.stopped,
            // Never wait after a read that delivered or rejected something.
            found: match done.packets == 0 && done.status <= 0 {
                true if self.live.is_empty() => Found::Eof,
                true => Found::Nothing,
                false if self.has_emptied() => Found::Nothing,
                false => Found::Packet,
            },
        })
    }

    #[inline]
    fn step(&mut self) -> Result<Found> {
        if self.live.batch.step() {
            return Ok(Found::Packet);
        }
        self.refill()
    }

    #[inline(always)] // else the packet would be passed in memory
    fn ready(&mut self) -> Option<Packet<'_>> {
        match self.live.handle.breaker().is_pending() {
            true => None,
            false => self.live.batch.ready(),
        }
    }

    #[inline]
    fn current(&self) -> Option<Packet<'_>> {
        self.live.batch.current()
    }

    fn lend_none(&mut self) {
        self.live.batch.lend_none();
    }

    fn is_known_empty(&mut self) -> bool {
        self.live.batch.is_used_up() && self.has_emptied() && std::mem::take(&mut self.emptied)
    }

    fn fill(&mut self, batch: &mut PacketBatch) -> Result<Found> {
        // The kernel may report an error only once.
        phase::fill(self, batch, |active, error| active.live.batch.defer(error))
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Result<()> {
        self.sample();
        let deadline = self.live.wait_until(deadline);
        let Some(vanished) = &self.vanished else {
            return self.live.waiter.wait(&self.live.handle, deadline);
        };
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        let pause = vanished.pause();
        let pause = left.map_or(pause, |left| left.min(pause));
        wait::sleep(&self.live.handle, pause).map(|_| ())
    }

    fn patience(&self) -> Option<Duration> {
        Some(self.live.patience())
    }

    fn longest(&self) -> Option<Duration> {
        Some(self.live.longest())
    }

    fn set_filter(&mut self, source: FilterSource<'_>) -> Result<()> {
        Ok(self.install(source)?)
    }
}

impl Waits for Active {
    fn waits_for(&mut self) -> WaitsFor {
        self.sample();
        match &self.vanished {
            None => self
                .live
                .waiter
                .waits_for(&self.live.handle)
                .at_most(self.live.until_over()),
            Some(vanished) => WaitsFor::Event {
                descriptor: None,
                pause: Some(vanished.pause()),
            },
        }
    }

    fn is_ready(&self) -> Result<bool> {
        match &self.vanished {
            None => self.live.waiter.is_ready(&self.live.handle),
            Some(_) => wait::sleep(&self.live.handle, Duration::ZERO),
        }
    }
}
