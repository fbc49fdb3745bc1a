//! Iterators over the packets of a capture.

use std::fmt;
use std::iter::FusedIterator;

use crate::capture::{Capture, Readable};
use crate::error::Result;
use crate::packet::{Packet, PacketOwned};

/// The iterator of [`Capture::packets`] and [`Capture::packets_with`].
#[must_use = "iterators are lazy"]
pub struct Packets<'a, S: Readable, F> {
    capture: &'a mut Capture<S>,
    map: F,
    over: bool,
}

impl<'a, S: Readable, F> Packets<'a, S, F> {
    pub(crate) fn new(capture: &'a mut Capture<S>, map: F) -> Packets<'a, S, F> {
        Packets {
            capture,
            map,
            over: false,
        }
    }
}

/// One item: `over` is set where the iteration ends.
fn next<S: Readable, T>(
    capture: &mut Capture<S>,
    over: &mut bool,
    map: impl FnOnce(Packet<'_>) -> T,
) -> Option<Result<T>> {
    if *over {
        return None;
    }
    let item = capture.next_packet().transpose();
    *over = !matches!(item, Some(Ok(_)));
    Some(item?.map(map))
}

impl<S: Readable, T, F> Iterator for Packets<'_, S, F>
where
    F: FnMut(Packet<'_>) -> T,
{
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        next(self.capture, &mut self.over, &mut self.map)
    }
}

impl<S: Readable, T, F> FusedIterator for Packets<'_, S, F> where F: FnMut(Packet<'_>) -> T {}

impl<S: Readable, F> fmt::Debug for Packets<'_, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packets")
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

/// The iterator of [`Capture::into_packets`].
#[must_use = "iterators are lazy"]
pub struct IntoPackets<S: Readable> {
    capture: Capture<S>,
    over: bool,
}

impl<S: Readable> IntoPackets<S> {
    pub(crate) fn new(capture: Capture<S>) -> IntoPackets<S> {
        IntoPackets {
            capture,
            over: false,
        }
    }

    /// The capture, to ask it why the packets ended, or to read on.
    #[must_use]
    pub fn into_inner(self) -> Capture<S> {
        self.capture
    }
}

impl<S: Readable> Iterator for IntoPackets<S> {
    type Item = Result<PacketOwned>;

    fn next(&mut self) -> Option<Result<PacketOwned>> {
        next(&mut self.capture, &mut self.over, |p| p.into_owned())
    }
}

impl<S: Readable> FusedIterator for IntoPackets<S> {}

impl<S: Readable> fmt::Debug for IntoPackets<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoPackets")
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
