//! The sockets of remote captures on Windows. They cannot be identified there, so reads wait inside libpcap.

use crate::sys::platform::RawFd;

/// No socket is too high, because `select` accepts a list of sockets on Windows.
pub(crate) const TOO_HIGH: RawFd = RawFd::MAX;

/// The sockets that were open at one moment, none of which can be determined.
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

/// Returns `None`: no socket can be identified.
pub(crate) fn only(_: &[Socket]) -> Option<RawFd> {
    None
}
