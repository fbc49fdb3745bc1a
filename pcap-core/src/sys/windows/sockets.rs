//! Sockets of remote captures on Windows: they cannot be identified there, so reads block inside
//! libpcap.

use crate::sys::platform::RawFd;

/// No socket is too high: `select` takes a list of them.
pub(crate) const TOO_HIGH: RawFd = RawFd::MAX;

/// The sockets that were open at one moment: none is known.
#[derive(Debug)]
pub(crate) struct Sockets;

/// A socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Socket {
    pub(crate) fd: RawFd,
}

impl Sockets {
    /// Returns the sockets that are open now.
    pub(crate) fn snapshot() -> Sockets {
        Sockets
    }

    /// Returns the sockets that were not open before.
    #[allow(clippy::unused_self)] // as on Unix
    pub(crate) fn since(&self, _: &Sockets) -> Vec<Socket> {
        Vec::new()
    }
}

/// Returns the only socket, if there is no doubt which it is.
pub(crate) fn only(_: &[Socket]) -> Option<RawFd> {
    None
}
