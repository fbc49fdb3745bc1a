//! Savefiles written in the newer format, pcapng: several interfaces in one file, each with its link
//! type, name, snaplen and precision, and comments on everything. Needs the feature `pcapng`.
//!
//! libpcap reads this format and cannot write it. [`PcapngDumper`] can, and promises what a
//! [`Dumper`](crate::Dumper) does: a write error is reported by the call that meets it, what could not
//! be written is kept for the next attempt, and what the format cannot hold is refused.
//!
//! # Who reads it
//!
//! Wireshark and tshark read all of it, but no packet above 262 144 bytes of most link types: at the
//! first one they say that the file is damaged. libpcap, and so tcpdump and
//! [`Capture::from_file`](crate::Capture::from_file), reads the packets and nothing said beside them,
//! and wants all interfaces of a file to have the same link type and the same snaplen: at the second
//! interface that has another it ends with an error. For a file that all can read, use one link type
//! and one snaplen.
//!
//! # Examples
//!
//! Two interfaces in one file:
//!
//! ```
//! use pcap_core::pcapng::{Interface, PcapngDumper, Record};
//! use pcap_core::{Capture, Direction, Linktype, Packet, Precision, Timestamp};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("a.pcapng");
//! let mut dumper = PcapngDumper::create(&path)?;
//! let eth = Interface::new(Linktype::ETHERNET);
//! let left = dumper.add_interface(&eth.clone().name("left"))?;
//! let right = dumper.add_interface(&eth.name("right").precision(Precision::Micro))?;
//!
//! dumper.write(left, Packet::new(Timestamp::new(1_700_000_000, 123), 1514, &[0xff; 60]))?; // cut to 60 bytes
//! let packet = Packet::new(Timestamp::new(1_700_000_001, 0), 60, &[0xff; 60]);
//! dumper.write(right, packet)?;
//! let record = Record::new(packet).comment("the same again").direction(Direction::Out);
//! dumper.write_record(right, &record)?;
//! dumper.close()?;
//!
//! let mut capture = Capture::from_file(&path)?;
//! let first = capture.next_packet()?.expect("a packet");
//! assert_eq!((first.timestamp().subsec_nanos(), first.wire_len()), (123, 1514));
//! assert_eq!(capture.packets().count(), 2);
//! # Ok::<(), pcap_core::Error>(())
//! ```
//!
//! What a device captures, until it is removed, with its statistics at the end:
//!
//! ```no_run
//! use pcap_core::pcapng::{Interface, PcapngDumper};
//! use pcap_core::Capture;
//!
//! let mut capture = Capture::from_device("eth0").filter("udp").activate()?;
//! let mut dumper = PcapngDumper::create("udp.pcapng")?;
//! let eth0 = Interface::for_capture(&capture).name(capture.name()).filter("udp");
//! let eth0 = dumper.add_interface(&eth0)?;
//! while capture.advance()? {
//!     dumper.write_from(eth0, &capture)?;
//! }
//! dumper.write_statistics(eth0, None, &capture.stats()?)?;
//! dumper.close()?;
//! # Ok::<(), pcap_core::Error>(())
//! ```

mod blocks;
mod interface;
mod record;
mod section;

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::capture::{Capture, Readable};
use crate::dumper::{Output, THE_SAVEFILE, THE_WRITER};
use crate::error::{Error, ErrorKind, Result};
use crate::linktype::Linktype;
use crate::packet::AsPacket;
use crate::stats::Stats;
use crate::timestamp::Timestamp;
use blocks::Blocks;
use interface::Known;

pub use interface::{Interface, InterfaceId};
pub use record::Record;
pub use section::Section;

/// The longest text of an option, in bytes.
const LONGEST: usize = u16::MAX as usize;

