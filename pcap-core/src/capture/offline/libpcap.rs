//! Reading a savefile with libpcap.

use std::io;
use std::ops::ControlFlow;

use crate::callback::{self, Dispatched};
use crate::capture::offline::Offline;
use crate::capture::offline::route::{Before, Route};
use crate::capture::phase::{BatchResult, Found, PacketSource};
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::packet::Packet;
use crate::savefile::Fed;
use crate::sys::{self, platform};

impl Offline {
    /// Reads a batch of packets with libpcap: a single record, if the record reader resumes after it.
    pub(super) fn read_ahead(&mut self) -> Result<Found> {
        // This is also true if the detour began at the end.
        let is_detour = matches!(
            self.route,
            Route::Detour(_) | Route::Ended(Before::Records(_))
        );
        let mut batch = self.batch.take();
        let mut found = Found::Packet;
        let mut packets = 0;
        let filled = batch.fill(|batch| {
            // Packets that libpcap's filter rejects are lost. So with a filter, read nothing ahead: the next filter
            // then sees all packets that follow.
            let limit = match is_detour || !self.filtering.is_all() {
                true => 1,
                false => batch.limit(),
            };
            let (done, last) = self.dispatch(limit, &mut |packet| batch.push(packet))?;
            found = last;
            packets = done.packets;
            Ok(done)
        });
        self.batch = batch;
        filled?;
        if is_detour && found == Found::Eof && self.follow {
            // The record existed, so the file has shrunk.
            return Err(self.shorter(String::new()));
        }
        // Only libpcap knows which record it read: the file may have grown or shrunk since the record reader checked
        // it.
        let stream = self.stream.as_ref().filter(|_| is_detour && packets > 0);
        let position = stream.map(platform::Stream::position).transpose();
        let position = position.map_err(|error| self.fail(error))?;
        if let (Route::Detour(records), Some(position)) = (&mut self.route, position) {
            records.go_to(position);
        }
        Ok(found)
    }

    /// Calls `pcap_dispatch` once and interprets its result. If libpcap has read everything, feeds it more data from a
    /// pipe.
    pub(super) fn dispatch<F>(&mut self, max: u32, closure: &mut F) -> Result<(Dispatched, Found)>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        match &self.route {
            Route::Failed(error) => return Err(error.clone()),
            Route::Ended(_) => {
                let nothing = Dispatched {
                    packets: 0,
                    stopped: false,
                    status: 0,
                };
                return Ok((nothing, Found::Eof));
            }
            _ => {}
        }
        self.start = None;
        let done = callback::dispatch(&mut self.handle, max, closure);
        if let (Route::Fed(feed), true) = (&mut self.route, done.packets > 0) {
            feed.taken();
        }
        let stream = self.stream.as_mut();
        match done.status {
            0 if done.packets == 0 => Ok((done, self.feed_more()?)),
            0.. | sys::PCAP_ERROR_BREAK => Ok((done, Found::Packet)),
            _ if stream.is_some_and(platform::Stream::was_interrupted) => Ok((done, Found::Packet)),
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

    /// Feeds libpcap more data from a pipe, after it has read everything.
    fn feed_more(&mut self) -> Result<Found> {
        let (Route::Fed(feed), Some(stream)) = (&mut self.route, &mut self.stream) else {
            // libpcap does not know whether the reader failed or reached its end.
            self.reader_failed().map_or(Ok(()), Err)?;
            self.end()?;
            return Ok(Found::Eof);
        };
        match feed.fill(stream) {
            Ok(Fed::More) => Ok(Found::Packet),
            Ok(Fed::NotYet) => Ok(Found::Nothing),
            Ok(Fed::Rest) => {
                self.route = Route::Libpcap;
                Ok(Found::Packet)
            }
            Err(e) => Err(self.fail(e)),
        }
    }

    /// Sets libpcap's filter. A program with a loop runs only in this crate, because a packet can make the loop endless
    /// in libpcap before 1.10.7.
    pub(super) fn hand_to_libpcap(&self, filter: &Filter) -> Result<()> {
        let filter = Some(filter).filter(|filter| !filter.jumps_backward());
        self.handle.set_filter(filter)
    }

    /// Reads one packet that libpcap has not filtered.
    pub(super) fn read_one<F>(&mut self, closure: &mut F) -> Result<BatchResult>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        let found = self.step()?;
        let packet = self.current().filter(|_| found == Found::Packet);
        Ok(BatchResult {
            packets: packet.is_some().into(),
            stopped: packet.is_some_and(|packet| closure(packet).is_break()),
            found,
        })
    }

    /// Makes libpcap continue at a position of the stream.
    pub(super) fn continue_at(&mut self, sought: sys::Sought) -> Result<()> {
        match sought {
            sys::Sought::There => {}
            sys::Sought::Handle(pcap) => {
                // SAFETY: the handle is open and ours, has the same header as the previous one, and the stream outlives
                // it.
                unsafe { self.handle.exchange(pcap) };
                if let Some(stream) = &mut self.stream {
                    stream.forget_older();
                }
                if let (Some(filter), false) = (self.filtering.one(), self.stays_fast()) {
                    let set = self.hand_to_libpcap(filter);
                    set.map_err(|error| self.fail_with(error))?;
                }
            }
            sys::Sought::End => self.end()?,
        }
        Ok(())
    }
}
