//! Reading packets from a savefile: with this crate's record reader where possible (the fast way), else by libpcap.

use std::io;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::time::{Duration, Instant};

use crate::callback::{self, Dispatched};
use crate::capture::offline::{Offline, Over};
use crate::capture::phase::{Slice, Source, Step, Then};
use crate::capture::wait::{self, Waiter, Waiting, WaitsFor};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{Filter, FilterSource};
use crate::packet::Packet;
use crate::savefile::{Fed, Feed, Record, Records, Units};
use crate::sys::{self, Failure, platform};

/// The interval between checks of the end of a followed savefile.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Rejected packets of a pipe to scan before checking the deadline again: more than a pipe holds, so existing packets
/// are found before the call reports none.
const REFUSED: u32 = 8192;

/// The result of the fast way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    /// The next packet that passes the filter.
    Packet,
    /// A break is pending, a followed savefile or a pipe has nothing more now, or the filter rejected many packets of a
    /// pipe.
    Nothing,
    /// The next record, or the end, is left to libpcap, which is at the same position in the file.
    Odd,
    /// The fast way is not available now.
    Blocked,
}

/// The state after what libpcap was asked to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// There may be more.
    More,
    /// A pipe has no complete record now.
    NotYet,
    /// The savefile is at its end.
    Nothing,
}

/// Returns whether a packet passes the filter.
#[inline]
fn wants(filter: Option<&Filter>, packet: Option<Packet<'_>>) -> bool {
    match (filter, packet) {
        (Some(filter), Some(packet)) => filter.matches_packet(packet),
        _ => true,
    }
}

impl Offline {
    /// Advances to the next packet the fast way.
    #[inline]
    fn walk(&mut self) -> Result<Walk> {
        let Some(records) = &mut self.records else {
            return Ok(Walk::Blocked);
        };
        let mut refused = 0_u32;
        let found = loop {
            match records.step(&mut self.stream) {
                Ok(Record::Ordinary) => {}
                other => break other,
            }
            if wants(self.filter.as_ref(), records.current()) {
                return Ok(Walk::Packet);
            }
            refused = refused.saturating_add(1);
            // Wait for the pipe only after all its received bytes were scanned.
            let turn = refused >= REFUSED && !records.is_of_file() && records.is_walked();
            if turn
                && self
                    .stream
                    .as_ref()
                    .is_some_and(|s| s.waits_for().is_some())
                || self.handle.breaker().is_pending()
            {
                records.lend_none();
                return Ok(Walk::Nothing);
            }
        };
        self.beyond(found)
    }

    /// Handles a position without an ordinary record.
    #[cold]
    fn beyond(&mut self, found: io::Result<Record>) -> Result<Walk> {
        let found = match found {
            Ok(found) => found,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock && self.descriptor().is_some() => {
                return Ok(Walk::Nothing);
            }
            // By a break, which is noticed before the next read.
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Ok(Walk::Nothing),
            Err(e) => return Err(self.fail(e)),
        };
        if self.follow && found == Record::Absent {
            self.check_length()?;
            return Ok(Walk::Nothing);
        }
        match self.hand_over(found) {
            Ok(None) => Ok(Walk::Blocked),
            Ok(Some(sought)) => {
                self.go_on(sought)?;
                Ok(Walk::Odd)
            }
            Err(e) => Err(self.fail(e)),
        }
    }

    /// Moves libpcap to the position of the fast way.
    fn hand_over(&mut self, found: Record) -> io::Result<Option<sys::Sought>> {
        let (Some(records), Some(stream)) = (&self.records, &mut self.stream) else {
            return Ok(None);
        };
        if records.is_of_file() {
            return stream.seek(records.position()).map(Some);
        }
        // The fast way cannot resume here: libpcap reads the rest.
        let sought = match stream.waits_for() {
            Some(_) if found == Record::Odd => {
                let units = Units::Records(records.order());
                let bytes = records.unread().to_vec();
                self.feed = Some(Feed::new(units, self.handle.datalink(), bytes));
                sys::Sought::There
            }
            _ => stream.release(records.unread())?,
        };
        self.records = None;
        Ok(Some(sought))
    }

