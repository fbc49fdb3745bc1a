//! The methods that all live captures have, on a device of this host or of another one.

mod drained;
mod handle;

use std::time::Duration;

pub(crate) use drained::Stopped;
pub(crate) use handle::LiveHandle;

use crate::capture::phase;
use crate::capture::{Capture, Readable};
use crate::error::Result;
use crate::stats::Stats;
use crate::sys::platform;
use crate::warning::Warning;

/// A phase that captures packets as they arrive on a device: [`Active`](crate::Active) and, with the `remote` feature,
/// [`Remote`](crate::Capture). The trait is sealed.
pub trait Live: Readable + phase::OnDevice {}

/// # Statistics
impl<S: Live> Capture<S> {
    /// Returns the warnings from activation, for example that the device does not support promiscuous mode.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.state.live().warnings
    }

    /// Returns the statistics since activation, such as the numbers of received and dropped packets.
    ///
    /// # Errors
    ///
    /// - [`Other`](crate::ErrorKind::Other) if libpcap cannot read the statistics, for example because it has none for
    ///   this kind of device.
    /// - For a device of another host, the error of the connection if it has failed.
    ///
    #[doc = manual!("pcap_stats")]
    #[doc(alias = "pcap_stats")]
    pub fn stats(&self) -> Result<Stats> {
        self.state.stats()
    }
}

/// # Activation options
impl<S: Live> Capture<S> {
    /// Returns the packet-buffer timeout that was set before activation.
    ///
    /// Returns `None` for a capture that was created with [`from_raw`](Capture::<crate::Active>::from_raw).
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        let requested = self.state.live().requested;
        requested.map(|(timeout, _)| timeout)
    }

    /// Returns whether promiscuous mode was requested before activation. If the device does not support it,
    /// [`warnings`](Self::warnings) contains a warning.
    ///
    /// Returns `None` for a capture that was created with [`from_raw`](Capture::<crate::Active>::from_raw).
    #[must_use]
    pub fn is_promisc(&self) -> Option<bool> {
        let requested = self.state.live().requested;
        requested.map(|(_, promisc)| promisc)
    }
}

/// # Event loops
impl<S: Live> Capture<S> {
    /// Sets whether the capture is in non-blocking mode. In this mode, [`dispatch`](Self::dispatch) returns
    /// [`Stop::Empty`](crate::Stop::Empty) at once if no packet is available, and [`inject`](Capture::inject) fails
    /// instead of waiting while the device's send queue is full. The mode does not affect the calls that read single
    /// packets.
    ///
    /// Reads of D-Bus captures wait inside libpcap, so `dispatch` may take a tenth of a second. Reads of some remote
    /// captures wait inside libpcap for longer; these captures stay in blocking mode.
    ///
    #[doc = manual!("pcap_setnonblock")]
    #[doc(alias = "pcap_setnonblock")]
    pub fn set_nonblock(&mut self, on: bool) {
        self.state.live_mut().nonblock = on;
    }

    /// Returns whether the capture is in non-blocking mode. If the capture only supports blocking reads, the call
    /// returns `false` even after [`set_nonblock(true)`](Self::set_nonblock).
    #[doc(alias = "pcap_getnonblock")]
    #[must_use]
    pub fn is_nonblock(&self) -> bool {
        self.state.live().nonblock && !self.state.only_blocks()
    }

    /// Returns the file descriptor that becomes readable when packets are available, for use in an event loop. Returns
    /// `None` if this kind of capture has none.
    ///
    /// Before each wait, read until [`try_next_packet`](Self::try_next_packet) returns
    /// [`Timeout`](crate::Next::Timeout) or [`dispatch`](Self::dispatch) returns [`Empty`](crate::Stop::Empty), because
    /// packets may have been read ahead. Then wait no longer than
    /// [`required_select_timeout`](Self::required_select_timeout).
    ///
    /// On Windows, the call returns the handle of an event instead.
    ///
    #[doc = manual!("pcap_get_selectable_fd")]
    #[doc(alias = "pcap_get_selectable_fd")]
    #[doc(alias = "pcap_getevent")]
    #[must_use]
    pub fn selectable_fd(&self) -> Option<platform::BorrowedFd<'_>> {
        let fd = self.state.live().waiter.descriptor()?;
        // SAFETY: the descriptor belongs to the handle, which stays open while it is borrowed.
        Some(unsafe { platform::borrow(fd) })
    }

    /// Returns the longest time that an event loop may wait for [`selectable_fd`](Self::selectable_fd) before it reads
    /// again. `None` means no limit. The value can change, so query it before each wait.
    ///
    #[doc = manual!("pcap_get_required_select_timeout")]
    #[doc(alias = "pcap_get_required_select_timeout")]
    #[must_use]
    pub fn required_select_timeout(&self) -> Option<Duration> {
        let live = self.state.live();
        live.waiter.required(&live.handle)
    }
}
