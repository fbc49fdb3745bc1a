//! How packets are sent on a live capture.
//!
//! May import: everything below the captures.

use std::ops::RangeBounds;
use std::time::Duration;

use crate::capture::Capture;
use crate::capture::active::Active;
use crate::error::{Error, ErrorKind, InjectError, Result};
use crate::ffi::packet_socket::{self, Sent};
use crate::ffi::{self, os};
use crate::sendqueue::{self, SendQueue};

const OPERATION: &str = "inject on";

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
    /// behind it is sent. See [`InjectError`] for how to go on from there. Besides what
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
    pub fn inject_queue(&self, queue: &SendQueue) -> Result<usize, InjectError> {
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
    ) -> Result<usize, InjectError> {
        self.state.inject_queue(queue, range)
    }
}

impl Active {
    fn refuse(&self, why: impl Into<String>) -> Error {
        let name = self.handle.name.clone();
        Error::new(ErrorKind::InvalidArgument, OPERATION, name, why)
    }

    pub(crate) fn inject(&self, data: &[u8]) -> Result<usize> {
        if self.remote.is_some() {
            return Err(self.not_remote(OPERATION, "a remote capture cannot send"));
        }
        sendqueue::check(data).map_err(|why| self.refuse(why))?;
        loop {
            os::clear_errno();
            // SAFETY: the handle is open and activated, and the data that long.
            let sent = unsafe {
                ffi::pcap_inject(self.handle.as_ptr(), data.as_ptr().cast(), data.len() as _)
            };
            if let Ok(sent) = usize::try_from(sent) {
                return Ok(sent);
            }
            let pause = if os::would_block() {
                None
            } else if os::queue_full() {
                // Of this no descriptor tells.
                Some(Duration::from_millis(1))
            } else {
                return Err(self.handle.error(sent, OPERATION));
            };
            self.waiter.writable(&self.handle, pause)?;
        }
    }

    fn inject_queue(
        &self,
        queue: &SendQueue,
        range: impl RangeBounds<usize>,
    ) -> Result<usize, InjectError> {
        let numbers = queue
            .numbers(&range)
            .map_err(|why| InjectError::new(self.refuse(why), 0, 0, 0))?;
        let (mut next, mut bytes) = (numbers.start, 0);
        let failed = |error, next, bytes| {
            let packets = next - numbers.start;
            Err(InjectError::new(error, next, packets, bytes))
        };
        while next < numbers.end {
            if self.handle.breaker().is_pending() {
                let name = self.handle.name.clone();
                let text = "a break handle ended it";
                let error = Error::new(ErrorKind::Break, OPERATION, name, text);
                return failed(error, next, bytes);
            }
            let sent = match self.packet_socket() {
                Some(socket) => packet_socket::send(socket, queue.part(next..numbers.end)),
                None => Sent::default(),
            };
            next += sent.packets;
            bytes += sent.bytes;
            if sent.packets > 0 {
                continue;
            }
            // libpcap sends it, or says why not; and what there is to wait for is waited for there.
            let packet = queue.get(next).unwrap_or_default();
            match self.inject(packet) {
                Ok(sent) => bytes += sent,
                Err(error) => return failed(error, next, bytes),
            }
            next += 1;
        }
        Ok(bytes)
    }

    /// The socket that many packets can be sent through with one call, if there is one.
    fn packet_socket(&self) -> Option<os::BorrowedFd<'_>> {
        let fd = self.fileno()?;
        let is_one = || self.remote.is_none() && packet_socket::is_one(fd);
        self.sends_many.get_or_init(is_one).then_some(fd)
    }

    /// Sends past the queueing discipline from now on.
    pub(super) fn bypass_qdisc(&self) -> Result<()> {
        const OPERATION: &str = "bypass the queueing discipline of";
        let name = self.handle.name.clone();
        let Some(socket) = self.packet_socket() else {
            let kind = ErrorKind::Unsupported { since: None };
            let why = "nothing is sent there through a packet socket of one network interface";
            return Err(Error::new(kind, OPERATION, name, why));
        };
        packet_socket::bypass_qdisc(socket).map_err(|e| Error::io(OPERATION, name, e))
    }
}
