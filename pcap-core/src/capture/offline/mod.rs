//! Reading savefiles.

mod blocks;
mod filtering;
mod libpcap;
mod mixed;
mod open;
mod read;
mod route;
mod walk;

use std::ffi::c_int;
use std::fmt;
use std::ptr::NonNull;

use filtering::Filtering;
use route::Route;

use crate::capture::phase::{self, Opened};
use crate::capture::read_ahead::{Batch, Limit};
use crate::capture::{Activated, Awaitable, Capture, Phase, Readable};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{CompileOptions, Filter};
use crate::handle::{Clock, Handle, SECONDS_OF_32_BITS};
use crate::savefile::pcapng::Interface;
use crate::savefile::{Length, SavefileFormat};
use crate::sys::{self, platform};
use crate::timestamp::Precision;

/// The phase of a capture that reads a savefile.
///
/// It is `Send` but not `Sync`: a capture can move to another thread, but only one thread can use it at a time.
pub struct Offline {
    handle: Handle,
    /// The stream that libpcap reads from. Declared after the handle, which uses it until it is closed.
    stream: Option<platform::Stream>,
    /// The stream that libpcap reads if this crate reads blocks: a header only. Declared after the handle, as above.
    _header: Option<platform::Stream>,
    route: Route,
    /// Where a pcapng savefile in a regular file starts, if libpcap reads it, but has read no block yet.
    start: Option<u64>,
    /// The length of the savefile, if it is a regular file.
    length: Option<Length>,
    /// The reason why a classic savefile has no second descriptor, which following needs.
    no_copy: Option<Error>,
    batch: Batch,
    filtering: Filtering,
    format: SavefileFormat,
    precision: Precision,
    version: (i32, i32),
    is_swapped: bool,
    /// Whether to wait for more packets at the end.
    follow: bool,
}

/// # Savefiles
impl Capture<Offline> {
    /// Sets whether the capture follows the savefile: at its end, it waits for more packets that another program
    /// writes. Default: off.
    ///
    /// While the capture follows the savefile:
    ///
    /// - Calls that wait for a packet wait until one is written. A [`BreakHandle`](crate::BreakHandle) ends them as on
    ///   a live capture.
    /// - [`next_packet_timeout`](Self::next_packet_timeout) times out only at the end of the file. Before that, it
    ///   skips all existing packets that the filter rejects, even if this takes longer than the timeout.
    /// - A truncated last record counts as still being written.
    /// - [`dispatch`](Self::dispatch) and [`try_next_packet`](Self::try_next_packet) do not wait at the end of the
    ///   file. They return [`Empty`](crate::Stop::Empty) and [`Timeout`](crate::Next::Timeout) there.
    /// - The capture checks for new packets every 20 milliseconds.
    ///
    /// After `follow(false)`, the capture ends at the current end of the file.
    ///
    /// The capture follows the file that it opened. It does not notice when another file takes over the path, as in log
    /// rotation, or when the file is truncated but has grown beyond the read position again by the next check.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported) if the savefile is not a regular file, or if libpcap
    ///   may convert the packets of its link type. libpcap converts the packets of USB and D-Bus, and if the byte order
    ///   [differs](Self::is_swapped), it may convert the packets of all but a few common link types.
    /// - [`Io`](ErrorKind::Io) if the process had no file descriptor left when the savefile was opened. Following needs
    ///   an additional one.
    ///
    /// While the capture follows a file, the reading calls return [`SavefileTruncated`](ErrorKind::SavefileTruncated)
    /// if the file is shorter than at the last check.
    ///
    /// # Examples
    ///
    /// ```
    /// # use pcap_core::{Capture, Dlt, Next};
    /// # use std::time::Duration;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// let mut dumper = Capture::dead(Dlt::EN10MB)?.dump(&path)?;
    /// dumper.flush()?; // the header
    ///
    /// let mut capture = Capture::from_file(&path)?;
    /// capture.follow(true)?;
    /// assert_eq!(capture.next_packet_timeout(Duration::from_millis(50))?, Next::Timeout);
    ///
    /// dumper.write_now(b"a packet")?;
    /// dumper.flush()?;
    /// assert_eq!(capture.next_packet()?.expect("no break").data(), b"a packet");
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn follow(&mut self, on: bool) -> Result<()> {
        let state = &mut self.state;
        if on {
            let name = state.handle.name.clone();
            if let Route::Failed(error) = &state.route {
                return Err(error.clone());
            }
            if let (false, Some(error)) = (state.stays_fast(), &state.no_copy) {
                return Err(error.clone());
            }
            if !state.stays_fast() {
                let text = "only a regular file can be followed, and only if libpcap does not convert its packets";
                let kind = ErrorKind::Unsupported;
                return Err(Error::cannot(kind, "follow", name, text));
            }
            let breaker = state.handle.breaker();
            breaker
                .make_wakeable()
                .map_err(|e| Error::io("follow", name, e))?;
            // All packets that libpcap read have been delivered.
            state.route.reopen();
        }
        state.follow = on;
        Ok(())
    }

