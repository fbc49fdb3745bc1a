//! Sending on a live capture.

use std::ffi::c_int;
use std::io;
use std::ops::{Range, RangeBounds};
use std::time::{Duration, Instant};

use crate::breakloop::Breaker;
use crate::capture::Capture;
use crate::capture::active::Active;
use crate::capture::active::refusals::{Refusals, ShortestDropped};
use crate::capture::wait;
use crate::error::{Error, ErrorKind, Result, Unsent};
use crate::sendqueue::{self, SendQueue};
use crate::sys::linux::packet_socket::{self, Sent};
use crate::sys::platform::{self, RawFd};

pub(super) const OPERATION: &str = "inject on";

/// The error text if a break ends the call outside of a wait.
pub(super) const BROKEN: &str = "interrupted by a break handle";

/// The error text if a break ends a wait.
const WAIT_BROKEN: &str = "a break handle interrupted the wait for room in the device's queue";

/// The pause between two tries if no descriptor reports room.
const PAUSE: Duration = Duration::from_millis(1);

impl Capture<Active> {
    /// Sends a packet as it is, link-layer header included, and returns the number of bytes sent.
    ///
    /// The call waits while the device has no room for the packet. [`inject_timeout`](Self::inject_timeout) limits the
    /// wait. [`try_inject`](Self::try_inject) does not wait, and neither does this call in [non-blocking
    /// mode](Self::set_nonblock). [`inject_queue`](Self::inject_queue) sends many packets.
    ///
    /// Linux returns `ENOBUFS` both when a queue is full and when the device drops the packet. A veth pair does the
    /// latter with frames longer than the MTU of the other end. The call tells them apart:
    ///
    /// - It waits for a full queue without a limit.
    /// - If the device has refused the packet for a second, and then counts each further try in its `tx_dropped`, the
    ///   call fails with "the device drops the frame". Packets of at least that length then fail at once, until one is
    ///   sent.
    /// - If the counter cannot be read, or packets of others raise it all the time, the call fails after a minute.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the packet is empty, or 2 GiB or longer.
    /// - [`Break`](ErrorKind::Break) if a break handle ended the wait. The packet was not sent, and the break stays
    ///   pending for the next read.
    /// - [`Io(WouldBlock)`](ErrorKind::Io) in non-blocking mode, if the device has no room for the packet now.
    /// - Otherwise the error of the device or of libpcap: for example, `any` cannot send.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// let capture = pcap_core::Capture::from_device("eth0").activate()?;
    /// let mut frame = [0xff; 60]; // to everybody
    /// frame[6..12].copy_from_slice(&[2, 0, 0, 0, 0, 1]); // from here
    /// frame[12..14].copy_from_slice(&[0x88, 0xb5]); // a type for experiments
    /// assert_eq!(capture.inject(&frame)?, 60);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    /// Manual page: [`pcap_inject(3PCAP)`](https://www.tcpdump.org/manpages/pcap_inject.3pcap.html).
    #[doc(alias = "pcap_inject")]
    #[doc(alias = "pcap_sendpacket")]
    pub fn inject(&self, packet: &[u8]) -> Result<usize> {
        self.state.inject(packet)
    }

    /// Sends a packet if the device has room for it now, as [`inject`](Self::inject) without the wait. Returns the
    /// number of bytes sent, or `None` if there is no room.
    ///
    /// The call does not distinguish a device that drops the packet from one with a full queue.
    ///
    /// # Errors
    ///
    /// Those of [`inject`](Self::inject), except those that end a wait.
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
    /// Manual page: [`pcap_inject(3PCAP)`](https://www.tcpdump.org/manpages/pcap_inject.3pcap.html).
    #[doc(alias = "pcap_inject")]
    pub fn try_inject(&self, packet: &[u8]) -> Result<Option<usize>> {
        self.state.inject_within(packet, Wait::Never)
    }

    /// Sends a packet as [`inject`](Self::inject) does, with a limit on the wait, also in non-blocking mode. Returns
    /// the number of bytes sent, or `None` if the device had no room within that time.
    ///
    /// # Errors
    ///
    /// Those of [`inject`](Self::inject).
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
    /// Manual page: [`pcap_inject(3PCAP)`](https://www.tcpdump.org/manpages/pcap_inject.3pcap.html).
    #[doc(alias = "pcap_inject")]
    pub fn inject_timeout(&self, packet: &[u8], timeout: Duration) -> Result<Option<usize>> {
        self.state.inject_within(packet, Wait::at_most(timeout))
    }

