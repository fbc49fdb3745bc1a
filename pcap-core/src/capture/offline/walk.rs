//! The fast way through a savefile: this crate's record reader.

use std::io;
use std::ops::ControlFlow;

use crate::breakloop::Breaker;
use crate::capture::offline::Offline;
use crate::capture::offline::filtering::Filtering;
use crate::capture::offline::route::Route;
use crate::capture::phase::{BatchResult, Found};
use crate::error::Result;
use crate::packet::{Packet, PacketBatch};
use crate::savefile::{Feed, Record, Step, Units, Walk};
use crate::sys;
use crate::sys::platform;

/// The number of bytes to read from a pipe, if the filter rejects all packets, before checking the deadline again. A
/// pipe holds no more, so a call never reports that there is no packet while one is in the pipe.
const SCANNED: u64 = 1 << 20;

/// Advances a reader to the next packet that passes the filter. Returns `None` if the caller has to look for a break or
/// the deadline first.
#[inline]
fn step<W: Walk>(
    reader: &mut W,
    stream: &mut Option<platform::Stream>,
    filtering: &Filtering,
    breaker: &Breaker,
) -> io::Result<Option<Step<W::Gap>>> {
    let start = reader.end();
    loop {
        match reader.step(stream)? {
            Step::Packet => {}
            gap => return Ok(Some(gap)),
        }
        if filtering.wants(reader.current()) {
            return Ok(Some(Step::Packet));
        }
        // Wait for the pipe only after all bytes that were received from it have been scanned.
        let scanned = reader.end() - start;
        let turn = scanned >= SCANNED && reader.file().is_none() && reader.is_walked();
        let is_pipe = |stream: &platform::Stream| stream.waits_for().is_some();
        if turn && stream.as_ref().is_some_and(is_pipe) || breaker.is_pending() {
            reader.lend_none();
            return Ok(None);
        }
    }
}

/// The packets that a reader passed to a closure, and where it stopped.
struct Walked<G> {
    packets: u64,
    stopped: bool,
    at: io::Result<Step<G>>,
}

