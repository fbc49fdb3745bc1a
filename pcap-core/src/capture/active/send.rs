//! Sending on a live capture.

use std::ffi::c_int;
use std::ops::{Range, RangeBounds};
use std::time::Duration;

use crate::breakloop::Breaker;
use crate::capture::Capture;
use crate::capture::active::Active;
use crate::capture::active::shortest_dropped::ShortestDropped;
use crate::capture::active::transmit::{self, OPERATION, Transmit, Wait};
use crate::error::{Error, ErrorKind, Result};
use crate::sendqueue::SendQueue;
use crate::sys::linux::packet_socket::{self, Sent};
use crate::sys::platform::{self, RawFd};

/// # Sending
impl Capture<Active> {
    /// Sends a packet as is, including its link-layer header, and returns the number of bytes sent.
    ///
    /// The call waits while the device's send queue is full. [`inject_timeout`](Self::inject_timeout) limits the wait.
    /// [`try_inject`](Self::try_inject) does not wait, and neither does this call in [non-blocking
    /// mode](Self::set_nonblock). [`inject_queue`](Self::inject_queue) sends many packets with one call. On Linux
    /// network interfaces, the capture does not receive the packets that it sends.
    ///
    /// Linux returns `ENOBUFS` both when a queue is full and when the device drops the packet. For example, a veth
    /// device drops frames that are longer than the MTU of its peer. The call distinguishes the two cases:
    ///
    /// - If the queue is full, the call waits without a limit.
    /// - If the device has rejected the packet for a second, and its `tx_dropped` counter then rises with each further
    ///   try, the call fails with "the device drops the frame". After that, packets of at least this length fail
    ///   without that delay, until one of them is sent.
    /// - If the counter cannot be read, or if packets of other programs keep raising it, the call fails after a minute.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the packet is empty, is 2 GiB or longer, or exceeds the
    ///   device's MTU.
    /// - [`Unsupported`](ErrorKind::Unsupported) if the device cannot send, such as the `any` device of Linux.
    /// - [`Break`](ErrorKind::Break) if a break handle interrupts the wait. The packet is not sent, and the break stays
    ///   pending for the next read.
    /// - [`Io(WouldBlock)`](ErrorKind::Io) in non-blocking mode, if the device's send queue is full.
    /// - [`Other`](ErrorKind::Other) if the device drops the packet, as described above, or if libpcap reports any
    ///   other error.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// let capture = pcap_core::Capture::from_device("eth0").activate()?;
    /// let mut frame = [0xff; 60]; // to the broadcast address
    /// frame[6..12].copy_from_slice(&[2, 0, 0, 0, 0, 1]); // from a locally administered address
    /// frame[12..14].copy_from_slice(&[0x88, 0xb5]); // an EtherType for local experiments
    /// assert_eq!(capture.inject(&frame)?, 60);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    #[doc = manual!("pcap_inject")]
    ///
    #[doc(alias = "pcap_inject")]
    #[doc(alias = "pcap_sendpacket")]
    pub fn inject(&self, packet: &[u8]) -> Result<usize> {
        self.state.inject(packet)
    }

    /// Sends a packet as [`inject`](Self::inject) does, but never waits. Returns the number of bytes sent, or `None` if
    /// the device's send queue is full.
    ///
    /// On Linux, the call also returns `None` if the device drops the packet and reports `ENOBUFS`.
    ///
    /// # Errors
    ///
    /// The errors of [`inject`](Self::inject), except `Break` and `Io(WouldBlock)`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn answer(capture: &pcap_core::Capture<pcap_core::Active>, frame: &[u8]) -> pcap_core::Result<()> {
    /// if capture.try_inject(frame)?.is_none() {
    ///     eprintln!("the device is busy");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    #[doc = manual!("pcap_inject")]
    ///
    #[doc(alias = "pcap_inject")]
    pub fn try_inject(&self, packet: &[u8]) -> Result<Option<usize>> {
        self.state.inject_within(packet, Wait::Never)
    }

