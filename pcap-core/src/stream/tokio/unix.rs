//! Wakes tasks through tokio's reactor, on Unix.

use std::io;
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::sys::waitset::WaitSet;

/// A set that the reactor watches.
#[derive(Debug)]
pub(super) struct Registration(AsyncFd<WaitSet>);

impl Registration {
    pub(super) fn new(set: WaitSet) -> io::Result<Registration> {
        // SAFETY: a set keeps the same descriptor, and closes it when it is dropped.
        let registered = unsafe { AsyncFd::register_with_interest(set, Interest::READABLE) };
        Ok(Registration(registered?))
    }

    pub(super) fn set(&self) -> &WaitSet {
        self.0.get_ref()
    }

    pub(super) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut ready = ready!(self.0.poll_read_ready(cx))?;
        // Before the packets are read: a later one makes it ready again.
        ready.clear_ready();
        Poll::Ready(Ok(()))
    }
}