/// Calls a closure for packets that pass the filter.
#[inline]
fn read_batch<W, F>(
    reader: &mut W,
    stream: &mut Option<platform::Stream>,
    filtering: &Filtering,
    breaker: &Breaker,
    max: u64,
    closure: &mut F,
) -> Walked<W::Gap>
where
    W: Walk,
    F: FnMut(Packet<'_>) -> ControlFlow<()>,
{
    let (mut packets, mut stopped) = (0, false);
    let delivers_all = filtering.is_all();
    let at = reader.walk(stream, |packet| {
        if delivers_all || filtering.wants(Some(packet)) {
            packets += 1;
            stopped = closure(packet).is_break();
        }
        if stopped || packets >= max || breaker.is_pending() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    Walked {
        packets,
        stopped,
        at,
    }
}

/// Copies the lent packet and those in the reader's buffer that pass the filter into an empty batch.
pub(super) fn gather<W: Walk>(
    reader: &mut W,
    filtering: &Filtering,
    breaker: &Breaker,
    batch: &mut PacketBatch,
) {
    let first = reader.current();
    let Some(first) = first else { return };
    let go_on = |is_full: bool| match is_full || breaker.is_pending() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    if !filtering.is_all() {
        batch.push(first);
        if !batch.is_full() {
            reader.pass_ready(|packet| {
                if filtering.wants(Some(packet)) {
                    batch.push(packet);
                }
                go_on(batch.is_full())
            });
        }
        return reader.lend_none();
    }
    if first.data().is_empty() {
        // Where an empty packet is in the buffer means nothing.
        batch.push(first);
        return reader.lend_none();
    }
    // The whole part of the buffer is put into the batch at once, which is faster than a copy of each packet.
    let start = first.data().as_ptr().addr();
    let mut end = start + first.data().len();
    batch.place(first, 0);
    if !batch.is_full_with(end - start) {
        reader.pass_ready(|packet| {
            let address = packet.data().as_ptr().addr();
            end = address + packet.data().len();
            batch.place(packet, address - start);
            go_on(batch.is_full_with(end - start))
        });
    }
    reader.lend_none();
    reader.give(start, end - start, batch);
}

impl Offline {
    /// Advances to the next packet with this crate's reader. Returns `None` if libpcap has to read the next packet.
    #[inline]
    pub(super) fn walk(&mut self) -> Result<Option<Found>> {
        loop {
            let (filtering, breaker) = (&self.filtering, self.handle.breaker());
            match &mut self.route {
                Route::Records(records) => {
                    return match step(records, &mut self.stream, filtering, breaker) {
                        Ok(Some(Step::Packet)) => Ok(Some(Found::Packet)),
                        Ok(None) => Ok(Some(Found::Nothing)),
                        Ok(Some(Step::Gap(record))) => self.beyond(record),
                        Err(e) => self.unread(e).map(Some),
                    };
                }
                Route::Blocks(blocks) => {
                    let found = match step(blocks, &mut self.stream, filtering, breaker) {
                        Ok(Some(Step::Packet)) => return Ok(Some(Found::Packet)),
                        Ok(None) => return Ok(Some(Found::Nothing)),
                        Ok(Some(Step::Gap(found))) => {
                            let position = blocks.position();
                            self.between_blocks(found, position)?
                        }
                        Err(e) => self.unread(e)?,
                    };
                    if found != Found::Packet || self.handle.breaker().is_pending() {
                        return Ok(Some(match found {
                            Found::Eof => Found::Eof,
                            _ => Found::Nothing,
                        }));
                    }
                }
                _ => return Ok(None),
            }
        }
    }

    /// Calls a closure for packets from this crate's reader.
    pub(super) fn walk_batch<F>(&mut self, max: u64, closure: &mut F) -> Result<BatchResult>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        let (filtering, breaker, stream) =
            (&self.filtering, self.handle.breaker(), &mut self.stream);
        let (packets, stopped, found) = match &mut self.route {
            Route::Records(records) => {
                let walked = read_batch(records, stream, filtering, breaker, max, closure);
                let found = match walked.at {
                    Ok(Step::Packet) => Found::Packet,
                    Ok(Step::Gap(record)) => self.beyond(record)?.unwrap_or(Found::Packet),
                    Err(e) => self.unread(e)?,
                };
                (walked.packets, walked.stopped, found)
            }
            Route::Blocks(blocks) => {
                let walked = read_batch(blocks, stream, filtering, breaker, max, closure);
                let found = match walked.at {
                    Ok(Step::Packet) => Found::Packet,
                    Ok(Step::Gap(found)) => {
                        let position = blocks.position();
                        self.between_blocks(found, position)?
                    }
                    Err(e) => self.unread(e)?,
                };
                (walked.packets, walked.stopped, found)
            }
            _ => (0, false, Found::Packet),
        };
        Ok(BatchResult {
            packets,
            stopped,
            found,
        })
    }

    /// Handles a failed read, unless it only found nothing in a pipe, or was interrupted.
    #[cold]
    fn unread(&mut self, error: io::Error) -> Result<Found> {
        match error.kind() {
            io::ErrorKind::WouldBlock if self.descriptor().is_some() => Ok(Found::Nothing),
            // By a break, which is noticed before the next read.
            io::ErrorKind::Interrupted => Ok(Found::Nothing),
            _ => Err(self.fail(error)),
        }
    }

    /// Handles a position without an ordinary record: lets libpcap read it, unless it is only the current end of a pipe
    /// or of a followed savefile.
    #[cold]
    fn beyond(&mut self, found: Record) -> Result<Option<Found>> {
        if self.follow && found == Record::Absent {
            self.check_length()?;
            return Ok(Some(Found::Nothing));
        }
        match self.hand_over(found) {
            Ok(sought) => self.continue_at(sought)?,
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
    fn hand_over(&mut self, found: Record) -> io::Result<sys::Sought> {
        let (Route::Records(records), Some(stream)) = (&self.route, &mut self.stream) else {
            return Ok(sys::Sought::There);
        };
        if records.file().is_some() {
            let sought = stream.seek(records.position())?;
            self.leave();
            return Ok(sought);
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
        Ok(sought)
    }

    /// Returns whether the record reader can continue after the packets that only libpcap reads.
    pub(super) fn stays_fast(&self) -> bool {
        self.route.is_of_file()
    }
}
