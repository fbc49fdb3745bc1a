//! Sending from a thread other than the one that reads the capture.

use std::ffi::c_int;
use std::fmt;
use std::ops::RangeBounds;
use std::time::Duration;

use crate::breakloop::{BreakHandle, Breaker};
use crate::capture::Capture;
use crate::capture::active::Active;
use crate::capture::active::shortest_dropped::ShortestDropped;
use crate::capture::active::transmit::{self, BROKEN, Transmit, Wait};
use crate::error::{Error, ErrorKind, Result};
use crate::sendqueue::SendQueue;
use crate::sys::platform::{self, RawFd};
use crate::sys::sync::Arc;

/// Sends packets on the device of a capture from any thread, while another thread reads the capture. Created by
/// `os::linux::SenderExt::sender`.
///
/// A sender uses the capture's own socket through a second file descriptor. So the capture does not receive the packets
/// of its senders, just as it does not receive the packets that it sends itself. All other captures on the device
/// receive them.
///
/// - It is `Send` and `Sync`, so several threads can share one. Each packet is sent as a whole, but the order of
///   packets from different threads is unspecified.
/// - It can outlive the capture. When the capture is closed, the socket stops receiving, frees its buffer and leaves
///   promiscuous mode. Dropping the last sender closes the socket. Until then, a socket in a group of captures
///   (`os::linux::Fanout`) keeps its share of the packets, which are lost.
/// - All senders of a capture share one file descriptor; each has two more for its break handles.
///
/// # Examples
///
/// ```no_run
/// use pcap_core::{Capture, os::linux::SenderExt};
///
/// # fn main() -> pcap_core::Result<()> {
/// let mut capture = Capture::from_device("eth0").filter("arp").activate()?;
/// let sender = capture.sender()?;
/// let thread = std::thread::spawn(move || -> pcap_core::Result<()> {
///     for _ in 0..1000 {
///         sender.inject(&[0xff; 60])?;
///     }
///     Ok(())
/// });
/// capture.for_each_up_to(10, |packet| println!("{packet:?}"))?;
/// thread.join().expect("no panic")
/// # }
/// ```
pub struct Sender {
    socket: Arc<platform::OwnedFd>,
    breaker: Arc<Breaker>,
    name: String,
    shortest_dropped: ShortestDropped,
}

impl Capture<Active> {
    /// Creates a sender. Used by `os::linux`.
    #[allow(dead_code)] // used on Linux only
    pub(crate) fn open_sender(&self) -> Result<Sender> {
        const OPERATION: &str = "create a sender for";
        let active = &self.state;
        let name = active.live.handle.name.clone();
        let Some(socket) = active.packet_socket() else {
            let kind = ErrorKind::Unsupported;
            let why = "the device has no packet socket bound to a single interface";
            return Err(Error::cannot(kind, OPERATION, name, why));
        };
        let failed = |e| Error::io(OPERATION, name.clone(), e);
        let socket = active.sending.lent.socket(socket).map_err(failed)?;
        let wake = platform::Wake::new().map_err(failed)?;
        Ok(Sender {
            socket,
            breaker: Arc::new(Breaker::detached(Some(wake))),
            name,
            shortest_dropped: ShortestDropped::default(),
        })
    }
}

impl Sender {
    /// Sends a packet as is, including its link-layer header, and returns the number of bytes sent. The call waits as
    /// [`Capture::inject`] does in blocking mode.
    ///
    /// # Errors
    ///
    /// - The errors of [`Capture::inject`], with the same messages, except `Io(WouldBlock)`.
    /// - [`Break`](ErrorKind::Break) if a [break handle of this sender](Self::break_handle) is used before the call or
    ///   interrupts its wait. The packet is not sent.
    pub fn inject(&self, packet: &[u8]) -> Result<usize> {
        self.transmit().check_break(BROKEN)?;
        Transmit::inject(self, packet)
    }

    /// Sends a packet without waiting. Returns the number of bytes sent, or `None` if the device's send queue is full.
    /// See [`Capture::try_inject`].
    ///
    /// # Errors
    ///
    /// - The errors of [`Capture::try_inject`].
    /// - [`Break`](ErrorKind::Break) if a [break handle of this sender](Self::break_handle) was used before the call.
    pub fn try_inject(&self, packet: &[u8]) -> Result<Option<usize>> {
        self.transmit().check_break(BROKEN)?;
        self.inject_within(packet, Wait::Never)
    }

