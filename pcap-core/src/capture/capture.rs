//! The capture type, and the methods of all phases that have a handle.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::capture::phase;
#[allow(unused_imports)] // used by the documentation
use crate::capture::{Active, Any, Dead, End, Inactive, Offline};
use crate::dumper::{Dumper, Format, THE_SAVEFILE, THE_WRITER};
use crate::error::Result;
use crate::filter::{CompileOptions, Filter};
use crate::linktype::{Dlt, Linktype};
use crate::sys;
use crate::timestamp::Precision;

/// A packet capture on a device or from a savefile, in one of its phases.
///
/// | phase | description | created by |
/// |---|---|---|
/// | [`Inactive`] | a device that is not yet activated: accepts options | [`from_device`](Capture::from_device) |
/// | [`Active`] | a live capture: reads, sends, reports statistics | [`activate`](Capture::activate) |
/// | [`Offline`] | a savefile | [`from_file`](Capture::from_file), [`from_reader`](Capture::from_reader) |
/// | [`Dead`] | no packet source: compiles filters and creates savefiles | [`dead`](Capture::dead) |
/// | `Remote` | a device on another host, with the `remote` feature | `remote::Options` |
/// | [`Any`] | a live capture or a savefile, for programs that accept either | `From` |
///
/// The methods are listed in the order of use: options of a device and its [activation](Self::activate),
/// [savefiles](Self::from_file), reading [packet by packet](Self::next_packet), with [closures](Self::for_each) and
/// with [iterators](Self::packets), [filters](Self::set_filter), [properties](Self::name), [writing](Self::dump),
/// [statistics](Capture::<Active>::stats), [event loops](Capture::<Active>::selectable_fd), [sending](Self::inject),
/// and [stopping](Self::break_handle).
///
/// # Examples
///
/// ```no_run
/// use pcap_core::Capture;
///
/// # fn main() -> pcap_core::Result<()> {
/// let mut capture = Capture::from_device("eth0").filter("udp port 53").activate()?;
/// while let Some(packet) = capture.next_packet()? {
///     println!("{} {} bytes", packet.timestamp(), packet.wire_len());
/// }
/// # Ok(()) }
/// ```
///
/// # What does not compile
///
/// The phase is part of the type, so the compiler rejects a method call that the phase does not support.
///
// Shows: libpcap/before-activation-nearly-every
/// ```compile_fail,E0599
/// let capture = pcap_core::Capture::from_device("eth0");
/// capture.next_packet(); // not activated yet
/// ```
///
/// ```compile_fail,E0599
/// # fn main() -> pcap_core::Result<()> {
/// let capture = pcap_core::Capture::from_file("a.pcap")?;
/// capture.inject(b"..."); // a savefile cannot send
/// # Ok(()) }
/// ```
///
/// A closed capture cannot be used:
///
// Shows: parity/7-use-after-close
/// ```compile_fail,E0382
/// # fn main() -> pcap_core::Result<()> {
/// let mut capture = pcap_core::Capture::from_device("eth0").activate()?;
/// capture.close()?;
/// capture.next_packet()?; // already closed
/// # Ok(()) }
/// ```
///
/// A capture can move to another thread, but two threads cannot use it at once:
///
// Shows: libpcap/handle-used-thread-time
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<pcap_core::Capture<pcap_core::Active>>();
/// ```
#[doc(alias = "pcap_t")]
#[doc(alias = "pcap")]
pub struct Capture<S: Phase> {
    pub(super) state: S,
    /// Why the last reading call reported that there are no more packets.
    pub(super) ended: Option<End>,
}

/// A phase of a [`Capture`]. The trait is sealed.
pub trait Phase: phase::Sealed + Send + 'static {}

/// A phase with a link type and a snaplen: all but [`Inactive`]. The trait is sealed.
pub trait Activated: Phase + phase::Opened {}

/// A phase that packets can be read from: all but [`Inactive`] and [`Dead`]. The trait is sealed.
pub trait Readable: Activated + phase::PacketSource {}

/// A phase whose packets an event loop or an async runtime can wait for: [`Active`], [`Offline`] and [`Any`]. The trait
/// is sealed.
///
/// The phase of a remote capture is not one of them, because its reads wait inside libpcap.
pub trait Awaitable: Readable + phase::Waits {}

impl<S: Phase> Capture<S> {
    pub(super) fn new(state: S) -> Capture<S> {
        Capture { state, ended: None }
    }
}