    /// Sends all packets of a queue in order, and returns the number of bytes sent.
    ///
    /// The call sends each packet as [`inject`](Self::inject) does: it waits while the device has no room, and the
    /// capture does not receive its own packets. On Linux network interfaces, one `sendmmsg(2)` call sends up to 64
    /// packets. On Windows libpcap's send queue takes them. Elsewhere they are sent one by one. The call does not
    /// change the queue, and outside of Windows it allocates nothing.
    ///
    /// # Errors
    ///
    /// The call stops at the first packet that it cannot send. The error says its number, and how many packets were
    /// sent before it; [`unsent`](Error::unsent) returns these numbers. See [`Unsent`] for how to resume.
    ///
    /// - Those of [`inject`](Self::inject).
    /// - [`Break`](ErrorKind::Break) if a break handle is used before or during the call, even if there is nothing to
    ///   wait for. The break stays pending for the next read. Sending an empty queue always succeeds.
    /// - [`Io(WouldBlock)`](ErrorKind::Io) in non-blocking mode, after the packets that the device had room for.
    ///
    /// If a Linux network interface was down and is up again, the next [`inject`](Self::inject) fails once, but this
    /// call does not.
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
    /// Manual page: [`pcap_inject(3PCAP)`](https://www.tcpdump.org/manpages/pcap_inject.3pcap.html).
    pub fn inject_queue(&self, queue: &SendQueue) -> Result<usize> {
        self.state.inject_queue(queue, ..)
    }

    /// Sends the packets of a queue in a range of indices, as [`inject_queue`](Self::inject_queue) does. The first
    /// packet has index 0.
    ///
    /// # Errors
    ///
    /// - Those of [`inject_queue`](Self::inject_queue).
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the range is out of bounds. Nothing was sent.
    ///
    /// # Examples
    ///
    /// A hundred packets every millisecond:
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # fn send(capture: &pcap_core::Capture<pcap_core::Active>, queue: &pcap_core::SendQueue) -> pcap_core::Result<()> {
    /// for start in (0..queue.len()).step_by(100) {
    ///     capture.inject_queue_range(queue, start..queue.len().min(start + 100))?;
    ///     std::thread::sleep(Duration::from_millis(1));
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// Manual page: [`pcap_inject(3PCAP)`](https://www.tcpdump.org/manpages/pcap_inject.3pcap.html).
    pub fn inject_queue_range(
        &self,
        queue: &SendQueue,
        range: impl RangeBounds<usize>,
    ) -> Result<usize> {
        self.state.inject_queue(queue, range)
    }

    /// Sends packets of a queue as [`inject_queue_range`](Self::inject_queue_range) does, with a time limit, also in
    /// non-blocking mode.
    ///
    /// # Errors
    ///
    /// - Those of [`inject_queue_range`](Self::inject_queue_range).
    /// - [`Io(TimedOut)`](ErrorKind::Io) if packets are left when the time is over.
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
    /// Manual page: [`pcap_inject(3PCAP)`](https://www.tcpdump.org/manpages/pcap_inject.3pcap.html).
    pub fn inject_queue_timeout(
        &self,
        queue: &SendQueue,
        range: impl RangeBounds<usize>,
        timeout: Duration,
    ) -> Result<usize> {
        self.state
            .inject_queue_within(queue, range, Wait::at_most(timeout))
    }
}

#[cfg(any(feature = "tokio", feature = "async-io"))]
impl Capture<Active> {
    /// Tries to send a packet without waiting, for callers that wait elsewhere between two tries. `refusals` is `None`
    /// for the first try.
    pub(crate) fn inject_once(
        &self,
        packet: &[u8],
        refusals: &mut Option<Refusals>,
    ) -> Result<Try> {
        let active = &self.state;
        if refusals.is_none() {
            active.check_packet(packet)?;
        }
        let refusals =
            refusals.get_or_insert_with(|| Refusals::of(packet.len(), &active.shortest_dropped));
        let tried = active.attempt(packet, refusals)?;
        if matches!(tried, Try::Full { .. }) {
            // Notices a break that has made its descriptor readable.
            wait::writable(active.breaker(), None, Some(Duration::ZERO))
                .map_err(|e| Error::io("wait on", active.name().to_owned(), e))?;
            active.check_break(WAIT_BROKEN)?;
        }
        Ok(tried)
    }
}

/// The limit on the wait of a sending call.
#[derive(Clone, Copy)]
pub(super) enum Wait {
    Never,
    Until(Instant),
    ForEver,
}

impl Wait {
    /// Creates a limit. A time that the clock cannot represent means no limit.
    pub(super) fn at_most(time: Duration) -> Wait {
        Instant::now()
            .checked_add(time)
            .map_or(Wait::ForEver, Wait::Until)
    }

    /// Returns the remaining time; `None` is no limit.
    fn left(self) -> Option<Duration> {
        match self {
            Wait::Never => Some(Duration::ZERO),
            Wait::Until(end) => Some(end.saturating_duration_since(Instant::now())),
            Wait::ForEver => None,
        }
    }
}

