//! Wakes tasks through async-io's reactor, on Unix.

use std::io;
use std::task::{Context, Poll};

use async_io::Async;

use crate::sys::waitset::WaitSet;

/// A set that the reactor watches.
#[derive(Debug)]
pub(super) struct Registration(Async<WaitSet>);

impl Registration {
    pub(super) fn new(set: WaitSet) -> io::Result<Registration> {
        // Nothing is read from it.
        Ok(Registration(Async::new_nonblocking(set)?))
    }

    pub(super) fn set(&self) -> &WaitSet {
        self.0.get_ref()
    }

    pub(super) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_readable(cx)
    }
}
