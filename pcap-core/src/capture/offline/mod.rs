//! Reading savefiles.

mod libpcap;
mod open;
mod read;
mod route;
mod walk;

use std::ffi::c_int;
use std::fmt;
use std::ptr::NonNull;

use route::Route;

use crate::capture::phase::{self, Opened};
use crate::capture::read_ahead::{Batch, Limit};
use crate::capture::{Activated, Awaitable, Capture, Phase, Readable};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{CompileOptions, Filter};
use crate::handle::{Clock, Handle, SECONDS_OF_32_BITS};
use crate::savefile::{Length, SavefileFormat};
use crate::sys::{self, platform};
use crate::timestamp::Precision;

/// The phase of a capture that reads a savefile.
///
/// It is `Send`: it can be used by one thread after another. It is not `Sync`.
pub struct Offline {
    handle: Handle,
    /// The stream that libpcap reads from. Declared after the handle, which uses it until it is closed.
    stream: Option<platform::Stream>,
    route: Route,
    /// The length of a regular file.
    length: Option<Length>,
    /// The reason why a classic savefile has no second descriptor, which following needs.
    no_copy: Option<Error>,
    batch: Batch,
    filter: Option<Filter>,
    format: SavefileFormat,
    precision: Precision,
    /// Whether to wait for more at the end.
    follow: bool,
}

/// # Savefiles
impl Capture<Offline> {
    /// Sets whether to wait at the end of the savefile for more packets, because it is still being written. Default:
    /// no.
    ///
    /// If set:
    ///
    /// - The calls that wait for a packet wait for one to be written. A [`BreakHandle`](crate::BreakHandle) ends them
    ///   as on a live capture.
    /// - [`next_packet_timeout`](Self::next_packet_timeout) keeps its deadline at the end of the file. Existing packets
    ///   that the filter rejects are read first.
    /// - A truncated last record counts as still being written.
    /// - [`dispatch`](Self::dispatch) and [`try_next_packet`](Self::try_next_packet) do not wait, and find nothing at
    ///   the end.
    /// - The capture checks for more every 20 milliseconds.
    ///
    /// If switched off again, the current end is the end.
    ///
    /// The capture follows the file that it opened. It does not notice another file that takes its name, as in log
    /// rotation. Nor does it notice a file that is truncated and grows beyond the read position before the next check.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported) if it is not a classic savefile in a regular file, or has one of the
    ///   few link types whose packets libpcap converts (USB, D-Bus).
    /// - [`Io`](ErrorKind::Io) if the process had no file descriptor left at the opening: following takes one more.
    ///
    /// The reading calls return [`SavefileTruncated`](ErrorKind::SavefileTruncated) if the file becomes shorter than at
    /// the last check.
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
                let text = match state.format {
                    SavefileFormat::Pcapng => "only classic savefiles can be followed, not pcapng",
                    SavefileFormat::Pcap => {
                        "only a savefile in a regular file can be followed, with most link types"
                    }
                };
                let kind = ErrorKind::Unsupported;
                return Err(Error::cannot(kind, "follow", name, text));
            }
            let breaker = state.handle.breaker();
            breaker
                .make_wakeable()
                .map_err(|e| Error::io("follow", name, e))?;
            if let Route::Ended(records) = &mut state.route {
                // No packets that libpcap read are left.
                let records = records.take();
                state.route = records.map_or(Route::Libpcap, Route::Records);
            }
        }
        state.follow = on;
        Ok(())
    }

    /// Returns whether the capture [follows](Self::follow) the savefile.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        self.state.follow
    }

    /// Returns the file descriptor that is readable when there are more bytes of the savefile, for your own event loop:
    /// that of a pipe, a socket or a terminal. `None` for a regular file, which is always readable, for a reader, and
    /// on Windows.
    ///
    /// Before each wait, read until [`try_next_packet`](Self::try_next_packet) returns
    /// [`Timeout`](crate::Next::Timeout): packets may have been read ahead.
    #[must_use]
    pub fn selectable_fd(&self) -> Option<platform::BorrowedFd<'_>> {
        let fd = self.state.descriptor()?;
        // SAFETY: the descriptor belongs to the stream, which stays open while it is borrowed.
        Some(unsafe { platform::borrow(fd) })
    }

    /// Returns the format of the savefile.
    #[must_use]
    pub fn savefile_format(&self) -> SavefileFormat {
        self.state.format
    }

    /// Returns the version of the savefile's format, major and minor: usually 2.4, and 1.0 for pcapng.
    ///
    #[doc = manual!("pcap_major_version")]
    #[doc(alias = "pcap_major_version")]
    #[doc(alias = "pcap_minor_version")]
    #[must_use]
    pub fn format_version(&self) -> (i32, i32) {
        let pcap = self.state.handle.as_ptr();
        // SAFETY: the handle is open.
        let major = unsafe { sys::pcap_major_version(pcap) };
        // SAFETY: the handle is open.
        let minor = unsafe { sys::pcap_minor_version(pcap) };
        (major, minor)
    }

    /// Returns whether the savefile's byte order differs from this machine's.
    ///
    #[doc = manual!("pcap_is_swapped")]
    #[doc(alias = "pcap_is_swapped")]
    #[must_use]
    pub fn is_swapped(&self) -> bool {
        // SAFETY: the handle is open.
        unsafe { sys::pcap_is_swapped(self.state.handle.as_ptr()) != 0 }
    }
}

/// # The `pcap_t` of a savefile
impl Capture<Offline> {
    /// Creates a capture from a `pcap_t` that reads a savefile and was opened elsewhere.
    ///
    /// # Safety
    ///
    /// `pcap` points to a `pcap_t` from one of the `pcap_open_offline` functions that nobody else uses or closes. Its
    /// stream lives as long as the capture.
    #[must_use]
    pub unsafe fn from_raw(pcap: NonNull<sys::pcap_t>) -> Capture<Offline> {
        // SAFETY: the caller's promise.
        let precision = match unsafe { sys::pcap_get_tstamp_precision(pcap.as_ptr()) } {
            n if n == sys::PCAP_TSTAMP_PRECISION_NANO as c_int => Precision::Nano,
            _ => Precision::Micro,
        };
        // SAFETY: the caller's promise.
        let format = match unsafe { sys::pcap_major_version(pcap.as_ptr()) } {
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
            route: Route::Libpcap,
            length: None,
            no_copy: None,
            batch: Batch::new(Limit::PIPE),
            filter: None,
            format,
            precision,
            follow: false,
        })
    }
}

/// Returns the clock of a handle that reads a format with a precision. The seconds of classic savefiles are unsigned,
/// of 32 bits.
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
