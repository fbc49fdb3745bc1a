//! The fast path through a classic savefile, whose records this crate parses in a buffer of its own.
//!
//! libpcap reads each record with two calls into a stdio stream and a copy. This code reads many records at once and
//! lends them from the buffer, but only ordinary ones. For anything else, including the end of the file, libpcap
//! continues at exactly that position, so that it handles and reports unusual data itself.

use std::fs::File;
use std::io;
use std::ops::{ControlFlow, Range};

use crate::packet::{Packet, PacketBatch, PacketHeader};
use crate::savefile::walk::{Step, Walk};
use crate::savefile::window::Window;
use crate::savefile::{ByteOrder, RECORD_HEADER};
use crate::sys::platform;
use crate::timestamp::Precision;

/// The length of the longest packet of an ordinary savefile. libpcap reports a longer one as damage.
pub(crate) const LONGEST: usize = 262_144;

/// The kind of the next record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// A record that libpcap must read itself.
    Odd,
    /// The file has no complete record at this time.
    Absent,
}

/// The records of a classic savefile.
#[derive(Debug)]
pub(crate) struct Records {
    window: Window,
    form: Form,
    /// The part of the buffer with the header and the data of the packet that is lent; empty if none is.
    lent: Range<usize>,
}

/// The encoding of a file's records.
#[derive(Clone, Copy, Debug)]
struct Form {
    snaplen: u32,
    /// The number of nanoseconds in one unit of the file's fraction.
    unit: i64,
    /// Whether the file's byte order differs from this machine's.
    swapped: bool,
}

/// An ordinary record.
struct Found<'a> {
    packet: Packet<'a>,
    /// The length of the record, including the header.
    length: usize,
}

impl Form {
    /// Parses the record at the start of some bytes, if it is complete and an ordinary one.
    #[inline(always)] // else the packet would be passed in memory
    fn find(self, bytes: &[u8]) -> Option<Found<'_>> {
        // Two loops' worth of code, so that the common order needs no swaps.
        if self.swapped {
            self.find_in(bytes, u32::swap_bytes)
        } else {
            self.find_in(bytes, |field| field)
        }
    }

    #[inline(always)]
    fn find_in(self, bytes: &[u8], order: impl Fn(u32) -> u32) -> Option<Found<'_>> {
        let (head, rest) = bytes.split_first_chunk::<RECORD_HEADER>()?;
        let [secs, fraction, caplen, len] = fields(head).map(order);
        let length = caplen as usize;
        if length > rest.len() || Form::is_odd(fraction, caplen) {
            return None;
        }
        // Truncates a longer packet, as libpcap does.
        let kept = caplen.min(self.snaplen);
        let header = self.header(secs, fraction, kept, len);
        Some(Found {
            packet: Packet::from_parts(header, &rest[..kept as usize]),
            length: RECORD_HEADER + length,
        })
    }

    #[inline(always)]
    fn header(self, secs: u32, fraction: u32, caplen: u32, len: u32) -> PacketHeader {
        let nanos = i64::from(fraction) * self.unit;
        PacketHeader::from_raw(secs.into(), nanos, caplen, len)
    }

    /// Returns whether libpcap must read a record with these fields itself.
    #[inline(always)]
    fn is_odd(fraction: u32, caplen: u32) -> bool {
        // Some versions of libpcap read a fraction of 2³¹ or more as negative.
        let is_usual = (..=LONGEST).contains(&(caplen as usize));
        !is_usual || !(..=i32::MAX as u32).contains(&fraction)
    }

    /// Returns the kind of the record at the start of some bytes, which is not [found](Self::find). Returns `None` if
    /// it is incomplete.
    #[cold]
    fn other(self, bytes: &[u8]) -> Option<Record> {
        let (head, rest) = bytes.split_first_chunk::<RECORD_HEADER>()?;
        let mut fields = fields(head);
        if self.swapped {
            fields = fields.map(u32::swap_bytes);
        }
        let [_, fraction, caplen, _] = fields;
        let length = caplen as usize;
        // libpcap reports the length of a record that is too long, without reading it.
        let is_there = length <= rest.len() || !(..=LONGEST).contains(&length);
        (is_there && Form::is_odd(fraction, caplen)).then_some(Record::Odd)
    }
}

impl Records {
    /// Creates a reader of the records from offset `position` of a file whose header libpcap has read. Without a file,
    /// it reads the next records of the stream.
    pub(crate) fn new(
        file: Option<File>,
        position: u64,
        snaplen: u32,
        precision: Precision,
        order: ByteOrder,
    ) -> Records {
        Records {
            window: Window::new(file, position),
            form: Form {
                snaplen,
                unit: precision.nanos(),
                swapped: order == ByteOrder::Swapped,
            },
            lent: 0..0,
        }
    }

