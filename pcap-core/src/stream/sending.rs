//! Sending from tasks.

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
    /// Sends a packet as it is, link-layer header included, and returns the number of bytes sent. While the device has
    /// no room for the packet, the task waits and others run; [non-blocking mode](crate::Capture::set_nonblock) makes
    /// no difference.
    ///
    /// Dropping the future before it is ready means that the packet was not sent. To send while a packet of the same
    /// capture is lent, use [`try_inject`](Self::try_inject). Deadlines are the runtime's, as for reading.
    ///
    /// # Errors
    ///
    /// - Those of [`Capture::inject`](crate::Capture::inject).
    /// - [`Io`](crate::ErrorKind::Io) if the runtime has ended.
    ///
    /// # Examples
    ///
    /// A bridge for one direction:
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

    /// Sends a packet if the device has room for it now. Returns the number of bytes sent, or `None`. See
    /// [`Capture::try_inject`](crate::Capture::try_inject).
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

    /// Waits until there may be room, or a break.
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
        // The caller tries to send first, so a report that is early or repeated does no harm.
        let room = self.sending.insert(registered).runtime.poll_readable(cx);
        if room.is_pending() {
            self.turns = 0;
        }
        room
    }
}
