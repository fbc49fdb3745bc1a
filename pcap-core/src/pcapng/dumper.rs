//! Writes the blocks of a pcapng savefile.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::blocks::Blocks;
use super::interface::{Interface, InterfaceId, InterfaceState};
use super::record::Record;
use super::section::Section;
use super::text::{LONGEST, check_text};
use crate::capture::{Capture, Readable};
use crate::dumper::{Output, THE_SAVEFILE, THE_WRITER};
use crate::error::{Error, ErrorKind, Result};
use crate::linktype::Linktype;
use crate::packet::AsPacket;
use crate::stats::Stats;
use crate::timestamp::Timestamp;

/// Writes packets to a pcapng savefile.
///
/// The section header is written when the dumper is created, and the block that describes an interface is written when
/// the interface is added. Packets are collected in a buffer of 256 KiB. A write error, such as a full disk or a closed
/// pipe, is returned by the call that encounters it, at the latest by [`flush`](Self::flush) or [`close`](Self::close).
/// Unwritten bytes stay in the buffer. Once the output accepts data again, repeat the call to continue.
///
/// Dropping a dumper also writes the buffer, but ignores errors. To notice them, call `close`.
///
/// **The contents of the buffer are lost if the dumper is neither closed nor dropped**, for example because of
/// [`std::process::exit`]: see [`Dumper`](crate::Dumper). To bound the loss, use
/// [`flush_within`](Self::flush_within).
///
/// The file uses this machine's byte order. All readers accept both byte orders.
///
/// See the [module documentation](super) for examples, and for the programs that can read such files.
pub struct PcapngDumper {
    output: Output,
    blocks: Blocks,
    interfaces: Vec<InterfaceState>,
    /// Identifies the dumper within this process.
    id: u64,
}

