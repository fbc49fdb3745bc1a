//! Without the feature `remote` no capture is remote, and the compiler knows it.

use std::ops::ControlFlow;

use crate::callback::Dispatched;
use crate::capture::active::Active;
use crate::error::{Error, Result};
use crate::filter::FilterSource;
use crate::packet::Packet;

/// An empty type: there is no remote capture.
#[derive(Debug)]
pub(crate) enum Remote {}

impl Remote {
    pub(super) fn check(&self) -> Result<()> {
        match *self {}
    }

    pub(super) fn only_blocks(&self) -> bool {
        match *self {}
    }

    pub(super) fn may_hold_more(&self) -> bool {
        match *self {}
    }
}

impl Active {
    pub(super) fn dispatch_remote<F>(&mut self, _: u32, _: &mut F) -> Result<Dispatched>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        Err(self.not_remote("read from", ""))
    }

    #[cold]
    pub(super) fn not_remote(&self, operation: &'static str, _: &str) -> Error {
        self.handle.error(crate::sys::PCAP_ERROR, operation)
    }

    pub(super) fn install_remote(&mut self, _: &FilterSource<'_>) -> Result<()> {
        Err(self.not_remote("set a filter on", ""))
    }
}
