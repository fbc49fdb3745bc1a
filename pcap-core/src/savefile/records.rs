//! The fast way through a classic savefile: its records, walked in a buffer of our own.
//!
//! libpcap reads each record with two calls into a stdio stream and a copy; here many are read at
//! once and lent from where they lie. Only ordinary records are. At anything else, the end of the file
//! included, libpcap reads on from that very place, so that what is unusual is treated, and told,
//! exactly as it treats and tells it.

use std::fs::File;
use std::io;
use std::ops::{ControlFlow, Range};

use crate::packet::{Packet, PacketHeader};
use crate::savefile::{ByteOrder, RECORD_HEADER};
use crate::sys::platform;
use crate::timestamp::Precision;

/// The longest packet of an ordinary savefile; libpcap calls a longer one damage.
pub(crate) const LONGEST: usize = 262_144;

/// Room for one record of any length, read in one system call with whatever follows it.
const BUFFER: usize = RECORD_HEADER + LONGEST;

/// What the next record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// One to lend.
    Ordinary,
    /// One for libpcap.
    Odd,
    /// The file has no whole record more now.
    Absent,
}

/// The records of a classic savefile.
#[derive(Debug)]
pub(crate) struct Records {
    /// Where they are read from; `None` if that is the stream, from where it stands.
    file: Option<File>,
    buffer: Box<[u8]>,
    /// What of the buffer has been read and not walked yet.
    unread: Range<usize>,
    /// Where in the file the end of that is.
    position: u64,
    form: Form,
    /// Where in the buffer the record begins whose packet is lent.
    current: Option<usize>,
}

/// How the records of a file are to be read.
#[derive(Clone, Copy, Debug)]
struct Form {
    snaplen: u32,
    /// Nanoseconds in a unit of the file's fraction.
    unit: i64,
    /// Whether the file has the other byte order than this machine.
    swapped: bool,
}

/// An ordinary record.
struct Found<'a> {
    packet: Packet<'a>,
    /// With its header.
    length: usize,
}

impl Form {
    /// The record at the start of some bytes, if it is an ordinary one. If not, what it is: `None` if it
    /// is not there whole.
    #[inline]
    fn find(self, bytes: &[u8]) -> Result<Found<'_>, Option<Record>> {
        let Some((head, rest)) = bytes.split_first_chunk::<RECORD_HEADER>() else {
            return Err(None);
        };
        let [secs, fraction, caplen, len] = fields(head, self.swapped);
        let length = caplen as usize;
        // A fraction of 2^31 and more is negative to some libpcaps.
        let odd = length > LONGEST || fraction > i32::MAX as u32;
        if length > rest.len() || odd {
            let there = odd && (length <= rest.len() || length > LONGEST);
            return Err(there.then_some(Record::Odd));
        }
        let nanos = i64::from(fraction) * self.unit;
        // A longer packet is cut, as libpcap does.
        let kept = caplen.min(self.snaplen);
        let header = PacketHeader::from_raw(secs.into(), nanos, kept, len);
        Ok(Found {
            packet: Packet::from_parts(header, &rest[..kept as usize]),
            length: RECORD_HEADER + length,
        })
    }
}

impl Records {
    /// The records from `position` on of a file whose header libpcap has read; without a file, those
    /// that come next in the stream.
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

    /// Goes to the next record, if it is an ordinary one.
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

    /// Hands ordinary records to a closure until it breaks; gives what comes then.
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
                    // First: the closure may panic.
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

    /// Goes on at a place in the file: behind what libpcap has read in between.
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

    /// The offset in the file up to which it has been read.
    pub(crate) fn end(&self) -> u64 {
        self.position
    }

    /// Their byte order.
    pub(crate) fn order(&self) -> ByteOrder {
        match self.form.swapped {
            false => ByteOrder::Native,
            true => ByteOrder::Swapped,
        }
    }

    /// Whether they are read from a file, to any place of which one can go.
    pub(crate) fn is_of_file(&self) -> bool {
        self.file.is_some()
    }

    /// Whether no whole record is left of what has been read.
    pub(crate) fn is_walked(&self) -> bool {
        matches!(self.form.find(self.unread()), Err(None))
    }

    /// What has been read and not walked yet.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.unread.clone()]
    }

    /// Reads more behind what is left; false if there is no more.
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

    /// The packet that the last step went to.
    #[inline]
    pub(crate) fn current(&self) -> Option<Packet<'_>> {
        // Its header is read once more: to keep it, it would be written to memory for each packet, and
        // read back before it is there.
        let bytes = &self.buffer[self.current?..self.unread.end];
        Some(self.form.find(bytes).ok()?.packet)
    }

    /// No packet is lent any more.
    pub(crate) fn lend_none(&mut self) {
        self.current = None;
    }

    /// Where in the file the next record begins.
    pub(crate) fn position(&self) -> u64 {
        self.position - self.unread.len() as u64
    }
}

/// The four numbers of a record's header.
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
