//! How packets are sent on a live capture.

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

/// What an error says where a break ended it and there was nothing to wait for.
pub(super) const BROKEN: &str = "a break handle ended it";

/// What it says where a break ended a wait.
const WAIT_BROKEN: &str = "a break handle ended the wait until the device takes packets";

/// How long to wait where no descriptor reports that there is room again.
const PAUSE: Duration = Duration::from_millis(1);

impl Capture<Active> {
    /// Sends a packet as it is, link-layer header included, and returns the number of bytes sent.
    ///
    /// While the device has no room for the packet, this waits. [`inject_timeout`](Self::inject_timeout) sets a limit,
    /// and [`try_inject`](Self::try_inject) does not wait, nor does this in [non-blocking mode](Self::set_nonblock).
    /// [`inject_queue`](Self::inject_queue) sends many packets.
    ///
    /// Linux answers `ENOBUFS` both when a queue is full and when the device drops the packet, as a pair of virtual
    /// interfaces does with frames longer than the MTU of the other end. A full queue is waited for as long as it takes. If
    /// the device has refused the packet for a second, and then counts each further try in its `tx_dropped`, the call fails
    /// with "the device drops the frame". Packets of that length and above then fail without the second, until one is sent.
    /// Where the counter cannot be read, or rises all the time with packets of others, the call fails after a minute.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) for an empty packet, or one of 2 GiB and more.
    /// - [`Break`](ErrorKind::Break) if a break handle ended the wait. The packet was not sent, and the break stays
    ///   for the next read.
    /// - [`Io(WouldBlock)`](ErrorKind::Io) in non-blocking mode, if the device has no room for the packet now.
    /// - Otherwise the reason of the device or of libpcap: for example, `any` cannot send.
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

    /// Sends a packet if the device has room for it now: [`inject`](Self::inject) without waiting. Returns the number
    /// of bytes sent, or `None` if there is no room.
    ///
    /// A device that drops the packet is not told apart from one whose queue is full.
    ///
    /// # Errors
    ///
    /// As [`inject`](Self::inject), except those that end a wait.
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

    /// Sends a packet as [`inject`](Self::inject) does, but waits no longer than this, also in non-blocking mode. Returns
    /// the number of bytes sent, or `None` if the device had no room within that time.
    ///
    /// # Errors
    ///
    /// As [`inject`](Self::inject).
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

    /// Sends all packets of a queue, in order and as they are, and returns how many bytes were sent.
    ///
    /// It does what [`inject`](Self::inject) would for each packet: it waits where the device cannot take
    /// more at once, and the capture does not see what it sent itself. On the network interfaces of Linux
    /// one system call hands over up to 64 packets, by `sendmmsg(2)`; everywhere else they are handed over
    /// one by one. Nothing is taken out of the queue, and nothing allocated.
    ///
    /// # Errors
    ///
    /// That of the first packet that is not sent, with its number and how many were sent before it; none
    /// behind it is sent. [`unsent`](Error::unsent) has these numbers; see [`Unsent`] for how to go on from there. Besides what
    /// [`inject`](Self::inject) fails with, it is [`Break`](ErrorKind::Break) if a break handle was used
    /// before or meanwhile, also if there was nothing to wait for; the break stays for the next read. An
    /// empty queue is sent in any case. That a network interface of Linux was down before, and is up
    /// again, fails the next [`inject`](Self::inject), but not this. In non-blocking mode it sends what the device has
    /// room for, and then fails with [`Io(WouldBlock)`](ErrorKind::Io).
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

    /// Sends some packets of a queue, as [`inject_queue`](Self::inject_queue) sends all: those with these
    /// numbers, of which the first is 0.
    ///
    /// # Errors
    ///
    /// As there; and [`InvalidArgument`](ErrorKind::InvalidArgument), with nothing sent, for numbers that
    /// the queue does not have.
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

