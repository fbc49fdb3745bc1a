//! Writing classic savefiles. This crate writes the file header and the records itself, without libpcap.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::linktype::Dlt;
use crate::packet::{AsPacket, Packet, PacketHeader};
use crate::savefile::RECORD_HEADER;
use crate::timestamp::{Precision, Timestamp};

mod append;
mod format;
mod output;

pub(crate) use format::Format;
pub(crate) use output::{Output, THE_SAVEFILE, THE_WRITER};

/// Writes packets to a savefile.
///
/// Created by [`Capture::dump`](crate::Capture::dump), [`dump_append`](crate::Capture::dump_append),
/// [`dump_to`](crate::Capture::dump_to) or [`dump_open_file`](crate::Capture::dump_open_file) of a capture in any phase
/// but the inactive one. A dumper does not borrow its capture.
///
/// The header is written when the dumper is created. Records are collected in a buffer of 256 KiB. The call that meets
/// a write error (a full disk, a closed pipe) reports it, at the latest [`flush`](Self::flush) or
/// [`close`](Self::close). Unwritten bytes, the header included, are kept: when there is room again, repeat the call to
/// continue. Dropping a dumper writes what it can and ignores errors, so close it.
///
/// **The contents of the buffer are lost if the dumper is not dropped**:
///
/// - if the process is killed, calls [`std::process::exit`] or aborts;
/// - if the dumper is passed to [`std::mem::forget`];
/// - if `main` returns while a thread that was not joined owns the dumper.
///
/// `exit` flushes libpcap's own dumpers, but not this one. [`flush_within`](Self::flush_within) limits the loss by
/// time.
///
/// # Examples
///
/// ```
/// use pcap_core::{Capture, Dlt, Packet, Timestamp};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("a.pcap");
/// let mut dumper = Capture::dead(Dlt::EN10MB)?.dump(&path)?;
/// dumper.write(Packet::new(Timestamp::new(1_700_000_000, 123), 1514, &[0; 60]))?; // truncated to 60 bytes
/// dumper.write_now(&[0; 60])?; // captured now, and whole
/// dumper.close()?;
///
/// let mut capture = Capture::from_file(&path)?;
/// let packet = capture.next_packet()?.expect("a packet");
/// assert_eq!((packet.timestamp().subsec_nanos(), packet.wire_len()), (123, 1514));
/// # Ok::<(), pcap_core::Error>(())
/// ```
///
#[doc = manual!("pcap_dump")]
///
#[doc(alias = "pcap_dumper_t")]
#[doc(alias = "pcap_dumper")]
pub struct Dumper {
    output: Output,
    format: Format,
    /// The longest packet that it accepts.
    longest: usize,
}

impl Dumper {
    /// Creates a savefile at a path; `-` is standard output.
    pub(crate) fn create(path: &Path, format: Format) -> Result<Dumper> {
        // First, so that an unsupported link type does not truncate an existing file.
        let header = format.header(&path.display().to_string())?;
        Ok(Dumper::new(Output::create(path)?, format, &header))
    }

    /// Creates a savefile in an open file, from the current position.
    pub(crate) fn to_file(file: File, name: String, format: Format) -> Result<Dumper> {
        match format.header(&name) {
            Ok(header) => {
                let output = Output::file(file, name, 0);
                Ok(Dumper::new(output, format, &header))
            }
            Err(error) => Err(error.handing_back(file)),
        }
    }

    /// Creates a savefile in any writer.
    pub(crate) fn to_writer<W>(writer: W, name: String, format: Format) -> Result<Dumper>
    where
        W: Write + Send + 'static,
    {
        match format.header(&name) {
            Ok(header) => Ok(Dumper::new(Output::writer(writer, name), format, &header)),
            Err(error) => Err(error.handing_back(writer)),
        }
    }