    /// Calls a closure for packets the fast way.
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
                Walk::Odd => self.read_ahead()?.into(),
                Walk::Packet | Walk::Blocked => Then::Again,
            },
        };
        Ok(Slice {
            packets,
            stopped,
            then,
        })
    }

    /// Makes libpcap continue: for one record, if the fast way resumes after it.
    fn read_ahead(&mut self) -> Result<Left> {
        let mut batch = self.batch.take();
        let mut left = Left::More;
        let mut packets = 0;
        let filled = batch.fill(|batch| {
            // Packets that libpcap's filter rejects are gone. So with a filter nothing is read ahead, and the next
            // filter sees all packets after it is set.
            let limit = match (&self.records, &self.filter) {
                (None, None) => batch.limit(),
                _ => 1,
            };
            let (done, behind) = self.dispatch(limit, &mut |packet| batch.push(packet))?;
            left = behind;
            packets = done.packets;
            Ok(done)
        });
        self.batch = batch;
        filled?;
        if let Some(mut records) = self.records.take() {
            if left == Left::Nothing && self.follow {
                // The record was there.
                return Err(self.shorter(String::new()));
            }
            if packets > 0 {
                // Only libpcap knows which record it found: the file may have grown or shrunk since the fast way
                // checked.
                match self.stream.as_ref().map(platform::Stream::position) {
                    Some(Ok(position)) => records.go_to(position),
                    Some(Err(e)) => return Err(self.fail(e)),
                    None => {}
                }
            }
            self.parked = Some(records);
        }
        Ok(left)
    }

    /// Ends the capture with an error of the reader or of the operating system.
    pub(super) fn fail(&mut self, error: io::Error) -> Error {
        let name = self.handle.name.clone();
        // First an error without the user's text: the text of the reader's error may panic.
        let silent = io::Error::new(
            error.kind(),
            "the reader failed, and formatting its error panicked",
        );
        self.fail_with(Error::io("read", name.clone(), silent));
        self.fail_with(Error::io("read", name, error))
    }

    /// Ends the capture: each later call returns this error.
    pub(super) fn fail_with(&mut self, error: Error) -> Error {
        self.records = None;
        self.over = Some(Over::Failed(error.clone()));
        error
    }

    /// Ends the capture with the error of the user's reader, if there is one.
    ///
    /// # Panics
    ///
    /// Panics if the reader did: this resumes its panic.
    fn reader_failed(&mut self) -> Option<Error> {
        match self.stream.as_mut()?.failure()? {
            Failure::Error(error) => Some(self.fail(error)),
            Failure::Panic(panic) => {
                self.fail(io::Error::other(sys::PANICKED));
                resume_unwind(panic)
            }
        }
    }

    /// Ends the capture with the error of a regular file that became shorter.
    fn shorter(&mut self, detail: String) -> Error {
        let text = format!("the file shrank while it was read{detail}");
        let name = self.handle.name.clone();
        self.fail_with(Error::cannot(
            ErrorKind::SavefileTruncated,
            "read",
            name,
            text,
        ))
    }

    /// Fails if a regular file has become shorter: packets are lost then, even if its last record is complete.
    fn check_length(&mut self) -> Result<()> {
        let (Some(mut length), Some(stream)) = (self.length, &self.stream) else {
            return Ok(());
        };
        let records = self.records.as_ref().or(self.parked.as_ref());
        let read = match records.map(Records::end) {
            Some(end) => Ok(end),
            None => stream.position(),
        };
        let shrunk = read.and_then(|read| {
            let shrunk = stream.with_file(|file| length.shrunk(file, read));
            shrunk.unwrap_or(Ok(None))
        });
        self.length = Some(length);
        match shrunk {
            Ok(None) => Ok(()),
            Ok(Some((was, is))) => {
                Err(self.shorter(format!(": expected at least {was} bytes, found {is}")))
            }
            Err(e) => Err(self.fail(e)),
        }
    }

    /// Ends the capture at the end of the savefile.
    pub(super) fn end(&mut self) -> Result<()> {
        self.check_length()?;
        self.over = Some(Over::Eof);
        Ok(())
    }

    /// Resumes the fast way after the packets that libpcap read are delivered.
    fn resume(&mut self) {
        if self.over.is_none() && self.parked.is_some() {
            self.records = self.parked.take();
        }
    }

    /// Calls `pcap_dispatch` once and interprets its result. Gives libpcap more of a pipe if it had nothing.
    fn dispatch<F>(&mut self, max: u32, closure: &mut F) -> Result<(Dispatched, Left)>
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
                return Ok((nothing, Left::Nothing));
            }
        }
        let done = callback::dispatch(&mut self.handle, max, closure);
        if let (Some(feed), true) = (&mut self.feed, done.packets > 0) {
            feed.taken();
        }
        match done.status {
            0 if done.packets == 0 => Ok((done, self.feed_more()?)),
            0.. | sys::PCAP_ERROR_BREAK => Ok((done, Left::More)),
            _ if self
                .stream
                .as_mut()
                .is_some_and(platform::Stream::was_interrupted) =>
            {
                Ok((done, Left::More))
            }
            _ => {
                let os = io::Error::last_os_error();
                if let Some(error) = self.reader_failed() {
                    return Err(error);
                }
                let text = self.handle.geterr();
                let error = Error::savefile("read", &self.handle.name, &text, os);
                Err(self.fail_with(error))
            }
        }
    }
}