    /// Continues at an offset in the file, after libpcap has read records up to there.
    pub(crate) fn go_to(&mut self, position: u64) {
        self.lend_none();
        self.window.go_to(position);
    }

    /// Returns the byte order of the records.
    pub(crate) fn order(&self) -> ByteOrder {
        match self.form.swapped {
            false => ByteOrder::Native,
            true => ByteOrder::Swapped,
        }
    }

    /// Returns the bytes that have been read but not parsed yet.
    pub(crate) fn unread(&self) -> &[u8] {
        self.window.unread()
    }

    /// Reads more, where no ordinary record was found. Returns the kind of the next record if that is no use.
    #[cold]
    fn gap(&mut self, stream: &mut Option<platform::Stream>) -> io::Result<Option<Record>> {
        self.lend_none();
        Ok(match self.form.other(self.window.unread()) {
            Some(record) => Some(record),
            None if self.window.refill(stream)? => None,
            None => Some(Record::Absent),
        })
    }

    /// Returns the offset in the file of the next record.
    pub(crate) fn position(&self) -> u64 {
        self.window.position()
    }
}

impl Walk for Records {
    type Gap = Record;

    #[inline(always)] // else the packet would be passed in memory
    fn ready(&mut self) -> Option<Packet<'_>> {
        let (unread, start) = self.window.parts();
        let Found { packet, length } = self.form.find(unread)?;
        self.lent = *start..*start + RECORD_HEADER + packet.data().len();
        *start += length;
        Some(packet)
    }

    #[inline]
    fn pass_ready(&mut self, mut f: impl FnMut(Packet<'_>) -> ControlFlow<()>) {
        self.lend_none();
        let form = self.form;
        let mut unread = self.window.unread();
        while let Some(Found { packet, length }) = form.find(unread) {
            unread = &unread[length..];
            if f(packet).is_break() {
                break;
            }
        }
        self.window.unread.start = self.window.unread.end - unread.len();
    }

    #[inline]
    fn step(&mut self, stream: &mut Option<platform::Stream>) -> io::Result<Step<Record>> {
        loop {
            if self.ready().is_some() {
                return Ok(Step::Packet);
            }
            if let Some(gap) = self.gap(stream)? {
                return Ok(Step::Gap(gap));
            }
        }
    }

    #[inline]
    fn walk(
        &mut self,
        stream: &mut Option<platform::Stream>,
        mut f: impl FnMut(Packet<'_>) -> ControlFlow<()>,
    ) -> io::Result<Step<Record>> {
        self.lend_none();
        let form = self.form;
        loop {
            let (unread, start) = self.window.parts();
            match form.find(unread) {
                Some(Found { packet, length }) => {
                    // Before the call, because the closure may panic.
                    *start += length;
                    if f(packet).is_break() {
                        return Ok(Step::Packet);
                    }
                }
                None => {
                    if let Some(gap) = self.gap(stream)? {
                        return Ok(Step::Gap(gap));
                    }
                }
            }
        }
    }

    fn end(&self) -> u64 {
        self.window.end()
    }

    fn file(&self) -> Option<&File> {
        self.window.file()
    }

    fn is_walked(&self) -> bool {
        let unread = self.window.unread();
        self.form.find(unread).is_none() && self.form.other(unread).is_none()
    }

    #[inline(always)] // else the packet would be passed in memory
    fn current(&self) -> Option<Packet<'_>> {
        // Parsing the header again is cheaper than caching it: a cached copy is written to memory
        // for each packet, and the read that follows stalls on that store.
        let record = self.window.buffer.get(self.lent.clone())?;
        let (head, data) = record.split_first_chunk()?;
        let fields = fields(head);
        let [secs, fraction, _, len] = match self.form.swapped {
            true => fields.map(u32::swap_bytes),
            false => fields,
        };
        let header = self.form.header(secs, fraction, data.len() as u32, len);
        Some(Packet::from_parts(header, data))
    }

    fn give(&mut self, address: usize, length: usize, batch: &mut PacketBatch) {
        self.window.give(address, length, batch);
    }

    fn lend_none(&mut self) {
        self.lent = 0..0;
    }
}

/// Returns the four numbers of a record's header, in the byte order of this machine.
#[inline(always)]
fn fields(head: &[u8; RECORD_HEADER]) -> [u32; 4] {
    let at = |n: usize| u32::from_ne_bytes([head[n], head[n + 1], head[n + 2], head[n + 3]]);
    [at(0), at(4), at(8), at(12)]
}
