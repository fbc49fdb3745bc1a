//! The connection to the daemon of a remote capture.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::sys::Until;
use crate::sys::platform::{self, RawFd};

/// The connection to a daemon.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Whether libpcap decrypts the packets. Packets may then be available although the socket is not readable.
    tls: bool,
    /// Whether the daemon skips the packets of this capture's own connection.
    pub(super) excludes_connection: bool,
    /// Whether the socket for the packets can be identified.
    pub(super) is_own: bool,
    pub(super) state: State,
    /// Whether the last read found a packet: another one may have been decrypted with it.
    pub(super) more: bool,
}

#[derive(Debug)]
pub(super) enum State {
    /// Opened; the daemon starts capturing at the first read.
    Opened,
    Started {
        /// The socket for the packets, if it is known.
        data: Option<RawFd>,
        /// Whether the daemon runs a filter in which libpcap has combined an expression with skipping the capture's own
        /// packets.
        filters_there: bool,
    },
    /// The capture has ended. Each call returns this error.
    Broken(Error),
}

impl Connection {
    pub(crate) fn new(tls: bool, excludes_connection: bool) -> Connection {
        Connection {
            tls,
            excludes_connection,
            is_own: true,
            state: State::Opened,
            more: false,
        }
    }

    /// Creates the state of a connection that other code has opened and may have read from.
    pub(super) fn foreign() -> Connection {
        Connection {
            is_own: false,
            ..Connection::new(false, false)
        }
    }

    /// Fails if the capture is over.
    pub(super) fn check(&self) -> Result<()> {
        match &self.state {
            State::Broken(error) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Ends the capture with an error, and returns it.
    pub(super) fn broken(&mut self, error: Error) -> Error {
        self.state = State::Broken(error.clone());
        error
    }

    /// Returns whether each read waits inside libpcap.
    pub(super) fn only_blocks(&self) -> bool {
        matches!(self.state, State::Started { data: None, .. })
    }

    /// Returns whether libpcap may have a packet although the socket is not readable.
    pub(super) fn may_hold_more(&self) -> bool {
        self.tls && self.more
    }

    /// Returns whether to read again, after this many packets of the same call.
    pub(super) fn may_read(&self, handle: &Handle, came: u32) -> Result<bool> {
        let fd = match self.state {
            State::Started { data: Some(fd), .. } => fd,
            // A read waits, so do not read again while there are packets to deliver.
            _ => return Ok(came == 0),
        };
        if came == 0 && self.may_hold_more() {
            return Ok(true);
        }
        let ready = platform::wait(None, Some((fd, Until::Readable)), Some(Duration::ZERO))
            .map_err(|e| Error::io("wait on", handle.name.clone(), e))?;
        Ok(ready.descriptor)
    }
}
