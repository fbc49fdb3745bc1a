//! Reading packets from a live capture.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::callback::{self, Dispatched};
use crate::capture::active::filtering::{FilterLocation, Screen, Set};
use crate::capture::active::inflow::Inflow;
use crate::capture::active::{Active, Vanished};
use crate::capture::phase::{Slice, Source, Step, Then};
use crate::capture::wait::{self, Waiting, WaitsFor};
use crate::error::{ErrorKind, Result};
use crate::filter::FilterSource;
use crate::handle::Handle;
use crate::packet::Packet;
use crate::sys::linux::packet_socket;
use crate::sys::{self, platform};

/// How often reads sample libpcap's counters, so that no wrap of their 32 bits is missed.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// Reads between two checks of the clock for that.
const SAMPLE_READS: u32 = 4096;

/// How long after the packet-buffer timeout the last packets of a removed device may still come.
const LAST_PACKETS: Duration = Duration::from_millis(200);

impl Active {
    /// Samples libpcap's counters if it is time.
    fn sample(&mut self) {
        self.reads = 0;
        if self.sampled.elapsed() >= SAMPLE_EVERY {
            self.sampled = Instant::now();
            // Only a capture without statistics can fail here, and has no counters to lose.
            let _ = self.stats();
        }
    }

    /// Calls `pcap_dispatch` once, without waiting.
    fn dispatch<F>(&mut self, max: u32, closure: &mut F) -> Result<Dispatched>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        if self.remote.is_some() {
            self.started = true;
            return self.dispatch_remote(max, closure);
        }
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.reads += 1;
        if self.reads >= SAMPLE_READS {
            self.sample();
        }
        self.started = true;
        let done = match self.screens()? {
            false => callback::dispatch(&mut self.handle, max, closure),
            true => self.dispatch_screened(max, closure),
        };
        self.outcome(done)
    }

    /// Delivers the packets that pass, if the kernel has not judged all of them by the current filter.
    fn dispatch_screened<F>(&mut self, max: u32, closure: &mut F) -> Dispatched
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        let delivered = std::mem::replace(&mut self.handle.clock.longest, u32::MAX);
        let mut packets = 0;
        let mut screen = Screen {
            set: self.set.as_mut(),
            inflow: self.inflow.as_mut(),
        };
        let clock = Restored(&mut self.handle, delivered);
        let done = callback::dispatch(clock.0, max, &mut |packet| match screen.pass(packet) {
            None => ControlFlow::Continue(()),
            Some(packet) => {
                packets += 1;
                closure(packet)
            }
        });
        if let (0, Some(inflow)) = (done.packets, &mut screen.inflow) {
            inflow.found_empty();
        }
        Dispatched { packets, ..done }
    }

    /// Returns whether this process has to judge packets before it delivers them.
    fn screens(&mut self) -> Result<bool> {
        if self.inflow.as_ref().is_some_and(Inflow::is_settled) {
            let held = self.held()?;
            if let Some(inflow) = &mut self.inflow {
                inflow.settled(held);
            }
        }
        let old = self.inflow.as_ref().is_some_and(Inflow::has_old);
        let here = |set: &Set| set.location == FilterLocation::UserSpace;
        Ok(old || self.set.as_ref().is_some_and(here))
    }

    fn outcome(&mut self, done: Dispatched) -> Result<Dispatched> {
        let nothing = done.status >= 0 || done.status == sys::PCAP_ERROR_BREAK;
        // The closures that receive packets may change errno.
        let not_now =
            done.status == sys::PCAP_ERROR && done.packets == 0 && platform::would_block();
        if nothing || not_now {
            return match self.vanished.is_some() {
                true => self.after_vanishing(done),
                false => Ok(done),
            };
        }
        let error = self.handle.error(done.status, "read from");
        if error.kind() != ErrorKind::Disappeared {
            if self.waiter.is_in_libpcap() {
                // libdbus ends the process when a closed connection is read again.
                self.failed = Some(error.clone());
            }
            return Err(error);
        }
        let until = Instant::now() + self.timeout.min(Duration::from_secs(3600)) + LAST_PACKETS;
        self.vanished.get_or_insert(Vanished { error, until });
        self.after_vanishing(done)
    }

    /// Interprets a read after libpcap has reported that the device is gone.
    fn after_vanishing(&mut self, done: Dispatched) -> Result<Dispatched> {
        let now = Instant::now();
        let Some(vanished) = &mut self.vanished else {
            return Ok(done);
        };
        if done.packets == 0 && now < vanished.until {
            return Ok(done);
        }
        // libpcap looks the device up by name, which may have changed before the device went down. The socket stays
        // bound to the device while it exists.
        // SAFETY: the handle is open and activated.
        let fd = unsafe { platform::fileno(self.handle.as_ptr()) };
        let there = fd.is_some_and(|fd| {
            // SAFETY: the descriptor belongs to the handle, which stays open while it is borrowed.
            packet_socket::is_there(unsafe { platform::borrow(fd) })
        });
        match (done.packets, there) {
            (0, true) => vanished.until = now + LAST_PACKETS,
            (0, false) => return Err(vanished.error.clone()),
            (_, true) => self.vanished = None,
            (_, false) => {}
        }
        Ok(done)
    }

    /// Advances to the next packet when the packets read ahead are used up.
    fn refill(&mut self) -> Result<Step> {
        if self.is_over() && !self.batch.has_error() {
            return Ok(Step::Eof);
        }
        let handed = self.handle.handed;
        self.fill()?;
        let found = self.handle.handed > handed;
        Ok(match self.batch.step() {
            true => Step::Packet,
            false if !found && self.is_empty() => Step::Eof,
            false => Step::Wait,
        })
    }

    /// Reads a batch ahead.
    fn fill(&mut self) -> Result<()> {
        let mut batch = self.batch.take();
        let filled =
            batch.fill(|batch| self.dispatch(batch.limit(), &mut |packet| batch.push(packet)));
        self.batch = batch;
        filled
    }
}