    /// Returns whether the capture [follows](Self::follow) the savefile.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        self.state.follow
    }

    /// Returns the file descriptor that becomes readable when more of the savefile arrives, for use in an event loop.
    /// Only pipes, sockets and terminals have one. The call returns `None` for a regular file, which is always
    /// readable, for a reader, and on Windows.
    ///
    /// Before each wait, read until [`try_next_packet`](Self::try_next_packet) returns
    /// [`Timeout`](crate::Next::Timeout), because packets may have been read ahead.
    #[must_use]
    pub fn selectable_fd(&self) -> Option<platform::BorrowedFd<'_>> {
        let fd = self.state.descriptor()?;
        // SAFETY: the descriptor belongs to the stream, which stays open while it is borrowed.
        Some(unsafe { platform::borrow(fd) })
    }

    /// Returns the format of the savefile: classic pcap or pcapng.
    #[must_use]
    pub fn savefile_format(&self) -> SavefileFormat {
        self.state.format
    }

    /// Returns the interfaces of the current section of a pcapng savefile that were described before the current
    /// position. [`Packet::interface`](crate::Packet::interface) returns the index of a packet's interface.
    ///
    /// The list is empty for a classic savefile, and for a pcapng savefile whose packets libpcap may convert: those of
    /// USB, D-Bus and a few others and, if the byte order [differs](Self::is_swapped), of all but a few common link
    /// types. After [`mix_linktypes`](Self::mix_linktypes), or with [`pcapng::Reader`](crate::pcapng::Reader), the
    /// interfaces of such a file are known.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::{Interface, PcapngDumper};
    /// use pcap_core::{Capture, Linktype, Packet, Timestamp};
    ///
    /// let mut dumper = PcapngDumper::new(Vec::new());
    /// let left = dumper.add_interface(&Interface::new(Linktype::ETHERNET).with_name("left"))?;
    /// dumper.write(left, Packet::whole(Timestamp::now(), &[0xff; 60]))?;
    /// let bytes: Vec<u8> = dumper.into_writer()?;
    ///
    /// let mut capture = Capture::from_reader(std::io::Cursor::new(bytes))?;
    /// while capture.advance()? {
    ///     let number = capture.packet().and_then(|packet| packet.interface()).expect("pcapng has interfaces");
    ///     assert_eq!(capture.interfaces()[number as usize].name().as_deref(), Some("left"));
    /// }
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[must_use]
    pub fn interfaces(&self) -> &[Interface] {
        let blocks = self.state.route.blocks();
        blocks.map_or(&[], |blocks| blocks.interfaces())
    }

    /// Returns the major and minor version of the savefile's format: usually 2.4 for classic pcap, and 1.0 for pcapng.
    ///
    #[doc = manual!("pcap_major_version")]
    #[doc(alias = "pcap_major_version")]
    #[doc(alias = "pcap_minor_version")]
    #[must_use]
    pub fn format_version(&self) -> (i32, i32) {
        self.state.version
    }

    /// Returns whether the savefile's byte order differs from this machine's.
    ///
    #[doc = manual!("pcap_is_swapped")]
    #[doc(alias = "pcap_is_swapped")]
    #[must_use]
    pub fn is_swapped(&self) -> bool {
        self.state.is_swapped
    }
}

