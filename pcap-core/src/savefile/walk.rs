//! What the readers of both formats have in common.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;

use crate::packet::{Packet, PacketBatch};
use crate::sys::platform;

/// The position of a reader after a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<G> {
    /// A packet, which is lent.
    Packet,
    /// No packet.
    Gap(G),
}

/// A reader that walks a savefile packet by packet, and lends each one from its buffer.
pub(crate) trait Walk {
    /// What the reader finds instead of a packet.
    type Gap;

    /// Advances to the next packet if it is an ordinary one that is in the buffer.
    fn ready(&mut self) -> Option<Packet<'_>>;

    /// Passes the ordinary packets that are in the buffer to a closure until it breaks. None of them is lent
    /// afterwards.
    fn pass_ready(&mut self, f: impl FnMut(Packet<'_>) -> ControlFlow<()>);

    /// Advances to the next packet.
    fn step(&mut self, stream: &mut Option<platform::Stream>) -> io::Result<Step<Self::Gap>>;

    /// Passes packets to a closure until it breaks. Returns the reason why there is no further packet, or
    /// [`Step::Packet`] after a break.
    fn walk(
        &mut self,
        stream: &mut Option<platform::Stream>,
        f: impl FnMut(Packet<'_>) -> ControlFlow<()>,
    ) -> io::Result<Step<Self::Gap>>;

    /// Returns the packet that is lent.
    fn current(&self) -> Option<Packet<'_>>;

    /// Puts the bytes from an address in the buffer into a batch.
    fn give(&mut self, address: usize, length: usize, batch: &mut PacketBatch);

    /// Ends the loan of a packet.
    fn lend_none(&mut self);

    /// Returns the offset in the file up to which it has been read.
    fn end(&self) -> u64;

    /// Returns the file that is read, at any offset; `None` if it is a stream.
    fn file(&self) -> Option<&File>;

    /// Returns whether the buffer contains no further complete packet.
    fn is_walked(&self) -> bool;
}
