//! Writing classic savefiles. This crate writes the file header and the records itself, without libpcap.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::linktype::{Dlt, Linktype};
use crate::packet::{AsPacket, Packet};
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
/// [`dump_to`](crate::Capture::dump_to) or [`dump_open_file`](crate::Capture::dump_open_file), in every phase of a
/// capture except [`Inactive`](crate::Inactive). A dumper does not borrow its capture.
///
/// # Buffering and errors
///
/// The header is written when the dumper is created. Records are collected in a buffer of 256 KiB. A write error, such
/// as a full disk or a closed pipe, is returned by the call that encounters it, at the latest by [`flush`](Self::flush)
/// or [`close`](Self::close). Unwritten bytes, including those of the header, stay in the buffer. Once the output
/// accepts data again, repeat the call to continue.
///
/// Dropping a dumper also writes the buffer, but ignores errors. To notice them, call `close`.
///
/// **The contents of the buffer are lost if the dumper is neither closed nor dropped**, that is:
///
/// - if the process is killed, aborts or calls [`std::process::exit`];
/// - if the dumper is passed to [`std::mem::forget`];
/// - if `main` returns while the dumper belongs to a thread that was not joined.
///
/// `exit` flushes libpcap's own dumpers, but not these. To bound the loss, use [`flush_within`](Self::flush_within).
///
/// # Examples
///
/// ```
/// use pcap_core::{Capture, Dlt, Packet, Timestamp};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("a.pcap");
/// let mut dumper = Capture::dead(Dlt::EN10MB)?.dump(&path)?;
/// dumper.write(Packet::new(Timestamp::new(1_700_000_000, 123), 1514, &[0; 60]))?; // truncated to 60 bytes
/// dumper.write_now(&[0; 60])?; // a whole packet, captured now
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
    linktype: Linktype,
    /// The length of the longest packet that the dumper accepts.
    longest: usize,
}

impl Dumper {
    /// Creates a savefile at a path; `-` is standard output.
    pub(crate) fn create(path: &Path, format: Format) -> Result<Dumper> {
        // First, so that an unsupported link type does not truncate an existing file.
        let header = format.header(&path.display().to_string())?;
        Ok(Dumper::new(Output::create(path)?, format, &header))
    }

    /// Writes a savefile to an open file, from the current position.
    pub(crate) fn to_file(file: File, name: String, format: Format) -> Result<Dumper> {
        match format.header(&name) {
            Ok(header) => {
                let output = Output::file(file, name, 0);
                Ok(Dumper::new(output, format, &header))
            }
            Err(error) => Err(error.handing_back(file)),
        }
    }

    /// Writes a savefile to any writer.
    pub(crate) fn to_writer<W>(writer: W, name: String, format: Format) -> Result<Dumper>
    where
        W: Write + Send + 'static,
    {
        match format.header(&name) {
            Ok(header) => Ok(Dumper::new(Output::writer(writer, name), format, &header)),
            Err(error) => Err(error.handing_back(writer)),
        }
    }

