//! A savefile that is read.

mod open;
mod read;

use std::ffi::c_int;
use std::fmt;
use std::ptr::NonNull;

use crate::capture::phase::{self, Opened};
use crate::capture::read_ahead::{Batch, Limit};
use crate::capture::{Activated, Capture, Phase, Readable};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{CompileOptions, Filter};
use crate::handle::{Clock, Handle, SECONDS_OF_32_BITS};
use crate::savefile::{Feed, Length, Records, SavefileFormat};
use crate::sys::{self, platform};
use crate::timestamp::Precision;

/// The phase of a savefile that is read.
///
/// It is `Send`: it can be used by one thread after another. It is not `Sync`.
pub struct Offline {
    handle: Handle,
    /// What libpcap reads from: after the handle, which uses it until it is closed.
    stream: Option<platform::Stream>,
    /// The fast way, where it can be gone.
    records: Option<Records>,
    /// The fast way, while what libpcap read in between is handed out, and at the end.
    parked: Option<Records>,
    /// What libpcap gets of a pipe, where it reads that.
    feed: Option<Feed>,
    /// The length of a regular file.
    length: Option<Length>,
    /// Why there is no second descriptor of a classic savefile, without which it cannot be followed.
    no_copy: Option<Error>,
    batch: Batch,
    filter: Option<Filter>,
    format: SavefileFormat,
    precision: Precision,
    /// Whether to wait at the end for more.
    follow: bool,
    over: Option<Over>,
}

/// Nothing comes any more.
#[derive(Debug)]
enum Over {
    Eof,
    /// A damaged savefile gives the same error for ever: what follows the damage has no meaning.
    Failed(Error),
}

impl Capture<Offline> {
    /// Whether the end of the savefile is waited at, because it is still being written. Default: no.
    ///
    /// Then the calls that wait for a packet wait for one to be written, a
    /// [`BreakHandle`](crate::BreakHandle) ends them as it does on a live capture, and
    /// [`next_packet_timeout`](Self::next_packet_timeout) keeps its deadline, which counts at the end:
    /// what is there, and a filter does not take, is read first. A cut last record is
    /// waited for too. The calls that take what is there ([`dispatch`](Self::dispatch),
    /// [`try_next_packet`](Self::try_next_packet)) find nothing. The end is looked at every
    /// 20 milliseconds. Switched off again, the end is the end.
    ///
    /// It is the file that was opened which is followed: another one that takes its name, as when a
    /// program rotates its files, is not noticed, nor is one that became shorter and grew beyond what has
    /// been read before the next look.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for what is not a classic savefile in a regular file, and for the
    /// few link types whose packets libpcap changes as it reads them (USB, D-Bus). [`ErrorKind::Io`] if the process
    /// had no file descriptor left when it was opened: following takes one more. While it is
    /// followed: [`ErrorKind::SavefileTruncated`] if the file becomes shorter than it was at the last look.
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
            if let Some(Over::Failed(error)) = &state.over {
                return Err(error.clone());
            }
            if let (false, Some(error)) = (state.stays_fast(), &state.no_copy) {
                return Err(error.clone());
            }
            if !state.stays_fast() {
                let text = match state.format {
                    SavefileFormat::Pcapng => "only classic savefiles can be followed, not pcapng",
                    SavefileFormat::Pcap => {
                        "only a savefile in a regular file can be followed, and not of every link type"
                    }
                };
                let kind = ErrorKind::Unsupported;
                return Err(Error::cannot(kind, "follow", name, text));
            }
            let breaker = state.handle.breaker();
            breaker
                .make_wakeable()
                .map_err(|e| Error::io("follow", name, e))?;
            if state.over.take().is_some() {
                // At the end: nothing that libpcap read is left.
                state.records = state.parked.take();
            }
        }
        state.follow = on;
        Ok(())
    }

    /// Whether the end of the savefile is waited at.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        self.state.follow
    }

    /// Returns the descriptor that is readable when there are more bytes of the savefile, for an event loop of your own:
    /// that of a pipe, a socket or a terminal. `None` for a regular file, which is always readable, for a reader, and on
    /// Windows.
    ///
    /// Before waiting on it, read until [`try_next_packet`](Self::try_next_packet) returns
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
    /// Manual page: [`pcap_major_version(3PCAP)`](https://www.tcpdump.org/manpages/pcap_major_version.3pcap.html).
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

    /// Whether the savefile was written in the other byte order than this machine's.
    ///
    /// Manual page: [`pcap_is_swapped(3PCAP)`](https://www.tcpdump.org/manpages/pcap_is_swapped.3pcap.html).
    #[doc(alias = "pcap_is_swapped")]
    #[must_use]
    pub fn is_swapped(&self) -> bool {
        // SAFETY: the handle is open.
        unsafe { sys::pcap_is_swapped(self.state.handle.as_ptr()) != 0 }
    }

    /// Takes over a `pcap_t` that reads a savefile and was made elsewhere.
    ///
    /// # Safety
    ///
    /// `pcap` points to a `pcap_t` from one of the `pcap_open_offline` functions that nobody else uses
    /// or closes, and what its stream needs lives as long as the capture.
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
            // Older classic formats are refused by libpcap.
            _ => SavefileFormat::Pcap,
        };
        let clock = clock(format, precision);
        // SAFETY: the caller's promise.
        let handle = unsafe { Handle::new(pcap, None, clock, "a savefile".to_owned(), false) };
        Capture::new(Offline {
            handle,
            stream: None,
            records: None,
            parked: None,
            feed: None,
            length: None,
            no_copy: None,
            batch: Batch::new(Limit::PIPE),
            filter: None,
            format,
            precision,
            follow: false,
            over: None,
        })
    }
}

impl Offline {
    /// Has libpcap go on where it is to.
    fn go_on(&mut self, sought: sys::Sought) -> Result<()> {
        match sought {
            sys::Sought::There => {}
            sys::Sought::Handle(pcap) => {
                // SAFETY: the handle is open and ours, has the header of the one before, and the stream
                // lives longer.
                unsafe { self.handle.exchange(pcap) };
                if let Some(stream) = &mut self.stream {
                    stream.forget_older();
                }
                if let (Some(filter), false) = (&self.filter, self.stays_fast()) {
                    let set = self.handle.set_filter(Some(filter));
                    set.map_err(|error| self.fail_with(error))?;
                }
            }
            sys::Sought::End => self.end()?,
        }
        Ok(())
    }

    /// Whether the fast way can be gone on after what only libpcap reads.
    fn stays_fast(&self) -> bool {
        let records = self.records.as_ref().or(self.parked.as_ref());
        records.is_some_and(Records::is_of_file)
    }
}

/// The times of a handle that reads a format with a precision: those of classic savefiles have 32
/// bits of seconds, unsigned.
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
