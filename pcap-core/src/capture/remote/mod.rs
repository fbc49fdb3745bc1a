//! A live capture on a device of another host.
//!
//! libpcap's handles for these devices reject non-blocking mode and report no descriptor. Their reads wait with
//! `select`, for half the packet-buffer timeout. So this module identifies the socket for the packets when libpcap
//! opens it, at the first read, and polls it before each later read, which then does not wait. If the socket is
//! unknown, reads wait inside libpcap.

mod connection;
mod read;

use std::fmt;
use std::ptr::NonNull;
use std::time::Duration;

pub(crate) use connection::Connection;
use connection::State;

use crate::capture::live::{LiveHandle, Stopped};
use crate::capture::options::DEFAULT_TIMEOUT;
use crate::capture::phase::{self, OnDevice, Opened};
use crate::capture::vlan::Untagged;
use crate::capture::wait::Waiting;
use crate::capture::{Activated, Capture, Live, Phase, Readable};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{CompileOptions, Filter, FilterSource};
use crate::handle::{Clock, Handle};
use crate::packet::Packet;
use crate::stats::Stats;
use crate::sys::platform::signals::Postponed;
use crate::sys::{self, platform};
use crate::timestamp::Precision;
use crate::version::version;

/// The maximum number of instructions that a daemon, and the kernel of its host, accepts.
const MOST_INSTRUCTIONS: usize = 4096;

/// The phase of a live capture on a device of another host. Requires the `remote` feature. See
/// [`remote`](crate::remote).
///
/// A remote capture reads packets, filters them and reports statistics. It cannot send packets or select a direction.
/// Its reads wait inside libpcap, so it cannot be converted to an asynchronous capture.
///
/// ```compile_fail,E0599
/// fn send(capture: &pcap_core::Capture<pcap_core::Remote>) {
///     capture.inject(b"a packet"); // a remote capture cannot send
/// }
/// ```
///
/// ```compile_fail,E0599
/// fn wait(capture: pcap_core::Capture<pcap_core::Remote>) {
///     capture.into_tokio(); // only libpcap can wait for its packets
/// }
/// ```
pub struct Remote {
    live: LiveHandle,
    connection: Connection,
    filter: Option<Set>,
}

/// The current filter.
struct Set {
    filter: Filter,
    /// Whether a packet's bytes determine the result.
    by_bytes: bool,
    untagged: Untagged,
}

impl Set {
    fn matches(&mut self, packet: Packet<'_>) -> bool {
        !self.by_bytes || self.untagged.either_matches(&self.filter, packet)
    }
}

/// # The `pcap_t` of a device of another host
impl Capture<Remote> {
    /// Creates a capture from a `pcap_t` that `pcap_open` opened for a device of another host.
    ///
    /// The reads of the capture wait inside libpcap for up to half of the packet-buffer timeout, which this crate
    /// assumes to be 100 ms. The first read replaces any filter that was set on the `pcap_t` with the filter from
    /// [`set_filter`](Self::set_filter) or, if there is none, with one that accepts all packets.
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io) if the process has no file descriptor left for the break handle. The `pcap_t` is then
    ///   closed.
    ///
    /// # Safety
    ///
    /// `pcap` must point to a `pcap_t` of a remote device that nothing else uses or closes.
    pub unsafe fn from_raw(pcap: NonNull<sys::pcap_t>) -> Result<Capture<Remote>> {
        let name = "a pcap_t".to_owned();
        match platform::Wake::new() {
            Ok(wake) => {
                let connection = Connection::foreign();
                // SAFETY: the caller's promise.
                let handle = unsafe { handle(pcap, Some(wake), name) };
                Ok(Remote::new(handle, DEFAULT_TIMEOUT, connection))
            }
            Err(error) => {
                // SAFETY: as above. The handle closes it.
                drop(unsafe { handle(pcap, None, name.clone()) });
                Err(Error::io("take over", name, error))
            }
        }
    }

    /// Creates a capture from the handle that `pcap_open` opened. `secret` is removed from all error messages.
    ///
    /// # Safety
    ///
    /// `pcap` is a remote handle that has not been read from, and nothing else uses it.
    pub(crate) unsafe fn opened(
        pcap: NonNull<sys::pcap_t>,
        wake: platform::Wake,
        name: String,
        requested: (Duration, bool),
        connection: Connection,
        secret: String,
    ) -> Capture<Remote> {
        // SAFETY: the caller's promise.
        let mut handle = unsafe { handle(pcap, Some(wake), name) };
        handle.mark_remote(secret);
        let mut capture = Remote::new(handle, requested.0, connection);
        capture.state.live.requested = Some(requested);
        capture
    }
}