/// Restores the number of bytes delivered per packet, also when a closure panics.
struct Restored<'a>(&'a mut Handle, u32);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        self.0.clock.longest = self.1;
    }
}

impl Vanished {
    /// Returns the interval until the next try, because its descriptor stays ready.
    fn pause(&self) -> Duration {
        let left = self.until.saturating_duration_since(Instant::now());
        left.min(Duration::from_millis(10))
    }
}

impl Source for Active {
    fn slice<F>(&mut self, max: u64, closure: &mut F) -> Result<Slice>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        let breaker = self.handle.breaker();
        if let Some(ahead) = self.batch.slice(max, None, breaker, closure) {
            return ahead;
        }
        if self.is_over() {
            return Ok(Slice {
                packets: 0,
                stopped: false,
                then: Then::Eof,
            });
        }
        let wanted = max.min(u64::from(callback::MAX_SLICE)) as u32;
        let done = self.dispatch(wanted, closure)?;
        Ok(Slice {
            packets: done.packets.into(),
            stopped: done.stopped,
            // Never wait after a read that delivered or rejected something.
            then: match done.packets == 0 && done.status <= 0 {
                true if self.is_empty() => Then::Eof,
                true => Then::Wait,
                false => Then::Again,
            },
        })
    }

    #[inline]
    fn step(&mut self) -> Result<Step> {
        if self.batch.step() {
            return Ok(Step::Packet);
        }
        self.refill()
    }

    #[inline]
    fn current(&self) -> Option<Packet<'_>> {
        self.batch.current()
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Result<()> {
        if let Some(remote) = &self.remote {
            // Its counters are the daemon's: a query waits for it, which no deadline allows.
            return match remote.may_hold_more() {
                true => Ok(()),
                false => self.waiter.wait(&self.handle, deadline),
            };
        }
        self.sample();
        let over = self.until_over();
        let over = over.and_then(|time| Instant::now().checked_add(time));
        let deadline = deadline.into_iter().chain(over).min();
        let Some(vanished) = &self.vanished else {
            return self.waiter.wait(&self.handle, deadline);
        };
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        let pause = vanished.pause();
        wait::sleep(&self.handle, left.map_or(pause, |left| left.min(pause)))?;
        Ok(())
    }

    fn waits_for(&mut self) -> WaitsFor {
        if self.remote.is_some() {
            return WaitsFor::Libpcap(
                "libpcap blocks in each read of a remote capture, which would block all other tasks of the \
                 thread",
            );
        }
        self.sample();
        match &self.vanished {
            None => self
                .waiter
                .waits_for(&self.handle)
                .at_most(self.until_over()),
            Some(vanished) => WaitsFor::Event {
                descriptor: None,
                pause: Some(vanished.pause()),
            },
        }
    }

    fn is_ready(&self) -> Result<bool> {
        match &self.vanished {
            None => self.waiter.is_ready(&self.handle),
            Some(_) => wait::sleep(&self.handle, Duration::ZERO),
        }
    }

    fn patience(&self) -> Option<Duration> {
        Some(if self.nonblock {
            Duration::ZERO
        } else {
            self.timeout
        })
    }

    fn longest(&self) -> Option<Duration> {
        // If reads wait by themselves, do not read again after one that found packets.
        Some(match self.waiter.waiting() {
            Waiting::Descriptor(_) | Waiting::Timer => self.timeout,
            Waiting::InLibpcap | Waiting::Briefly => Duration::ZERO,
        })
    }

    fn set_filter(&mut self, source: FilterSource<'_>) -> Result<()> {
        Ok(self.install(source)?)
    }
}