/// # Properties
impl<S: Activated> Capture<S> {
    /// Returns the name that error messages use for this capture.
    ///
    /// This is the device's name, the savefile's path, or the name passed to a constructor such as
    /// [`from_reader_named`](Capture::from_reader_named). A capture without a packet source has the name of its link
    /// type.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.state.handle().name
    }

    /// Returns the link type of the packets as a `DLT_` number, which libpcap's API uses on this operating system.
    ///
    #[doc = manual!("pcap_datalink")]
    #[doc(alias = "pcap_datalink")]
    #[must_use]
    pub fn datalink(&self) -> Dlt {
        self.state.handle().datalink()
    }

    /// Returns the link type of the packets as a `LINKTYPE_` number, which savefiles use on all systems.
    #[doc(alias = "pcap_datalink")]
    #[doc(alias = "LT_LINKTYPE")]
    #[must_use]
    pub fn linktype(&self) -> Linktype {
        self.datalink().into()
    }

    /// Returns the length in bytes of the frame check sequence at the end of each packet, if the device or the header
    /// of a classic savefile declares it.
    ///
    /// `None`, the usual case, means that the length is unknown: packets may still end with a frame check sequence.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::Capture;
    ///
    /// // The header of a savefile: Ethernet with a frame check sequence of 4 bytes.
    /// let header = [
    ///     0xa1b2_c3d4_u32.to_be_bytes(), [0, 2, 0, 4], [0; 4], [0; 4], [0, 0, 255, 255],
    ///     0x2400_0001_u32.to_be_bytes(),
    /// ];
    /// let capture = Capture::from_reader(std::io::Cursor::new(header.concat()))?;
    /// assert_eq!(capture.fcs_len(), Some(4));
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[doc(alias = "pcap_datalink_ext")]
    #[doc(alias = "LT_FCS_LENGTH_PRESENT")]
    #[doc(alias = "LT_FCS_LENGTH")]
    #[doc(alias = "LT_LINKTYPE_EXT")]
    #[must_use]
    pub fn fcs_len(&self) -> Option<u32> {
        // libpcap counts in units of 16 bits.
        let ext = self.state.datalink_ext() as i32;
        let known = sys::LT_FCS_LENGTH_PRESENT(ext) != 0;
        known.then(|| 2 * sys::LT_FCS_LENGTH(ext) as u32)
    }

    /// Returns the snaplen in effect: the maximum number of bytes per packet. It can exceed the requested value,
    /// because libpcap raises values that are too small.
    ///
    #[doc = manual!("pcap_snapshot")]
    #[doc(alias = "pcap_snapshot")]
    #[must_use]
    pub fn snaplen(&self) -> u32 {
        self.state.handle().snaplen()
    }

    /// Returns the precision of the timestamps from the device or the savefile: microseconds or nanoseconds. A
    /// [`Timestamp`](crate::Timestamp) counts nanoseconds in both cases.
    #[doc(alias = "pcap_get_tstamp_precision")]
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.state.precision()
    }
}

/// # Compiling filters
impl<S: Activated> Capture<S> {
    /// Compiles a filter expression for this capture's link type and snaplen, without setting the filter.
    ///
    /// On a live capture, the netmask defaults to that of the device, if it has one. [`CompileOptions::compile_for`]
    /// does the same with other options.
    ///
    /// The call resolves host names in the expression, so it may block on DNS.
    ///
    /// # Errors
    ///
    /// The errors of [`Filter::compile`].
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Capture, Linktype};
    ///
    /// let capture = Capture::dead(Linktype::ETHERNET)?;
    /// let filter = capture.compile("udp port 53")?;
    /// println!("{filter}");
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[doc(alias = "pcap_compile")]
    pub fn compile(&self, expression: &str) -> Result<Filter> {
        CompileOptions::new().compile_for(self, expression)
    }
}

