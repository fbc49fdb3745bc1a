//! The checks, waits and errors of sending, which captures and senders share.

use std::ffi::c_int;
use std::io;
use std::ops::{Range, RangeBounds};
use std::time::{Duration, Instant};

use crate::breakloop::Breaker;
use crate::capture::active::give_up::Refusals;
use crate::capture::active::shortest_dropped::ShortestDropped;
use crate::capture::wait;
use crate::error::{Error, ErrorKind, Result, Unsent};
use crate::sendqueue::{self, SendQueue};
use crate::sys;
use crate::sys::linux::packet_socket::{self, Sent};
use crate::sys::platform::{self, RawFd};

pub(super) const OPERATION: &str = "inject on";

/// The error text if a break ends the call outside a wait.
pub(super) const BROKEN: &str = "interrupted by a break handle";

/// The error text if a break ends a wait.
pub(super) const WAIT_BROKEN: &str =
    "a break handle interrupted the wait for space in the device's queue";

/// The pause between two tries if no descriptor reports free space in the queue.
const PAUSE: Duration = Duration::from_millis(1);

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
    pub(super) fn left(self) -> Option<Duration> {
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
    /// The device's queue is full. Try again when the descriptor is writable, or after the pause if there is no
    /// descriptor.
    Full {
        descriptor: Option<RawFd>,
        pause: Option<Duration>,
    },
}

/// An object that sends packets: a capture or one of its senders. The checks, waits and errors are the same for both.
pub(super) trait Transmit {
    /// Returns the name that error messages use for it.
    fn name(&self) -> &str;

    /// Sends one packet without waiting. Returns the number of bytes sent, or an error number, in which case errno is
    /// set.
    fn send(&self, packet: &[u8]) -> Result<usize, c_int>;

    /// Creates the error for the last packet.
    fn failure(&self, number: c_int) -> Error;

    /// Returns the socket that accepts many packets per call, if there is one.
    fn packet_socket(&self) -> Option<platform::BorrowedFd<'_>>;

    /// Sends as many of these packets with one call as the device accepts, if the platform supports it.
    fn send_many(&self, queue: &SendQueue, numbers: Range<usize>) -> Sent {
        let send = |socket| packet_socket::send(socket, queue.part(numbers));
        self.packet_socket().map_or_else(Sent::default, send)
    }

    /// Returns the breaker that ends a wait.
    fn breaker(&self) -> &Breaker;

    /// Returns the file descriptor that is writable when the queue has space.
    fn descriptor(&self) -> Option<RawFd>;

    /// Returns whether a break is pending.
    fn is_broken(&self) -> bool;

    /// Returns the wait limit of the calls without a timeout.
    fn patience(&self) -> Wait;

    fn shortest_dropped(&self) -> &ShortestDropped;

    /// Sends a packet. Returns `None` if the device's queue stayed full until the limit.
    ///
    /// The first try calls no method of a trait object: after a system call, the processor mispredicts such calls.
    #[inline]
    fn inject_within(&self, data: &[u8], wait: Wait) -> Result<Option<usize>>
    where
        Self: Sized,
    {
        let slowly: &dyn Transmit = self;
        if sendqueue::check(data).is_err() {
            slowly.check_packet(data)?;
        }
        if self.shortest_dropped().may_drop(data.len()) {
            return slowly.insist(data, wait, None);
        }
        // In nearly all cases, the first try succeeds, and nothing has to be noted.
        match self.send(data) {
            Ok(sent) => Ok(Some(sent)),
            Err(number) => slowly.insist(data, wait, Some(number)),
        }
    }

    #[inline]
    fn inject(&self, data: &[u8]) -> Result<usize>
    where
        Self: Sized,
    {
        let wait = self.patience();
        let slowly: &dyn Transmit = self;
        match self.inject_within(data, wait)? {
            Some(sent) => Ok(sent),
            None => Err(slowly.no_room_in_time(wait)),
        }
    }
}

