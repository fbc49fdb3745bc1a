//! Reading packets from a device of another host.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::callback::{self, Dispatched};
use crate::capture::phase::{BatchResult, Found, PacketSource};
use crate::capture::remote::connection::State;
use crate::capture::remote::{Remote, fits};
use crate::capture::wait::{Waiter, Waiting};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{CompileOptions, Filter, FilterSource};
use crate::packet::Packet;
use crate::sys;
use crate::sys::platform;

impl Remote {
    /// Reads up to `max` available packets, one by one, because libpcap would wait for another packet after the last
    /// one.
    fn dispatch<F>(&mut self, max: u32, closure: &mut F) -> Result<Dispatched>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        self.start()?;
        let mut all = Dispatched {
            packets: 0,
            stopped: false,
            status: 0,
        };
        let handle = &mut self.live.handle;
        for came in 0..max {
            let ends = handle.breaker().is_pending() || all.stopped;
            if ends || !self.connection.may_read(handle, came)? {
                break;
            }
            let one = callback::dispatch_remote(handle, &mut |packet| {
                if !self.filter.as_mut().is_none_or(|set| set.matches(packet)) {
                    return ControlFlow::Continue(());
                }
                all.packets += 1;
                closure(packet)
            });
            self.connection.more = one.packets > 0;
            all.stopped = one.stopped;
            if one.status == callback::SHORT {
                let text = "the daemon sent less of a packet than it stated";
                let error = Error::remote("read from", &handle.name, text);
                return Err(self.connection.broken(error));
            }
            if one.status < 0 && one.status != sys::PCAP_ERROR_BREAK {
                let error = Error::remote("read from", &handle.name, &handle.geterr());
                return Err(self.connection.broken(error));
            }
            if one.packets == 0 {
                break;
            }
        }
        Ok(all)
    }

    /// Makes the daemon start capturing, unless it has already started.
    fn start(&mut self) -> Result<()> {
        self.connection.check()?;
        if !matches!(self.connection.state, State::Opened) {
            return Ok(());
        }
        let postponed = platform::signals::Postponed::new();
        if self.filter.is_none() {
            // Without a filter, libpcap sends one whose length it does not announce.
            self.live.handle.set_filter(None)?;
        }
        let mut filters_there = false;
        if self.connection.excludes_connection {
            // libpcap extends the expression that it compiled last, without a netmask.
            let usable = |f: &&Filter| f.options().netmask.is_none() && fits(f);
            let filter = self.filter.as_ref().map(|set| &set.filter).filter(usable);
            let expression = filter.and_then(Filter::expression).unwrap_or("");
            filters_there = !expression.is_empty();
            let options = CompileOptions::new();
            self.live.handle.compile(expression, false, options)?;
        }
        let before = platform::sockets::Sockets::snapshot();
        let status = callback::start(&mut self.live.handle);
        drop(postponed);
        let since = platform::sockets::Sockets::snapshot().since(&before);
        let handle = &mut self.live.handle;
        if status < 0 && status != sys::PCAP_ERROR_BREAK {
            let error = Error::remote("start", &handle.name, &handle.geterr());
            // libpcap has closed its sockets, and would close the same descriptors again.
            handle.abandon();
            return Err(self.connection.broken(error));
        }
        // libpcap's `select` would write beyond the end of its set.
        let largest = platform::sockets::TOO_HIGH;
        if let Some(socket) = since.iter().find(|socket| socket.fd >= largest) {
            let text = format!(
                "too many open files: its socket has descriptor {}, and libpcap only supports descriptors below {largest}",
                socket.fd,
            );
            let name = handle.name.clone();
            let error = Error::cannot(ErrorKind::Unsupported, "start", name, text);
            return Err(self.connection.broken(error));
        }
        let data = platform::sockets::only(&since).filter(|_| self.connection.is_own);
        if let Some(fd) = data {
            platform::close_on_exec(fd);
            self.live.waiter = Waiter::new(Waiting::Descriptor(fd), self.live.timeout);
        }
        self.connection.state = State::Started {
            data,
            filters_there,
        };
        Ok(())
    }

    /// Reads a batch ahead.
    fn fill(&mut self) -> Result<()> {
        let mut batch = self.live.batch.take();
        let filled =
            batch.fill(|batch| self.dispatch(batch.limit(), &mut |packet| batch.push(packet)));
        self.live.batch = batch;
        filled
    }

    /// Returns the result of a read that delivered no packet.
    fn nothing(&self) -> Found {
        match self.live.is_empty() {
            true => Found::Eof,
            false => Found::Nothing,
        }
    }
}

impl PacketSource for Remote {
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
            found: match done.packets {
                0 => self.nothing(),
                _ => Found::Packet,
            },
        })
    }

    fn step(&mut self) -> Result<Found> {
        if self.live.batch.step() {
            return Ok(Found::Packet);
        }
        if self.live.is_over() && !self.live.batch.has_error() {
            return Ok(Found::Eof);
        }
        self.fill()?;
        Ok(match self.live.batch.step() {
            true => Found::Packet,
            false => self.nothing(),
        })
    }

    fn current(&self) -> Option<Packet<'_>> {
        self.live.batch.current()
    }

    fn lend_none(&mut self) {
        self.live.batch.lend_none();
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Result<()> {
        // Do not sample the counters here: they are the daemon's, and a query would wait for it beyond the deadline.
        if self.connection.may_hold_more() {
            return Ok(());
        }
        let deadline = self.live.wait_until(deadline);
        self.live.waiter.wait(&self.live.handle, deadline)
    }

    fn patience(&self) -> Option<Duration> {
        Some(self.live.patience())
    }

    fn longest(&self) -> Option<Duration> {
        Some(self.live.longest())
    }

    fn set_filter(&mut self, source: FilterSource<'_>) -> Result<()> {
        self.install(&source)
    }
}