impl PcapngDumper {
    /// Creates a savefile at a path, replacing an existing file. The path `-` stands for standard output; for a file
    /// with that name, pass `./-`.
    ///
    /// To write a description of the file as well, use [`Section::dump`].
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io) if the file cannot be created.
    pub fn create(path: impl AsRef<Path>) -> Result<PcapngDumper> {
        Section::new().dump(path)
    }

    /// Opens a savefile for appending, after checking that it consists of complete blocks.
    ///
    /// The packets are written to a new section of the file, so their interfaces must be added first, even if the file
    /// already contains them.
    ///
    /// A missing file is created, and an empty one is treated like a new one. The path `-` is standard output, as for
    /// [`create`](Self::create). Only one process may append to a file at a time; otherwise their blocks could be
    /// interleaved.
    ///
    /// To write a description of the section as well, use [`Section::dump_append`].
    ///
    /// # Errors
    ///
    /// - [`SavefileTruncated`](ErrorKind::SavefileTruncated) if the last block is truncated.
    /// - [`SavefileBad`](ErrorKind::SavefileBad) if the file is damaged, or is not a pcapng savefile.
    /// - [`Io`](ErrorKind::Io) if the file cannot be opened, read or created.
    ///
    /// After an error, the file is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::{Interface, PcapngDumper};
    /// use pcap_core::{Capture, Linktype, Packet, Timestamp};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcapng");
    /// for _ in 0..3 {
    ///     let mut dumper = PcapngDumper::append(&path)?;
    ///     let ethernet = dumper.add_interface(&Interface::new(Linktype::ETHERNET))?;
    ///     dumper.write(ethernet, Packet::whole(Timestamp::now(), b"one packet each time"))?;
    ///     dumper.close()?;
    /// }
    /// assert_eq!(Capture::from_file(&path)?.packets().count(), 3);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn append(path: impl AsRef<Path>) -> Result<PcapngDumper> {
        Section::new().dump_append(path)
    }

    /// Creates a dumper that writes a savefile to an open file, from the current position. It neither reads nor
    /// truncates existing content.
    ///
    /// To write to another owned file descriptor (on Unix an `OwnedFd`), convert it with `File::from`.
    ///
    /// To write a description of the file as well, use [`Section::dump_open_file`].
    #[must_use]
    pub fn from_open_file(file: File) -> PcapngDumper {
        Self::from_open_file_named(file, THE_SAVEFILE)
    }

    /// Creates a dumper that writes to an open file. Errors refer to the file as `name`. See
    /// [`from_open_file`](Self::from_open_file).
    #[must_use]
    pub fn from_open_file_named(file: File, name: impl Into<String>) -> PcapngDumper {
        PcapngDumper::with(Output::file(file, name.into(), 0), Blocks::plain())
    }

    /// Creates a dumper that writes a savefile to any writer, such as a socket, a compressor or a `Vec<u8>`.
    /// [`into_writer`](Self::into_writer) returns the writer.
    ///
    /// To write a description of the file as well, use [`Section::dump_to`].
    #[must_use]
    pub fn new<W>(writer: W) -> PcapngDumper
    where
        W: Write + Send + 'static,
    {
        Self::new_named(writer, THE_WRITER)
    }

    /// Creates a dumper that writes to any writer. Errors refer to the writer as `name`. See [`new`](Self::new).
    #[must_use]
    pub fn new_named<W>(writer: W, name: impl Into<String>) -> PcapngDumper
    where
        W: Write + Send + 'static,
    {
        PcapngDumper::with(Output::writer(writer, name.into()), Blocks::plain())
    }

    pub(super) fn with(mut output: Output, blocks: Blocks) -> PcapngDumper {
        output.push(blocks.last());
        output.offer();
        PcapngDumper {
            output,
            blocks,
            interfaces: Vec::new(),
            id: new_id(),
        }
    }

    /// Adds an interface, and returns its identifier, which the calls that write its packets require.
    ///
    /// Interfaces can be added at any time, even after packets from other interfaces have been written.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported) if the link type is above 65 535.
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a string in the interface's description is too long or
    ///   contains a NUL byte.
    /// - [`Io`](ErrorKind::Io) if writing failed.
    ///
    /// After an error, the interface has not been added, and the call can be repeated.
    pub fn add_interface(&mut self, interface: &Interface) -> Result<InterfaceId> {
        let linktype = interface.linktype;
        if linktype.value() > u32::from(u16::MAX) {
            return Err(Error::cannot(
                ErrorKind::Unsupported,
                "write",
                self.output.name().to_owned(),
                format!("expected a link type of at most 65535, found {linktype}"),
            ));
        }
        for (what, text) in interface.texts() {
            let longest = if what == "filter" {
                LONGEST - 1
            } else {
                LONGEST
            };
            check_text(self.output.name(), what, text, longest)?;
        }
        let Ok(number) = u32::try_from(self.interfaces.len()) else {
            return Err(self
                .output
                .refuse("it has the maximum number of interfaces"));
        };
        // Reserve first: once `pcap-file` has encoded an interface, it counts it, and that cannot be undone.
        let texts = interface.texts().map(|(_, text)| text.len() + 8);
        self.output.reserve(64 + texts.sum::<usize>())?;
        self.blocks
            .interface(interface)
            .map_err(|e| self.output.refuse(e))?;
        self.output.push(self.blocks.last());
        self.interfaces.push(InterfaceState::new(interface));
        self.output.offer();
        Ok(InterfaceId {
            dumper: self.id,
            number,
        })
    }

    /// Writes the current packet of a capture: the packet that was last read by [`advance`](Capture::advance) or
    /// another call that reads a single packet.
    ///
    /// This method checks that the capture and the interface have the same link type. [`write`](Self::write) cannot
    /// check this, because a [`Packet`](crate::Packet) does not contain its link type.
    ///
    /// # Errors
    ///
    /// - [`LinktypeMismatch`](ErrorKind::LinktypeMismatch) if the link types of the capture and the interface differ.
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the capture has no current packet.
    /// - The errors of [`write`](Self::write).
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::{Interface, PcapngDumper};
    /// use pcap_core::{Capture, ErrorKind, Linktype};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// # let mut one = Capture::dead(Linktype::RAW)?.dump(&path)?;
    /// # one.write_now(b"a packet")?;
    /// # one.close()?;
    ///
    /// let mut dumper = PcapngDumper::new(Vec::new());
    /// let mut capture = Capture::from_file(&path)?; // raw IP
    /// let ethernet = dumper.add_interface(&Interface::new(Linktype::ETHERNET))?;
    /// let raw = dumper.add_interface(&Interface::for_capture(&capture))?;
    /// while capture.advance()? {
    ///     let failed = dumper.write_from(ethernet, &capture).unwrap_err();
    ///     assert_eq!(failed.kind(), ErrorKind::LinktypeMismatch);
    ///     dumper.write_from(raw, &capture)?;
    /// }
    /// dumper.close()?;
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn write_from<S: Readable>(
        &mut self,
        interface: InterfaceId,
        capture: &Capture<S>,
    ) -> Result<()> {
        match Record::from_capture(capture) {
            Some(record) => self.write_record(interface, &record),
            None => Err(self.output.refuse("the capture has no current packet")),
        }
    }

    /// Writes a packet that was captured on the given interface.
    ///
    /// The packet must have the interface's link type. This method cannot check that; to have it checked, use
    /// [`write_from`](Self::write_from) or [`Record::linktype`]. If the interface has microsecond precision, the time
    /// is truncated; to round it, use [`Timestamp::rounded`].
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the length on the wire is less than the length of the data,
    ///   if the data is longer than the interface's snaplen or does not fit into a block (4 GiB), if the time is out of
    ///   range (before 1970 or, with nanosecond precision, after July 2554), or if the interface belongs to another
    ///   dumper. The packet is not written.
    /// - [`Io`](ErrorKind::Io) if writing failed. The packet is not written; the call can be repeated.
    pub fn write(&mut self, interface: InterfaceId, packet: impl AsPacket) -> Result<()> {
        self.write_record(interface, &Record::new(packet.as_packet()))
    }

    /// Writes a packet that was captured on the given interface, with additional data such as a comment.
    ///
    /// # Errors
    ///
    /// - The errors of [`write`](Self::write).
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the comment is longer than 65 535 bytes or contains a NUL
    ///   byte.
    /// - [`LinktypeMismatch`](ErrorKind::LinktypeMismatch) if the record has a [link type](Record::linktype) and it
    ///   differs from that of the interface.
    pub fn write_record(&mut self, interface: InterfaceId, record: &Record<'_>) -> Result<()> {
        let known = self.known(interface)?;
        if record
            .linktype
            .is_some_and(|linktype| linktype != known.linktype)
        {
            return Err(self.other_linktype(interface, known.linktype, record.linktype));
        }
        let packet = record.packet;
        if packet.wire_len() < packet.caplen() {
            return Err(self.output.refuse(format!(
                "expected a wire length of at least the caplen of {} bytes, found {}",
                packet.caplen(),
                packet.wire_len()
            )));
        }
        if packet.caplen() > known.snaplen {
            return Err(self.output.refuse(format!(
                "a packet of {} bytes is longer than the interface's snaplen, {} bytes",
                packet.caplen(),
                known.snaplen
            )));
        }
        let comment = record.comment.unwrap_or_default();
        check_text(self.output.name(), "comment", comment, LONGEST)?;
        let ticks = self.ticks(known, packet.timestamp())?;
        // 80 is more than the length of everything else in the block.
        let length = 80 + packet.data().len() + comment.len();
        if u32::try_from(length).is_err() {
            return Err(self
                .output
                .refuse("the packet is too large for a block, which has less than 4 GiB"));
        }
        self.output.reserve(length)?;
        self.blocks
            .packet(interface.number, ticks, record)
            .map_err(|e| self.output.refuse(e))?;
        self.output.push(self.blocks.last());
        Ok(())
    }

    /// Writes the statistics of a capture on an interface. This is usually done at the end of the capture. If
    /// `timestamp` is `None`, the current time is used.
    ///
    /// [`received`](Stats::received) is written as the number of packets received from the interface (`isb_ifrecv`),
    /// [`dropped`](Stats::dropped) as the number dropped by the operating system (`isb_osdrop`), and
    /// [`if_dropped`](Stats::if_dropped) as the number dropped by the interface (`isb_ifdrop`).
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the time is out of range (before 1970 or, with nanosecond
    ///   precision, after July 2554), or if the interface belongs to another dumper.
    /// - [`Io`](ErrorKind::Io) if writing failed.
    ///
    /// After an error, the statistics are not written, and the call can be repeated.
    pub fn write_statistics(
        &mut self,
        interface: InterfaceId,
        timestamp: impl Into<Option<Timestamp>>,
        stats: &Stats,
    ) -> Result<()> {
        let known = self.known(interface)?;
        let timestamp = timestamp.into().unwrap_or_else(Timestamp::now);
        let ticks = self.ticks(known, timestamp)?;
        self.output.reserve(128)?;
        self.blocks
            .statistics(interface.number, ticks, stats)
            .map_err(|e| self.output.refuse(e))?;
        self.output.push(self.blocks.last());
        Ok(())
    }

    fn known(&self, interface: InterfaceId) -> Result<InterfaceState> {
        let known = self.interfaces.get(interface.number as usize);
        match known.filter(|_| interface.dumper == self.id) {
            Some(known) => Ok(*known),
            None => Err(self
                .output
                .refuse("the interface belongs to another dumper")),
        }
    }

    #[cold]
    fn other_linktype(
        &self,
        interface: InterfaceId,
        expected: Linktype,
        found: Option<Linktype>,
    ) -> Error {
        let (number, found) = (interface.number, found.unwrap_or(expected));
        let text = format!(
            "expected a packet of {expected}, the link type of interface {number}, found {found}; \
             create an interface for each capture with `Interface::for_capture`"
        );
        let name = self.output.name().to_owned();
        Error::cannot(ErrorKind::LinktypeMismatch, "write", name, text)
    }

    fn ticks(&self, known: InterfaceState, time: Timestamp) -> Result<u64> {
        known.ticks(time).ok_or_else(|| {
            self.output.refuse(format!(
                "the time {time} is out of range: before 1970, or beyond the range of the interface's timestamps"
            ))
        })
    }

    /// Writes the buffer to the file or writer, and flushes the writer.
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io) if not everything could be written. The rest stays in the buffer, and a later call tries
    ///   again.
    pub fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }

    /// Limits how long packets stay in the buffer. Default: no limit. [`Duration::MAX`] removes the limit. For details,
    /// see [`Dumper::flush_within`](crate::Dumper::flush_within).
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
    /// - [`Io`](ErrorKind::Io) if writing or closing failed. The savefile is then incomplete.
    pub fn close(self) -> Result<()> {
        self.output.close()
    }

    /// Writes the buffer and returns the underlying writer or file.
    ///
    /// For a dumper created by [`new`](Self::new), [`new_named`](Self::new_named) or [`Section::dump_to`], `W` is the
    /// type of the writer that was passed to it. For all other dumpers, `W` is [`File`].
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io) if not everything could be written.
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the dumper does not write to a `W`.
    ///
    /// In both cases, [`take`](Error::take) returns the `PcapngDumper`, so that the call can be repeated.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::PcapngDumper;
    ///
    /// let dumper = PcapngDumper::new(Vec::new());
    /// let bytes: Vec<u8> = dumper.into_writer()?;
    /// assert_eq!(bytes[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn into_writer<W>(self) -> Result<W>
    where
        W: Write + Send + 'static,
    {
        let PcapngDumper {
            output,
            blocks,
            interfaces,
            id,
        } = self;
        output.into_object().map_err(|(error, output)| {
            let dumper = PcapngDumper {
                output: *output,
                blocks,
                interfaces,
                id,
            };
            error.handing_back(dumper)
        })
    }

    /// Returns the name of the savefile as it appears in errors: the path as it was passed, or the name of the open
    /// file or writer.
    #[must_use]
    pub fn name(&self) -> &str {
        self.output.name()
    }

    /// Returns the length of the savefile in bytes, including the bytes in the buffer.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.output.position()
    }
}

/// Returns a number that is unique among the dumpers of this process.
fn new_id() -> u64 {
    // Not an atomic: some 32-bit processors have no 64-bit atomics.
    static MADE: Mutex<u64> = Mutex::new(0);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    *made += 1;
    *made
}

impl fmt::Debug for PcapngDumper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PcapngDumper")
            .field("name", &self.output.name())
            .field("interfaces", &self.interfaces)
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
