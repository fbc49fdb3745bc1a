//! The results of the reading calls.

use std::ops::ControlFlow;

use crate::error::{Error, Result};

/// Why a reading call stopped: at the end of the packets, or because of a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The savefile is at its end, or the live capture is [stopped](crate::Capture::stop) and its buffer is empty.
    Eof,
    /// A [`BreakHandle`](crate::BreakHandle) interrupted the call. Reading can continue.
    Break,
}

/// Why a reading call that takes a closure returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The closure received the requested number of packets.
    Count,
    /// No more packets are available now.
    Empty,
    /// The capture has no more packets.
    End(End),
}

impl From<End> for Stop {
    fn from(end: End) -> Stop {
        Stop::End(end)
    }
}

/// The result of a reading call that takes a closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Done {
    packets: u64,
    stop: Stop,
}

impl Done {
    /// Creates a result from the number of packets that the closure received and the reason why the call returned.
    #[must_use]
    pub fn new(packets: u64, stop: impl Into<Stop>) -> Done {
        Done {
            packets,
            stop: stop.into(),
        }
    }

    /// Returns the number of packets that the closure received.
    #[must_use]
    pub fn packets(self) -> u64 {
        self.packets
    }

    /// Returns why the call returned.
    #[must_use]
    pub fn stop(self) -> Stop {
        self.stop
    }
}

/// The result of a read with a limited wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next<T> {
    /// A packet.
    Packet(T),
    /// No packet arrived in time.
    Timeout,
    /// The capture has no more packets.
    End(End),
}

impl<T> Next<T> {
    /// Returns the packet, if there is one.
    #[must_use]
    pub fn packet(self) -> Option<T> {
        match self {
            Next::Packet(packet) => Some(packet),
            Next::Timeout | Next::End(_) => None,
        }
    }

    /// Converts the packet with a closure, and leaves the other variants unchanged.
    ///
    /// # Examples
    ///
    /// Copies the packet, so that the result outlives the next read and can be sent to another thread:
    ///
    /// ```
    /// use pcap_core::{Next, Packet, PacketOwned};
    ///
    /// fn keep(next: Next<Packet<'_>>) -> Next<PacketOwned> {
    ///     next.map(Packet::into_owned)
    /// }
    /// ```
    #[must_use]
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Next<U> {
        match self {
            Next::Packet(packet) => Next::Packet(f(packet)),
            Next::Timeout => Next::Timeout,
            Next::End(end) => Next::End(end),
        }
    }
}

/// The return type of a closure of [`try_for_each`](crate::Capture::try_for_each) or
/// [`try_dispatch`](crate::Capture::try_dispatch): `Result<(), E>` with `E: From<Error>`, or [`ControlFlow<B>`].
///
/// The trait is sealed.
pub trait Flow: sealed::Sealed {
    /// The return type of the call: `Result<Done, E>` for a [`Result`], `Result<ControlFlow<B, Done>>` for a
    /// [`ControlFlow`].
    type Output;
    #[doc(hidden)]
    type Value;
    #[doc(hidden)]
    fn into_flow(self) -> ControlFlow<Self::Value>;
    #[doc(hidden)]
    fn output(outcome: Result<ControlFlow<Self::Value, Done>>) -> Self::Output;
}

mod sealed {
    pub trait Sealed {}
    impl<E> Sealed for std::result::Result<(), E> {}
    impl<B> Sealed for std::ops::ControlFlow<B> {}
}

impl<E: From<Error>> Flow for Result<(), E> {
    type Output = Result<Done, E>;
    type Value = E;

    #[inline]
    fn into_flow(self) -> ControlFlow<E> {
        match self {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn output(outcome: Result<ControlFlow<E, Done>>) -> Result<Done, E> {
        match outcome? {
            ControlFlow::Continue(done) => Ok(done),
            ControlFlow::Break(error) => Err(error),
        }
    }
}

impl<B> Flow for ControlFlow<B> {
    type Output = Result<ControlFlow<B, Done>>;
    type Value = B;

    #[inline]
    fn into_flow(self) -> ControlFlow<B> {
        self
    }

    fn output(outcome: Result<ControlFlow<B, Done>>) -> Result<ControlFlow<B, Done>> {
        outcome
    }
}