    /// Sends a packet, but waits no longer than `timeout`. Returns the number of bytes sent, or `None` if the device's
    /// send queue stayed full for that time. See [`Capture::inject_timeout`].
    ///
    /// # Errors
    ///
    /// The errors of [`inject`](Self::inject).
    pub fn inject_timeout(&self, packet: &[u8], timeout: Duration) -> Result<Option<usize>> {
        self.transmit().check_break(BROKEN)?;
        self.inject_within(packet, Wait::at_most(timeout))
    }

    /// Sends all packets of a queue in order, and returns the number of bytes sent. See [`Capture::inject_queue`].
    ///
    /// # Errors
    ///
    /// The errors of [`Capture::inject_queue`], except `Io(WouldBlock)`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::os::linux::SenderExt;
    /// use pcap_core::{Capture, SendQueue};
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let capture = Capture::from_device("eth0").activate()?;
    /// let sender = capture.sender()?;
    /// let mut queue = SendQueue::new();
    /// queue.push_all([[0xff; 60]; 1000])?;
    /// std::thread::spawn(move || sender.inject_queue(&queue));
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn inject_queue(&self, queue: &SendQueue) -> Result<usize> {
        self.transmit().inject_queue(queue, ..)
    }

    /// Sends the packets of a queue whose indices are in a range, and returns the number of bytes sent. The first
    /// packet has index 0. See [`Capture::inject_queue_range`].
    ///
    /// # Errors
    ///
    /// The errors of [`Capture::inject_queue_range`], except `Io(WouldBlock)`.
    pub fn inject_queue_range(
        &self,
        queue: &SendQueue,
        range: impl RangeBounds<usize>,
    ) -> Result<usize> {
        self.transmit().inject_queue(queue, range)
    }

    /// Sends the packets of a queue whose indices are in a range, but waits no longer than `timeout` in total. Returns
    /// the number of bytes sent. See [`Capture::inject_queue_timeout`].
    ///
    /// # Errors
    ///
    /// The errors of [`Capture::inject_queue_timeout`].
    pub fn inject_queue_timeout(
        &self,
        queue: &SendQueue,
        range: impl RangeBounds<usize>,
        timeout: Duration,
    ) -> Result<usize> {
        self.transmit()
            .inject_queue_within(queue, range, Wait::at_most(timeout))
    }

    /// Returns a handle that makes the current sending call of this sender fail with [`Break`](ErrorKind::Break), or
    /// the next one if no call is in progress. Each break ends one call. Sending can continue afterwards.
    ///
    /// The handle is independent of the capture's break handles. If several threads share a sender, a break ends one of
    /// their calls. To choose which one, give each thread its own sender.
    #[must_use]
    pub fn break_handle(&self) -> BreakHandle {
        BreakHandle::new(Arc::clone(&self.breaker))
    }

    /// Returns the name that error messages use for this sender: the device's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Sender {
    fn transmit(&self) -> &dyn Transmit {
        self
    }
}

impl Transmit for Sender {
    fn name(&self) -> &str {
        &self.name
    }

    #[inline]
    fn send(&self, packet: &[u8]) -> Result<usize, c_int> {
        transmit::send(platform::borrow_owned(&self.socket), packet)
    }

    fn failure(&self, errno: c_int) -> Error {
        transmit::failure(&self.name, errno)
    }

    fn packet_socket(&self) -> Option<platform::BorrowedFd<'_>> {
        Some(platform::borrow_owned(&self.socket))
    }

    fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    fn descriptor(&self) -> Option<RawFd> {
        Some(platform::raw(&self.socket))
    }

    fn is_broken(&self) -> bool {
        self.breaker.take()
    }

    fn patience(&self) -> Wait {
        Wait::ForEver
    }

    fn shortest_dropped(&self) -> &ShortestDropped {
        &self.shortest_dropped
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("device", &self.name)
            .finish_non_exhaustive()
    }
}
