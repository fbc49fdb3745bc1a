//! A live capture.

mod filtering;
mod inflow;
mod netfilter;
mod read;
mod refusals;
mod rehearsal;
#[cfg_attr(not(feature = "remote"), path = "no_remote.rs")]
mod remote;
mod send;
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    allow(dead_code, unreachable_pub)
)]
mod sender;
mod setup;
mod stopping;
mod vlan;

use std::cell::{Cell, OnceCell};
use std::ffi::c_int;
use std::fmt;
use std::net::Ipv4Addr;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

pub use filtering::FilterLocation;
use filtering::{NotSet, Set};
use inflow::Inflow;
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(crate) use refusals::Refusals;
use refusals::ShortestDropped;
pub(crate) use remote::Remote;
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(crate) use send::Try;
use sender::Lent;
#[allow(unreachable_pub)] // of Linux only
pub use sender::Sender;
use setup::Checked;
pub(crate) use setup::Created;
use stopping::Stopped;

use crate::capture::options::{self, DEFAULT_TIMEOUT, Lengths, Options};
use crate::capture::phase::{self, Opened};
use crate::capture::read_ahead::{Batch, Limit};
use crate::capture::wait::{Waiter, Waiting};
use crate::capture::{Activated, Capture, Phase, Readable};
use crate::device::DeviceName;
use crate::direction::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{CompileOptions, Filter};
use crate::handle::{Clock, Handle};
use crate::linktype::Dlt;
use crate::packet::PacketOwned;
use crate::stats::{Counters, Stats};
use crate::sys::linux::packet_socket;
use crate::sys::{self, platform};
use crate::timestamp::Precision;
use crate::warning::{Warning, WarningKind};

const NANO: c_int = sys::PCAP_TSTAMP_PRECISION_NANO as c_int;

/// The phase of a live capture on a device.
///
/// It is `Send`: it can be used by one thread after another. It is not `Sync`.
pub struct Active {
    handle: Handle,
    waiter: Waiter,
    batch: Batch,
    vanished: Option<Vanished>,
    /// The error of a read after which libpcap must not read again.
    failed: Option<Error>,
    remote: Option<Remote>,
    set: Option<Set>,
    /// Controls what enters the buffer, if the capture is on a Linux packet socket.
    inflow: Option<Inflow>,
    stopped: Option<Stopped>,
    immediate: bool,
    netmask: Option<Ipv4Addr>,
    precision: Precision,
    timeout: Duration,
    /// The requested timeout and promiscuous mode; unknown for a handle opened elsewhere.
    requested: Option<(Duration, bool)>,
    nonblock: bool,
    started: bool,
    warnings: Vec<Warning>,
    counters: Cell<Counters>,
    sampled: Instant,
    reads: u32,
    /// Whether its descriptor accepts many packets per call.
    sends_many: OnceCell<bool>,
    shortest_dropped: ShortestDropped,
    /// The socket of its senders. Declared after the handle, so that it is closed first.
    lent: Lent,
}

/// A device that was removed. libpcap reports the removal before it delivers the packets that it still holds.
#[derive(Debug)]
struct Vanished {
    error: Error,
    /// The time until which packets may still come.
    until: Instant,
}

