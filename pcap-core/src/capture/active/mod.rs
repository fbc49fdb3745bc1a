//! A live capture.

mod counting;
mod dry_run;
mod filtering;
mod give_up;
mod lent;
mod netfilter;
mod open;
mod read;
mod send;
#[cfg(any(feature = "tokio", feature = "async-io"))]
mod send_once;
mod send_state;
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    allow(dead_code, unreachable_pub)
)]
mod sender;
mod setup;
mod shortest_dropped;
mod socket_filter;
mod stop;
mod transmit;

use std::ffi::c_int;
use std::fmt;
use std::net::Ipv4Addr;
use std::ptr::NonNull;
use std::time::Instant;

use counting::Sampling;
pub use filtering::FilterLocation;
use filtering::Set;
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(crate) use give_up::Refusals;
use send_state::SendState;
#[allow(unreachable_pub)] // used on Linux only
pub use sender::Sender;
pub(crate) use setup::Created;
use socket_filter::SocketFilter;
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(crate) use transmit::Try;

use crate::capture::live::{LiveHandle, Stopped};
use crate::capture::options::DEFAULT_TIMEOUT;
use crate::capture::phase::{self, OnDevice, Opened};
use crate::capture::wait::Waiting;
use crate::capture::{Activated, Awaitable, Capture, Live, Phase, Readable};
use crate::device::DeviceName;
use crate::direction::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{CompileOptions, Filter};
use crate::handle::{Clock, Handle};
use crate::linktype::Dlt;
use crate::packet::PacketOwned;
use crate::stats::Stats;
use crate::sys::linux::packet_socket;
use crate::sys::{self, platform};
use crate::timestamp::Precision;

const NANO: c_int = sys::PCAP_TSTAMP_PRECISION_NANO as c_int;

/// The phase of a live capture on a device.
///
/// It is `Send` but not `Sync`: a capture can move to another thread, but only one thread can use it at a time.
pub struct Active {
    live: LiveHandle,
    vanished: Option<Vanished>,
    /// The error of a read after which libpcap must not read again.
    failed: Option<Error>,
    set: Option<Set>,
    /// Controls which packets enter the buffer, if the capture is on a Linux packet socket.
    socket_filter: Option<SocketFilter>,
    immediate: bool,
    netmask: Option<Ipv4Addr>,
    started: bool,
    /// Whether the last read emptied libpcap's buffer.
    emptied: bool,
    sampling: Sampling,
    /// Declared after the handle, so that the handle is closed first.
    sending: SendState,
}

/// A device that was removed. libpcap reports the removal before it delivers the packets that it still has.
#[derive(Debug)]
struct Vanished {
    error: Error,
    /// The time until which packets may still arrive.
    until: Instant,
}

/// # Filter location, direction and link type
impl Capture<Active> {
    /// Returns where the filter runs, or `None` if no filter is set.
    ///
    /// On Linux network interfaces, the kernel runs the filter if it fits into the kernel's memory limit and would
    /// accept the same packets there as [`Filter::matches`] does. Otherwise this process runs the filter, on whole
    /// packets regardless of the snaplen. This takes more time, and rejected packets also occupy buffer space. On other
    /// systems and devices, libpcap decides.
    #[must_use]
    pub fn filter_location(&self) -> Option<FilterLocation> {
        self.state.set.as_ref().map(|set| set.location)
    }

    /// Sets the direction of the packets to capture: received, sent or both. Packets that have already been read ahead
    /// are still delivered.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported) if this kind of device does not support directions.
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) for [`Out`](Direction::Out) on the loopback device of Linux,
    ///   which delivers each packet once, as received.
    /// - On Linux network interfaces, those of [`set_filter`](Capture::set_filter), because the current filter is
    ///   attached again.
    ///
    /// After an error, the previous direction stays in effect.
    ///
    #[doc = manual!("pcap_setdirection")]
    #[doc(alias = "pcap_setdirection")]
    pub fn set_direction(&mut self, direction: Direction) -> Result<()> {
        self.state.set_direction(direction)
    }

    /// Returns the link types that the device supports, for [`set_datalink`](Self::set_datalink).
    ///
    /// # Errors
    ///
    /// - [`Other`](ErrorKind::Other) if libpcap cannot list the link types.
    ///
    #[doc = manual!("pcap_list_datalinks")]
    #[doc(alias = "pcap_list_datalinks")]
    #[inline]
    pub fn datalinks(&self) -> Result<Vec<Dlt>> {
        let handle = &self.state.live.handle;
        let mut list = std::ptr::null_mut();
        // SAFETY: the handle is open and activated, and the pointer is ours to be set.
        let count = unsafe { sys::pcap_list_datalinks(handle.as_ptr(), &mut list) };
        let count = handle.check(count, "list the link types of")?;
        // SAFETY: libpcap allocated `count` numbers, or none.
        let numbers = unsafe { sys::slice_or_empty(list, count) };
        let datalinks = numbers.iter().map(|&n| Dlt::new(n)).collect();
        // SAFETY: allocated by pcap_list_datalinks, and not used any more.
        unsafe { sys::pcap_free_datalinks(list) };
        Ok(datalinks)
    }

    /// Sets the link type of the packets. This is possible only before the first read. If the current filter was
    /// compiled from an expression, the call recompiles it for the new link type.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) after the first read, even if that found no packet.
    /// - [`LinktypeMismatch`](ErrorKind::LinktypeMismatch) if the current filter has no
    ///   [expression](Filter::expression).
    /// - The errors of [`Filter::compile`] if the current filter's expression does not compile for the new link type.
    /// - [`Other`](ErrorKind::Other) if the device does not support the link type.
    ///
    #[doc = manual!("pcap_set_datalink")]
    #[doc(alias = "pcap_set_datalink")]
    pub fn set_datalink(&mut self, dlt: impl Into<Dlt>) -> Result<()> {
        self.state.set_datalink(dlt.into())
    }
}