/// # Writing savefiles
impl<S: Activated> Capture<S> {
    /// Creates a savefile with this capture's link type, snaplen and precision.
    ///
    /// An existing file is overwritten. The path `-` means standard output; use `./-` for a file of that name.
    ///
    /// The dumper does not borrow the capture.
    ///
    /// # Errors
    ///
    /// - [`Io`](crate::ErrorKind::Io) if the file cannot be created.
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) if the link type's number is above 65 535.
    ///
    #[doc = manual!("pcap_dump_open")]
    #[doc(alias = "pcap_dump_open")]
    pub fn dump(&self, path: impl AsRef<Path>) -> Result<Dumper> {
        Dumper::create(path.as_ref(), self.format())
    }

    /// Opens a savefile for appending, after checking that its last record is complete.
    ///
    /// A missing file is created. A new or empty file gets a header first. The path `-` means standard output, as for
    /// [`dump`](Self::dump). Only one process may append at a time, because the records of several processes could be
    /// interleaved.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the file has a different precision, version, link
    ///   type or snaplen.
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) if the file has a different byte order.
    /// - [`SavefileTruncated`](crate::ErrorKind::SavefileTruncated) if its header or its last record is truncated.
    /// - [`SavefileBad`](crate::ErrorKind::SavefileBad) if it is not a classic savefile, or if a record is longer than
    ///   readers accept.
    /// - The errors of [`dump`](Self::dump).
    ///
    /// After an error, an existing file is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// # use pcap_core::{Capture, Dlt};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// let capture = Capture::dead(Dlt::EN10MB)?;
    /// for _ in 0..3 {
    ///     let mut dumper = capture.dump_append(&path)?;
    ///     dumper.write_now(b"one packet each time")?;
    ///     dumper.close()?;
    /// }
    /// assert_eq!(Capture::from_file(&path)?.packets().count(), 3);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    #[doc = manual!("pcap_dump_open_append", "pcap_dump_open")]
    ///
    #[doc(alias = "pcap_dump_open_append")]
    pub fn dump_append(&self, path: impl AsRef<Path>) -> Result<Dumper> {
        Dumper::append(path.as_ref(), self.format())
    }

    /// Creates a dumper that writes to an open file, starting at its current position.
    ///
    /// The call neither reads nor truncates the existing content. `File::from` converts any owned descriptor (on Unix
    /// an `OwnedFd`), so the `File` can also be a pipe or a socket. The dumper closes the file when it is dropped;
    /// [`into_writer`](Dumper::into_writer) returns the file instead.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) if the link type's number is above 65 535.
    ///   [`take`](crate::Error::take) returns the [`File`].
    ///
    /// This call writes nothing. If the file cannot be written, for example because it is not open for writing, later
    /// calls on the dumper return the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Capture, Dlt};
    /// use std::io::Seek;
    ///
    /// let file = tempfile::tempfile().unwrap();
    /// let mut dumper = Capture::dead(Dlt::EN10MB)?.dump_open_file(file)?;
    /// dumper.write_now(b"a packet")?;
    /// let mut file: std::fs::File = dumper.into_writer()?;
    /// file.rewind().unwrap();
    /// assert_eq!(Capture::from_open_file(file)?.packets().count(), 1);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    #[doc = manual!("pcap_dump_fopen", "pcap_dump_open")]
    ///
    #[doc(alias = "pcap_dump_fopen")]
    pub fn dump_open_file(&self, file: File) -> Result<Dumper> {
        self.dump_open_file_named(file, THE_SAVEFILE)
    }

    /// Creates a dumper that writes to an open file, with a name for error messages. See
    /// [`dump_open_file`](Self::dump_open_file).
    ///
    /// # Errors
    ///
    /// Those of `dump_open_file`, with this name as their [`object`](crate::Error::object).
    pub fn dump_open_file_named(&self, file: File, name: impl Into<String>) -> Result<Dumper> {
        Dumper::to_file(file, name.into(), self.format())
    }

    /// Creates a dumper that writes to any writer, for example a socket, a compressor or a `Vec<u8>`.
    ///
    /// [`Dumper::into_writer`] writes the remaining buffered data and returns the writer.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) if the link type's number is above 65 535. Nothing was written,
    ///   and [`take`](crate::Error::take) returns the writer.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Capture, Dlt};
    ///
    /// let mut dumper = Capture::dead(Dlt::EN10MB)?.dump_to(Vec::new())?;
    /// dumper.write_now(b"a packet")?;
    /// let bytes: Vec<u8> = dumper.into_writer()?;
    /// assert_eq!(bytes.len(), 24 + 16 + 8); // the file header, the record header and the packet
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[doc(alias = "pcap_dump_fopen")]
    pub fn dump_to<W>(&self, writer: W) -> Result<Dumper>
    where
        W: Write + Send + 'static,
    {
        self.dump_to_named(writer, THE_WRITER)
    }

    /// Creates a dumper that writes to any writer, with a name for error messages. See [`dump_to`](Self::dump_to).
    ///
    /// # Errors
    ///
    /// Those of `dump_to`, with this name as their [`object`](crate::Error::object).
    pub fn dump_to_named<W>(&self, writer: W, name: impl Into<String>) -> Result<Dumper>
    where
        W: Write + Send + 'static,
    {
        Dumper::to_writer(writer, name.into(), self.format())
    }

    fn format(&self) -> Format {
        Format {
            datalink: self.datalink(),
            datalink_ext: self.state.datalink_ext(),
            snaplen: self.snaplen(),
            precision: self.precision(),
        }
    }
}

/// # The `pcap_t`
impl<S: Activated> Capture<S> {
    /// Returns the `pcap_t` of this capture, for functions of [`pcap_core::sys`](crate::sys) that this crate does
    /// not wrap.
    ///
    /// The capture still owns it: do not close it, read from it, or switch it between blocking and non-blocking mode.
    /// The pointer is valid until the capture is dropped. On Windows, the pointer of a savefile is only valid until the
    /// next read. That of a pcapng savefile usually has none of its packets, because this crate reads the file itself.
    #[must_use]
    pub fn as_ptr(&self) -> *mut sys::pcap_t {
        self.state.handle().as_ptr()
    }
}

impl<S: Phase + fmt::Debug> fmt::Debug for Capture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Capture").field(&self.state).finish()
    }
}

impl CompileOptions {
    /// Compiles a filter expression with these options for a capture's link type. See [`Capture::compile`] for the
    /// defaults.
    ///
    /// # Errors
    ///
    /// The errors of [`Filter::compile`].
    pub fn compile_for<S: Activated>(
        self,
        capture: &Capture<S>,
        expression: &str,
    ) -> Result<Filter> {
        capture.state.compile(expression, self)
    }
}