impl Capture<Active> {
    /// Returns the warnings of the activation, such as promiscuous mode that the device does not support.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.state.warnings
    }

    /// Returns the statistics since the activation.
    ///
    /// # Errors
    ///
    /// The call fails if this kind of device has no statistics.
    ///
    /// Manual page: [`pcap_stats(3PCAP)`](https://www.tcpdump.org/manpages/pcap_stats.3pcap.html).
    #[doc(alias = "pcap_stats")]
    pub fn stats(&self) -> Result<Stats> {
        self.state.stats()
    }

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
    /// Manual page: [`pcap_setdirection(3PCAP)`](https://www.tcpdump.org/manpages/pcap_setdirection.3pcap.html).
    #[doc(alias = "pcap_setdirection")]
    pub fn set_direction(&mut self, direction: Direction) -> Result<()> {
        self.state.set_direction(direction)
    }

    /// Sets non-blocking mode: [`dispatch`](Self::dispatch) returns [`Stop::Empty`](crate::Stop::Empty) at once when
    /// there is no packet, and [`inject`](Self::inject) fails instead of waiting for room. The calls that read single
    /// packets are not affected.
    ///
    /// D-Bus captures wait inside libpcap: there `dispatch` may take a tenth of a second. Some remote captures wait
    /// inside libpcap for longer, and stay in blocking mode.
    ///
    /// Manual page: [`pcap_setnonblock(3PCAP)`](https://www.tcpdump.org/manpages/pcap_setnonblock.3pcap.html).
    #[doc(alias = "pcap_setnonblock")]
    pub fn set_nonblock(&mut self, on: bool) {
        self.state.nonblock = on;
    }

    /// Returns whether the capture is in non-blocking mode. This is `false` even after
    /// [`set_nonblock(true)`](Self::set_nonblock) if the capture only supports blocking reads.
    #[doc(alias = "pcap_getnonblock")]
    #[must_use]
    pub fn is_nonblock(&self) -> bool {
        self.state.nonblock && !self.state.only_blocks()
    }

    /// Returns the packet-buffer timeout that was set before activation.
    ///
    /// `None` for a handle that was [opened elsewhere](Self::from_raw).
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.state.requested.map(|(timeout, _)| timeout)
    }

    /// Returns whether promiscuous mode was requested before activation. If the device does not support it, the
    /// [`warnings`](Self::warnings) say so.
    ///
    /// `None` for a handle that was [opened elsewhere](Self::from_raw).
    #[must_use]
    pub fn is_promisc(&self) -> Option<bool> {
        self.state.requested.map(|(_, promisc)| promisc)
    }

    /// Returns the link types that the device supports, for [`set_datalink`](Self::set_datalink).
    ///
    /// # Errors
    ///
    /// The call fails if libpcap cannot list them.
    ///
    /// Manual page: [`pcap_list_datalinks(3PCAP)`](https://www.tcpdump.org/manpages/pcap_list_datalinks.3pcap.html).
    #[doc(alias = "pcap_list_datalinks")]
    pub fn datalinks(&self) -> Result<Vec<Dlt>> {
        let handle = &self.state.handle;
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
    /// Manual page: [`pcap_set_datalink(3PCAP)`](https://www.tcpdump.org/manpages/pcap_set_datalink.3pcap.html).
    #[doc(alias = "pcap_set_datalink")]
    pub fn set_datalink(&mut self, datalink: impl Into<Dlt>) -> Result<()> {
        self.state.set_datalink(datalink.into())
    }

    /// Returns the file descriptor that is readable when there are packets, for your own event loop. `None` if this
    /// kind of capture has none.
    ///
    /// Before each wait, read until [`try_next_packet`](Self::try_next_packet) returns
    /// [`Timeout`](crate::Next::Timeout) or [`dispatch`](Self::dispatch) returns [`Empty`](crate::Stop::Empty): packets
    /// may have been read ahead. Wait no longer than [`required_select_timeout`](Self::required_select_timeout).
    ///
    /// On Windows this is the handle of an event.
    ///
    /// Manual page: [`pcap_get_selectable_fd(3PCAP)`](https://www.tcpdump.org/manpages/pcap_get_selectable_fd.3pcap.html).
    #[doc(alias = "pcap_get_selectable_fd")]
    #[doc(alias = "pcap_getevent")]
    #[must_use]
    pub fn selectable_fd(&self) -> Option<platform::BorrowedFd<'_>> {
        let fd = self.state.waiter.descriptor()?;
        // SAFETY: the descriptor belongs to the handle, which stays open while it is borrowed.
        Some(unsafe { platform::borrow(fd) })
    }

    /// Returns the file descriptor that libpcap captures from, or `None` if this kind of capture has none. Use it for
    /// system features that libpcap does not cover: a socket option on Linux, or a request to the BPF device elsewhere.
    ///
    /// Reading from it takes packets away from this capture. To wait for packets use
    /// [`selectable_fd`](Self::selectable_fd), which may be another descriptor.
    ///
    /// Manual page: [`pcap_fileno(3PCAP)`](https://www.tcpdump.org/manpages/pcap_fileno.3pcap.html).
    #[doc(alias = "pcap_fileno")]
    #[must_use]
    pub fn fileno(&self) -> Option<platform::BorrowedFd<'_>> {
        self.state.fileno()
    }

    /// Converts a status of libpcap into a result. Used by `os::windows`.
    #[allow(dead_code)] // of one system only
    pub(crate) fn check_status(&self, status: c_int, operation: &'static str) -> Result<()> {
        self.state.handle.check(status, operation).map(|_| ())
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
        let size = unsafe { sys::pcap_bufsize(self.state.handle.as_ptr()) };
        usize::try_from(size).unwrap_or(0)
    }

    /// Returns the longest time to wait before the next read, even if the descriptor does not become readable. `None`
    /// means no limit. The value may change: query it before each wait.
    ///
    /// Manual page: [`pcap_get_required_select_timeout(3PCAP)`](https://www.tcpdump.org/manpages/pcap_get_required_select_timeout.3pcap.html).
    #[doc(alias = "pcap_get_required_select_timeout")]
    #[must_use]
    pub fn required_select_timeout(&self) -> Option<Duration> {
        self.state.waiter.required(&self.state.handle)
    }

    /// Closes the capture and returns its final statistics.
    ///
    /// # Errors
    ///
    /// Those of [`stats`](Self::stats). The capture is closed in any case.
    #[doc(alias = "pcap_close")]
    pub fn close(self) -> Result<Stats> {
        self.state.stats()
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
                let mut active = Active::new(handle, precision, DEFAULT_TIMEOUT, Vec::new());
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
        while self.state.batch.step() {
            packets.extend(self.state.batch.current().map(|p| p.into_owned()));
        }
        self.state.lent.forget();
        (self.state.handle.into_raw(), packets)
    }
}