    /// Opens a savefile for appending, or creates it. `-` is standard output, to which it writes a new savefile.
    #[inline]
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
        output.keep(header);
        output.offer();
        Dumper::with(output, format)
    }

    fn with(output: Output, format: Format) -> Dumper {
        let longest = format.snaplen.min(format.readable()) as usize;
        Dumper {
            output,
            format,
            linktype: format.datalink.into(),
            longest,
        }
    }

    /// Writes a packet: its header and its data.
    ///
    /// The packet must have the link type that [`datalink`](Self::datalink) returns, because readers would misinterpret
    /// a packet of another link type. The call checks this for packets that were read from a pcapng savefile, which
    /// know their [link type](Packet::linktype).
    ///
    /// If the savefile has microsecond precision, the time is truncated, as libpcap and editcap do; to round it, use
    /// [`Timestamp::rounded`]. A fraction that is negative or at least one second, as in damaged savefiles, is written
    /// [as it was read](crate::PacketHeader::raw_nanos) if the file format can express it, and otherwise carried into
    /// the seconds.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the data is longer than the savefile's snaplen or
    ///   than the longest packet that readers accept (262 144 bytes for most link types), or if the time is outside the
    ///   range of a savefile (1970 to February 2106). The packet is not written.
    /// - [`LinktypeMismatch`](crate::ErrorKind::LinktypeMismatch) if the packet is known to have another link type. It
    ///   is not written.
    /// - [`Io`](crate::ErrorKind::Io) if writing failed. The packet is not written; the call can be repeated.
    ///
    #[doc = manual!("pcap_dump")]
    #[doc(alias = "pcap_dump")]
    #[inline]
    pub fn write(&mut self, packet: impl AsPacket) -> Result<()> {
        let packet = packet.as_packet();
        if packet.contradicts(self.linktype) {
            return Err(self.other_linktype(packet.linktype()));
        }
        let (header, data) = (packet.header(), packet.data());
        if data.len() > self.longest {
            return Err(self.too_long(data.len()));
        }
        // Slow paths take numbers: a reference would put the packet into memory for ordinary packets, too.
        let (secs, nanos) = (header.raw_secs(), header.raw_nanos());
        let Some([secs, fraction]) = time_fields(secs, nanos, self.format.precision) else {
            return Err(self.out_of_range(secs, nanos));
        };
        let record = self.output.append(RECORD_HEADER + data.len())?;
        let fields = [secs, fraction, header.caplen(), header.wire_len()];
        let (head, rest) = record.split_at_mut(RECORD_HEADER);
        head.copy_from_slice(fields.map(u32::to_ne_bytes).as_flattened());
        rest.copy_from_slice(data);
        Ok(())
    }

    /// Writes bytes as an untruncated packet, with the current time.
    ///
    /// # Errors
    ///
    /// The errors of [`write`](Self::write).
    pub fn write_now(&mut self, data: &[u8]) -> Result<()> {
        self.write(Packet::whole(Timestamp::now(), data))
    }

    #[cold]
    fn out_of_range(&self, secs: i64, nanos: i64) -> Error {
        let time = Timestamp::new(secs, nanos);
        self.output.refuse(format!(
            "the time {time} is out of range for a savefile, 1970 to 2106"
        ))
    }

    #[cold]
    fn other_linktype(&self, found: Option<Linktype>) -> Error {
        let found = found.unwrap_or(self.linktype);
        let text = format!(
            "expected a packet of {}, the link type of the savefile, found {found}; a pcapng savefile \
             can have several",
            self.linktype
        );
        let name = self.output.name().to_owned();
        Error::cannot(ErrorKind::LinktypeMismatch, "write", name, text)
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

    /// Writes the buffer to the file or writer, and flushes the writer.
    ///
    /// # Errors
    ///
    /// - [`Io`](crate::ErrorKind::Io) if not everything could be written. The rest stays in the buffer, and a later
    ///   call tries again.
    #[doc(alias = "pcap_dump_flush")]
    pub fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }

    /// Limits how long packets stay in the buffer: if the oldest packet has been there for `bound`, the next
    /// [`write`](Self::write) flushes the buffer first. Default: no limit. [`Duration::MAX`] removes the limit.
    ///
    /// There is no background thread. If the traffic may pause, call [`flush_if_due`](Self::flush_if_due) as well. The
    /// limit is accurate to a few milliseconds. While it is set, each `write` reads the clock, which takes a few
    /// nanoseconds.
    ///
    /// # Examples
    ///
    /// No matter how this program ends, at most about the last second of packets is missing from the savefile:
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

    /// Flushes the buffer if its oldest packet has been there for as long as [`flush_within`](Self::flush_within)
    /// allows. Call this whenever a read returns no packet. Without a limit, the call does nothing.
    ///
    /// # Errors
    ///
    /// The errors of [`flush`](Self::flush). However, if a non-blocking output accepts no data at the moment, the call
    /// returns `Ok` and the packets stay in the buffer.
    pub fn flush_if_due(&mut self) -> Result<()> {
        self.output.flush_if_due()
    }

    /// Writes the buffer and closes the savefile. A writer is flushed and dropped.
    ///
    /// Closing a dumper on standard output leaves file descriptor 1 open.
    ///
    /// # Errors
    ///
    /// - [`Io`](crate::ErrorKind::Io) if writing or closing failed. The savefile is then incomplete.
    #[doc(alias = "pcap_dump_close")]
    pub fn close(self) -> Result<()> {
        self.output.close()
    }

    /// Writes the buffer and returns the underlying writer or file.
    ///
    /// For a dumper created by [`dump_to`](crate::Capture::dump_to), `W` is the type of the writer that was passed to
    /// it, for example a compressor that must be finished. For all other dumpers, `W` is [`File`], for example to call
    /// [`sync_all`](File::sync_all).
    ///
    /// # Errors
    ///
    /// - [`Io`](crate::ErrorKind::Io) if not everything could be written.
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the dumper does not write to a `W`.
    ///
    /// In both cases, [`take`](Error::take) returns the `Dumper`, so that the call can be repeated.
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
    /// let compressed = gzip.finish()?; // dropping it would ignore errors
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

    /// Returns the name of the savefile as it appears in errors: the path as it was passed, or the name of the open
    /// file or writer.
    #[must_use]
    pub fn name(&self) -> &str {
        self.output.name()
    }

    /// Returns the position of the next record: the length of the savefile in bytes, including the bytes in the buffer.
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

    /// Returns the snaplen of the savefile, in bytes. [`write`](Self::write) rejects longer packets, as well as packets
    /// that readers would reject.
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

/// Returns the seconds and the fraction for a record, or `None` if the time is out of range.
#[inline]
fn time_fields(secs: i64, nanos: i64, precision: Precision) -> Option<[u32; 2]> {
    if !(0..1_000_000_000).contains(&nanos) {
        return carried_time_fields(secs, nanos, precision);
    }
    let fraction = match precision {
        Precision::Micro => nanos as u32 / 1000,
        Precision::Nano => nanos as u32,
    };
    Some([u32::try_from(secs).ok()?, fraction])
}

/// Returns those of a time with a fraction that is negative or at least one second.
#[cold]
fn carried_time_fields(secs: i64, nanos: i64, precision: Precision) -> Option<[u32; 2]> {
    let unit = precision.nanos();
    if nanos % unit == 0 {
        // Depending on its version, libpcap reads the field as signed or unsigned; the bits are the same.
        let number = nanos / unit;
        let signed = i32::try_from(number).map(|number| number as u32);
        let fraction = signed.or_else(|_| u32::try_from(number));
        if let (Ok(secs), Ok(fraction)) = (u32::try_from(secs), fraction) {
            return Some([secs, fraction]);
        }
    }
    let time = Timestamp::new(secs, nanos);
    let nanos = i64::from(time.subsec_nanos());
    Some([u32::try_from(time.secs()).ok()?, (nanos / unit) as u32])
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