/// Takes over a remote handle.
///
/// # Safety
///
/// `pcap` is a remote handle, and nothing else uses it.
unsafe fn handle(pcap: NonNull<sys::pcap_t>, wake: Option<platform::Wake>, name: String) -> Handle {
    let mut clock = Clock::of(Precision::Micro);
    // SAFETY: the handle is open.
    let snaplen = unsafe { sys::pcap_snapshot(pcap.as_ptr()) };
    // libpcap's buffer has this size, but its check accepts twenty more bytes.
    clock.longest = u32::try_from(snaplen).unwrap_or(0);
    // SAFETY: the caller's promise.
    let mut handle = unsafe { Handle::new(pcap, wake, clock, name, false) };
    let version = version();
    handle.is_remote = true;
    handle.checks_messages = (version.major(), version.minor()) == (1, 10) && version.patch() < 7;
    handle
}

impl Remote {
    fn new(handle: Handle, timeout: Duration, connection: Connection) -> Capture<Remote> {
        let live = LiveHandle::new(handle, Waiting::InLibpcap, Precision::Micro, timeout);
        Capture::new(Remote {
            live,
            connection,
            filter: None,
        })
    }

    /// Installs a filter at the daemon and in this process. The filter in this process is needed because the daemon has
    /// not applied the new filter to packets in transit, and because libpcap itself creates a filter that skips the
    /// capture's own packets.
    fn install(&mut self, source: &FilterSource<'_>) -> Result<()> {
        self.connection.check()?;
        let filter = self.live.handle.filter(source, false, None)?;
        let refuse = |why: &str| {
            let (kind, name) = (ErrorKind::Unsupported, self.live.handle.name.clone());
            Err(Error::cannot(kind, "set a filter on", name, why))
        };
        let by_bytes = filter.runs_on_bytes();
        if !by_bytes && (self.connection.excludes_connection || !fits(&filter)) {
            return refuse("it depends on data that is not in the packet");
        }
        match self.connection.state {
            State::Started { filters_there, .. } if self.connection.excludes_connection => {
                if filters_there {
                    return refuse(
                        "it would replace the filter that excludes this capture's own packets; set it before \
                         the first read, or include the capture's own packets",
                    );
                }
            }
            _ => {
                let _postponed = Postponed::new();
                let handle = &mut self.live.handle;
                handle.set_filter(fits(&filter).then_some(&filter))?;
            }
        }
        let mut set = Set {
            filter,
            by_bytes,
            untagged: Untagged::elsewhere(self.live.handle.datalink()),
        };
        self.live.batch.retain_unread(|packet| set.matches(packet));
        self.filter = Some(set);
        Ok(())
    }
}

/// Returns whether a daemon accepts a filter and runs it to its end. A packet can make a loop endless in libpcap before
/// 1.10.7.
fn fits(filter: &Filter) -> bool {
    filter.instructions().len() <= MOST_INSTRUCTIONS && !filter.jumps_backward()
}

impl phase::Sealed for Remote {}
impl Phase for Remote {}
impl Activated for Remote {}
impl Readable for Remote {}
impl Live for Remote {}

impl Opened for Remote {
    fn handle(&self) -> &Handle {
        &self.live.handle
    }

    fn precision(&self) -> Precision {
        self.live.precision
    }

    fn compile(&self, expression: &str, options: CompileOptions) -> Result<Filter> {
        self.live.handle.compile(expression, false, options)
    }
}

impl OnDevice for Remote {
    fn live(&self) -> &LiveHandle {
        &self.live
    }

    fn live_mut(&mut self) -> &mut LiveHandle {
        &mut self.live
    }

    fn only_blocks(&self) -> bool {
        self.connection.only_blocks()
    }

    fn stats(&self) -> Result<Stats> {
        self.connection.check()?;
        let _postponed = Postponed::new();
        self.live.stats()
    }

    /// Returns the end condition without stopping the daemon, which continues to capture and holds packets back for the
    /// packet-buffer timeout.
    fn stop(&mut self) -> Result<Stopped> {
        self.connection.check()?;
        let timeout = self.live.longest_timeout();
        Ok(Stopped::between(timeout, timeout + timeout))
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("device", &self.live.handle.name)
            .field("datalink", &self.live.handle.datalink())
            .field("snaplen", &self.live.handle.snaplen())
            .finish_non_exhaustive()
    }
}