/// Writes packets to a pcapng savefile.
///
/// The header is written when the dumper is made, and the block of an interface when that is added. Packets are
/// collected in a buffer of 256 KiB: a write error (a full disk, a closed pipe) is reported
/// by the call that meets it, at the latest by [`flush`](Self::flush) or [`close`](Self::close). What
/// could not be written is kept: when there is room again, the same call made once more goes on where
/// it stopped. Dropping a dumper writes what it can and can report nothing, so close it.
///
/// **What is in the buffer is lost when the dumper is not dropped**, as by [`std::process::exit`]: see
/// [`Dumper`](crate::Dumper). [`flush_within`](Self::flush_within) bounds by time what can be lost.
///
/// The numbers in the file are in this machine's byte order, which every reader knows how to turn.
///
/// See [the module](self) for examples and for what reads such files.
pub struct PcapngDumper {
    output: Output,
    blocks: Blocks,
    interfaces: Vec<Known>,
    /// Which dumper of this process it is.
    id: u64,
}

impl PcapngDumper {
    /// Creates a savefile at a path. An existing file is replaced; `-` is standard output, and a file of
    /// that name is `./-`.
    ///
    /// [`Section::create`] does the same with a description of the section.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if the file cannot be created.
    pub fn create(path: impl AsRef<Path>) -> Result<PcapngDumper> {
        Section::new().create(path)
    }

    /// Writes a savefile to a file that is open, from its position on. The dumper neither reads nor truncates what the file
    /// holds already. With `File::from` it can be any descriptor that a program owns (on Unix an `OwnedFd`).
    ///
    /// [`Section::to_open_file`] does the same with a description of the section.
    #[must_use]
    pub fn from_open_file(file: File) -> PcapngDumper {
        Self::from_open_file_named(file, THE_SAVEFILE)
    }

    /// Writes a savefile to a file that is open, with a name for errors. See [`from_open_file`](Self::from_open_file).
    #[must_use]
    pub fn from_open_file_named(file: File, name: impl Into<String>) -> PcapngDumper {
        PcapngDumper::with(Output::file(file, name.into(), 0), Blocks::plain())
    }

    /// Writes a savefile to anything that can be written: a socket, a compressor, memory.
    /// [`into_writer`](Self::into_writer) gives it back when all is written.
    ///
    /// [`Section::to_writer`] does the same with a description of the section.
    #[must_use]
    pub fn new<W>(writer: W) -> PcapngDumper
    where
        W: Write + Send + 'static,
    {
        Self::new_named(writer, THE_WRITER)
    }

    /// Writes a savefile to anything that can be written, with a name for errors. See [`new`](Self::new).
    #[must_use]
    pub fn new_named<W>(writer: W, name: impl Into<String>) -> PcapngDumper
    where
        W: Write + Send + 'static,
    {
        PcapngDumper::with(Output::writer(writer, name.into()), Blocks::plain())
    }

    fn with(mut output: Output, blocks: Blocks) -> PcapngDumper {
        output.push(blocks.last());
        output.offer();
        PcapngDumper {
            output,
            blocks,
            interfaces: Vec::new(),
            id: new_id(),
        }
    }

