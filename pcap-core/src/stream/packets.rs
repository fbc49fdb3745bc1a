//! Streams of the packets of an asynchronous capture.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::{AsyncCapture, Runtime};
use crate::capture::{Awaitable, Copies};
use crate::error::Result;
use crate::packet::Packet;

/// A stream of the packets of a borrowed capture. See [`AsyncCapture::packets`] and [`AsyncCapture::packets_with`].
///
/// It implements the `Stream` trait of the `futures-core` crate, which `futures-util`, `futures-lite` and
/// `tokio-stream` use. Packets are read in batches, and dropping the stream does not lose any. After its end, the
/// stream keeps returning `None`.
#[must_use = "streams do nothing unless they are polled"]
pub struct Packets<'a, S: Awaitable, R: Runtime, F = Copies> {
    capture: &'a mut AsyncCapture<S, R>,
    map: F,
    over: bool,
}

impl<'a, S: Awaitable, R: Runtime, F> Packets<'a, S, R, F> {
    pub(super) fn new(capture: &'a mut AsyncCapture<S, R>, map: F) -> Packets<'a, S, R, F> {
        Packets {
            capture,
            map,
            over: false,
        }
    }

    /// Returns a reference to the capture, for example to query its statistics.
    #[must_use]
    pub fn get_ref(&self) -> &AsyncCapture<S, R> {
        self.capture
    }
}

// The closure is never pinned.
impl<S: Awaitable, R: Runtime, F> Unpin for Packets<'_, S, R, F> {}

/// Polls for one item, and sets `over` at the end.
fn poll_next<S: Awaitable, R: Runtime, T>(
    capture: &mut AsyncCapture<S, R>,
    over: &mut bool,
    map: impl FnOnce(Packet<'_>) -> T,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<T>>> {
    if *over {
        return Poll::Ready(None);
    }
    let item = match ready!(capture.poll_advance(cx)) {
        Ok(true) => capture.packet().map(|packet| Ok(map(packet))),
        Ok(false) => None,
        Err(error) => Some(Err(error)),
    };
    *over = !matches!(item, Some(Ok(_)));
    Poll::Ready(item)
}

impl<S: Awaitable, R: Runtime, T, F> Stream for Packets<'_, S, R, F>
where
    F: FnMut(Packet<'_>) -> T,
{
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        poll_next(this.capture, &mut this.over, &mut this.map, cx)
    }
}

impl<S: Awaitable, R: Runtime, F> fmt::Debug for Packets<'_, S, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packets")
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

/// A stream of the packets of a capture that it owns, which can be moved into a task. See
/// [`AsyncCapture::into_packets`], [`AsyncCapture::into_packets_with`] and [`Packets`].
#[must_use = "streams do nothing unless they are polled"]
pub struct IntoPackets<S: Awaitable, R: Runtime, F = Copies> {
    capture: AsyncCapture<S, R>,
    map: F,
    over: bool,
}

impl<S: Awaitable, R: Runtime, F> IntoPackets<S, R, F> {
    pub(super) fn new(capture: AsyncCapture<S, R>, map: F) -> IntoPackets<S, R, F> {
        IntoPackets {
            capture,
            map,
            over: false,
        }
    }

    /// Returns a reference to the capture, for example to query its statistics or why the packets ended.
    #[must_use]
    pub fn get_ref(&self) -> &AsyncCapture<S, R> {
        &self.capture
    }

    /// Consumes the stream and returns its capture, for example to continue reading.
    #[must_use]
    pub fn into_inner(self) -> AsyncCapture<S, R> {
        self.capture
    }
}

// The closure is never pinned.
impl<S: Awaitable, R: Runtime, F> Unpin for IntoPackets<S, R, F> {}

impl<S: Awaitable, R: Runtime, T, F> Stream for IntoPackets<S, R, F>
where
    F: FnMut(Packet<'_>) -> T,
{
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        poll_next(&mut this.capture, &mut this.over, &mut this.map, cx)
    }
}

impl<S: Awaitable, R: Runtime, F> fmt::Debug for IntoPackets<S, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoPackets")
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