    /// Sends some packets of a queue as [`inject_queue_range`](Self::inject_queue_range) does, but takes no longer than
    /// this, also in non-blocking mode.
    ///
    /// # Errors
    ///
    /// As there; and [`Io(TimedOut)`](ErrorKind::Io) if packets are left when the time is over.
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
    /// Tries to send a packet without waiting, for those that wait elsewhere between two tries. `refusals` is `None` at
    /// the first.
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
            // Takes note of what a break has made readable.
            wait::writable(active.breaker(), None, Some(Duration::ZERO))
                .map_err(|e| Error::io("wait on", active.name().to_owned(), e))?;
            active.check_break(WAIT_BROKEN)?;
        }
        Ok(tried)
    }
}

/// How long a sending call waits.
#[derive(Clone, Copy)]
pub(super) enum Wait {
    Never,
    Until(Instant),
    ForEver,
}

impl Wait {
    /// A time beyond what the clock can count is for ever.
    pub(super) fn at_most(time: Duration) -> Wait {
        Instant::now()
            .checked_add(time)
            .map_or(Wait::ForEver, Wait::Until)
    }

    /// How long is left; `None` is for ever.
    fn left(self) -> Option<Duration> {
        match self {
            Wait::Never => Some(Duration::ZERO),
            Wait::Until(end) => Some(end.saturating_duration_since(Instant::now())),
            Wait::ForEver => None,
        }
    }
}

/// What came of one try to send a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Try {
    /// That many bytes were sent.
    Sent(usize),
    /// The device has no room until the descriptor is writable, or where there is none, for some time.
    Full {
        descriptor: Option<RawFd>,
        pause: Option<Duration>,
    },
}

/// What packets are sent through, by the capture itself or beside it. One way of sending for both: what
/// is refused, what is waited for, and what an error says.
pub(super) trait Way {
    /// What errors call it.
    fn name(&self) -> &str;

    /// Why nothing can ever be sent.
    fn check(&self) -> Result<()>;

    /// Hands one packet over without waiting, and says how many bytes were sent, or the number of its
    /// failure. Then errno has what the system said.
    fn send(&self, packet: &[u8]) -> Result<usize, c_int>;

    /// The failure of the last packet.
    fn failure(&self, number: c_int) -> Error;

    /// The socket that many packets can be sent through with one call, if there is one.
    fn packet_socket(&self) -> Option<platform::BorrowedFd<'_>>;

    /// Hands over as many of these packets as are taken at once, where there is a way to.
    fn send_many(&self, queue: &SendQueue, numbers: Range<usize>) -> Sent {
        match self.packet_socket() {
            Some(socket) => packet_socket::send(socket, queue.part(numbers)),
            None => Sent::default(),
        }
    }

    /// What ends a wait.
    fn breaker(&self) -> &Breaker;

    /// The descriptor that is writable when a packet can be sent.
    fn descriptor(&self) -> Option<RawFd>;

    /// Whether a break handle says that nothing more is to be sent.
    fn is_broken(&self) -> bool;

    /// How long the calls wait that have no limit of their own.
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

    /// Fails for what can never be sent.
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
            // Of this no descriptor tells.
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

    /// Sends a packet; `None` if the device had no room for it in time.
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

    /// The error of a packet for which the device had no room.
    fn no_room_in_time(&self, wait: Wait) -> Error {
        match wait {
            Wait::Never => self.error(
                ErrorKind::Io(io::ErrorKind::WouldBlock),
                "the device has no room for the packet now, and the capture is in non-blocking mode; \
                 `inject_timeout` waits",
            ),
            _ => self.error(
                ErrorKind::Io(io::ErrorKind::TimedOut),
                "the device did not take all packets in time",
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
            // It is sent by itself, or that says why not; and what there is to wait for is waited for there.
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

    /// It stays for the next read.
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
    /// Sends past the queueing discipline from now on.
    pub(super) fn bypass_qdisc(&self) -> Result<()> {
        let name = self.handle.name.clone();
        let Some(socket) = self.packet_socket() else {
            return Err(cannot_bypass(name));
        };
        packet_socket::bypass_qdisc(socket).map_err(|e| Error::io(BYPASS, name, e))
    }
}

const BYPASS: &str = "bypass the queueing discipline of";

/// The error of a device that nothing is sent on through a packet socket.
pub(super) fn cannot_bypass(name: String) -> Error {
    let kind = ErrorKind::Unsupported;
    let why = "nothing is sent there through a packet socket of one network interface";
    Error::cannot(kind, BYPASS, name, why)
}