impl Active {
    /// Opens a device. With `anyway`, an option that fails on the open device is skipped with a warning.
    pub(crate) fn open(device: &DeviceName, options: &Options, anyway: bool) -> Result<Active> {
        let is_interface = packet_socket::is_interface(&device.to_cstring()?);
        let lengths = |whole| Lengths::new(options, is_interface, whole);
        if is_interface && !anyway {
            rehearsal::check(device, options)?;
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
        let mut active = Active::new(
            handle,
            precision,
            options.timeout,
            warning.into_iter().collect(),
        );
        active.requested = Some((options.timeout, options.promisc));
        active.nonblock = options.nonblock;
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
            self.handle.clock.longest = lengths.delivered;
            return;
        };
        // libpcap leaves room for a byte after the longest cooked header.
        const LEAST_COOKED: u32 = 21;
        let snaplen = match description.cooked {
            true => lengths.delivered.max(LEAST_COOKED),
            false => lengths.delivered,
        };
        let captured = self.handle.captured();
        self.handle.snaplen = Some(snaplen);
        self.handle.clock.longest = snaplen;
        self.inflow = Some(Inflow::new(description, snaplen, captured));
    }

    /// Turns the error of an option into a warning, if the capture may do without it.
    fn warn_of(&mut self, done: Result<()>, anyway: bool) -> Result<()> {
        match done {
            Err(error) if anyway => {
                let warning = Warning::new(WarningKind::LeftOut, error.to_string());
                self.warnings.push(warning);
                Ok(())
            }
            other => other,
        }
    }

