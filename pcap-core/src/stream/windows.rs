//! Wakes tasks of any runtime, on Windows, from the set's own thread.

use std::io;
use std::task::{Context, Poll};

use crate::sys::waitset::WaitSet;

/// A set that wakes by itself.
#[derive(Debug)]
pub(super) struct Registration(WaitSet);

impl Registration {
    #[allow(clippy::unnecessary_wraps)] // as on Unix
    pub(super) fn new(set: WaitSet) -> io::Result<Registration> {
        Ok(Registration(set))
    }

    pub(super) fn set(&self) -> &WaitSet {
        &self.0
    }

    pub(super) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll(cx)
    }
}