    /// Sends a packet as [`inject`](Self::inject) does, but waits no longer than `timeout`, even in non-blocking mode.
    /// Returns the number of bytes sent, or `None` if the device's send queue stayed full for that time.
    ///
    /// # Errors
    ///
    /// The errors of [`inject`](Self::inject), except `Io(WouldBlock)`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # fn send(capture: &pcap_core::Capture<pcap_core::Active>, frame: &[u8]) -> pcap_core::Result<()> {
    /// if capture.inject_timeout(frame, Duration::from_millis(100))?.is_none() {
    ///     eprintln!("the device was busy for a tenth of a second");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    #[doc = manual!("pcap_inject")]
    ///
    #[doc(alias = "pcap_inject")]
    pub fn inject_timeout(&self, packet: &[u8], timeout: Duration) -> Result<Option<usize>> {
        self.state.inject_within(packet, Wait::at_most(timeout))
    }

    /// Sends all packets of a queue in order, and returns the number of bytes sent.
    ///
    /// The call sends each packet as [`inject`](Self::inject) does, and waits while the device's send queue is full. On
    /// Linux network interfaces, one `sendmmsg(2)` call sends up to 64 packets. On Windows, the call uses libpcap's
    /// send queues. On other systems, it sends the packets one by one. The call does not change the queue, and it
    /// allocates no memory except on Windows.
    ///
    /// # Errors
    ///
    /// The call stops at the first packet that it cannot send. The error states the index of this packet and the number
    /// of packets that were sent before it; [`unsent`](Error::unsent) returns both. See [`Unsent`](crate::Unsent) for
    /// how to resume.
    ///
    /// - The errors of [`inject`](Self::inject).
    /// - [`Break`](ErrorKind::Break) if a break handle is used before or during the call, even if the call does not
    ///   have to wait. The break stays pending for the next read. Sending an empty queue always succeeds.
    /// - [`Io(WouldBlock)`](ErrorKind::Io) in non-blocking mode, once the device's send queue is full.
    ///
    /// After a Linux network interface has gone down and come up again, the next [`inject`](Self::inject) fails once,
    /// but this call does not.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::{Capture, SendQueue};
    ///
    /// let capture = Capture::from_device("eth0").activate()?;
    /// let mut queue = SendQueue::new();
    /// queue.push_all((0..100).map(|number| [number; 60]))?;
    /// for _ in 0..1000 {
    ///     capture.inject_queue(&queue)?;
    /// }
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    #[doc = manual!("pcap_inject")]
    ///
    #[inline]
    pub fn inject_queue(&self, queue: &SendQueue) -> Result<usize> {
        self.state.transmit().inject_queue(queue, ..)
    }

    /// Sends the packets of a queue whose indices are in a range, as [`inject_queue`](Self::inject_queue) does. The
    /// first packet has index 0. Returns the number of bytes sent.
    ///
    /// # Errors
    ///
    /// - The errors of [`inject_queue`](Self::inject_queue).
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the range is out of bounds. No packet is sent.
    ///
    /// # Examples
    ///
    /// Sends a hundred packets every millisecond:
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use pcap_core::{Active, Capture, Result, SendQueue};
    /// # fn send(capture: &Capture<Active>, queue: &SendQueue) -> Result<()> {
    /// for start in (0..queue.len()).step_by(100) {
    ///     capture.inject_queue_range(queue, start..queue.len().min(start + 100))?;
    ///     std::thread::sleep(Duration::from_millis(1));
    /// }
    /// # Ok(()) }
    /// ```
    ///
    #[doc = manual!("pcap_inject")]
    ///
    pub fn inject_queue_range(
        &self,
        queue: &SendQueue,
        range: impl RangeBounds<usize>,
    ) -> Result<usize> {
        self.state.transmit().inject_queue(queue, range)
    }