/// # The file descriptor and `pcap_t` of a device
impl Capture<Active> {
    /// Returns the file descriptor that libpcap captures from, or `None` if this kind of capture has none, as on
    /// Windows. Use it for system features that libpcap does not cover, such as a socket option on Linux, or an `ioctl`
    /// on the BPF device on macOS and the BSDs.
    ///
    /// Do not read from it, because the capture would then miss packets. To wait for packets, use
    /// [`selectable_fd`](Self::selectable_fd), which may return a different descriptor.
    ///
    #[doc = manual!("pcap_fileno")]
    #[doc(alias = "pcap_fileno")]
    #[must_use]
    pub fn fileno(&self) -> Option<platform::BorrowedFd<'_>> {
        self.state.fileno()
    }

    /// Converts a status of libpcap into a result. Used by `os::windows`.
    #[allow(dead_code)] // used on one system only
    pub(crate) fn check_status(&self, status: c_int, operation: &'static str) -> Result<()> {
        self.state.live.handle.check(status, operation).map(|_| ())
    }

    /// Attaches the current filter again. Used by `os::linux`.
    #[allow(dead_code)] // used on one system only
    pub(crate) fn reset_filter(&self) -> Result<()> {
        self.state.reset_filter()
    }

    /// Returns the size in bytes of the buffer that libpcap reads into.
    ///
    /// On macOS and the BSDs this is the size that the system granted, which may be smaller than the requested
    /// [`buffer_size`](Capture::<crate::Inactive>::buffer_size). On Linux it is the size of one slot of the ring
    /// buffer, which contains one packet or one block of packets.
    #[doc(alias = "pcap_bufsize")]
    #[must_use]
    pub fn bufsize(&self) -> usize {
        // SAFETY: the handle is open and activated.
        let size = unsafe { sys::pcap_bufsize(self.state.live.handle.as_ptr()) };
        usize::try_from(size).unwrap_or(0)
    }

    /// Creates a capture from an activated `pcap_t` that other code has opened.
    ///
    /// The call switches the `pcap_t` to non-blocking mode. From then on this crate waits for packets itself, and
    /// assumes a packet-buffer timeout of 100 ms. A filter that is already set stays in effect. If it is replaced by a
    /// filter that only the kernel can evaluate, packets that are already in the kernel's buffer are delivered even if
    /// the new filter would reject them.
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io) if the process has no file descriptor left for the break handle, or if a security module
    ///   does not allow asking the socket for its address. The `pcap_t` is then closed.
    ///
    /// # Safety
    ///
    /// `pcap` must point to an activated live `pcap_t` that nothing else uses or closes.
    #[inline]
    pub unsafe fn from_raw(pcap: NonNull<sys::pcap_t>) -> Result<Capture<Active>> {
        let name = "a pcap_t";
        // SAFETY: the caller's promise.
        let precision = match unsafe { sys::pcap_get_tstamp_precision(pcap.as_ptr()) } {
            NANO => Precision::Nano,
            _ => Precision::Micro,
        };
        let wake = platform::Wake::new();
        let (wake, error) = match wake {
            Ok(wake) => (Some(wake), None),
            Err(error) => (None, Some(error)),
        };
        // SAFETY: the caller's promise. It is unknown whether monitor mode is on, so closing is guarded as if it were.
        let handle = unsafe { Handle::new(pcap, wake, Clock::of(precision), name.into(), true) };
        match error {
            Some(error) => Err(Error::io("take over", name.to_owned(), error)),
            None => {
                let captured = handle.captured();
                let mut active = Active::new(handle, precision, DEFAULT_TIMEOUT);
                let description = match active.fileno() {
                    Some(socket) => packet_socket::describe(socket)
                        .map_err(|e| Error::io("take over", name.to_owned(), e))?,
                    None => None,
                };
                active.socket_filter = description.map(|it| SocketFilter::of_foreign(it, captured));
                Ok(Capture::new(active))
            }
        }
    }

    /// Converts the capture into its `pcap_t`, which stays open and in non-blocking mode. Also returns the packets that
    /// were read ahead but have not been delivered.
    ///
    /// On Linux network interfaces, the snaplen and a filter that runs in the kernel stay in effect on the socket,
    /// although the `pcap_t` reports the largest snaplen. A filter that runs in this process is lost.
    #[must_use = "the pcap_t stays open until it is closed"]
    #[inline]
    pub fn into_raw(mut self) -> (NonNull<sys::pcap_t>, Vec<PacketOwned>) {
        let mut packets = Vec::new();
        while self.state.live.batch.step() {
            packets.extend(self.state.live.batch.current().map(|p| p.into_owned()));
        }
        self.state.sending.lent.forget();
        (self.state.live.handle.into_raw(), packets)
    }
}

