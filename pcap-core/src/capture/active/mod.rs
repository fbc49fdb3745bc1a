//! A live capture.

mod counting;
mod dry_run;
mod filtering;
mod give_up;
mod inflow;
mod netfilter;
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
mod stop;
mod transmit;

use std::ffi::c_int;
use std::fmt;
use std::net::Ipv4Addr;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use counting::Sampling;
pub use filtering::FilterLocation;
use filtering::{NotSet, Set};
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(crate) use give_up::Refusals;
use inflow::Inflow;
use send_state::SendState;
#[allow(unreachable_pub)] // of Linux only
pub use sender::Sender;
use setup::Checked;
pub(crate) use setup::Created;
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(crate) use transmit::Try;

use crate::capture::live::{LiveHandle, Stopped};
use crate::capture::options::{self, DEFAULT_TIMEOUT, Lengths, Options};
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
use crate::warning::{Warning, WarningKind};

const NANO: c_int = sys::PCAP_TSTAMP_PRECISION_NANO as c_int;

/// The phase of a live capture on a device.
///
/// It is `Send`: it can be used by one thread after another. It is not `Sync`.
pub struct Active {
    live: LiveHandle,
    vanished: Option<Vanished>,
    /// The error of a read after which libpcap must not read again.
    failed: Option<Error>,
    set: Option<Set>,
    /// Controls what enters the buffer, if the capture is on a Linux packet socket.
    inflow: Option<Inflow>,
    immediate: bool,
    netmask: Option<Ipv4Addr>,
    started: bool,
    sampling: Sampling,
    /// Declared after the handle, so that the handle is closed first.
    sending: SendState,
}

/// A device that was removed. libpcap reports the removal before it delivers the packets that it still holds.
#[derive(Debug)]
struct Vanished {
    error: Error,
    /// The time until which packets may still come.
    until: Instant,
}

/// # Filter location, direction and link type
impl Capture<Active> {
    /// Returns where the filter runs, or `None` if none is set.
    ///
    /// On Linux network interfaces the kernel runs the filter if it has memory for it and gives the same results as
    /// [`Filter::matches`]. Otherwise the filter runs in this process, on whole packets whatever the snaplen is. That
    /// costs time, and room in the buffer for each packet.
    #[must_use]
    pub fn filter_location(&self) -> Option<FilterLocation> {
        self.state.set.as_ref().map(|set| set.location)
    }

    /// Sets the direction: captures only received packets, only sent packets, or both. Packets that were read ahead are
    /// still delivered.
    ///
    /// # Errors
    ///
    /// The call fails, and the previous direction stays in force:
    ///
    /// - if this kind of device does not report directions;
    /// - for [`Out`](Direction::Out) on the loopback device of Linux, which delivers each packet once, as received.
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
    /// The call fails if libpcap cannot list them.
    ///
    #[doc = manual!("pcap_list_datalinks")]
    #[doc(alias = "pcap_list_datalinks")]
    pub fn datalinks(&self) -> Result<Vec<Dlt>> {
        let handle = &self.state.live.handle;
        let mut list = std::ptr::null_mut();
        // SAFETY: the handle is open and activated, and the pointer is ours to be set.
        let count = unsafe { sys::pcap_list_datalinks(handle.as_ptr(), &mut list) };
        let count = handle.check(count, "list the link types of")?;
        if list.is_null() {
            return Ok(Vec::new());
        }
        // SAFETY: libpcap allocated that many numbers.
        let numbers = unsafe { std::slice::from_raw_parts(list, count as usize) };
        let datalinks = numbers.iter().map(|&n| Dlt::new(n)).collect();
        // SAFETY: allocated by pcap_list_datalinks, and not used any more.
        unsafe { sys::pcap_free_datalinks(list) };
        Ok(datalinks)
    }

    /// Sets the link type, before the first read. A filter that was set as an expression is recompiled.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if packets have been read already.
    /// - [`LinktypeMismatch`](ErrorKind::LinktypeMismatch) if a filter of instructions is set.
    /// - Those of [`Filter::compile`] if the expression of the filter does not compile for the link type.
    /// - Otherwise libpcap's, if the device does not support the link type.
    ///
    #[doc = manual!("pcap_set_datalink")]
    #[doc(alias = "pcap_set_datalink")]
    pub fn set_datalink(&mut self, dlt: impl Into<Dlt>) -> Result<()> {
        self.state.set_datalink(dlt.into())
    }
}

