//! Streams of the packets of an asynchronous capture.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::{AsyncCapture, Runtime};
use crate::capture::Readable;
use crate::error::Result;
use crate::packet::PacketOwned;

/// The stream of [`AsyncCapture::packets`]. It implements `Stream` of the crate `futures-core`, which those of
/// `futures-util`, `futures-lite` and `tokio-stream` are made for.
///
/// Its packets are read in batches, of which dropping it loses none. After its end it stays at its end.
#[must_use = "streams do nothing unless they are polled"]
pub struct Packets<'a, S: Readable, R: Runtime> {
    capture: &'a mut AsyncCapture<S, R>,
    over: bool,
}

impl<'a, S: Readable, R: Runtime> Packets<'a, S, R> {
    pub(super) fn new(capture: &'a mut AsyncCapture<S, R>) -> Packets<'a, S, R> {
        Packets {
            capture,
            over: false,
        }
    }
}

/// One item: `over` is set where the stream ends.
fn poll_next<S: Readable, R: Runtime>(
    capture: &mut AsyncCapture<S, R>,
    over: &mut bool,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<PacketOwned>>> {
    if *over {
        return Poll::Ready(None);
    }
    let item = match ready!(capture.poll_advance(cx)) {
        Ok(true) => capture.packet().map(|packet| Ok(packet.into_owned())),
        Ok(false) => None,
        Err(error) => Some(Err(error)),
    };
    *over = !matches!(item, Some(Ok(_)));
    Poll::Ready(item)
}

impl<S: Readable, R: Runtime> Stream for Packets<'_, S, R> {
    type Item = Result<PacketOwned>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        poll_next(this.capture, &mut this.over, cx)
    }
}

impl<S: Readable, R: Runtime> fmt::Debug for Packets<'_, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packets")
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

/// The stream of [`AsyncCapture::into_packets`], as [`Packets`] otherwise: to hand to a task.
#[must_use = "streams do nothing unless they are polled"]
pub struct IntoPackets<S: Readable, R: Runtime> {
    capture: AsyncCapture<S, R>,
    over: bool,
}

impl<S: Readable, R: Runtime> IntoPackets<S, R> {
    pub(super) fn new(capture: AsyncCapture<S, R>) -> IntoPackets<S, R> {
        IntoPackets {
            capture,
            over: false,
        }
    }

    /// The capture, to ask it why the packets ended, or for its statistics.
    #[must_use]
    pub fn get_ref(&self) -> &AsyncCapture<S, R> {
        &self.capture
    }

    /// The capture, to read on.
    #[must_use]
    pub fn into_inner(self) -> AsyncCapture<S, R> {
        self.capture
    }
}

impl<S: Readable, R: Runtime> Stream for IntoPackets<S, R> {
    type Item = Result<PacketOwned>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        poll_next(&mut this.capture, &mut this.over, cx)
    }
}

impl<S: Readable, R: Runtime> fmt::Debug for IntoPackets<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoPackets")
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