/// Sends a packet through a packet socket without waiting. Returns the number of bytes sent, or errno.
#[inline]
pub(super) fn send(socket: platform::BorrowedFd<'_>, packet: &[u8]) -> Result<usize, c_int> {
    let sent = packet_socket::send_one(socket, packet);
    sent.map_err(|e| e.raw_os_error().unwrap_or(0))
}

/// Creates libpcap's error for a packet that a packet socket rejected.
pub(super) fn failure(name: &str, errno: c_int) -> Error {
    let text = format!("send: {}", platform::strerror(errno));
    Error::status(sys::PCAP_ERROR, OPERATION, name.to_owned(), &text)
}

/// One instance for both: the errors, the waits and the queues, for which a dynamic call is cheap.
impl dyn Transmit + '_ {
    fn error(&self, kind: ErrorKind, why: impl Into<String>) -> Error {
        Error::cannot(kind, OPERATION, self.name().to_owned(), why)
    }

    pub(super) fn check_break(&self, text: &str) -> Result<()> {
        match self.is_broken() {
            true => Err(self.error(ErrorKind::Break, text)),
            false => Ok(()),
        }
    }

    /// Fails if the packet can never be sent.
    pub(super) fn check_packet(&self, data: &[u8]) -> Result<()> {
        sendqueue::check(data).map_err(|why| self.error(ErrorKind::InvalidArgument, why))
    }

    /// Tries once to send a packet, without waiting.
    pub(super) fn attempt(&self, data: &[u8], refusals: &mut Refusals) -> Result<Try> {
        if refusals.is_time_to_look() {
            refusals.look(self.packet_socket());
        }
        match self.send(data) {
            Ok(sent) => {
                self.shortest_dropped().sent(data.len());
                Ok(Try::Sent(sent))
            }
            Err(number) => self.refused(data, number, refusals),
        }
    }

    /// Interprets the error number, and errno, of a try to send a packet.
    fn refused(&self, data: &[u8], number: c_int, refusals: &mut Refusals) -> Result<Try> {
        if platform::would_block() {
            refusals.begin_again();
            let descriptor = self.descriptor();
            return Ok(Try::Full {
                descriptor,
                pause: descriptor.is_none().then_some(PAUSE),
            });
        }
        let is_full = platform::queue_full();
        let failure = self.failure(number);
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

    /// Tries to send a packet until the limit. `failed` is the error number of the first try, if there has been one.
    #[cold]
    #[inline(never)]
    fn insist(&self, data: &[u8], wait: Wait, mut failed: Option<c_int>) -> Result<Option<usize>> {
        let mut refusals = match wait {
            Wait::Never => Refusals::default(),
            _ => Refusals::of(data.len(), self.shortest_dropped()),
        };
        loop {
            let tried = match failed.take() {
                Some(number) => self.refused(data, number, &mut refusals)?,
                None => self.attempt(data, &mut refusals)?,
            };
            let (descriptor, pause) = match tried {
                Try::Sent(bytes) => return Ok(Some(bytes)),
                Try::Full { descriptor, pause } => (descriptor, pause),
            };
            let left = wait.left();
            if left == Some(Duration::ZERO) {
                return Ok(None);
            }
            self.check_break(WAIT_BROKEN)?;
            let timeout = wait::least(left, pause);
            wait::writable(self.breaker(), descriptor, timeout)
                .map_err(|e| Error::io("wait on", self.name().to_owned(), e))?;
            self.check_break(WAIT_BROKEN)?;
        }
    }

    /// Creates the error for a packet that the device did not accept in time.
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

    pub(super) fn inject_queue(
        &self,
        queue: &SendQueue,
        range: impl RangeBounds<usize>,
    ) -> Result<usize> {
        self.inject_queue_within(queue, range, self.patience())
    }

    pub(super) fn inject_queue_within(
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
            match self.insist(packet, wait, None) {
                Ok(Some(sent)) => bytes += sent,
                Ok(None) => return failed(self.no_room_in_time(wait), next, bytes),
                Err(error) => return failed(error, next, bytes),
            }
            next += 1;
        }
        Ok(bytes)
    }
}