    /// Opens a savefile for appending, or creates it; `-` is standard output, started anew.
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
        let length = append::check(&mut file, format, &header, &name)?;
        let output = Output::file(file, name, length);
        let header = if length == 0 { &header[..] } else { &[] };
        Ok(Dumper::new(output, format, header))
    }

    fn new(mut output: Output, format: Format, header: &[u8]) -> Dumper {
        output.push(header);
        output.offer();
        Dumper::with(output, format)
    }

    fn with(output: Output, format: Format) -> Dumper {
        let longest = format.snaplen.min(format.readable()) as usize;
        Dumper {
            output,
            format,
            longest,
        }
    }

    /// Writes a packet, with the time and the lengths of its header.
    ///
    /// The packet has to be of the link type that [`datalink`](Self::datalink) returns. The call cannot check this,
    /// because a [`Packet`] does not know its link type. Readers would decode a packet of another one as nonsense.
    ///
    /// A savefile with microseconds drops the last three digits of the time, as libpcap and editcap do;
    /// [`Timestamp::rounded`] rounds them. A fraction that is negative or at least a second, as in damaged savefiles,
    /// is written [as it was read](PacketHeader::raw_nanos) if the precision can express it.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the data is longer than the savefile's snaplen or
    ///   than what readers accept (262 144 bytes for most link types), or the time is not in the years that a
    ///   savefile can hold (1970 to 2106). The packet is not written.
    /// - [`Io`](crate::ErrorKind::Io) if writing failed. The packet is not written; the call can be repeated.
    ///
    #[doc = manual!("pcap_dump")]
    #[doc(alias = "pcap_dump")]
    #[inline]
    pub fn write(&mut self, packet: impl AsPacket) -> Result<()> {
        let packet = packet.as_packet();
        self.record(packet.header(), packet.data())
    }

    /// Writes bytes as a whole packet captured now.
    ///
    /// # Errors
    ///
    /// Those of [`write`](Self::write).
    pub fn write_now(&mut self, data: &[u8]) -> Result<()> {
        self.write(Packet::whole(Timestamp::now(), data))
    }

    #[inline]
    fn record(&mut self, header: &PacketHeader, data: &[u8]) -> Result<()> {
        if data.len() > self.longest {
            return Err(self.too_long(data.len()));
        }
        let Some((secs, fraction)) = time_fields(header, self.format.precision) else {
            let time = header.timestamp();
            return Err(self.output.refuse(format!(
                "the time {time} is out of range for a savefile, 1970 to 2106"
            )));
        };
        let length = RECORD_HEADER + data.len();
        self.output.reserve(length)?;
        let mut record = [0; RECORD_HEADER];
        let fields = [secs, fraction, header.caplen(), header.wire_len()];
        for (bytes, field) in record.chunks_exact_mut(4).zip(fields) {
            bytes.copy_from_slice(&field.to_ne_bytes());
        }
        self.output.push(&record);
        self.output.push(data);
        Ok(())
    }

    #[cold]
    fn too_long(&self, length: usize) -> Error {
        let limit = match self.longest < self.format.snaplen as usize {
            true => "the limit of libpcap and Wireshark",
            false => "the savefile's snaplen",
        };
        let longest = self.longest;
        self.output.refuse(format!(
            "a packet of {length} bytes is longer than {limit}, {longest} bytes"
        ))
    }

    /// Writes the buffer to the operating system.
    ///
    /// # Errors
    ///
    /// - [`Io`](crate::ErrorKind::Io) if not everything was written. The rest is kept, and a later call tries again.
    #[doc(alias = "pcap_dump_flush")]
    pub fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }

    /// Limits how long packets wait in the buffer: [`write`](Self::write) flushes first if the oldest packet there has
    /// waited this long. Default: no limit. [`Duration::MAX`] removes it.
    ///
    /// Nothing runs in the background. If packets may pause, call [`flush_if_due`](Self::flush_if_due) as well. The
    /// clock is exact to a few milliseconds. Each `write` reads it, which takes some nanoseconds.
    ///
    /// # Examples
    ///
    /// A savefile that is at most about a second behind, however the program ends:
    ///
    /// ```no_run
    /// use pcap_core::{Capture, Next};
    /// use std::time::Duration;
    ///
    /// const SECOND: Duration = Duration::from_secs(1);
    ///
    /// let mut capture = Capture::from_device("eth0").activate()?;
    /// let mut dumper = capture.dump("eth0.pcap")?;
    /// dumper.flush_within(SECOND);
    /// loop {
    ///     match capture.next_packet_timeout(SECOND)? {
    ///         Next::Packet(packet) => dumper.write(packet)?,
    ///         Next::Timeout => dumper.flush_if_due()?,
    ///         Next::End(_) => break,
    ///     }
    /// }
    /// dumper.close()?;
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn flush_within(&mut self, bound: Duration) {
        self.output.flush_within(bound);
    }

    /// Flushes if the oldest packet in the buffer has waited as long as [`flush_within`](Self::flush_within) allows.
    /// Call it when a read loop finds no packet. Does nothing if there is no limit.
    ///
    /// # Errors
    ///
    /// Those of [`flush`](Self::flush). A non-blocking output that accepts nothing now is not an error while there is
    /// room in the buffer.
    pub fn flush_if_due(&mut self) -> Result<()> {
        self.output.flush_if_due()
    }

    /// Writes the rest and closes the savefile.
    ///
    /// Closing a dumper on standard output leaves descriptor 1 open.
    ///
    /// # Errors
    ///
    /// - [`Io`](crate::ErrorKind::Io) if the savefile is not complete.
    #[doc(alias = "pcap_dump_close")]
    pub fn close(self) -> Result<()> {
        self.output.close()
    }

    /// Writes the rest and returns the underlying writer.
    ///
    /// This is the writer that [`dump_to`](crate::Capture::dump_to) took, for example a compressor that has to be
    /// finished. For all other dumpers it is the [`File`], for example for [`sync_all`](File::sync_all).
    ///
    /// # Errors
    ///
    /// - [`Io`](crate::ErrorKind::Io) if not everything was written.
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the dumper does not write to a `W`.
    ///
    /// [`take`](Error::take) returns the `Dumper`, to try again.
    ///
    /// # Examples
    ///
    /// ```
    /// use flate2::{Compression, read::GzDecoder, write::GzEncoder};
    /// use pcap_core::{Capture, Dlt};
    /// use std::io::Cursor;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let gzip = GzEncoder::new(Vec::new(), Compression::default());
    /// let mut dumper = Capture::dead(Dlt::EN10MB)?.dump_to(gzip)?;
    /// dumper.write_now(b"a packet")?;
    /// let gzip = dumper.into_writer::<GzEncoder<Vec<u8>>>()?;
    /// let compressed = gzip.finish()?; // were it only dropped, its error would be lost
    ///
    /// let mut capture = Capture::from_reader(GzDecoder::new(Cursor::new(compressed)))?;
    /// assert_eq!(capture.next_packet()?.expect("a packet").data(), b"a packet");
    /// # Ok(()) }
    /// ```
    pub fn into_writer<W: Write + Send + 'static>(self) -> Result<W> {
        let Dumper { output, format, .. } = self;
        output
            .into_object()
            .map_err(|(error, output)| error.handing_back(Dumper::with(*output, format)))
    }

    /// Returns the name of the savefile in errors: the path, as it was passed, or the name for errors.
    #[must_use]
    pub fn name(&self) -> &str {
        self.output.name()
    }

    /// Returns the length of the savefile in bytes, including the buffer: the position of the next record.
    #[doc(alias = "pcap_dump_ftell")]
    #[doc(alias = "pcap_dump_ftell64")]
    #[must_use]
    pub fn position(&self) -> u64 {
        self.output.position()
    }

    /// Returns the link type of the savefile's packets.
    #[must_use]
    pub fn datalink(&self) -> Dlt {
        self.format.datalink
    }

    /// Returns the snaplen of the savefile, in bytes. Longer packets are rejected; so are those that readers would
    /// reject.
    #[must_use]
    pub fn snaplen(&self) -> u32 {
        self.format.snaplen
    }

    /// Returns the precision of the savefile's timestamps.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.format.precision
    }
}

/// Returns the seconds and the fraction of a record, or `None` if they do not fit.
#[inline]
fn time_fields(header: &PacketHeader, precision: Precision) -> Option<(u32, u32)> {
    let unit = match precision {
        Precision::Micro => 1000,
        Precision::Nano => 1,
    };
    let (secs, nanos) = (header.raw_secs(), header.raw_nanos());
    if (0..1_000_000_000).contains(&nanos) {
        return Some((u32::try_from(secs).ok()?, (nanos / unit) as u32));
    }
    if nanos % unit == 0 {
        // Depending on its version, libpcap reads it as signed or unsigned: the bits are the same.
        let nanos = nanos / unit;
        let signed = i32::try_from(nanos).map(|number| number as u32);
        let fraction = signed.or_else(|_| u32::try_from(nanos));
        if let (Ok(secs), Ok(fraction)) = (u32::try_from(secs), fraction) {
            return Some((secs, fraction));
        }
    }
    let time = header.timestamp();
    let nanos = i64::from(time.subsec_nanos());
    Some((u32::try_from(time.secs()).ok()?, (nanos / unit) as u32))
}

impl fmt::Debug for Dumper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dumper")
            .field("name", &self.output.name())
            .field("format", &self.format)
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
