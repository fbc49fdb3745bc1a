//! Windows-specific extensions, which require Npcap.

use std::ffi::c_int;
use std::os::windows::io::BorrowedHandle;

use crate::capture::{Active, Capture};
use crate::error::{Error, ErrorKind, Result};
use crate::sys::{self, platform};

/// Windows-specific operations of a live capture.
///
/// If the `wpcap.dll` in use lacks functions of libpcap, all calls that return a `Result` fail with
/// [`Unsupported`](crate::ErrorKind::Unsupported).
pub trait CaptureExt {
    /// Sets the size of the driver's buffer for this capture, in bytes. Packets in the old buffer are lost.
    ///
    /// To set the size before activation, use [`buffer_size`](Capture::<crate::Inactive>::buffer_size).
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the size is 0, or 2 GiB or more.
    /// - [`Other`](crate::ErrorKind::Other) if the driver reports an error.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::{Capture, Device, os::windows::CaptureExt};
    ///
    /// let mut capture = Capture::from_device(Device::default_device()?).activate()?;
    /// capture.set_buffer_size(8 << 20)?;
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[doc(alias = "pcap_setbuff")]
    fn set_buffer_size(&mut self, bytes: usize) -> Result<()>;

    /// Sets the number of bytes that the driver collects before it delivers packets, unless the packet-buffer timeout
    /// expires first. libpcap's default is 16 000 bytes, or 0 in immediate mode.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the number is 2 GiB or more.
    /// - [`Other`](crate::ErrorKind::Other) if the driver reports an error.
    #[doc(alias = "pcap_setmintocopy")]
    fn set_min_to_copy(&mut self, bytes: usize) -> Result<()>;

    /// Sets the capture mode: whether the driver delivers packets or statistics. Default: packets.
    ///
    /// # Errors
    ///
    /// - [`Other`](crate::ErrorKind::Other) if the driver reports an error.
    #[doc(alias = "pcap_setmode")]
    fn set_mode(&mut self, mode: Mode) -> Result<()>;

    /// Returns the statistics since activation, including counters that only Windows has. See
    /// [`stats`](Capture::stats).
    ///
    /// # Errors
    ///
    /// - [`Other`](crate::ErrorKind::Other) if libpcap has no statistics for this kind of device, or the driver reports
    ///   an error.
    #[doc(alias = "pcap_stats_ex")]
    fn stats_ex(&self) -> Result<StatsEx>;

    /// Returns the event that the driver sets when packets are available, for use in an event loop. Returns `None` if
    /// this kind of capture has none.
    ///
    /// The call returns the same event as [`selectable_fd`](Capture::selectable_fd), and the same rules apply. The
    /// driver may set the event late, so wait no longer than the packet-buffer timeout.
    #[doc(alias = "pcap_getevent")]
    fn event(&self) -> Option<BorrowedHandle<'_>>;
}

/// The capture mode: whether the driver delivers packets or statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// The driver delivers the captured packets.
    Capture,
    /// The driver delivers statistics instead, as one packet per packet-buffer timeout. This packet's data
    /// consists of two 64-bit integers in native byte order: the number of packets that passed the filter during that
    /// time, and their total length in bytes.
    Statistics,
}

/// The statistics of a live capture since its activation, from the driver's 32-bit counters, which may wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StatsEx {
    /// Packets that passed the filter.
    pub received: u32,
    /// Packets dropped because the buffer was full.
    pub dropped: u32,
    /// Packets dropped by the interface; 0 if the interface does not report them.
    pub if_dropped: u32,
    /// Packets delivered to the program.
    pub captured: u32,
}

impl CaptureExt for Capture<Active> {
    fn set_buffer_size(&mut self, bytes: usize) -> Result<()> {
        const OPERATION: &str = "set the kernel buffer of";
        let bytes = number(self, OPERATION, bytes, 1)?;
        // SAFETY: the handle is open and activated, and `&mut` ensures that only this call uses it.
        let status = unsafe { sys::pcap_setbuff(pointer(self), bytes) };
        self.check_status(status, OPERATION)
    }

    fn set_min_to_copy(&mut self, bytes: usize) -> Result<()> {
        const OPERATION: &str = "set the minimum to copy of";
        let bytes = number(self, OPERATION, bytes, 0)?;
        // SAFETY: the handle is open and activated, and `&mut` ensures that only this call uses it.
        let status = unsafe { sys::pcap_setmintocopy(pointer(self), bytes) };
        self.check_status(status, OPERATION)
    }

    fn set_mode(&mut self, mode: Mode) -> Result<()> {
        const OPERATION: &str = "set the mode of";
        complete(self, OPERATION)?;
        let mode = match mode {
            Mode::Capture => sys::MODE_CAPT,
            Mode::Statistics => sys::MODE_STAT,
        };
        // SAFETY: the handle is open and activated, and `&mut` ensures that only this call uses it.
        let status = unsafe { sys::pcap_setmode(pointer(self), mode as _) };
        self.check_status(status, OPERATION)
    }

    fn stats_ex(&self) -> Result<StatsEx> {
        const OPERATION: &str = "get the statistics of";
        complete(self, OPERATION)?;
        let mut size = 0;
        // SAFETY: the handle is open and activated, and libpcap sets our number.
        let stat = unsafe { sys::pcap_stats_ex(pointer(self), &mut size) };
        // SAFETY: null, or a structure inside the handle, which stays until the next call on it.
        let Some(stat) = (unsafe { stat.as_ref() }) else {
            return self
                .check_status(sys::PCAP_ERROR, OPERATION)
                .map(|()| StatsEx::default());
        };
        Ok(StatsEx {
            received: stat.ps_recv,
            dropped: stat.ps_drop,
            if_dropped: stat.ps_ifdrop,
            captured: stat.ps_capt,
        })
    }

    fn event(&self) -> Option<BorrowedHandle<'_>> {
        self.selectable_fd()
    }
}

fn pointer(capture: &Capture<Active>) -> *mut sys::pcap_t {
    capture.as_ptr().cast()
}

/// Fails if the library lacks functions.
fn complete(capture: &Capture<Active>, operation: &'static str) -> Result<()> {
    if platform::is_complete() {
        return Ok(());
    }
    let kind = ErrorKind::Unsupported;
    let why = "this wpcap.dll lacks functions of libpcap";
    Err(Error::cannot(
        kind,
        operation,
        capture.name().to_owned(),
        why,
    ))
}

/// Converts a number of bytes for C, which must be at least `least`.
fn number(
    capture: &Capture<Active>,
    operation: &'static str,
    bytes: usize,
    least: c_int,
) -> Result<c_int> {
    complete(capture, operation)?;
    match c_int::try_from(bytes) {
        Ok(bytes) if bytes >= least => Ok(bytes),
        _ => Err(Error::cannot(
            ErrorKind::InvalidArgument,
            operation,
            capture.name().to_owned(),
            format!("expected {least} to 2147483647 bytes, found {bytes}"),
        )),
    }
}