    /// Makes an activated handle non-blocking, and determines how it waits.
    pub(crate) fn new(
        mut handle: Handle,
        precision: Precision,
        timeout: Duration,
        mut warnings: Vec<Warning>,
    ) -> Active {
        let timeout = timeout.max(Duration::from_millis(1));
        let mut errbuf = sys::ErrBuf::new();
        // SAFETY: the handle is open and activated.
        let status = unsafe { sys::pcap_setnonblock(handle.as_ptr(), 1, errbuf.as_mut_ptr()) };
        let waiting = if status < 0 {
            // D-Bus captures, for example, wait inside libpcap.
            warnings.push(Warning::new(WarningKind::OnlyBlocking, errbuf.text()));
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
        Active {
            handle,
            waiter: {
                if let Waiting::Descriptor(fd) = waiting {
                    platform::close_on_exec(fd);
                }
                Waiter::new(waiting, timeout)
            },
            batch: Batch::new(Limit::LIVE),
            vanished: None,
            failed: None,
            remote: None,
            set: None,
            inflow: None,
            stopped: None,
            immediate: false,
            netmask: None,
            precision,
            timeout,
            requested: None,
            nonblock: false,
            started: false,
            warnings,
            counters: Cell::default(),
            sampled: Instant::now(),
            reads: 0,
            sends_many: OnceCell::new(),
            shortest_dropped: ShortestDropped::default(),
            lent: Lent::default(),
        }
    }

    pub(crate) fn set_datalink(&mut self, datalink: Dlt) -> Result<()> {
        if self.started {
            return Err(Error::cannot(
                ErrorKind::InvalidArgument,
                "set the link type of",
                self.handle.name.clone(),
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
                        self.handle.name.clone(),
                        "the current filter was made from instructions for another link type",
                    ));
                }
            },
            None => None,
        };
        // SAFETY: the handle is open and activated.
        let code = unsafe { sys::pcap_set_datalink(self.handle.as_ptr(), datalink.value()) };
        self.handle.check(code, "set the link type of")?;
        match filter {
            Some(filter) => Ok(self.install(filter.into())?),
            None => self.install_none(),
        }
    }

    /// Returns whether reads wait inside libpcap, even in non-blocking mode.
    fn only_blocks(&self) -> bool {
        match &self.remote {
            Some(remote) => remote.only_blocks(),
            None => self.waiter.waiting() == Waiting::InLibpcap,
        }
    }

    fn fileno(&self) -> Option<platform::BorrowedFd<'_>> {
        // SAFETY: the handle is open and activated.
        let fd = unsafe { platform::fileno(self.handle.as_ptr()) }?;
        // SAFETY: the descriptor belongs to the handle, which stays open while it is borrowed.
        Some(unsafe { platform::borrow(fd) })
    }

    pub(crate) fn stats(&self) -> Result<Stats> {
        if let Some(remote) = &self.remote {
            remote.check()?;
        }
        let mut stat = sys::empty_stat();
        // SAFETY: the handle is open and activated, and the structure is ours.
        let code = unsafe { sys::pcap_stats(self.handle.as_ptr(), &mut stat) };
        self.handle.check(code, "get the statistics of")?;
        let mut counters = self.counters.get();
        let mut total = counters.sample(&stat);
        self.counters.set(counters);
        total.discarded = self.inflow.as_ref().map_or(0, |inflow| inflow.discarded);
        Ok(total)
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

impl Opened for Active {
    fn handle(&self) -> &Handle {
        &self.handle
    }

    fn precision(&self) -> Precision {
        self.precision
    }

    fn compile(&self, expression: &str, options: CompileOptions) -> Result<Filter> {
        let options = options.or_netmask(self.netmask);
        self.handle
            .compile(expression, self.remote.is_none(), options)
    }
}

impl fmt::Debug for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Active")
            .field("device", &self.handle.name)
            .field("datalink", &self.handle.datalink())
            .field("snaplen", &self.handle.snaplen())
            .field("precision", &self.precision)
            .finish_non_exhaustive()
    }
}