impl Offline {
    /// Gives libpcap more of a pipe, after it has read everything.
    fn feed_more(&mut self) -> Result<Left> {
        let (Some(feed), Some(stream)) = (&mut self.feed, &mut self.stream) else {
            // After libpcap got everything from the reader, it does not know why the reader ended.
            if let Some(error) = self.reader_failed() {
                return Err(error);
            }
            self.end()?;
            return Ok(Left::Nothing);
        };
        match feed.fill(stream) {
            Ok(Fed::More) => Ok(Left::More),
            Ok(Fed::NotYet) => Ok(Left::NotYet),
            Ok(Fed::Rest) => {
                self.feed = None;
                Ok(Left::More)
            }
            Err(e) => Err(self.fail(e)),
        }
    }

    /// Returns the event to wait for when a pipe has nothing now.
    pub(super) fn descriptor(&self) -> Option<platform::RawFd> {
        let waits = self.feed.is_some() || self.records.is_some();
        let stream = self
            .stream
            .as_ref()
            .filter(|_| waits && self.over.is_none());
        stream.and_then(platform::Stream::waits_for)
    }

    fn waiter(&self) -> Option<Waiter> {
        let descriptor = self.descriptor();
        // A pipe's readiness is not late.
        descriptor.map(|fd| Waiter::new(Waiting::Descriptor(fd), Duration::MAX))
    }
}

impl From<Left> for Then {
    fn from(left: Left) -> Then {
        match left {
            Left::More => Then::Again,
            Left::NotYet => Then::Wait,
            Left::Nothing => Then::Eof,
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
        let (done, left) = self.dispatch(wanted, closure)?;
        Ok(Slice {
            packets: done.packets.into(),
            stopped: done.stopped,
            then: left.into(),
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
            match self.read_ahead()? {
                Left::More => {}
                Left::NotYet => return Ok(Step::Wait),
                Left::Nothing => return Ok(Step::Eof),
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
            // Reading from a file or a reader does its own waiting.
            return match self.waiter() {
                None => Ok(()),
                Some(waiter) => waiter.wait(&self.handle, deadline),
            };
        }
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        let pause = left.map_or(LOOK_AGAIN, |left| left.min(LOOK_AGAIN));
        wait::sleep(&self.handle, pause)?;
        Ok(())
    }

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

    fn patience(&self) -> Option<Duration> {
        self.follow.then_some(Duration::ZERO)
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
