//! The fast path through a classic savefile, whose records this crate parses in a buffer of its own.
//!
//! libpcap reads each record with two calls into a stdio stream and a copy. This code reads many records at once and
//! lends them from the buffer, but only ordinary ones. For anything else, including the end of the file, libpcap
//! continues at exactly that position, so that it handles and reports unusual data itself.

use std::fs::File;
use std::io;
use std::ops::{ControlFlow, Range};

use crate::packet::{Packet, PacketHeader, Placed};
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
    /// A record to lend.
    Ordinary,
    /// A record that libpcap must read itself.
    Odd,
    /// The file has no complete record at this time.
    Absent,
}

/// The records of a classic savefile.
#[derive(Debug)]
pub(crate) struct Records {
    /// The file to read from, or `None` to read from the stream at its current position.
    file: Option<File>,
    buffer: Box<[u8]>,
    /// The part of the buffer that contains data but has not been parsed yet.
    unread: Range<usize>,
    /// The offset in the file of the end of that part.
    position: u64,
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
            file,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            unread: 0..0,
            position,
            form: Form {
                snaplen,
                unit: precision.nanos(),
                swapped: order == ByteOrder::Swapped,
            },
            current: None,
        }
    }

    /// Advances to the next record, if it is an ordinary one that is in the buffer.
    #[inline]
    pub(crate) fn ready(&mut self) -> Option<Placed> {
        let Found { packet, length } = self.form.find(self.unread()).ok()?;
        let start = self.unread.start;
        let placed = packet.placed_at(start + RECORD_HEADER);
        self.current = Some(start);
        self.unread.start += length;
        Some(placed)
    }

    /// Returns the packet of a record that was [`ready`](Self::ready).
    #[inline]
    pub(crate) fn lend(&self, placed: Placed) -> Packet<'_> {
        placed.lend(&self.buffer)
    }

    /// Advances to the next record, if it is an ordinary one.
    #[inline]
    pub(crate) fn step(&mut self, stream: &mut Option<platform::Stream>) -> io::Result<Record> {
        loop {
            match self.form.find(self.unread()) {
                Ok(Found { length, .. }) => {
                    self.current = Some(self.unread.start);
                    self.unread.start += length;
                    return Ok(Record::Ordinary);
                }
                Err(None) => {
                    if !self.refill(stream)? {
                        return Ok(Record::Absent);
                    }
                }
                Err(Some(other)) => {
                    self.current = None;
                    return Ok(other);
                }
            }
        }
    }

    /// Passes ordinary records to a closure until it breaks; returns the kind of the next record.
    #[inline]
    pub(crate) fn walk(
        &mut self,
        stream: &mut Option<platform::Stream>,
        mut f: impl FnMut(Packet<'_>) -> ControlFlow<()>,
    ) -> io::Result<Record> {
        self.current = None;
        loop {
            match self.form.find(&self.buffer[self.unread.clone()]) {
                Ok(Found { packet, length }) => {
                    // Before the call, because the closure may panic.
                    self.unread.start += length;
                    if f(packet).is_break() {
                        return Ok(Record::Ordinary);
                    }
                }
                Err(None) => {
                    if !self.refill(stream)? {
                        return Ok(Record::Absent);
                    }
                }
                Err(Some(other)) => return Ok(other),
            }
        }
    }

    /// Continues at an offset in the file, after libpcap has read records up to there.
    pub(crate) fn go_to(&mut self, position: u64) {
        self.current = None;
        let behind = position
            .checked_sub(self.position())
            .and_then(|behind| usize::try_from(behind).ok());
        match behind {
            Some(behind) if behind <= self.unread.len() => self.unread.start += behind,
            _ => {
                self.unread = 0..0;
                self.position = position;
            }
        }
    }

    /// Returns the offset in the file up to which it has been read.
    pub(crate) fn end(&self) -> u64 {
        self.position
    }

    /// Returns the byte order of the records.
    pub(crate) fn order(&self) -> ByteOrder {
        match self.form.swapped {
            false => ByteOrder::Native,
            true => ByteOrder::Swapped,
        }
    }

    /// Returns whether the records are read from a file, at any offset.
    pub(crate) fn is_of_file(&self) -> bool {
        self.file.is_some()
    }

    /// Returns whether the buffer contains no further complete record.
    pub(crate) fn is_walked(&self) -> bool {
        matches!(self.form.find(self.unread()), Err(None))
    }

    /// Returns the bytes that have been read but not parsed yet.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.unread.clone()]
    }

    /// Reads more bytes after the unparsed ones. Returns false if there are no more.
    #[cold]
    fn refill(&mut self, stream: &mut Option<platform::Stream>) -> io::Result<bool> {
        self.current = None;
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        let free = &mut self.buffer[self.unread.end..];
        let read = match (&self.file, stream) {
            (Some(file), _) => platform::read_at(file, free, self.position)?,
            (None, Some(stream)) => stream.read(free)?,
            (None, None) => 0,
        };
        self.unread.end += read;
        self.position += read as u64;
        Ok(read > 0)
    }

    /// Returns the packet that the last step advanced to.
    #[inline]
    pub(crate) fn current(&self) -> Option<Packet<'_>> {
        // Parsing the header again is cheaper than caching it: a cached copy is written to memory
        // for each packet, and the read that follows stalls on that store.
        let bytes = &self.buffer[self.current?..self.unread.end];
        Some(self.form.find(bytes).ok()?.packet)
    }

    /// Ends the loan of a packet.
    pub(crate) fn lend_none(&mut self) {
        self.current = None;
    }

    /// Returns the offset in the file of the next record.
    pub(crate) fn position(&self) -> u64 {
        self.position - self.unread.len() as u64
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
