//! How packets are sent on a live capture.
//!
//! May import: `wait`, and everything below the captures.

use std::ffi::c_int;
use std::io;
use std::ops::{Range, RangeBounds};
use std::time::Duration;

use crate::capture::Capture;
use crate::capture::active::Active;
use crate::capture::wait;
use crate::error::{Error, ErrorKind, Result, Unsent};
use crate::ffi::os;
use crate::ffi::packet_socket::{self, Sent};
use crate::sendqueue::{self, SendQueue};

pub(super) const OPERATION: &str = "inject on";

/// What an error says where a break ended it and there was nothing to wait for.
pub(super) const BROKEN: &str = "a break handle ended it";

impl Capture<Active> {
    /// Sends a packet as it is, link-layer header included, and returns how many bytes were sent.
    ///
    /// Where the device cannot take it at once this waits until it can. For many packets at once there is
    /// [`inject_queue`](Self::inject_queue).
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for an empty packet or one of 2 GiB and more,
    /// [`Break`](ErrorKind::Break) if a break handle ended the wait (the packet was not sent, and the
    /// break stays for the next read); otherwise what the device refused it for, such as
    /// `any`, which cannot send.
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
    /// again, fails the next [`inject`](Self::inject), but not this.
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
    fn packet_socket(&self) -> Option<os::BorrowedFd<'_>>;

    /// Hands over as many of these packets as are taken at once, where there is a way to.
    fn send_many(&self, queue: &SendQueue, numbers: Range<usize>) -> Sent {
        match self.packet_socket() {
            Some(socket) => packet_socket::send(socket, queue.part(numbers)),
            None => Sent::default(),
        }
    }

    /// Waits until a packet can be sent: until the descriptor says so, or this long if it cannot.
    fn wait(&self, pause: Option<Duration>) -> io::Result<()>;

    /// Whether a break handle says that nothing more is to be sent.
    fn is_broken(&self) -> bool;

    fn error(&self, kind: ErrorKind, why: impl Into<String>) -> Error {
        Error::cannot(kind, OPERATION, self.name().to_owned(), why)
    }

    fn check_break(&self, text: &str) -> Result<()> {
        match self.is_broken() {
            true => Err(self.error(ErrorKind::Break, text)),
            false => Ok(()),
        }
    }

    fn inject(&self, data: &[u8]) -> Result<usize> {
        self.check()?;
        sendqueue::check(data).map_err(|why| self.error(ErrorKind::InvalidArgument, why))?;
        loop {
            os::clear_errno();
            let failed = match self.send(data) {
                Ok(sent) => return Ok(sent),
                Err(number) => number,
            };
            let pause = if os::would_block() {
                None
            } else if os::queue_full() {
                // Of this no descriptor tells.
                Some(Duration::from_millis(1))
            } else {
                return Err(self.failure(failed));
            };
            self.wait(pause)
                .map_err(|e| Error::io("wait on", self.name().to_owned(), e))?;
            self.check_break("a break handle ended the wait until the device takes packets")?;
        }
    }

    fn inject_queue(&self, queue: &SendQueue, range: impl RangeBounds<usize>) -> Result<usize> {
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
            let sent = self.send_many(queue, next..numbers.end);
            next += sent.packets;
            bytes += sent.bytes;
            if sent.packets > 0 {
                continue;
            }
            // It is sent by itself, or that says why not; and what there is to wait for is waited for there.
            let packet = queue.get(next).unwrap_or_default();
            match self.inject(packet) {
                Ok(sent) => bytes += sent,
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
        unsafe { os::inject(self.handle.as_ptr(), packet) }
    }

    fn failure(&self, status: c_int) -> Error {
        self.handle.error(status, OPERATION)
    }

    fn packet_socket(&self) -> Option<os::BorrowedFd<'_>> {
        let fd = self.fileno()?;
        let is_one = || self.remote.is_none() && packet_socket::is_one(fd);
        self.sends_many.get_or_init(is_one).then_some(fd)
    }

    fn send_many(&self, queue: &SendQueue, numbers: Range<usize>) -> Sent {
        match self.packet_socket() {
            Some(socket) => packet_socket::send(socket, queue.part(numbers)),
            None if self.remote.is_some() => Sent::default(),
            // SAFETY: the handle is open and activated, and by `&self` this thread's.
            None => unsafe { os::transmit(self.handle.as_ptr(), queue.part(numbers)) },
        }
    }

    fn wait(&self, pause: Option<Duration>) -> io::Result<()> {
        let descriptor = self.waiter.descriptor();
        wait::writable(self.handle.breaker(), descriptor, pause)
    }

    /// It stays for the next read.
    fn is_broken(&self) -> bool {
        self.handle.breaker().is_pending()
    }
}

impl Active {
    /// Sends past the queueing discipline from now on.
    pub(super) fn bypass_qdisc(&self) -> Result<()> {
        const OPERATION: &str = "bypass the queueing discipline of";
        let name = self.handle.name.clone();
        let Some(socket) = self.packet_socket() else {
            let kind = ErrorKind::Unsupported { since: None };
            let why = "nothing is sent there through a packet socket of one network interface";
            return Err(Error::cannot(kind, OPERATION, name, why));
        };
        packet_socket::bypass_qdisc(socket).map_err(|e| Error::io(OPERATION, name, e))
    }
}
