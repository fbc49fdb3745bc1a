//! Savefiles written: libpcap writes the file header, the records are ours.
//!
//! May import: `ffi`, `error`, `timestamp`, `linktype`, `packet`, `savefile`.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::ffi::os;
use crate::linktype::Dlt;
use crate::packet::{Packet, PacketHeader};
use crate::savefile::RECORD_HEADER;
use crate::timestamp::{Precision, Timestamp};

mod append;
mod format;

pub(crate) use format::Format;

/// Records are collected up to this many bytes and written at once.
const BUFFER: usize = 256 * 1024;

/// Writes packets to a savefile.
///
/// Made by [`Capture::dump`](crate::Capture::dump), [`dump_append`](crate::Capture::dump_append) or
/// [`dump_to`](crate::Capture::dump_to) of a capture in any phase but the inactive one, and
/// independent of it afterwards.
///
/// Records are collected in a buffer of 256 KiB: a write error (a full disk, a closed pipe) is
/// reported by the call that meets it, at the latest by [`flush`](Self::flush) or
/// [`close`](Self::close). What could not be written is kept: when there is room again, the same
/// call made once more goes on where it stopped. Dropping a dumper writes what it can and can
/// report nothing, so close it.
///
/// # Examples
///
/// ```
/// use pcap_core::{Capture, Dlt, Timestamp};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("a.pcap");
/// let mut dumper = Capture::dead(Dlt::EN10MB)?.dump(&path)?;
/// dumper.write(Timestamp::new(1_700_000_000, 123), 1514, &[0; 60])?; // cut to 60 bytes
/// dumper.write(None, None, &[0; 60])?; // captured now, and whole
/// dumper.close()?;
///
/// let mut capture = Capture::from_file(&path)?;
/// let packet = capture.next_packet()?.expect("a packet");
/// assert_eq!((packet.timestamp().subsec_nanos(), packet.len()), (123, 1514));
/// # Ok::<(), pcap_core::Error>(())
/// ```
///
/// Manual page: [`pcap_dump(3PCAP)`](https://www.tcpdump.org/manpages/pcap_dump.3pcap.html).
pub struct Dumper {
    sink: Option<Sink>,
    name: String,
    format: Format,
    buffer: Vec<u8>,
    /// Bytes that the sink has taken, with those that an appended file had before.
    written: u64,
    /// The user's writer is running: if it is still so on drop, it panicked.
    writing: bool,
}

enum Sink {
    File(File),
    Writer(Box<dyn Write + Send>),
}

impl Sink {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Sink::File(file) => file,
            Sink::Writer(writer) => writer,
        }
    }
}

/// The bytes at the start of the buffer that the sink has taken.
struct Taken<'a> {
    buffer: &'a mut Vec<u8>,
    written: &'a mut u64,
    length: usize,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.written += self.length as u64;
        self.buffer.drain(..self.length);
    }
}

impl Dumper {
    /// A new savefile at a path; `-` is standard output.
    pub(crate) fn create(path: &Path, format: Format) -> Result<Dumper> {
        let name = path.display().to_string();
        // First: a link type that savefiles cannot have must not empty a file that is there.
        let header = format.header(&name)?;
        let file = if path.as_os_str() == "-" {
            os::stdout()
        } else {
            File::create(path)
        };
        let file = file.map_err(|e| Error::io("create", name.clone(), e))?;
        Ok(Dumper::new(Sink::File(file), name, format, &header))
    }

    /// A new savefile written to anything.
    pub(crate) fn to_writer(writer: Box<dyn Write + Send>, format: Format) -> Result<Dumper> {
        let name = "the writer".to_owned();
        let header = format.header(&name)?;
        Ok(Dumper::new(Sink::Writer(writer), name, format, &header))
    }

    /// More records for a savefile that is there, or a new one; `-` is standard output, begun anew.
    pub(crate) fn append(path: &Path, format: Format) -> Result<Dumper> {
        if path.as_os_str() == "-" {
            return Dumper::create(path, format);
        }
        let name = path.display().to_string();
        let header = format.header(&name)?;
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(|e| Error::io("append to", name.clone(), e))?;
        let length = append::check(&mut file, &header, &name)?;
        let mut dumper = Dumper::new(Sink::File(file), name, format, &header);
        if length > 0 {
            dumper.buffer.clear();
            dumper.written = length;
        }
        Ok(dumper)
    }

    fn new(sink: Sink, name: String, format: Format, header: &[u8]) -> Dumper {
        let mut buffer = Vec::with_capacity(BUFFER);
        buffer.extend_from_slice(header);
        Dumper {
            sink: Some(sink),
            name,
            format,
            buffer,
            written: 0,
            writing: false,
        }
    }

