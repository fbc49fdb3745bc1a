//! Iterators over the packets of a capture.

use std::fmt;
use std::iter::FusedIterator;

use crate::capture::{Capture, Readable};
use crate::error::Result;
use crate::packet::{Packet, PacketOwned};

/// The type of the function that copies packets for an iterator.
pub(crate) type Copies = fn(Packet<'_>) -> PacketOwned;

/// An iterator over the packets of a borrowed capture. See [`Capture::packets`] and [`Capture::packets_with`].
#[must_use = "iterators are lazy"]
pub struct Packets<'a, S: Readable, F = Copies> {
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

    /// Returns a reference to the capture, for example to query its statistics between two packets.
    #[must_use]
    pub fn get_ref(&self) -> &Capture<S> {
        self.capture
    }
}

/// Reads one item, and sets `over` at the end.
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

/// An iterator over the packets of a capture that it owns. See [`Capture::into_packets`] and
/// [`Capture::into_packets_with`].
#[must_use = "iterators are lazy"]
pub struct IntoPackets<S: Readable, F = Copies> {
    capture: Capture<S>,
    map: F,
    over: bool,
}

impl<S: Readable, F> IntoPackets<S, F> {
    pub(crate) fn new(capture: Capture<S>, map: F) -> IntoPackets<S, F> {
        IntoPackets {
            capture,
            map,
            over: false,
        }
    }

    /// Returns a reference to the capture, for example to query its statistics between two packets.
    #[must_use]
    pub fn get_ref(&self) -> &Capture<S> {
        &self.capture
    }

    /// Consumes the iterator and returns its capture, for example to query why the packets ended or to continue
    /// reading.
    #[must_use]
    pub fn into_inner(self) -> Capture<S> {
        self.capture
    }
}

impl<S: Readable, T, F> Iterator for IntoPackets<S, F>
where
    F: FnMut(Packet<'_>) -> T,
{
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        next(&mut self.capture, &mut self.over, &mut self.map)
    }
}

impl<S: Readable, T, F> FusedIterator for IntoPackets<S, F> where F: FnMut(Packet<'_>) -> T {}

impl<S: Readable, F> fmt::Debug for IntoPackets<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoPackets")
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

/// Iterates over copies of the packets. See [`into_packets`](Capture::into_packets).
impl<S: Readable> IntoIterator for Capture<S> {
    type Item = Result<PacketOwned>;
    type IntoIter = IntoPackets<S>;

    fn into_iter(self) -> IntoPackets<S> {
        self.into_packets()
    }
}

/// Iterates over copies of the packets. See [`packets`](Capture::packets).
impl<'a, S: Readable> IntoIterator for &'a mut Capture<S> {
    type Item = Result<PacketOwned>;
    type IntoIter = Packets<'a, S>;

    fn into_iter(self) -> Packets<'a, S> {
        self.packets()
    }
}
