//! The reading methods of asynchronous captures.

use std::future::{Future, poll_fn};
use std::task::{Context, Poll, ready};

use super::{AsyncCapture, IntoPackets, NextPacket, Packets, Runtime, TURNS};
use crate::breakloop::BreakHandle;
use crate::capture::{Awaitable, Capture, End};
use crate::error::Result;
use crate::packet::{Packet, PacketBatch};

/// # Reading
impl<S: Awaitable, R: Runtime> AsyncCapture<S, R> {
    /// Returns the next packet, after waiting until one arrives or the capture ends. The packet borrows the capture.
    ///
    /// The future returns `None` at the end of a savefile, at the end of a [stopped](Capture::stop) live capture, and
    /// if a [`BreakHandle`] interrupts it. [`ended`](Self::ended) returns the reason. After a break, reading can
    /// continue. Dropping the future does not lose any packet.
    ///
    /// # Errors
    ///
    /// - The errors of [`Capture::next_packet`].
    /// - [`Io`](crate::ErrorKind::Io) if the runtime has shut down.
    #[inline]
    pub fn next_packet(&mut self) -> impl Future<Output = Result<Option<Packet<'_>>>> {
        NextPacket(Some(self))
    }

    /// Advances to the next packet, which [`packet`](Self::packet) then returns. Waits as
    /// [`next_packet`](Self::next_packet) does, and returns `false` when `next_packet` would return `None`.
    ///
    /// Use this to call [`stats`](AsyncCapture::stats) or [`try_inject`](AsyncCapture::try_inject) while holding a
    /// packet.
    ///
    /// # Errors
    ///
    /// The errors of [`next_packet`](Self::next_packet).
    pub async fn advance(&mut self) -> Result<bool> {
        poll_fn(|cx| self.poll_advance(cx)).await
    }

    /// Polls [`advance`](Self::advance), for hand-written futures.
    ///
    /// # Errors
    ///
    /// The errors of [`next_packet`](Self::next_packet).
    #[inline]
    pub fn poll_advance(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool>> {
        // In nearly all cases, a packet has been read ahead.
        if self.turns % TURNS != 0 {
            self.turns += 1;
            if let Some(there) = self.capture.try_advance()? {
                return Poll::Ready(Ok(there));
            }
            ready!(self.poll_wait(cx))?;
            self.look_at_the_clock();
        }
        self.poll_read(cx, Capture::try_advance)
    }

    /// Replaces the packets of a batch with the next ones, after waiting for the first of them. Returns whether there
    /// are any. See [`Capture::read_batch`].
    ///
    /// Dropping the future does not lose any packet.
    ///
    /// # Errors
    ///
    /// The errors of [`next_packet`](Self::next_packet).
    pub async fn read_batch(&mut self, batch: &mut PacketBatch) -> Result<bool> {
        // A batch takes the time of many packets.
        self.look_at_the_clock();
        poll_fn(|cx| self.poll_read(cx, |capture| capture.try_fill(batch))).await
    }

    /// Returns the packet that was read by the last [`advance`](Self::advance) or other reading call. Returns `None`
    /// before the first read, and if the last read found no packet.
    #[inline]
    #[must_use]
    pub fn packet(&self) -> Option<Packet<'_>> {
        self.capture.packet()
    }

    /// Returns a `Stream` of copies of the packets, as [`PacketOwned`](crate::PacketOwned).
    ///
    /// The stream ends when [`next_packet`](Self::next_packet) returns `None`, or after an error. After a break, a new
    /// stream continues with the next packet.
    pub fn packets(&mut self) -> Packets<'_, S, R> {
        Packets::new(self, |packet| packet.into_owned())
    }

    /// Returns a `Stream` of the values that a closure returns for each packet. The packets are not copied. See
    /// [`packets`](Self::packets).
    pub fn packets_with<T, F>(&mut self, f: F) -> Packets<'_, S, R, F>
    where
        F: FnMut(Packet<'_>) -> T,
    {
        Packets::new(self, f)
    }

    /// Converts the capture into a `Stream` of copies of the packets. See [`packets`](Self::packets).
    pub fn into_packets(self) -> IntoPackets<S, R> {
        IntoPackets::new(self, |packet| packet.into_owned())
    }

    /// Converts the capture into a `Stream` of the values that a closure returns for each packet. See
    /// [`packets_with`](Self::packets_with).
    pub fn into_packets_with<T, F>(self, f: F) -> IntoPackets<S, R, F>
    where
        F: FnMut(Packet<'_>) -> T,
    {
        IntoPackets::new(self, f)
    }

    /// Returns why the last reading call ended: at the end of the capture, or because of a break. See
    /// [`Capture::ended`].
    #[must_use]
    pub fn ended(&self) -> Option<End> {
        self.capture.ended()
    }

    /// Returns a handle that interrupts the reading and sending calls of this capture, from another task or thread.
    #[must_use]
    pub fn break_handle(&self) -> BreakHandle {
        self.capture.break_handle()
    }
}

/// # The underlying capture
impl<S: Awaitable, R: Runtime> AsyncCapture<S, R> {
    /// Returns a reference to the underlying capture.
    #[must_use]
    pub fn get_ref(&self) -> &Capture<S> {
        &self.capture
    }

    /// Returns a mutable reference to the underlying capture, for example to set its filter or direction. The reading
    /// calls of the underlying capture block the thread, but do not lose packets.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut Capture<S> {
        &mut self.capture
    }

    /// Returns the underlying capture, including the packets that were read ahead.
    #[must_use]
    pub fn into_inner(self) -> Capture<S> {
        self.capture
    }
}