    /// Adds an interface, at any time before its first packet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] if its link type is above 65 535, [`ErrorKind::InvalidArgument`] if a
    /// text is too long or has a NUL, [`ErrorKind::Io`] if writing failed: the interface is not added, and
    /// may be added again.
    pub fn add_interface(&mut self, interface: &Interface) -> Result<InterfaceId> {
        let linktype = interface.linktype;
        if linktype.value() > u32::from(u16::MAX) {
            return Err(Error::cannot(
                ErrorKind::Unsupported,
                "write",
                self.output.name().to_owned(),
                format!("the link type {linktype} is above 65535, the largest in a pcapng file"),
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
                .refuse("it has as many interfaces as there can be"));
        };
        // First: `pcap-file` counts the interfaces that it made blocks of, and forgets none.
        let texts = interface.texts().map(|(_, text)| text.len() + 8);
        self.output.reserve(64 + texts.sum::<usize>())?;
        self.blocks
            .interface(interface)
            .map_err(|e| self.output.refuse(e))?;
        self.output.push(self.blocks.last());
        self.interfaces.push(Known::new(interface));
        self.output.offer();
        Ok(InterfaceId {
            dumper: self.id,
            number,
        })
    }

    /// Writes the packet that a capture went to last: by [`advance`](Capture::advance) or another call
    /// that reads a single packet.
    ///
    /// This call checks the link type. The others take the packet's bytes as they are, since a
    /// [`Packet`](crate::Packet) does not know its link type; [`Record::linktype`] tells them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LinktypeMismatch`] if the capture's link type is not the interface's, and
    /// [`ErrorKind::InvalidArgument`] if the capture is at no packet. Otherwise as
    /// [`write`](Self::write).
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
            None => Err(self.output.refuse("the capture is at no packet")),
        }
    }

    /// Writes a packet of an interface, with the time and the lengths of its header.
    ///
    /// The packet has to be of the interface's link type, which only [`write_from`](Self::write_from) checks. An
    /// interface of microseconds loses the last three digits of the time; [`Timestamp::rounded`] rounds them.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::InvalidArgument`] if the number of bytes on the wire is below the length of the data, the data are
    ///   longer than the interface's snaplen, the time is before 1970 or too late (after the year 2554 in nanoseconds),
    ///   or the interface is another dumper's. The packet is not written.
    /// - [`ErrorKind::Io`] if writing failed. The packet is not written, and may be written again.
    pub fn write(&mut self, interface: InterfaceId, packet: impl AsPacket) -> Result<()> {
        self.write_record(interface, &Record::new(packet.as_packet()))
    }

    /// Writes a packet of an interface with a comment and whatever else the record has.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write); [`ErrorKind::InvalidArgument`] if the comment is longer than
    /// 65 535 bytes or has a NUL; and [`ErrorKind::LinktypeMismatch`] if the record has
    /// [a link type](Record::linktype) that is not the interface's.
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
                "a packet of {} bytes cannot have been {} bytes on the wire",
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
        // Above all that is in the block beside them.
        let length = 80 + packet.data().len() + comment.len();
        if u32::try_from(length).is_err() {
            return Err(self.output.refuse("a block has less than 4 GiB"));
        }
        self.output.reserve(length)?;
        self.blocks
            .packet(interface.number, ticks, record)
            .map_err(|e| self.output.refuse(e))?;
        self.output.push(self.blocks.last());
        Ok(())
    }

    /// Writes what a capture on an interface counted, mostly at its end. Without a timestamp it is
    /// what was counted until now.
    ///
    /// [`received`](Stats::received) is written as the packets received from the interface
    /// (`isb_ifrecv`), [`dropped`](Stats::dropped) as those dropped by the system (`isb_osdrop`),
    /// [`if_dropped`](Stats::if_dropped) as those dropped by the interface (`isb_ifdrop`).
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
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

    fn known(&self, interface: InterfaceId) -> Result<Known> {
        let known = self.interfaces.get(interface.number as usize);
        match known.filter(|_| interface.dumper == self.id) {
            Some(known) => Ok(*known),
            None => Err(self.output.refuse("the interface is another dumper's")),
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
             packets of a capture need an interface of their own: `Interface::of`"
        );
        let name = self.output.name().to_owned();
        Error::cannot(ErrorKind::LinktypeMismatch, "write", name, text)
    }

    fn ticks(&self, known: Known, time: Timestamp) -> Result<u64> {
        known.ticks(time).ok_or_else(|| {
            self.output.refuse(format!(
                "the time {time} is before 1970 or later than the interface can count"
            ))
        })
    }

    /// Hands everything written so far to the operating system.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if it did not take it all. The rest is kept, and a later call tries again.
    pub fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }

    /// Bounds how long packets wait in the buffer, as [`Dumper::flush_within`](crate::Dumper::flush_within) does.
    /// Default: no bound.
    pub fn flush_within(&mut self, bound: Duration) {
        self.output.flush_within(bound);
    }

    /// Flushes if the oldest packet in the buffer has waited as long as [`flush_within`](Self::flush_within) allows:
    /// for the moments in which a reading loop finds no packet. Does nothing if there is no bound.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush). That an output which does not block takes nothing now is no error, as long as there is
    /// room in the buffer.
    pub fn flush_if_due(&mut self) -> Result<()> {
        self.output.flush_if_due()
    }

    /// Writes out the rest and closes the savefile.
    ///
    /// Closing a dumper on standard output leaves descriptor 1 open.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if the savefile is not complete.
    pub fn close(self) -> Result<()> {
        self.output.close()
    }

    /// Writes out the rest and gives back what the dumper writes to: the writer that
    /// [`new`](Self::new) took, for all other dumpers the [`File`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if not all was taken, [`ErrorKind::InvalidArgument`] if what it writes to is no `W`.
    /// [`take`](Error::take) gives the `PcapngDumper` back, to try again.
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

    /// How long the savefile is, in bytes, with what is still in the buffer.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.output.position()
    }
}