/// The result of one try to send a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Try {
    /// The number of bytes sent.
    Sent(usize),
    /// The device has no room until the descriptor is writable, or for some time if there is no descriptor.
    Full {
        descriptor: Option<RawFd>,
        pause: Option<Duration>,
    },
}

/// A way to send packets: the capture itself, or a sender beside it. The checks, the waits and the errors are the same
/// for both.
pub(super) trait Way {
    /// Returns its name in errors.
    fn name(&self) -> &str;

    /// Fails if nothing can ever be sent.
    fn check(&self) -> Result<()>;

    /// Sends one packet without waiting. Returns the number of bytes sent, or the number of the failure with errno set.
    fn send(&self, packet: &[u8]) -> Result<usize, c_int>;

    /// Returns the error of the last packet.
    fn failure(&self, number: c_int) -> Error;

    /// Returns the socket that accepts many packets per call, if there is one.
    fn packet_socket(&self) -> Option<platform::BorrowedFd<'_>>;

    /// Sends as many of these packets with one call as the device accepts, if the platform supports it.
    fn send_many(&self, queue: &SendQueue, numbers: Range<usize>) -> Sent {
        match self.packet_socket() {
            Some(socket) => packet_socket::send(socket, queue.part(numbers)),
            None => Sent::default(),
        }
    }

    /// Returns the breaker that ends a wait.
    fn breaker(&self) -> &Breaker;

    /// Returns the file descriptor that is writable when there is room.
    fn descriptor(&self) -> Option<RawFd>;

    /// Returns whether a break is pending.
    fn is_broken(&self) -> bool;

    /// Returns the limit of the calls that take none.
    fn patience(&self) -> Wait;

    fn shortest_dropped(&self) -> &ShortestDropped;

    fn error(&self, kind: ErrorKind, why: impl Into<String>) -> Error {
        Error::cannot(kind, OPERATION, self.name().to_owned(), why)
    }

    fn check_break(&self, text: &str) -> Result<()> {
        match self.is_broken() {
            true => Err(self.error(ErrorKind::Break, text)),
            false => Ok(()),
        }
    }

    /// Fails if the packet can never be sent.
    fn check_packet(&self, data: &[u8]) -> Result<()> {
        self.check()?;
        sendqueue::check(data).map_err(|why| self.error(ErrorKind::InvalidArgument, why))
    }

    /// Tries once to send a packet, without waiting.
    fn attempt(&self, data: &[u8], refusals: &mut Refusals) -> Result<Try> {
        if refusals.is_time_to_look() {
            refusals.look(self.packet_socket());
        }
        platform::clear_errno();
        let failed = match self.send(data) {
            Ok(sent) => {
                self.shortest_dropped().sent(data.len());
                return Ok(Try::Sent(sent));
            }
            Err(number) => number,
        };
        if platform::would_block() {
            refusals.begin_again();
            let descriptor = self.descriptor();
            return Ok(Try::Full {
                descriptor,
                pause: descriptor.is_none().then_some(PAUSE),
            });
        }
        let is_full = platform::queue_full();
        let failure = self.failure(failed);
        if !is_full {
            return Err(failure);
        }
        match refusals.no_room() {
            // No descriptor reports this.
            None => Ok(Try::Full {
                descriptor: None,
                pause: Some(PAUSE),
            }),
            Some(why) => {
                self.shortest_dropped().dropped(data.len());
                let text = format!("{why} ({})", failure.text());
                Err(self.error(ErrorKind::Other, text))
            }
        }
    }

    /// Sends a packet. Returns `None` if the device had no room in time.
    fn inject_within(&self, data: &[u8], wait: Wait) -> Result<Option<usize>> {
        self.check_packet(data)?;
        let mut refusals = match wait {
            Wait::Never => Refusals::default(),
            _ => Refusals::of(data.len(), self.shortest_dropped()),
        };
        loop {
            let (descriptor, pause) = match self.attempt(data, &mut refusals)? {
                Try::Sent(bytes) => return Ok(Some(bytes)),
                Try::Full { descriptor, pause } => (descriptor, pause),
            };
            let left = wait.left();
            if left == Some(Duration::ZERO) {
                return Ok(None);
            }
            self.check_break(WAIT_BROKEN)?;
            let timeout = left.into_iter().chain(pause).min();
            wait::writable(self.breaker(), descriptor, timeout)
                .map_err(|e| Error::io("wait on", self.name().to_owned(), e))?;
            self.check_break(WAIT_BROKEN)?;
        }
    }

    fn inject(&self, data: &[u8]) -> Result<usize> {
        let wait = self.patience();
        let sent = self.inject_within(data, wait)?;
        sent.ok_or_else(|| self.no_room_in_time(wait))
    }

