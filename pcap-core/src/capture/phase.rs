//! What the phases have in common, below the public API. The traits are sealed: they cannot be named
//! outside of this crate.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::capture::wait::WaitsFor;
use crate::error::Result;
use crate::filter::{CompileOptions, Filter, FilterSource};
use crate::handle::Handle;
use crate::packet::Packet;
use crate::timestamp::Precision;

/// Keeps the phases to those of this crate.
#[allow(unreachable_pub)] // sealed: public in name only
pub trait Sealed {}

/// A phase with an open handle.
#[allow(unreachable_pub)] // as above
pub trait Opened {
    fn handle(&self) -> &Handle;
    fn precision(&self) -> Precision;
    /// What the header of a savefile says in the bits above the link type.
    fn datalink_ext(&self) -> u32 {
        self.handle().datalink_ext()
    }
    fn compile(&self, expression: &str, options: CompileOptions) -> Result<Filter>;
}

/// What one read without waiting did.
#[derive(Debug)]
#[allow(unreachable_pub)] // as above
pub struct Slice {
    /// How many packets the closure was handed.
    pub packets: u64,
    /// The closure said stop.
    pub stopped: bool,
    /// What to do for more.
    pub then: Then,
}

/// What there is after a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(unreachable_pub)] // as above
pub enum Then {
    /// More may be there now.
    Again,
    /// Nothing more now.
    Wait,
    /// Nothing more ever.
    Eof,
}

/// What there is after looking for one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(unreachable_pub)] // as above
pub enum Step {
    /// The current packet is a new one.
    Packet,
    /// Nothing now.
    Wait,
    /// Nothing more ever.
    Eof,
}

/// A phase that packets are read from. None of these look at the break latch, and only `wait` waits.
#[allow(unreachable_pub)] // as above
pub trait Source: Opened {
    /// Hands packets that are there to the closure, at most `max`.
    fn slice<F>(&mut self, max: u64, closure: &mut F) -> Result<Slice>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>;

    /// Makes the next packet the current one, if it is there.
    fn step(&mut self) -> Result<Step>;

    /// The packet of the last step, if that found one.
    fn current(&self) -> Option<Packet<'_>>;

    /// Waits until there may be packets, a break, or the deadline has come; may end early.
    fn wait(&mut self, deadline: Option<Instant>) -> Result<()>;

    /// What `wait` would wait for.
    fn waits_for(&mut self) -> WaitsFor;

    /// Whether `wait` would end at once, by what is there to be read or a break.
    fn is_ready(&self) -> Result<bool>;

    /// How long `dispatch` waits for a first packet, and then takes what is there; `None` if it waits for
    /// all that it was asked for.
    fn patience(&self) -> Option<Duration>;

    /// How long `dispatch` may go on while packets keep coming; `None` for as long as it takes.
    fn longest(&self) -> Option<Duration>;

    /// Installs a filter.
    fn set_filter(&mut self, source: FilterSource<'_>) -> Result<()>;
}
