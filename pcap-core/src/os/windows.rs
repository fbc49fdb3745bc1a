//! Windows-specific extensions, which require Npcap.

use std::ffi::c_int;
use std::os::windows::io::BorrowedHandle;

use crate::capture::{Active, Capture};
use crate::error::{Error, ErrorKind, Result};
use crate::sys::{self, platform};

/// Windows-specific operations of a live capture.
///
/// With a `wpcap.dll` that lacks functions of libpcap, they return [`Unsupported`](crate::ErrorKind::Unsupported).
pub trait CaptureExt {
    /// Sets the size of the driver's buffer for this capture, in bytes. Packets in the old buffer are lost. Before
    /// activation, use [`buffer_size`](Capture::<crate::Inactive>::buffer_size).
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the size is 0, or 2 GiB or more.
    /// - Otherwise the driver's.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::{Capture, Device, os::windows::CaptureExt};
    ///
    /// let mut capture = Capture::from_device(Device::default_device()?).activate()?;
    /// capture.set_kernel_buffer(8 << 20)?;
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[doc(alias = "pcap_setbuff")]
    fn set_kernel_buffer(&mut self, bytes: usize) -> Result<()>;

    /// Sets how many bytes of packets the driver collects before it delivers them, unless the packet-buffer timeout
    /// ends first. libpcap's default is 16 000 bytes, and 0 in immediate mode.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the number is 2 GiB or more.
    /// - Otherwise the driver's.
    #[doc(alias = "pcap_setmintocopy")]
    fn set_min_to_copy(&mut self, bytes: usize) -> Result<()>;

    /// Sets what the driver delivers: packets, the default, or statistics.
    ///
    /// # Errors
    ///
    /// Those of the driver.
    #[doc(alias = "pcap_setmode")]
    fn set_mode(&mut self, mode: Mode) -> Result<()>;

    /// Returns the statistics, as [`stats`](Capture::stats) does, with Windows-specific counters.
    ///
    /// # Errors
    ///
    /// The call fails if this kind of device has no statistics.
    #[doc(alias = "pcap_stats_ex")]
    fn stats_ex(&self) -> Result<StatsEx>;

    /// Returns the event that the driver sets when it has packets, for your own event loop. `None` if this kind of
    /// capture has none.
    ///
    /// It is the event of [`selectable_fd`](Capture::selectable_fd), with the same rules. It may be late, so wait no
    /// longer than the packet-buffer timeout.
    #[doc(alias = "pcap_getevent")]
    fn event(&self) -> Option<BorrowedHandle<'_>>;
}

/// What the driver delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Packets.
    Capture,
    /// Statistics, once per packet-buffer timeout: a packet whose data is two 64-bit numbers in the machine's byte
    /// order, the packets that passed the filter in that time and their bytes.
    Statistics,
}

/// The statistics of a live capture since its activation, from the driver's 32-bit counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StatsEx {
    /// Packets that passed the filter.
    pub received: u32,
    /// Packets dropped because the buffer was full.
    pub dropped: u32,
    /// Packets dropped by the interface; 0 if it does not report them.
    pub if_dropped: u32,
    /// Packets delivered to the program.
    pub captured: u32,
}

impl CaptureExt for Capture<Active> {
    fn set_kernel_buffer(&mut self, bytes: usize) -> Result<()> {
        const OPERATION: &str = "set the kernel buffer of";
        let bytes = number(self, OPERATION, bytes, 1)?;
        // SAFETY: the handle is open and activated, and by `&mut` ours.
        let status = unsafe { sys::pcap_setbuff(pointer(self), bytes) };
        self.check_status(status, OPERATION)
    }

    fn set_min_to_copy(&mut self, bytes: usize) -> Result<()> {
        const OPERATION: &str = "set the minimum to copy of";
        let bytes = number(self, OPERATION, bytes, 0)?;
        // SAFETY: the handle is open and activated, and by `&mut` ours.
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
        // SAFETY: the handle is open and activated, and by `&mut` ours.
        let status = unsafe { sys::pcap_setmode(pointer(self), mode as _) };
        self.check_status(status, OPERATION)
    }

    fn stats_ex(&self) -> Result<StatsEx> {
        const OPERATION: &str = "get the statistics of";
        complete(self, OPERATION)?;
        let mut size = 0;
        // SAFETY: the handle is open and activated, and the number ours to be set.
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

/// Converts a number for C.
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
            "the number of bytes is out of range",
        )),
    }
}
