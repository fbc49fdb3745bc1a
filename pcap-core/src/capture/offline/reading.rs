//! How packets are read from a savefile: the fast way where it can be gone, else by libpcap.
//!
//! May import: `source`, `batch`, `wait`, and everything below the captures.

use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::callback::{self, Dispatched};
use crate::capture::offline::{Offline, Over};
use crate::capture::source::{Slice, Source, Step, Then};
use crate::capture::wait::{self, WaitsFor};
use crate::error::{Error, ErrorKind, Result};
use crate::ffi::{self, os};
use crate::filter::{Filter, FilterSource};
use crate::packet::Packet;
use crate::savefile::Record;

/// How often the end of a savefile that is followed is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What the fast way led to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    /// The next packet that passes the filter.
    Packet,
    /// A break is pending, or a savefile that is followed has nothing more now.
    Nothing,
    /// The next record, or the end, is for libpcap, which has its place in the file.
    Odd,
    /// There is no fast way now.
    Blocked,
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
        let Some(records) = &mut self.records else {
            return Ok(Walk::Blocked);
        };
        let found = loop {
            match records.step(&mut self.stream) {
                Ok(Record::Ordinary) => {}
                other => break other,
            }
            if wants(self.filter.as_ref(), records.current()) {
                return Ok(Walk::Packet);
            }
            if self.handle.breaker().is_pending() {
                records.lend_none();
                return Ok(Walk::Nothing);
            }
        };
        self.beyond(found)
    }

    /// What to do where no ordinary record follows.
    #[cold]
    fn beyond(&mut self, found: io::Result<Record>) -> Result<Walk> {
        let walk = found.and_then(|found| {
            let (Some(records), Some(stream)) = (&self.records, &mut self.stream) else {
                return Ok(Walk::Blocked);
            };
            if self.follow && found == Record::Absent {
                if records.is_cut()? {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                return Ok(Walk::Nothing);
            }
            if records.is_of_file() {
                stream.seek(records.position())?;
            } else {
                // There is no way back from libpcap here: all the rest is its.
                stream.give_back(records.unread());
                self.records = None;
            }
            Ok(Walk::Odd)
        });
        walk.map_err(|e| self.failed(e))
    }

    /// Hands packets to a closure the fast way.
    fn walk_slice<F>(&mut self, max: u64, closure: &mut F) -> Result<Slice>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        let (mut packets, mut stopped) = (0, false);
        let (filter, breaker) = (self.filter.as_ref(), self.handle.breaker());
        let found = match &mut self.records {
            None => Ok(Record::Ordinary),
            Some(records) => records.walk(&mut self.stream, |packet| {
                if wants(filter, Some(packet)) {
                    packets += 1;
                    stopped = closure(packet).is_break();
                }
                if stopped || packets >= max || breaker.is_pending() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            }),
        };
        let then = match found {
            Ok(Record::Ordinary) => Then::Again,
            other => match self.beyond(other)? {
                Walk::Nothing => Then::Wait,
                Walk::Odd if self.read_ahead()? => Then::Eof,
                Walk::Packet | Walk::Odd | Walk::Blocked => Then::Again,
            },
        };
        Ok(Slice {
            packets,
            stopped,
            then,
        })
    }

    /// Has libpcap read on: one record, where the fast way is to go on behind it. True at the end.
    fn read_ahead(&mut self) -> Result<bool> {
        let mut batch = self.batch.take();
        let mut eof = false;
        let mut packets = 0;
        let filled = batch.fill(|batch| {
            // What libpcap's filter keeps away is gone: with one, nothing is read ahead, so that the
            // next filter meets all packets that come after it is set.
            let limit = match (&self.records, &self.filter) {
                (None, None) => batch.limit(),
                _ => 1,
            };
            let (done, end) = self.dispatch(limit, &mut |packet| batch.push(packet))?;
            eof = end;
            packets = done.packets;
            Ok(done)
        });
        self.batch = batch;
        filled?;
        if let Some(mut records) = self.records.take() {
            if eof && self.follow {
                // The record was there.
                return Err(self.failed(io::ErrorKind::UnexpectedEof.into()));
            }
            if packets > 0 {
                // Which record libpcap found there is known to it alone: the file may have grown or
                // shrunk since the fast way looked.
                match self.stream.as_ref().map(os::Stream::position) {
                    Some(Ok(position)) => records.go_to(position),
                    Some(Err(e)) => return Err(self.failed(e)),
                    None => {}
                }
            }
            self.parked = Some(records);
        }
        Ok(eof)
    }

    /// The fast way has failed, and nothing comes any more.
    fn failed(&mut self, error: io::Error) -> Error {
        let name = self.handle.name.clone();
        let error = if self.follow && error.kind() == io::ErrorKind::UnexpectedEof {
            let text = "it became shorter while it was followed";
            Error::new(ErrorKind::SavefileTruncated, "read", name, text)
        } else {
            Error::io("read", name, error)
        };
        self.records = None;
        self.over = Some(Over::Failed(error.clone()));
        error
    }

    /// Goes the fast way again, when all that libpcap read in between is handed out.
    fn resume(&mut self) {
        if self.over.is_none() && self.parked.is_some() {
            self.records = self.parked.take();
        }
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
                self.records = None;
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
        let breaker = self.handle.breaker();
        let filter = self.filter.as_ref();
        if self.records.is_none() {
            if let Some(ahead) = self.batch.slice(max, filter, breaker, closure) {
                return ahead;
            }
            self.resume();
        }
        if self.records.is_some() {
            return self.walk_slice(max, closure);
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
        loop {
            match self.walk()? {
                Walk::Packet => return Ok(Step::Packet),
                Walk::Nothing => return Ok(Step::Wait),
                Walk::Odd => {}
                Walk::Blocked => {
                    while self.batch.step() {
                        // Packets that libpcap had not filtered.
                        if wants(self.filter.as_ref(), self.batch.current()) {
                            return Ok(Step::Packet);
                        }
                    }
                    self.resume();
                    if self.records.is_some() {
                        continue;
                    }
                }
            }
            if self.read_ahead()? {
                return Ok(Step::Eof);
            }
            if self.handle.breaker().is_pending() {
                return Ok(Step::Wait);
            }
        }
    }

    #[inline]
    fn current(&self) -> Option<Packet<'_>> {
        match &self.records {
            Some(records) => records.current(),
            None => self.batch.current(),
        }
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Result<()> {
        if !self.follow {
            // Reading a savefile waits by itself.
            return Ok(());
        }
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        let pause = left.map_or(LOOK_AGAIN, |left| left.min(LOOK_AGAIN));
        wait::sleep(&self.handle, pause)?;
        Ok(())
    }

    fn waits_for(&mut self) -> WaitsFor {
        match self.follow {
            false => WaitsFor::Nothing,
            true => WaitsFor::Event {
                descriptor: None,
                pause: Some(LOOK_AGAIN),
            },
        }
    }

    fn is_ready(&self) -> Result<bool> {
        wait::sleep(&self.handle, Duration::ZERO)
    }

    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    fn longest(&self) -> Option<Duration> {
        None
    }

    fn set_filter(&mut self, source: FilterSource<'_>) -> Result<()> {
        let filter = self.handle.filter(&source, false, None)?;
        if !self.stays_fast() {
            self.handle.set_filter(Some(&filter))?;
        }
        self.filter = Some(filter);
        Ok(())
    }
}