    /// Writes one packet from its parts.
    ///
    /// Without a timestamp it is the time now; without a wire length, in bytes, it is that of the
    /// data.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if the wire length is below the data's, the data longer than
    /// the savefile's snaplen, or the time outside of what a savefile can hold (1970 to 2106): the
    /// packet is not written. [`ErrorKind::Io`] if writing failed: the packet is not taken, and
    /// may be written again.
    pub fn write(
        &mut self,
        timestamp: impl Into<Option<Timestamp>>,
        wire_len: impl Into<Option<u32>>,
        data: &[u8],
    ) -> Result<()> {
        let caplen = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let wire_len = wire_len.into().unwrap_or(caplen);
        if wire_len < caplen {
            return Err(self.refuse(format!(
                "a packet of {caplen} bytes cannot have been {wire_len} bytes on the wire"
            )));
        }
        let timestamp = timestamp.into().unwrap_or_else(Timestamp::now);
        self.record(&PacketHeader::new(timestamp, caplen, wire_len), data)
    }

    /// Writes a packet as it was read, borrowed or owned.
    ///
    /// In a savefile of microseconds the last three digits of its time are cut.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write), except that the lengths of a damaged packet are kept as they are.
    pub fn write_packet<'p>(&mut self, packet: impl Into<Packet<'p>>) -> Result<()> {
        let packet = packet.into();
        self.record(packet.header(), packet.data())
    }

    #[inline]
    fn record(&mut self, header: &PacketHeader, data: &[u8]) -> Result<()> {
        if data.len() > self.format.snaplen as usize {
            return Err(self.refuse(format!(
                "a packet of {} bytes is longer than the savefile's snaplen, {} bytes",
                data.len(),
                self.format.snaplen
            )));
        }
        let time = header.timestamp();
        let Ok(secs) = u32::try_from(time.secs()) else {
            return Err(self.refuse(format!(
                "the time {time} is outside of what a savefile can hold, 1970 to 2106"
            )));
        };
        let fraction = match self.format.precision {
            Precision::Micro => time.subsec_micros(),
            Precision::Nano => time.subsec_nanos(),
        };
        let length = RECORD_HEADER + data.len();
        if self.buffer.len() + length > BUFFER && !self.buffer.is_empty() {
            self.drain()?;
        }
        let mut record = [0; RECORD_HEADER];
        let fields = [secs, fraction, header.caplen(), header.len()];
        for (bytes, field) in record.chunks_exact_mut(4).zip(fields) {
            bytes.copy_from_slice(&field.to_ne_bytes());
        }
        self.buffer.extend_from_slice(&record);
        self.buffer.extend_from_slice(data);
        Ok(())
    }

    fn refuse(&self, text: String) -> Error {
        Error::new(ErrorKind::InvalidArgument, "write", self.name.clone(), text)
    }

    /// Writes out what was collected. What the sink did not take stays collected.
    #[cold]
    fn drain(&mut self) -> Result<()> {
        let Some(sink) = &mut self.sink else {
            return Ok(());
        };
        // What the sink took leaves the buffer even if its next write panics.
        let mut taken = Taken {
            buffer: &mut self.buffer,
            written: &mut self.written,
            length: 0,
        };
        self.writing = true;
        let result = loop {
            let rest = &taken.buffer[taken.length..];
            if rest.is_empty() {
                break Ok(());
            }
            match sink.writer().write(rest) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(n) if n > rest.len() => {
                    break Err(io::Error::other("the writer took more than it was given"));
                }
                Ok(n) => taken.length += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        drop(taken);
        self.writing = false;
        result.map_err(|e| Error::io("write", self.name.clone(), e))
    }

    /// Hands everything written so far to the operating system.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if it did not take it all. The rest is kept, and a later call tries again.
    pub fn flush(&mut self) -> Result<()> {
        self.drain()?;
        let Some(sink) = &mut self.sink else {
            return Ok(());
        };
        self.writing = true;
        let result = sink.writer().flush();
        self.writing = false;
        result.map_err(|e| Error::io("write", self.name.clone(), e))
    }

    /// Writes out the rest and closes the savefile.
    ///
    /// Closing a dumper on standard output leaves descriptor 1 open.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if the savefile is not complete.
    pub fn close(mut self) -> Result<()> {
        let flushed = self.flush();
        let closed = match self.sink.take() {
            Some(Sink::File(file)) => os::close(file),
            Some(Sink::Writer(_)) | None => Ok(()),
        };
        flushed?;
        closed.map_err(|e| Error::io("close", self.name.clone(), e))
    }

    /// How long the savefile is, in bytes, with what is still in the buffer: where the next record
    /// begins.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// The link type of the savefile's packets.
    #[must_use]
    pub fn datalink(&self) -> Dlt {
        self.format.datalink
    }

    /// The longest packet that the savefile takes, in bytes.
    #[must_use]
    pub fn snaplen(&self) -> u32 {
        self.format.snaplen
    }

    /// The precision of the savefile's timestamps.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.format.precision
    }
}

impl fmt::Debug for Dumper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dumper")
            .field("name", &self.name)
            .field("format", &self.format)
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

impl Drop for Dumper {
    fn drop(&mut self) {
        if !self.writing {
            // Nobody is left to tell: `close` is for that.
            let _ = self.flush();
        }
    }
}