/// # The file descriptor and `pcap_t` of a device
impl Capture<Active> {
    /// Returns the file descriptor that libpcap captures from, or `None` if this kind of capture has none. Use it for
    /// system features that libpcap does not cover: a socket option on Linux, or a request to the BPF device elsewhere.
    ///
    /// Reading from it takes packets away from this capture. To wait for packets use
    /// [`selectable_fd`](Self::selectable_fd), which may be another descriptor.
    ///
    #[doc = manual!("pcap_fileno")]
    #[doc(alias = "pcap_fileno")]
    #[must_use]
    pub fn fileno(&self) -> Option<platform::BorrowedFd<'_>> {
        self.state.fileno()
    }

    /// Converts a status of libpcap into a result. Used by `os::windows`.
    #[allow(dead_code)] // of one system only
    pub(crate) fn check_status(&self, status: c_int, operation: &'static str) -> Result<()> {
        self.state.live.handle.check(status, operation).map(|_| ())
    }

    /// Attaches the current filter again. Used by `os::linux`.
    #[allow(dead_code)] // of one system only
    pub(crate) fn reset_filter(&self) -> Result<()> {
        self.state.reset_filter()
    }

    /// Returns the size in bytes of the buffer that libpcap reads into.
    ///
    /// On macOS and the BSDs this is the size that the system granted, which may be smaller than the requested
    /// [`buffer_size`](Capture::<crate::Inactive>::buffer_size). On Linux it is the size of the slot for one packet, or
    /// for one block of packets, in a buffer of many.
    #[doc(alias = "pcap_bufsize")]
    #[must_use]
    pub fn bufsize(&self) -> usize {
        // SAFETY: the handle is open and activated.
        let size = unsafe { sys::pcap_bufsize(self.state.live.handle.as_ptr()) };
        usize::try_from(size).unwrap_or(0)
    }

    /// Creates a capture from an activated `pcap_t` that was opened elsewhere.
    ///
    /// The call puts it into non-blocking mode; this crate then does the waiting, and assumes a packet-buffer timeout
    /// of 100 ms. A filter that is set stays in force. When it is replaced, buffered packets that only the kernel could
    /// judge are delivered.
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io) if there are no file descriptors left for the break handle. The `pcap_t` is then closed.
    ///
    /// # Safety
    ///
    /// `pcap` points to an activated live `pcap_t` that nobody else uses or closes.
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
        // SAFETY: the caller's promise. Monitor mode is unknown here, so closing is guarded as if it were on.
        let handle = unsafe { Handle::new(pcap, wake, Clock::of(precision), name.into(), true) };
        match error {
            Some(error) => Err(Error::io("take over", name.to_owned(), error)),
            None => {
                let captured = handle.captured();
                let mut active = Active::new(handle, precision, DEFAULT_TIMEOUT);
                let description = active.fileno().and_then(packet_socket::describe);
                active.inflow = description.map(|it| Inflow::of_foreign(it, captured));
                Ok(Capture::new(active))
            }
        }
    }

    /// Converts the capture into its `pcap_t`, open and in non-blocking mode, and the packets that were read ahead and
    /// not delivered.
    ///
    /// On Linux network interfaces the filter and the snaplen stay on the socket, and the `pcap_t` reports the largest
    /// snaplen. A filter that runs in this process is lost.
    #[must_use = "the pcap_t stays open until it is closed"]
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
    /// Opens a device. With `anyway`, an option that fails on the open device is skipped with a warning.
    pub(crate) fn open(device: &DeviceName, options: &Options, anyway: bool) -> Result<Active> {
        let is_interface = packet_socket::is_interface(&device.to_cstring()?);
        let lengths = |whole| Lengths::new(options, is_interface, whole);
        if is_interface && !anyway {
            dry_run::check(device, options)?;
        }
        match Active::open_with(device, options, lengths(false), anyway) {
            // Only the open device shows this.
            Err(NotSet::TooShort(_)) if lengths(true) != lengths(false) => {
                Ok(Active::open_with(device, options, lengths(true), anyway)?)
            }
            opened => Ok(opened?),
        }
    }

    fn open_with(
        device: &DeviceName,
        options: &Options,
        lengths: Lengths,
        anyway: bool,
    ) -> Result<Active, NotSet> {
        let checked = Checked::new(options, lengths, &device.to_text())?;
        if !anyway {
            netfilter::check(&device.to_text(), options)?;
        }
        let created = Created::new(device)?;
        let precision = created.apply(options, &checked)?;
        let wake = platform::Wake::new().map_err(|e| Error::io("activate", device.to_text(), e))?;
        let (pcap, warning) = created.activate(options)?;
        let clock = Clock::of(precision);
        // SAFETY: the handle is open and activated, and nobody else's.
        let handle =
            unsafe { Handle::new(pcap, Some(wake), clock, device.to_text(), options.rfmon) };
        let mut active = Active::new(handle, precision, options.timeout);
        active.live.warnings.splice(0..0, warning);
        active.live.requested = Some((options.timeout, options.promisc));
        active.live.nonblock = options.nonblock;
        active.immediate = options.immediate_mode;
        active.take_over_inflow(lengths);
        active.netmask = netmask(device);
        if let Some(datalink) = options.datalink {
            let done = active.set_datalink(datalink);
            active.warn_of(done, anyway)?;
        }
        if options.direction != Direction::InOut {
            let done = active.set_direction(options.direction);
            active.warn_of(done, anyway)?;
        }
        if options.qdisc_bypass {
            let done = active.bypass_qdisc();
            active.warn_of(done, anyway)?;
        }
        let done = match &options.filter {
            Some(filter) => match active.install(filter.clone()) {
                Err(NotSet::TooShort(error)) if lengths.captured < options::whole(true) => {
                    return Err(NotSet::TooShort(error));
                }
                done => done.map_err(Error::from),
            },
            None => Ok(()),
        };
        active.warn_of(done, anyway)?;
        if active.set.is_none() {
            active.install_none()?;
        }
        active.open_inflow(options.protocol.unwrap_or(packet_socket::ALL))?;
        Ok(active)
    }

    /// Takes control of the inflow, if libpcap captures through a packet socket. Until now it receives nothing.
    fn take_over_inflow(&mut self, lengths: Lengths) {
        let Some(description) = self.fileno().and_then(packet_socket::describe) else {
            self.live.handle.clock.longest = lengths.delivered;
            return;
        };
        // libpcap leaves room for a byte after the longest cooked header.
        const LEAST_COOKED: u32 = 21;
        let snaplen = match description.cooked {
            true => lengths.delivered.max(LEAST_COOKED),
            false => lengths.delivered,
        };
        let captured = self.live.handle.captured();
        self.live.handle.snaplen = Some(snaplen);
        self.live.handle.clock.longest = snaplen;
        self.inflow = Some(Inflow::new(description, snaplen, captured));
    }

    /// Turns the error of an option into a warning, if the capture may do without it.
    fn warn_of(&mut self, done: Result<()>, anyway: bool) -> Result<()> {
        match done {
            Err(error) if anyway => {
                let warning = Warning::new(WarningKind::OptionSkipped, error.to_string());
                self.live.warnings.push(warning);
                Ok(())
            }
            other => other,
        }
    }

    /// Makes an activated handle non-blocking, and determines how it waits.
    fn new(mut handle: Handle, precision: Precision, timeout: Duration) -> Active {
        let mut warning = None;
        let mut errbuf = sys::ErrBuf::new();
        // SAFETY: the handle is open and activated.
        let status = unsafe { sys::pcap_setnonblock(handle.as_ptr(), 1, errbuf.as_mut_ptr()) };
        let waiting = if status < 0 {
            // D-Bus captures, for example, wait inside libpcap.
            warning = Some(Warning::new(WarningKind::OnlyBlocking, errbuf.text()));
            // D-Bus checks for a break ten times a second, after each wait. Others check before they read, and would
            // read nothing.
            handle.waits_briefly = handle.datalink() == Dlt::DBUS;
            match handle.waits_briefly {
                true => Waiting::Briefly,
                false => Waiting::InLibpcap,
            }
        } else {
            // SAFETY: as above.
            match unsafe { platform::selectable(handle.as_ptr()) } {
                Some(fd) => Waiting::Descriptor(fd),
                None => Waiting::Timer,
            }
        };
        let mut live = LiveHandle::new(handle, waiting, precision, timeout);
        live.warnings.extend(warning);
        Active {
            live,
            vanished: None,
            failed: None,
            set: None,
            inflow: None,
            immediate: false,
            netmask: None,
            started: false,
            sampling: Sampling::new(),
            sending: SendState::default(),
        }
    }

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
        self.stop_inflow()
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
