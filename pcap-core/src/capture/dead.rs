//! A capture without a packet source, for compiling filters and writing savefiles.

use std::ffi::c_int;
use std::fmt;
use std::ptr::NonNull;

use crate::capture::options::LARGEST_SNAPLEN;
use crate::capture::phase::{self, Opened};
use crate::capture::{Activated, Capture, Phase};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{CompileOptions, Filter};
use crate::handle::{Clock, Handle};
use crate::linktype::Dlt;
use crate::sys;
use crate::timestamp::Precision;

/// The phase of a capture without a packet source. It has a link type, a snaplen and a precision.
pub struct Dead {
    handle: Handle,
    precision: Precision,
    datalink_ext: u32,
}

/// # A capture without a packet source
impl Capture<Dead> {
    /// Creates a capture without a packet source, for compiling filters and writing savefiles. It has the given link
    /// type, the largest snaplen and nanosecond precision.
    ///
    /// # Errors
    ///
    /// - [`Other`](ErrorKind::Other) if libpcap is out of memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Capture, Linktype};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// let mut dumper = Capture::dead(Linktype::RAW)?.dump(&path)?;
    /// dumper.write_now(&[0x45; 20])?;
    /// dumper.close()?;
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    #[doc = manual!("pcap_open_dead")]
    ///
    #[doc(alias = "pcap_open_dead")]
    #[doc(alias = "pcap_open_dead_with_tstamp_precision")]
    pub fn dead(dlt: impl Into<Dlt>) -> Result<Capture<Dead>> {
        Self::dead_with(dlt, 0, Precision::Nano)
    }

    /// Creates a capture without a packet source, with the given link type, snaplen in bytes, and timestamp precision.
    /// See [`dead`](Self::dead).
    ///
    /// A snaplen of 0 means the largest that savefiles of the link type allow, usually 262 144 bytes.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the snaplen is above 2 147 483 647.
    /// - The errors of [`dead`](Self::dead).
    ///
    #[doc = manual!("pcap_open_dead")]
    #[doc(alias = "pcap_open_dead_with_tstamp_precision")]
    pub fn dead_with(
        dlt: impl Into<Dlt>,
        snaplen: u32,
        precision: Precision,
    ) -> Result<Capture<Dead>> {
        let dlt = dlt.into();
        let name = format!("{dlt}");
        let snaplen = match snaplen {
            0 => largest_snaplen(dlt),
            n => n,
        };
        let Ok(snaplen) = c_int::try_from(snaplen) else {
            let text = format!("expected a snaplen of at most 2147483647, found {snaplen}");
            return Err(Error::cannot(
                ErrorKind::InvalidArgument,
                "create a dead capture for",
                name,
                text,
            ));
        };
        let number = match precision {
            Precision::Micro => sys::PCAP_TSTAMP_PRECISION_MICRO,
            Precision::Nano => sys::PCAP_TSTAMP_PRECISION_NANO,
        };
        const OPERATION: &str = "create a dead capture for";
        Error::library(OPERATION, name.clone())?;
        // SAFETY: takes numbers only.
        let pcap =
            unsafe { sys::pcap_open_dead_with_tstamp_precision(dlt.value(), snaplen, number as _) };
        let text = "libpcap is out of memory";
        let failed = || Error::cannot(ErrorKind::Other, OPERATION, name.clone(), text);
        let pcap = NonNull::new(pcap).ok_or_else(failed)?;
        // SAFETY: the handle is open and ours, and has no stream.
        let handle = unsafe { Handle::new(pcap, None, Clock::of(precision), name, false) };
        Ok(Capture::new(Dead {
            handle,
            precision,
            datalink_ext: 0,
        }))
    }

    /// Sets the length in bytes of the frame check sequence at the end of each packet. Classic savefiles that this
    /// capture creates declare it in their header. Default: `None`, which declares nothing.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the length is odd or above 30.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Capture, Linktype};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// let dead = Capture::dead(Linktype::ETHERNET)?.with_fcs_len(Some(4))?;
    /// dead.dump(&path)?.close()?;
    /// assert_eq!(Capture::from_file(&path)?.fcs_len(), Some(4));
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[doc(alias = "LT_FCS_DATALINK_EXT")]
    pub fn with_fcs_len(mut self, bytes: impl Into<Option<u32>>) -> Result<Capture<Dead>> {
        self.state.datalink_ext = match bytes.into() {
            None => 0,
            // libpcap counts in units of 16 bits.
            Some(bytes @ 0..=30) if bytes % 2 == 0 => {
                sys::LT_FCS_DATALINK_EXT(bytes as c_int / 2) as u32
            }
            Some(bytes) => {
                let name = self.datalink().to_string();
                let text = format!("expected an even number of bytes up to 30, found {bytes}");
                let operation = "set the length of the frame check sequence of";
                return Err(Error::cannot(
                    ErrorKind::InvalidArgument,
                    operation,
                    name,
                    text,
                ));
            }
        };
        Ok(self)
    }
}

/// Returns the largest snaplen of savefiles with a link type.
fn largest_snaplen(dlt: Dlt) -> u32 {
    match dlt {
        Dlt::DBUS => 128 << 20,
        Dlt::EBHSCR => 8 << 20,
        Dlt::USBPCAP => 1 << 20,
        _ => LARGEST_SNAPLEN,
    }
}

impl phase::Sealed for Dead {}
impl Phase for Dead {}
impl Activated for Dead {}

impl Opened for Dead {
    fn handle(&self) -> &Handle {
        &self.handle
    }

    fn precision(&self) -> Precision {
        self.precision
    }

    fn datalink_ext(&self) -> u32 {
        self.datalink_ext
    }

    fn compile(&self, expression: &str, options: CompileOptions) -> Result<Filter> {
        self.handle.compile(expression, false, options)
    }
}

impl fmt::Debug for Dead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dead")
            .field("datalink", &self.handle.datalink())
            .field("snaplen", &self.handle.snaplen())
            .field("precision", &self.precision)
            .finish()
    }
}
