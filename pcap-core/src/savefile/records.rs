//! The fast path through a classic savefile, whose records this crate parses in a buffer of its own.
//!
//! libpcap reads each record with two calls into a stdio stream and a copy. This code reads many records at once and
//! lends them from the buffer, but only ordinary ones. For anything else, including the end of the file, libpcap
//! continues at exactly that position, so that it handles and reports unusual data itself.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;

use crate::packet::{Packet, PacketHeader, Placed};
use crate::savefile::walk::{Step, Walk};
use crate::savefile::window::Window;
use crate::savefile::{ByteOrder, RECORD_HEADER};
use crate::sys::platform;
use crate::timestamp::Precision;

/// The length of the longest packet of an ordinary savefile. libpcap reports a longer one as damage.
pub(crate) const LONGEST: usize = 262_144;

/// The size of the buffer, which can contain the longest record. One system call reads a record and the data after it.
const BUFFER: usize = RECORD_HEADER + LONGEST;

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
    /// The offset in the buffer of the record whose packet is lent.
    current: Option<usize>,
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
    /// Parses the record at the start of some bytes, if it is an ordinary one. Otherwise returns
    /// its kind, or `None` if it is incomplete.
    #[inline]
    fn find(self, bytes: &[u8]) -> Result<Found<'_>, Option<Record>> {
        let Some((head, rest)) = bytes.split_first_chunk::<RECORD_HEADER>() else {
            return Err(None);
        };
        let [secs, fraction, caplen, len] = fields(head, self.swapped);
        let length = caplen as usize;
        // Some versions of libpcap read a fraction of 2³¹ or more as negative.
        let odd = length > LONGEST || fraction > i32::MAX as u32;
        if length > rest.len() || odd {
            let there = odd && (length <= rest.len() || length > LONGEST);
            return Err(there.then_some(Record::Odd));
        }
        let nanos = i64::from(fraction) * self.unit;
        // Truncates a longer packet, as libpcap does.
        let kept = caplen.min(self.snaplen);
        let header = PacketHeader::from_raw(secs.into(), nanos, kept, len);
        Ok(Found {
            packet: Packet::from_parts(header, &rest[..kept as usize]),
            length: RECORD_HEADER + length,
        })
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
            window: Window::new(file, position, BUFFER),
            form: Form {
                snaplen,
                unit: precision.nanos(),
                swapped: order == ByteOrder::Swapped,
            },
            current: None,
        }
    }

    /// Continues at an offset in the file, after libpcap has read records up to there.
    pub(crate) fn go_to(&mut self, position: u64) {
        self.current = None;
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

    /// Reads more bytes after the unparsed ones. Returns false if there are no more.
    #[cold]
    fn refill(&mut self, stream: &mut Option<platform::Stream>) -> io::Result<bool> {
        self.current = None;
        self.window.refill(stream)
    }

    /// Returns the offset in the file of the next record.
    pub(crate) fn position(&self) -> u64 {
        self.window.position()
    }
}

impl Walk for Records {
    type Gap = Record;

    #[inline(always)] // else the packet would be passed in memory
    fn ready(&mut self) -> Option<Placed> {
        let Found { packet, length } = self.form.find(self.unread()).ok()?;
        let start = self.window.unread.start;
        let placed = packet.placed_at(start + RECORD_HEADER);
        self.current = Some(start);
        self.window.unread.start += length;
        Some(placed)
    }

    #[inline(always)] // else the packet would be passed in memory
    fn lend(&self, placed: Placed) -> Packet<'_> {
        placed.lend(&self.window.buffer)
    }

    #[inline]
    fn step(&mut self, stream: &mut Option<platform::Stream>) -> io::Result<Step<Record>> {
        loop {
            match self.form.find(self.unread()) {
                Ok(Found { length, .. }) => {
                    self.current = Some(self.window.unread.start);
                    self.window.unread.start += length;
                    return Ok(Step::Packet);
                }
                Err(None) => {
                    if !self.refill(stream)? {
                        return Ok(Step::Gap(Record::Absent));
                    }
                }
                Err(Some(other)) => {
                    self.current = None;
                    return Ok(Step::Gap(other));
                }
            }
        }
    }

    #[inline]
    fn walk(
        &mut self,
        stream: &mut Option<platform::Stream>,
        mut f: impl FnMut(Packet<'_>) -> ControlFlow<()>,
    ) -> io::Result<Step<Record>> {
        self.current = None;
        loop {
            match self
                .form
                .find(&self.window.buffer[self.window.unread.clone()])
            {
                Ok(Found { packet, length }) => {
                    // Before the call, because the closure may panic.
                    self.window.unread.start += length;
                    if f(packet).is_break() {
                        return Ok(Step::Packet);
                    }
                }
                Err(None) => {
                    if !self.refill(stream)? {
                        return Ok(Step::Gap(Record::Absent));
                    }
                }
                Err(Some(other)) => return Ok(Step::Gap(other)),
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
        matches!(self.form.find(self.unread()), Err(None))
    }

    #[inline]
    fn current(&self) -> Option<Packet<'_>> {
        // Parsing the header again is cheaper than caching it: a cached copy is written to memory
        // for each packet, and the read that follows stalls on that store.
        let bytes = self.window.since(self.current?);
        Some(self.form.find(bytes).ok()?.packet)
    }

    fn lend_none(&mut self) {
        self.current = None;
    }
}

/// Returns the four numbers of a record's header.
#[inline]
fn fields(head: &[u8; RECORD_HEADER], swapped: bool) -> [u32; 4] {
    let fields = std::array::from_fn(|n| {
        let n = 4 * n;
        u32::from_ne_bytes([head[n], head[n + 1], head[n + 2], head[n + 3]])
    });
    if swapped {
        fields.map(u32::swap_bytes)
    } else {
        fields
    }
}