/// # The `pcap_t` of a savefile
impl Capture<Offline> {
    /// Creates a capture from a `pcap_t` that other code has opened to read a savefile.
    ///
    /// # Safety
    ///
    /// `pcap` must point to a `pcap_t` from one of the `pcap_open_offline` functions that nothing else uses or closes.
    /// Its stream must outlive the capture.
    #[must_use]
    pub unsafe fn from_raw(pcap: NonNull<sys::pcap_t>) -> Capture<Offline> {
        // SAFETY: the caller's promise.
        let precision = match unsafe { sys::pcap_get_tstamp_precision(pcap.as_ptr()) } {
            n if n == sys::PCAP_TSTAMP_PRECISION_NANO as c_int => Precision::Nano,
            _ => Precision::Micro,
        };
        // SAFETY: the caller's promise.
        let (version, is_swapped) = unsafe { header(pcap) };
        let format = match version.0 {
            1 => SavefileFormat::Pcapng,
            // libpcap rejects older classic formats.
            _ => SavefileFormat::Pcap,
        };
        let clock = clock(format, precision);
        // SAFETY: the caller's promise.
        let handle = unsafe { Handle::new(pcap, None, clock, "a savefile".to_owned(), false) };
        Capture::new(Offline {
            handle,
            stream: None,
            _header: None,
            route: Route::Libpcap,
            start: None,
            length: None,
            no_copy: None,
            batch: Batch::new(Limit::PIPE),
            filtering: Filtering::All,
            format,
            precision,
            version,
            is_swapped,
            follow: false,
        })
    }
}

/// Returns the version of a savefile's format, and whether its byte order differs from this machine's.
///
/// # Safety
///
/// The handle is open, and reads a savefile.
unsafe fn header(pcap: NonNull<sys::pcap_t>) -> ((i32, i32), bool) {
    // SAFETY: the caller's promise.
    let major = unsafe { sys::pcap_major_version(pcap.as_ptr()) };
    // SAFETY: as above.
    let minor = unsafe { sys::pcap_minor_version(pcap.as_ptr()) };
    // SAFETY: as above.
    let is_swapped = unsafe { sys::pcap_is_swapped(pcap.as_ptr()) != 0 };
    ((major, minor), is_swapped)
}

/// Returns the clock for a handle that reads this format with this precision. Classic savefiles store seconds as
/// unsigned 32-bit numbers.
fn clock(format: SavefileFormat, precision: Precision) -> Clock {
    let mut clock = Clock::of(precision);
    if format == SavefileFormat::Pcap {
        clock.seconds = SECONDS_OF_32_BITS;
    }
    clock
}

impl phase::Sealed for Offline {}
impl Phase for Offline {}
impl Activated for Offline {}
impl Readable for Offline {}
impl Awaitable for Offline {}

impl Opened for Offline {
    fn handle(&self) -> &Handle {
        &self.handle
    }

    fn precision(&self) -> Precision {
        self.precision
    }

    fn compile(&self, expression: &str, options: CompileOptions) -> Result<Filter> {
        self.handle.compile(expression, false, options)
    }
}

impl fmt::Debug for Offline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offline")
            .field("name", &self.handle.name)
            .field("format", &self.format)
            .field("datalink", &self.handle.datalink())
            .field("snaplen", &self.handle.snaplen())
            .field("precision", &self.precision)
            .finish_non_exhaustive()
    }
}