/// A number that no other dumper of this process has.
fn new_id() -> u64 {
    // Not an atomic number: some 32-bit processors have none of 64 bits.
    static MADE: Mutex<u64> = Mutex::new(0);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    *made += 1;
    *made
}

impl Section {
    /// Creates a savefile at a path, with this section. See [`PcapngDumper::create`].
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`] if the file cannot be created.
    /// - [`ErrorKind::InvalidArgument`] if a text is too long or has a NUL. A file that exists stays as it is.
    pub fn create(&self, path: impl AsRef<Path>) -> Result<PcapngDumper> {
        let path = path.as_ref();
        let blocks = begin(&path.display().to_string(), self)?;
        Ok(PcapngDumper::with(Output::create(path)?, blocks))
    }

    /// Writes a savefile with this section to a file that is open. See [`PcapngDumper::from_open_file`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if a text is too long or has a NUL. [`take`](Error::take) gives the [`File`] back.
    pub fn to_open_file(&self, file: File) -> Result<PcapngDumper> {
        match begin(THE_SAVEFILE, self) {
            Ok(blocks) => {
                let output = Output::file(file, THE_SAVEFILE.to_owned(), 0);
                Ok(PcapngDumper::with(output, blocks))
            }
            Err(error) => Err(error.handing_back(file)),
        }
    }

    /// Writes a savefile with this section to anything that can be written. See [`PcapngDumper::new`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if a text is too long or has a NUL. [`take`](Error::take) gives the writer back.
    pub fn to_writer<W>(&self, writer: W) -> Result<PcapngDumper>
    where
        W: Write + Send + 'static,
    {
        match begin(THE_WRITER, self) {
            Ok(blocks) => Ok(PcapngDumper::with(
                Output::writer(writer, THE_WRITER.to_owned()),
                blocks,
            )),
            Err(error) => Err(error.handing_back(writer)),
        }
    }
}

/// The header of a file that errors call `name`.
fn begin(name: &str, section: &Section) -> Result<Blocks> {
    for (what, text) in section.texts() {
        check_text(name, what, text, LONGEST)?;
    }
    Blocks::new(section).map_err(|e| refuse(name, e))
}

/// Whether a text is short enough for an option, and without a NUL: readers would take it for its end.
fn check_text(name: &str, what: &str, text: &str, longest: usize) -> Result<()> {
    if text.contains('\0') {
        return Err(refuse(name, format!("the {what} has a NUL")));
    }
    if text.len() <= longest {
        return Ok(());
    }
    let length = text.len();
    Err(refuse(
        name,
        format!("the {what} has {length} bytes, and {longest} are allowed"),
    ))
}

fn refuse(name: &str, text: String) -> Error {
    Error::cannot(ErrorKind::InvalidArgument, "write", name.to_owned(), text)
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