impl Active {
    pub(crate) fn set_datalink(&mut self, datalink: Dlt) -> Result<()> {
        if self.started {
            return Err(Error::cannot(
                ErrorKind::InvalidArgument,
                "set the link type of",
                self.live.handle.name.clone(),
                "packets of another link type have already been read; set it before the first read",
            ));
        }
        // A filter compiled for the other link type would read the wrong bytes.
        let filter = match self.set.as_ref().map(|set| &set.filter) {
            Some(filter) => match filter.expression() {
                Some(expression) => {
                    // Check before changing anything: it may not compile for this link type.
                    filter.options().compile(datalink, expression)?;
                    Some((expression.to_owned(), filter.options()))
                }
                None => {
                    return Err(Error::cannot(
                        ErrorKind::LinktypeMismatch,
                        "set the link type of",
                        self.live.handle.name.clone(),
                        "the current filter was made from instructions for another link type",
                    ));
                }
            },
            None => None,
        };
        // SAFETY: the handle is open and activated.
        let code = unsafe { sys::pcap_set_datalink(self.live.handle.as_ptr(), datalink.value()) };
        self.live.handle.check(code, "set the link type of")?;
        match filter {
            Some(filter) => Ok(self.install(filter.into())?),
            None => self.install_none(),
        }
    }

    fn fileno(&self) -> Option<platform::BorrowedFd<'_>> {
        // SAFETY: the handle is open and activated.
        let fd = unsafe { platform::fileno(self.live.handle.as_ptr()) }?;
        // SAFETY: the descriptor belongs to the handle, which stays open while it is borrowed.
        Some(unsafe { platform::borrow(fd) })
    }
}

/// Returns the IPv4 netmask of a device, for filters that match broadcasts.
fn netmask(device: &DeviceName) -> Option<Ipv4Addr> {
    let device = device.to_cstring().ok()?;
    let (_, netmask) = crate::device::net_and_mask(&device).ok()??;
    (!netmask.is_unspecified()).then_some(netmask)
}

impl phase::Sealed for Active {}
impl Phase for Active {}
impl Activated for Active {}
impl Readable for Active {}
impl Awaitable for Active {}
impl Live for Active {}

impl OnDevice for Active {
    fn live(&self) -> &LiveHandle {
        &self.live
    }

    fn live_mut(&mut self) -> &mut LiveHandle {
        &mut self.live
    }

    fn only_blocks(&self) -> bool {
        self.live.waiter.waiting() == Waiting::InLibpcap
    }

    fn stats(&self) -> Result<Stats> {
        self.statistics()
    }

    fn stop(&mut self) -> Result<Stopped> {
        self.stop_receiving()
    }
}

impl Opened for Active {
    fn handle(&self) -> &Handle {
        &self.live.handle
    }

    fn precision(&self) -> Precision {
        self.live.precision
    }

    fn compile(&self, expression: &str, options: CompileOptions) -> Result<Filter> {
        let options = options.or_netmask(self.netmask);
        self.live.handle.compile(expression, true, options)
    }
}

impl fmt::Debug for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Active")
            .field("device", &self.live.handle.name)
            .field("datalink", &self.live.handle.datalink())
            .field("snaplen", &self.live.handle.snaplen())
            .field("precision", &self.live.precision)
            .finish_non_exhaustive()
    }
}