    /// Sends packets of a queue as [`inject_queue_range`](Self::inject_queue_range) does, but waits no longer than
    /// `timeout` in total, even in non-blocking mode.
    ///
    /// # Errors
    ///
    /// - The errors of [`inject_queue_range`](Self::inject_queue_range), except `Io(WouldBlock)`.
    /// - [`Io(TimedOut)`](ErrorKind::Io) if the timeout expires before all packets are sent.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # fn send(capture: &pcap_core::Capture<pcap_core::Active>, queue: &pcap_core::SendQueue) {
    /// if let Err(failed) = capture.inject_queue_timeout(queue, .., Duration::from_secs(1)) {
    ///     eprintln!("{} packets sent: {failed}", failed.unsent().map_or(0, |it| it.packets()));
    /// }
    /// # }
    /// ```
    ///
    #[doc = manual!("pcap_inject")]
    ///
    pub fn inject_queue_timeout(
        &self,
        queue: &SendQueue,
        range: impl RangeBounds<usize>,
        timeout: Duration,
    ) -> Result<usize> {
        self.state
            .transmit()
            .inject_queue_within(queue, range, Wait::at_most(timeout))
    }
}

impl Active {
    pub(super) fn transmit(&self) -> &dyn Transmit {
        self
    }
}

impl Transmit for Active {
    fn name(&self) -> &str {
        &self.live.handle.name
    }

    /// Does what `pcap_inject` does on a packet socket, without its checks.
    #[inline]
    fn send(&self, packet: &[u8]) -> Result<usize, c_int> {
        if let Some(socket) = self.packet_socket() {
            return transmit::send(socket, packet);
        }
        platform::clear_errno();
        // SAFETY: the handle is open and activated. `Active` is not `Sync`, so only this thread uses it.
        unsafe { platform::inject(self.live.handle.as_ptr(), packet) }
    }

    fn failure(&self, number: c_int) -> Error {
        match self.packet_socket() {
            Some(_) => transmit::failure(self.name(), number),
            None => self.live.handle.error(number, OPERATION),
        }
    }

    #[inline]
    fn packet_socket(&self) -> Option<platform::BorrowedFd<'_>> {
        let socket = self.sending.socket.get_or_init(|| {
            // SAFETY: the handle is open and activated.
            let fd = unsafe { platform::fileno(self.live.handle.as_ptr()) }?;
            let is_one = self.fileno().is_some_and(packet_socket::is_packet_socket);
            is_one.then_some(fd)
        });
        // SAFETY: the descriptor belongs to the handle, which stays open while it is borrowed.
        socket.map(|fd| unsafe { platform::borrow(fd) })
    }

    fn send_many(&self, queue: &SendQueue, numbers: Range<usize>) -> Sent {
        match self.packet_socket() {
            Some(socket) => packet_socket::send(socket, queue.part(numbers)),
            // SAFETY: the handle is open and activated. `Active` is not `Sync`, so only this thread uses it.
            None => unsafe { platform::transmit(self.live.handle.as_ptr(), queue.part(numbers)) },
        }
    }

    fn breaker(&self) -> &Breaker {
        self.live.handle.breaker()
    }

    fn descriptor(&self) -> Option<RawFd> {
        self.live.waiter.descriptor()
    }

    /// Returns whether a break is pending. It stays pending for the next read.
    fn is_broken(&self) -> bool {
        self.live.handle.breaker().is_pending()
    }

    fn patience(&self) -> Wait {
        match self.live.nonblock {
            true => Wait::Never,
            false => Wait::ForEver,
        }
    }

    fn shortest_dropped(&self) -> &ShortestDropped {
        &self.sending.shortest_dropped
    }
}

impl Active {
    /// Bypasses the queueing discipline from now on.
    pub(super) fn bypass_qdisc(&self) -> Result<()> {
        let name = self.live.handle.name.clone();
        let Some(socket) = self.packet_socket() else {
            return Err(cannot_bypass(name));
        };
        packet_socket::bypass_qdisc(socket).map_err(|e| Error::io(BYPASS, name, e))
    }
}

const BYPASS: &str = "bypass the queueing discipline of";

/// Creates the error for a device without a packet socket that is bound to one interface.
pub(super) fn cannot_bypass(name: String) -> Error {
    let kind = ErrorKind::Unsupported;
    let why = "the device has no packet socket bound to a single interface";
    Error::cannot(kind, BYPASS, name, why)
}
