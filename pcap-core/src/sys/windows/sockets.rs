//! Sockets of remote captures on Windows: they cannot be told from others there, so that reads wait inside libpcap.

use crate::sys::platform::RawFd;

/// No socket is too high: `select` takes them by list.
pub(crate) const TOO_HIGH: RawFd = RawFd::MAX;

/// The sockets that were open at some moment: none is known.
#[derive(Debug)]
pub(crate) struct Sockets;

/// A socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Socket {
    pub(crate) fd: RawFd,
}

impl Sockets {
    /// Those that are open now.
    pub(crate) fn now() -> Sockets {
        Sockets
    }

    /// Those that were not there before.
    #[allow(clippy::unused_self)] // as on Unix
    pub(crate) fn since(&self, _: &Sockets) -> Vec<Socket> {
        Vec::new()
    }
}

/// The one socket among them, if there is no doubt which.
pub(crate) fn only(_: &[Socket]) -> Option<RawFd> {
    None
}
