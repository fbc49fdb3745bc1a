//! Stopping a capture on a device of this host.

use std::time::Duration;

use crate::capture::active::Active;
use crate::capture::active::socket_filter::SocketFilter;
use crate::capture::live::Stopped;
use crate::error::Result;
use crate::sys::linux::packet_socket;
use crate::sys::platform;

impl Active {
    /// Makes the kernel deliver no more packets, and returns the condition for the end of the capture.
    pub(super) fn stop_receiving(&mut self) -> Result<Stopped> {
        let timeout = self.live.longest_timeout();
        let closed = self
            .socket_filter
            .is_some()
            .then(|| self.fileno().map(packet_socket::attach_nothing));
        // If the program has locked the filter, it cannot be replaced, and packets continue to arrive.
        let closed = matches!(closed, Some(Some(Ok(()))));
        Ok(match &mut self.socket_filter {
            Some(socket_filter) => {
                socket_filter.is_closed = closed;
                match socket_filter.counts_exactly() && (!closed || packet_socket::settle()) {
                    // Packets that have already arrived are delivered first in either case.
                    true => Stopped::at(self.live.handle.handed + self.held()?, timeout),
                    false => Stopped::uncounted(timeout),
                }
            }
            // Devices that are not network interfaces do not hold packets back for a timeout.
            None if platform::IS_LINUX => Stopped::between(Duration::ZERO, timeout),
            None => Stopped::between(timeout, timeout + timeout),
        })
    }

    /// Adapts the end condition to a changed direction, because libpcap may skip packets that were counted.
    pub(super) fn direction_changed(&mut self) {
        let is_exact = self
            .socket_filter
            .as_ref()
            .is_some_and(SocketFilter::counts_exactly);
        if let (Some(Stopped::At { .. }), false) = (self.live.stopped, is_exact) {
            self.live.stopped = Some(Stopped::uncounted(self.live.longest_timeout()));
        }
    }
}
