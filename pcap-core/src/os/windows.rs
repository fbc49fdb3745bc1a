//! What only Windows has, with Npcap.

use std::ffi::c_int;
use std::os::windows::io::BorrowedHandle;

use crate::capture::{Active, Capture};
use crate::error::{Error, ErrorKind, Result};
use crate::sys::{self, platform};

/// What a live capture can do on Windows only.
///
/// A `wpcap.dll` that has not all of libpcap's functions answers
/// [`Unsupported`](crate::ErrorKind::Unsupported).
pub trait CaptureExt {
    /// Gives the driver a buffer of this many bytes for the packets of this capture. Packets that are in the old one are
    /// lost. Before activation it is [`buffer_size`](Capture::<crate::Inactive>::buffer_size).
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for 0 and for 2 GiB and more; otherwise what the driver
    /// says.
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

    /// Has the driver hand packets over when it has this many bytes of them, or the packet-buffer timeout is over.
    /// libpcap's default is 16 000 bytes, and 0 in immediate mode.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for 2 GiB and more; otherwise what the driver says.
    #[doc(alias = "pcap_setmintocopy")]
    fn set_min_to_copy(&mut self, bytes: usize) -> Result<()>;

    /// What the driver hands over: packets, which is the default, or statistics.
    ///
    /// # Errors
    ///
    /// What the driver says.
    #[doc(alias = "pcap_setmode")]
    fn set_mode(&mut self, mode: Mode) -> Result<()>;

    /// [`stats`](Capture::stats) with what only Windows counts.
    ///
    /// # Errors
    ///
    /// If this kind of device has no statistics.
    #[doc(alias = "pcap_stats_ex")]
    fn stats_ex(&self) -> Result<StatsEx>;

    /// The event that the driver sets when it has packets, for an event loop of one's own; `None` if this kind of
    /// capture has none. It is what [`selectable_fd`](Capture::selectable_fd) gives, with what is to be heeded there:
    /// it may tell late, and is to be waited for no longer than the packet-buffer timeout.
    #[doc(alias = "pcap_getevent")]
    fn event(&self) -> Option<BorrowedHandle<'_>>;
}

/// What the driver hands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Packets.
    Capture,
    /// Statistics, one for each packet-buffer timeout: a packet whose data is two numbers of 64 bits in the machine's
    /// byte order, how many packets passed the filter in that time and how many bytes they had.
    Statistics,
}

/// What a live capture counted since it was activated, in the 32 bits of the driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StatsEx {
    /// Packets that passed the filter.
    pub received: u32,
    /// Packets dropped because the buffer was full.
    pub dropped: u32,
    /// Packets dropped by the interface; 0 where it does not say.
    pub if_dropped: u32,
    /// Packets that were handed to the program.
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
        const OPERATION: &str = "set what is copied at least of";
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

/// Fails if the library has not all functions.
fn complete(capture: &Capture<Active>, operation: &'static str) -> Result<()> {
    if platform::is_complete() {
        return Ok(());
    }
    let kind = ErrorKind::Unsupported;
    let why = "this wpcap.dll does not have all functions of libpcap";
    Err(Error::cannot(
        kind,
        operation,
        capture.name().to_owned(),
        why,
    ))
}

/// A number for C.
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
            "not a number of bytes that libpcap takes",
        )),
    }
}
