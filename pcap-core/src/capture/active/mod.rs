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
    /// What gets into its buffer, if it is on a Linux packet socket.
    inflow: Option<Inflow>,
    stopped: Option<Stopped>,
    immediate: bool,
    netmask: Option<Ipv4Addr>,
    precision: Precision,
    timeout: Duration,
    /// The timeout and the promiscuous mode that were requested; unknown of a handle from elsewhere.
    requested: Option<(Duration, bool)>,
    nonblock: bool,
    started: bool,
    warnings: Vec<Warning>,
    counters: Cell<Counters>,
    sampled: Instant,
    reads: u32,
    /// Whether its descriptor takes many packets with one call.
    sends_many: OnceCell<bool>,
    shortest_dropped: ShortestDropped,
    /// What its senders send through. Below the handle: it is closed first.
    lent: Lent,
}

/// A device that was removed: libpcap says so before it gives the packets that it still holds.
#[derive(Debug)]
struct Vanished {
    error: Error,
    /// Until when packets may still come.
    until: Instant,
}

impl Capture<Active> {
    /// What was not as asked for when the capture was activated, such as promiscuous mode that the
    /// device does not have.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.state.warnings
    }

    /// What was counted since the capture was activated.
    ///
    /// # Errors
    ///
    /// If this kind of device has no statistics.
    ///
    /// Manual page: [`pcap_stats(3PCAP)`](https://www.tcpdump.org/manpages/pcap_stats.3pcap.html).
    #[doc(alias = "pcap_stats")]
    pub fn stats(&self) -> Result<Stats> {
        self.state.stats()
    }

    /// Returns where the filter runs; `None` if none is set.
    ///
    /// On Linux network interfaces the kernel runs a filter where that gives the answers which
    /// [`Filter::matches`] gives, and has memory for it. Otherwise the filter runs in this process, which sees whole
    /// packets whatever the snaplen is. That costs room in the buffer for each packet, and time.
    #[must_use]
    pub fn filter_location(&self) -> Option<FilterLocation> {
        self.state.set.as_ref().map(|set| set.location)
    }

    /// Captures from now on only packets that are received, only those that are sent, or both. Packets that were
    /// read ahead still come.
    ///
    /// # Errors
    ///
    /// If this kind of device cannot tell, or it is the loopback device of Linux and the direction
    /// [`Out`](Direction::Out): each packet of that is delivered once, as received. The former direction then stays.
    ///
    /// Manual page: [`pcap_setdirection(3PCAP)`](https://www.tcpdump.org/manpages/pcap_setdirection.3pcap.html).
    #[doc(alias = "pcap_setdirection")]
    pub fn set_direction(&mut self, direction: Direction) -> Result<()> {
        self.state.set_direction(direction)
    }

    /// Sets whether [`dispatch`](Self::dispatch) returns at once, with [`Stop::Empty`](crate::Stop::Empty), when nothing is
    /// there, and whether [`inject`](Self::inject) fails instead of waiting for room. The calls that read single packets
    /// say themselves whether they wait.
    ///
    /// D-Bus captures wait inside libpcap: there `dispatch` may take a tenth of a second. Some remote captures wait inside
    /// libpcap for longer, and stay in blocking mode.
    ///
    /// Manual page: [`pcap_setnonblock(3PCAP)`](https://www.tcpdump.org/manpages/pcap_setnonblock.3pcap.html).
    #[doc(alias = "pcap_setnonblock")]
    pub fn set_nonblock(&mut self, on: bool) {
        self.state.nonblock = on;
    }

    /// Returns whether the capture is in non-blocking mode: `false` also after
    /// [`set_nonblock(true)`](Self::set_nonblock) if it can only be read blocking.
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

    /// Returns whether promiscuous mode was requested before activation. If the device does not have it, that is among
    /// the [`warnings`](Self::warnings).
    ///
    /// `None` for a handle that was [opened elsewhere](Self::from_raw).
    #[must_use]
    pub fn is_promisc(&self) -> Option<bool> {
        self.state.requested.map(|(_, promisc)| promisc)
    }

    /// The link types that the device can capture, for [`set_datalink`](Self::set_datalink).
    ///
    /// # Errors
    ///
    /// If libpcap cannot list them.
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

    /// Changes the link type, before the first read. A filter that was set from an expression is
    /// compiled anew.
    ///
    /// # Errors
    ///
    /// If the device does not have that link type, or packets have been read already.
    ///
    /// Manual page: [`pcap_set_datalink(3PCAP)`](https://www.tcpdump.org/manpages/pcap_set_datalink.3pcap.html).
    #[doc(alias = "pcap_set_datalink")]
    pub fn set_datalink(&mut self, datalink: impl Into<Dlt>) -> Result<()> {
        self.state.set_datalink(datalink.into())
    }

    /// The descriptor that is readable when there are packets, for an event loop of your own; `None`
    /// if this kind of capture has none.
    ///
    /// Before waiting on it, read until [`try_next_packet`](Self::try_next_packet) says
    /// [`Timeout`](crate::Next::Timeout) or [`dispatch`](Self::dispatch)
    /// [`Empty`](crate::Stop::Empty): packets may have been read ahead. Wait no longer than
    /// [`required_select_timeout`](Self::required_select_timeout).
    ///
    /// On Windows it is the handle of an event.
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

    /// The descriptor that packets are captured from, for what the system does with it and libpcap does
    /// not, as a socket option on Linux or a request to the BPF device elsewhere; `None` if this kind of
    /// capture has none. Reading from it takes packets away from this capture.
    ///
    /// To wait for packets use [`selectable_fd`](Self::selectable_fd), which may be another.
    ///
    /// Manual page: [`pcap_fileno(3PCAP)`](https://www.tcpdump.org/manpages/pcap_fileno.3pcap.html).
    #[doc(alias = "pcap_fileno")]
    #[must_use]
    pub fn fileno(&self) -> Option<platform::BorrowedFd<'_>> {
        self.state.fileno()
    }

    /// A status of libpcap's, as a result: for `os::windows`.
    #[allow(dead_code)] // of one system only
    pub(crate) fn check_status(&self, status: c_int, operation: &'static str) -> Result<()> {
        self.state.handle.check(status, operation).map(|_| ())
    }

    /// Puts the filter in force again: for `os::linux`.
    #[allow(dead_code)] // of one system only
    pub(crate) fn reset_filter(&self) -> Result<()> {
        self.state.reset_filter()
    }

    /// The size in bytes of the buffer that libpcap reads into: on macOS and the BSDs the one that the
    /// system gave, which may be smaller than what
    /// [`buffer_size`](Capture::<crate::Inactive>::buffer_size) asked for; on Linux that of the place
    /// for one packet, or for one block of packets, in a buffer of many.
    #[doc(alias = "pcap_bufsize")]
    #[must_use]
    pub fn bufsize(&self) -> usize {
        // SAFETY: the handle is open and activated.
        let size = unsafe { sys::pcap_bufsize(self.state.handle.as_ptr()) };
        usize::try_from(size).unwrap_or(0)
    }

    /// How long to wait at most before reading again, whatever the descriptor says; `None` for any
    /// time. It may change: ask before each wait.
    ///
    /// Manual page: [`pcap_get_required_select_timeout(3PCAP)`](https://www.tcpdump.org/manpages/pcap_get_required_select_timeout.3pcap.html).
    #[doc(alias = "pcap_get_required_select_timeout")]
    #[must_use]
    pub fn required_select_timeout(&self) -> Option<Duration> {
        self.state.waiter.required(&self.state.handle)
    }

    /// Ends the capture and gives its last statistics.
    ///
    /// # Errors
    ///
    /// As [`stats`](Self::stats); the capture is closed all the same.
    #[doc(alias = "pcap_close")]
    pub fn close(self) -> Result<Stats> {
        self.state.stats()
    }

    /// Takes over an activated `pcap_t` that was made elsewhere.
    ///
    /// It is put into non-blocking mode, with which this crate waits by itself, and its packet-buffer
    /// timeout is taken for 100 ms. A filter that it has stays in force. When another one is set, packets that are in
    /// the buffer and that only the kernel could judge are delivered.
    ///
    /// # Errors
    ///
    /// If there are no descriptors left for the break handle; the `pcap_t` is then closed.
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
        // SAFETY: the caller's promise. Whether it is in monitor mode is not known, so that its
        // closing is guarded as if it were.
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

    /// Gives the `pcap_t` away, open and in non-blocking mode, with the packets that were read ahead
    /// of it and not delivered.
    ///
    /// On Linux network interfaces the filter and the snaplen stay on its socket, and its own snapshot length is the
    /// largest. A filter that runs in this process does not go with it.
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
    /// Opens a device. If an option fails that only an open capture can have, `anyway` leaves it out
    /// and warns of it.
    pub(crate) fn open(device: &DeviceName, options: &Options, anyway: bool) -> Result<Active> {
        let is_interface = packet_socket::is_interface(&device.to_cstring()?);
        let lengths = |whole| Lengths::new(options, is_interface, whole);
        if is_interface && !anyway {
            rehearsal::check(device, options)?;
        }
        match Active::open_with(device, options, lengths(false), anyway) {
            // It can tell so only when it is open.
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

    /// Takes the inflow over, if the device is captured on through a packet socket: until now it receives nothing.
    fn take_over_inflow(&mut self, lengths: Lengths) {
        let Some(description) = self.fileno().and_then(packet_socket::describe) else {
            self.handle.clock.longest = lengths.delivered;
            return;
        };
        // libpcap leaves room for a byte behind the longest cooked header.
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

    /// Has an option left out that failed, if the capture is wanted without it.
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

    /// Makes an activated handle non-blocking and finds out how it waits.
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
            // Such as D-Bus captures: they wait inside libpcap.
            warnings.push(Warning::new(WarningKind::OnlyBlocking, errbuf.text()));
            // D-Bus looks for a break ten times a second, after each wait. Others look before they read, and would read
            // nothing.
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
                "packets of another link type have been read already: set it before the first read",
            ));
        }
        // What was compiled for the other link type would look at the wrong bytes.
        let filter = match self.set.as_ref().map(|set| &set.filter) {
            Some(filter) => match filter.expression() {
                Some(expression) => {
                    // Before anything is changed: it may not compile for this link type.
                    filter.options().compile(datalink, expression)?;
                    Some((expression.to_owned(), filter.options()))
                }
                None => {
                    return Err(Error::cannot(
                        ErrorKind::LinktypeMismatch,
                        "set the link type of",
                        self.handle.name.clone(),
                        "a filter of instructions is set, which are for the other link type",
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

    /// Whether reading waits inside libpcap, whatever is asked for.
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

/// The IPv4 netmask of a device, for filters that ask for broadcasts.
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