    /// Creates the error of a packet for which the device had no room.
    fn no_room_in_time(&self, wait: Wait) -> Error {
        match wait {
            Wait::Never => self.error(
                ErrorKind::Io(io::ErrorKind::WouldBlock),
                "the device's queue is full, and the capture is in non-blocking mode; \
                 `inject_timeout` waits",
            ),
            _ => self.error(
                ErrorKind::Io(io::ErrorKind::TimedOut),
                "the device did not accept all packets in time",
            ),
        }
    }

    fn inject_queue(&self, queue: &SendQueue, range: impl RangeBounds<usize>) -> Result<usize> {
        self.inject_queue_within(queue, range, self.patience())
    }

    fn inject_queue_within(
        &self,
        queue: &SendQueue,
        range: impl RangeBounds<usize>,
        wait: Wait,
    ) -> Result<usize> {
        let numbers = queue
            .numbers(&range)
            .map_err(|why| Unsent::new(self.error(ErrorKind::InvalidArgument, why), 0, 0, 0))?;
        let (mut next, mut bytes) = (numbers.start, 0);
        let failed = |error, next, bytes| {
            let packets = next - numbers.start;
            Err(Unsent::new(error, next, packets, bytes).into())
        };
        while next < numbers.end {
            if let Err(error) = self.check_break(BROKEN) {
                return failed(error, next, bytes);
            }
            let is_late = matches!(wait, Wait::Until(_)) && wait.left() == Some(Duration::ZERO);
            if is_late && next > numbers.start {
                return failed(self.no_room_in_time(wait), next, bytes);
            }
            let sent = self.send_many(queue, next..numbers.end);
            next += sent.packets;
            bytes += sent.bytes;
            if sent.packets > 0 {
                continue;
            }
            // Fall back to `inject`, which waits or reports the error.
            let packet = queue.get(next).unwrap_or_default();
            match self.inject_within(packet, wait) {
                Ok(Some(sent)) => bytes += sent,
                Ok(None) => return failed(self.no_room_in_time(wait), next, bytes),
                Err(error) => return failed(error, next, bytes),
            }
            next += 1;
        }
        Ok(bytes)
    }
}

impl Way for Active {
    fn name(&self) -> &str {
        &self.handle.name
    }

    fn check(&self) -> Result<()> {
        match self.remote {
            Some(_) => Err(self.not_remote(OPERATION, "a remote capture cannot send")),
            None => Ok(()),
        }
    }

    fn send(&self, packet: &[u8]) -> Result<usize, c_int> {
        // SAFETY: the handle is open and activated, and by `&self` this thread's.
        unsafe { platform::inject(self.handle.as_ptr(), packet) }
    }

    fn failure(&self, status: c_int) -> Error {
        self.handle.error(status, OPERATION)
    }

    fn packet_socket(&self) -> Option<platform::BorrowedFd<'_>> {
        let fd = self.fileno()?;
        let is_one = || self.remote.is_none() && packet_socket::is_one(fd);
        self.sends_many.get_or_init(is_one).then_some(fd)
    }

    fn send_many(&self, queue: &SendQueue, numbers: Range<usize>) -> Sent {
        match self.packet_socket() {
            Some(socket) => packet_socket::send(socket, queue.part(numbers)),
            None if self.remote.is_some() => Sent::default(),
            // SAFETY: the handle is open and activated, and by `&self` this thread's.
            None => unsafe { platform::transmit(self.handle.as_ptr(), queue.part(numbers)) },
        }
    }

    fn breaker(&self) -> &Breaker {
        self.handle.breaker()
    }

    fn descriptor(&self) -> Option<RawFd> {
        self.waiter.descriptor()
    }

    /// Returns whether a break is pending. It stays pending for the next read.
    fn is_broken(&self) -> bool {
        self.handle.breaker().is_pending()
    }

    fn patience(&self) -> Wait {
        match self.nonblock {
            true => Wait::Never,
            false => Wait::ForEver,
        }
    }

    fn shortest_dropped(&self) -> &ShortestDropped {
        &self.shortest_dropped
    }
}

impl Active {
    /// Bypasses the queueing discipline from now on.
    pub(super) fn bypass_qdisc(&self) -> Result<()> {
        let name = self.handle.name.clone();
        let Some(socket) = self.packet_socket() else {
            return Err(cannot_bypass(name));
        };
        packet_socket::bypass_qdisc(socket).map_err(|e| Error::io(BYPASS, name, e))
    }
}

const BYPASS: &str = "bypass the queueing discipline of";

/// Creates the error of a device without a packet socket bound to one interface.
pub(super) fn cannot_bypass(name: String) -> Error {
    let kind = ErrorKind::Unsupported;
    let why = "the device has no packet socket bound to a single interface";
    Error::cannot(kind, BYPASS, name, why)
}
