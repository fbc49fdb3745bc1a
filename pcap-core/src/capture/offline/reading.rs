//! How packets are read from a savefile: the fast way as long as it can be gone, then by libpcap.
//!
//! May import: `source`, `batch`, and everything below the captures.

use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::callback::{self, Dispatched};
use crate::capture::offline::{Offline, Over};
use crate::capture::source::{Slice, Source, Step, Then};
use crate::error::{Error, Result};
use crate::ffi::{self, os};
use crate::filter::{Filter, FilterSource};
use crate::packet::Packet;
use crate::savefile::Records;

/// What the fast way led to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    /// The next packet that passes the filter.
    Packet,
    /// A break is pending.
    Broken,
    /// libpcap goes on from here, and has its place in the file.
    Over,
}

/// Whether a packet passes the filter.
#[inline]
fn wants(filter: Option<&Filter>, packet: Option<Packet<'_>>) -> bool {
    match (filter, packet) {
        (Some(filter), Some(packet)) => filter.matches_packet(packet),
        _ => true,
    }
}

impl Offline {
    /// Goes to the next packet the fast way.
    #[inline]
    fn walk(&mut self) -> Result<Walk> {
        if self.records.is_none() {
            return Ok(Walk::Over);
        }
        self.walk_on().map_err(|e| {
            let error = Error::io("read", self.handle.name.clone(), e);
            self.records = None;
            self.over = Some(Over::Failed(error.clone()));
            error
        })
    }

    #[inline]
    fn walk_on(&mut self) -> io::Result<Walk> {
        let Some(records) = &mut self.records else {
            return Ok(Walk::Over);
        };
        while records.step()? {
            if wants(self.filter.as_ref(), records.current()) {
                return Ok(Walk::Packet);
            }
            if self.handle.breaker().is_pending() {
                records.lend_none();
                return Ok(Walk::Broken);
            }
        }
        let position = records.position();
        self.records = None;
        if let Some(stream) = &mut self.stream {
            stream.seek(position)?;
        }
        Ok(Walk::Over)
    }

    /// Hands packets to a closure the fast way.
    fn walk_slice<F>(&mut self, max: u64, closure: &mut F) -> Result<Slice>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        let mut packets = 0;
        let mut stopped = false;
        while packets < max && !stopped && self.walk()? == Walk::Packet {
            packets += 1;
            let packet = self.records.as_ref().and_then(Records::current);
            stopped = packet.is_some_and(|packet| closure(packet).is_break());
            if self.handle.breaker().is_pending() {
                break;
            }
        }
        if let Some(records) = &mut self.records {
            records.lend_none();
        }
        Ok(Slice {
            packets,
            stopped,
            then: Then::Again,
        })
    }

    /// One `pcap_dispatch` with its answer understood: `Ok(true)` if the savefile is at its end.
    fn dispatch<F>(&mut self, max: u32, closure: &mut F) -> Result<(Dispatched, bool)>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        match &self.over {
            None => {}
            Some(Over::Failed(error)) => return Err(error.clone()),
            Some(Over::Eof) => {
                let nothing = Dispatched {
                    packets: 0,
                    stopped: false,
                    status: 0,
                };
                return Ok((nothing, true));
            }
        }
        let done = callback::dispatch(&mut self.handle, max, closure);
        match done.status {
            0 if done.packets == 0 => {
                self.over = Some(Over::Eof);
                Ok((done, true))
            }
            0.. | ffi::PCAP_ERROR_BREAK => Ok((done, false)),
            _ => {
                let os = io::Error::last_os_error();
                let failure = self.stream.as_mut().and_then(os::Stream::failure);
                let name = &self.handle.name;
                let error = match failure {
                    Some(error) => Error::io("read", name.clone(), error),
                    None => Error::savefile("read", name, &self.handle.geterr(), os),
                };
                self.over = Some(Over::Failed(error.clone()));
                Err(error)
            }
        }
    }
}

impl Source for Offline {
    fn slice<F>(&mut self, max: u64, closure: &mut F) -> Result<Slice>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        if self.records.is_some() {
            return self.walk_slice(max, closure);
        }
        let breaker = self.handle.breaker();
        let filter = self.filter.as_ref();
        if let Some(ahead) = self.batch.slice(max, filter, breaker, closure) {
            return ahead;
        }
        let wanted = max.min(u64::from(callback::MAX_SLICE)) as u32;
        let (done, eof) = self.dispatch(wanted, closure)?;
        Ok(Slice {
            packets: done.packets.into(),
            stopped: done.stopped,
            then: if eof { Then::Eof } else { Then::Again },
        })
    }

    #[inline]
    fn step(&mut self) -> Result<Step> {
        match self.walk()? {
            Walk::Packet => return Ok(Step::Packet),
            Walk::Broken => return Ok(Step::Wait),
            Walk::Over => {}
        }
        while self.batch.step() {
            // Packets that were read ahead before the filter was set.
            if wants(self.filter.as_ref(), self.batch.current()) {
                return Ok(Step::Packet);
            }
        }
        let mut batch = self.batch.take();
        let mut eof = false;
        let filled = batch.fill(|batch| {
            // What libpcap's filter keeps away is gone: with one, nothing is read ahead, so that the
            // next filter meets all packets that come after it is set.
            let limit = match &self.filter {
                Some(_) => 1,
                None => batch.limit(),
            };
            let (done, end) = self.dispatch(limit, &mut |packet| batch.push(packet))?;
            eof = end;
            Ok(done)
        });
        self.batch = batch;
        filled?;
        Ok(if self.batch.step() {
            Step::Packet
        } else if eof {
            Step::Eof
        } else {
            Step::Wait
        })
    }

    #[inline]
    fn current(&self) -> Option<Packet<'_>> {
        match &self.records {
            Some(records) => records.current(),
            None => self.batch.current(),
        }
    }

    fn wait(&mut self, _deadline: Option<Instant>) -> Result<()> {
        // Reading a savefile waits by itself.
        Ok(())
    }

    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    fn longest(&self) -> Option<Duration> {
        None
    }

    fn set_filter(&mut self, source: FilterSource<'_>) -> Result<()> {
        let filter = self.handle.filter(&source, false, None)?;
        self.handle.set_filter(Some(&filter))?;
        self.filter = Some(filter);
        Ok(())
    }
}
