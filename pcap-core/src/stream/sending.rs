//! Sending from asynchronous tasks.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::{AsyncCapture, Registered, Runtime};
use crate::capture::{Active, Refusals, Try};
use crate::error::Result;
use crate::sys::platform::RawFd;
use crate::sys::waitset::WaitSet;

/// # Sending
impl<R: Runtime> AsyncCapture<Active, R> {
    /// Sends a packet as is, including its link-layer header, and returns the number of bytes sent. While the device's
    /// send queue is full, the task waits and other tasks run. [Non-blocking mode](crate::Capture::set_nonblock) makes
    /// no difference.
    ///
    /// If the future is dropped before it is ready, the packet is not sent. To send while holding a packet of the same
    /// capture, use [`try_inject`](Self::try_inject). As for reading, timeouts come from the runtime.
    ///
    /// # Errors
    ///
    /// - Those of [`Capture::inject`](crate::Capture::inject).
    /// - [`Io`](crate::ErrorKind::Io) if the runtime has shut down.
    ///
    /// # Examples
    ///
    /// Forwards the packets of one device to another:
    ///
    #[cfg_attr(feature = "tokio", doc = "```no_run")]
    #[cfg_attr(not(feature = "tokio"), doc = "```ignore")]
    /// # use pcap_core::stream::{AsyncCapture, Tokio};
    /// # use pcap_core::Active;
    /// # async fn bridge(mut from: AsyncCapture<Active, Tokio>, mut to: AsyncCapture<Active, Tokio>)
    /// # -> pcap_core::Result<()> {
    /// while let Some(packet) = from.next_packet().await? {
    ///     to.inject(packet.data()).await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn inject(&mut self, packet: &[u8]) -> Result<usize> {
        let mut refusals = None;
        poll_fn(|cx| self.poll_inject(packet, &mut refusals, cx)).await
    }

    /// Sends a packet without waiting. Returns the number of bytes sent, or `None` if the device's send queue is full.
    /// See [`Capture::try_inject`](crate::Capture::try_inject).
    ///
    /// # Errors
    ///
    /// Those of [`Capture::try_inject`](crate::Capture::try_inject).
    pub fn try_inject(&self, packet: &[u8]) -> Result<Option<usize>> {
        self.capture.try_inject(packet)
    }

    fn poll_inject(
        &mut self,
        packet: &[u8],
        refusals: &mut Option<Refusals>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<usize>> {
        loop {
            ready!(self.poll_turn(cx));
            match self.capture.inject_once(packet, refusals)? {
                Try::Sent(bytes) => return Poll::Ready(Ok(bytes)),
                Try::Full { descriptor, pause } => {
                    let room = ready!(self.poll_room(descriptor, pause, cx));
                    room.map_err(|e| self.failed(e))?;
                }
            }
        }
    }

    /// Waits until the device's send queue may have space, or for a break.
    fn poll_room(
        &mut self,
        descriptor: Option<RawFd>,
        pause: Option<Duration>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let capture = self.capture.break_handle();
        let make = |wake| {
            let set = WaitSet::new([wake, None])?;
            descriptor.map_or(Ok(()), |fd| set.add_writable(fd))?;
            Ok(set)
        };
        let registered = Registered::renewed(self.sending.take(), capture, descriptor, make)?;
        registered.runtime.set().arm(pause)?;
        // The caller tries to send before it waits, so an early or repeated wake-up does no harm.
        let room = self.sending.insert(registered).runtime.poll_readable(cx);
        if room.is_pending() {
            self.turns = 0;
        }
        room
    }
}
