//! The fast way through a savefile: this crate's record reader.

use std::io;
use std::ops::ControlFlow;

use crate::capture::offline::Offline;
use crate::capture::offline::route::Route;
use crate::capture::phase::{BatchResult, Found};
use crate::error::Result;
use crate::filter::Filter;
use crate::packet::Packet;
use crate::savefile::{Feed, Record, Records, Units};
use crate::sys;
use crate::sys::platform;

/// The number of rejected packets from a pipe to scan before checking the deadline again. A pipe holds fewer packets,
/// so a call never reports that there is none while one is in the pipe.
const REJECTED: u32 = 8192;

/// Returns whether a packet passes the filter.
#[inline]
pub(super) fn wants(filter: Option<&Filter>, packet: Option<Packet<'_>>) -> bool {
    match (filter, packet) {
        (Some(filter), Some(packet)) => filter.matches_packet(packet),
        _ => true,
    }
}

impl Offline {
    /// Advances to the next packet with the record reader. Returns `None` if libpcap has to read the next packet.
    #[inline]
    pub(super) fn walk(&mut self) -> Result<Option<Found>> {
        let Route::Records(records) = &mut self.route else {
            return Ok(None);
        };
        let mut rejected = 0_u32;
        let found = loop {
            match records.step(&mut self.stream) {
                Ok(Record::Ordinary) => {}
                other => break other,
            }
            if wants(self.filter.as_ref(), records.current()) {
                return Ok(Some(Found::Packet));
            }
            rejected = rejected.saturating_add(1);
            // Wait for the pipe only after all bytes that were received from it have been scanned.
            let turn = rejected >= REJECTED && !records.is_of_file() && records.is_walked();
            let is_pipe = |stream: &platform::Stream| stream.waits_for().is_some();
            if turn && self.stream.as_ref().is_some_and(is_pipe)
                || self.handle.breaker().is_pending()
            {
                records.lend_none();
                return Ok(Some(Found::Nothing));
            }
        };
        self.beyond(found)
    }

    /// Calls a closure for packets from the record reader.
    pub(super) fn walk_batch<F>(&mut self, max: u64, closure: &mut F) -> Result<BatchResult>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        let (mut packets, mut stopped) = (0, false);
        let (filter, breaker) = (self.filter.as_ref(), self.handle.breaker());
        let found = match &mut self.route {
            Route::Records(records) => records.walk(&mut self.stream, |packet| {
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
            _ => Ok(Record::Ordinary),
        };
        let found = match found {
            Ok(Record::Ordinary) => Found::Packet,
            other => self.beyond(other)?.unwrap_or(Found::Packet),
        };
        Ok(BatchResult {
            packets,
            stopped,
            found,
        })
    }

    /// Handles a position without an ordinary record: lets libpcap read it, unless it is only the current end of a pipe
    /// or of a followed savefile.
    #[cold]
    fn beyond(&mut self, found: io::Result<Record>) -> Result<Option<Found>> {
        let found = match found {
            Ok(found) => found,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock && self.descriptor().is_some() => {
                return Ok(Some(Found::Nothing));
            }
            // Interrupted by a break, which is noticed before the next read.
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Ok(Some(Found::Nothing)),
            Err(e) => return Err(self.fail(e)),
        };
        if self.follow && found == Record::Absent {
            self.check_length()?;
            return Ok(Some(Found::Nothing));
        }
        match self.hand_over(found) {
            Ok(None) => return Ok(None),
            Ok(Some(sought)) => self.continue_at(sought)?,
            Err(e) => {
                // On Windows, a file that shrank cannot be opened again.
                self.check_length()?;
                return Err(self.fail(e));
            }
        }
        let found = self.read_ahead()?;
        if self.handle.breaker().is_pending() {
            return Ok(Some(Found::Nothing));
        }
        // Deliver the packets that libpcap has read first.
        Ok((found != Found::Packet).then_some(found))
    }

    /// Moves libpcap to the position of the record reader.
    fn hand_over(&mut self, found: Record) -> io::Result<Option<sys::Sought>> {
        let (Route::Records(records), Some(stream)) = (&self.route, &mut self.stream) else {
            return Ok(None);
        };
        if records.is_of_file() {
            let sought = stream.seek(records.position())?;
            self.leave();
            return Ok(Some(sought));
        }
        // The record reader cannot resume here, so libpcap reads the rest.
        let (sought, route) = match stream.waits_for() {
            Some(_) if found == Record::Odd => {
                let units = Units::Records(records.order());
                let bytes = records.unread().to_vec();
                let feed = Feed::new(units, self.handle.datalink(), bytes);
                (sys::Sought::There, Route::Fed(feed))
            }
            _ => (stream.release(records.unread())?, Route::Libpcap),
        };
        self.route = route;
        Ok(Some(sought))
    }

    /// Returns whether the record reader can continue after the packets that only libpcap reads.
    pub(super) fn stays_fast(&self) -> bool {
        self.route.any_records().is_some_and(Records::is_of_file)
    }
}
