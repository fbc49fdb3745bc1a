//! Stopping a live capture: the inflow ends, and the reads deliver what the buffer holds.

use std::time::{Duration, Instant};

use crate::capture::Capture;
use crate::capture::active::Active;
use crate::capture::active::inflow::Inflow;
use crate::error::Result;
use crate::sys::linux::packet_socket;
use crate::sys::platform;

/// How long beyond the packet-buffer timeout packets may stay unreadable on a loaded machine.
const GRACE: Duration = Duration::from_secs(2);
/// The same, if only the time determines the end.
const SHORT_GRACE: Duration = Duration::from_millis(200);

/// The end condition of a stopped capture.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stopped {
    /// The total number of packets after which the buffer is empty, and the latest end.
    At { handed: u64, latest: Instant },
    /// The buffer is empty when a read finds nothing after the first time. No read starts after the second.
    Between(Instant, Instant),
}

impl Stopped {
    /// Creates the condition for an unknown number of packets.
    fn uncounted(timeout: Duration) -> Stopped {
        let earliest = Instant::now() + timeout + SHORT_GRACE;
        Stopped::Between(earliest, earliest + timeout + GRACE)
    }
}

impl Capture<Active> {
    /// Stops the inflow: the kernel keeps no more packets for this capture. The reading calls then deliver the packets
    /// in the buffer, and report [`End::Eof`](crate::End::Eof) after the last.
    ///
    /// Without this call, packets that arrived before a break or a deadline may stay in the kernel's buffer for up to
    /// the packet-buffer timeout, and are lost on close. Call it when the program should end, and read until `Eof`.
    /// That takes no longer than the packet-buffer timeout, however fast packets arrive. Breaks and deadlines still
    /// work. A stopped capture cannot be restarted; [`stats`](Self::stats) and [`inject`](Self::inject) still work.
    ///
    /// On Linux network interfaces the end is exact: each packet that had arrived is delivered or counted as dropped.
    /// On other devices and systems the inflow continues. There the end is the first read that finds nothing after the
    /// packet-buffer timeout, and twice that timeout at the latest.
    ///
    /// In a [group of captures](crate::os), stop every member: the others do not take over the share of a stopped one.
    ///
    /// # Errors
    ///
    /// The call fails if libpcap does not return the statistics of the device.
    ///
    /// # Examples
    ///
    /// Counts packets until another thread ends the call:
    ///
    /// ```no_run
    /// # fn main() -> pcap_core::Result<()> {
    /// let mut capture = pcap_core::Capture::from_device("eth0").activate()?;
    /// let handle = capture.break_handle();
    /// std::thread::spawn(move || {
    ///     std::thread::sleep(std::time::Duration::from_secs(10));
    ///     handle.breakloop();
    /// });
    /// let mut packets = capture.for_each(|_| ())?.packets();
    /// capture.stop()?;
    /// packets += capture.for_each(|_| ())?.packets();
    /// println!("{packets} packets, {} dropped", capture.stats()?.dropped);
    /// # Ok(()) }
    /// ```
    pub fn stop(&mut self) -> Result<()> {
        self.state.stop()
    }
}

impl Active {
    fn stop(&mut self) -> Result<()> {
        if self.stopped.is_some() {
            return Ok(());
        }
        if let Some(remote) = &self.remote {
            remote.check()?;
        }
        let now = Instant::now();
        let timeout = self.longest_timeout();
        let closed = self
            .inflow
            .is_some()
            .then(|| self.fileno().map(packet_socket::attach_nothing));
        // If the program locked the filter, it cannot be replaced: the inflow continues.
        let closed = matches!(closed, Some(Some(Ok(()))));
        let stopped = match &mut self.inflow {
            Some(inflow) => {
                inflow.is_closed = closed;
                match inflow.counts_exactly() && (!closed || packet_socket::settle()) {
                    // Packets that have arrived come first in any case.
                    true => Stopped::At {
                        handed: self.handle.handed + self.held()?,
                        latest: now + timeout + GRACE,
                    },
                    false => Stopped::uncounted(timeout),
                }
            }
            // Devices that are not network interfaces do not hold packets back for a timeout.
            None if platform::IS_LINUX => Stopped::Between(now, now + timeout),
            _ => Stopped::Between(now + timeout, now + timeout + timeout),
        };
        self.stopped = Some(stopped);
        Ok(())
    }

    /// Adapts the end to a changed direction: libpcap may skip packets that were counted.
    pub(super) fn direction_changed(&mut self) {
        let is_exact = self.inflow.as_ref().is_some_and(Inflow::counts_exactly);
        if let (Some(Stopped::At { .. }), false) = (self.stopped, is_exact) {
            self.stopped = Some(Stopped::uncounted(self.longest_timeout()));
        }
    }

    /// Returns the packet-buffer timeout, limited to what the clock can represent.
    fn longest_timeout(&self) -> Duration {
        self.timeout.min(Duration::from_secs(3600))
    }

    /// Returns whether a stopped capture is over before a read, even if there is something to read.
    pub(super) fn is_over(&self) -> bool {
        match self.stopped {
            None => false,
            // There are no more than these, however long the program takes to read them.
            Some(Stopped::At { handed, .. }) => self.handle.handed >= handed,
            Some(Stopped::Between(_, latest)) => latest <= Instant::now(),
        }
    }

    /// Returns whether a stopped capture is over after a read that found nothing.
    pub(super) fn is_empty(&self) -> bool {
        match self.stopped {
            Some(Stopped::Between(earliest, _)) if earliest <= Instant::now() => true,
            Some(Stopped::At { latest, .. }) if latest <= Instant::now() => true,
            _ => self.is_over(),
        }
    }

    /// Returns how long a stopped capture may wait before it checks for its end again.
    pub(super) fn until_over(&self) -> Option<Duration> {
        let next = match self.stopped? {
            Stopped::At { latest, .. } => latest,
            Stopped::Between(earliest, latest) => match earliest <= Instant::now() {
                true => latest,
                false => earliest,
            },
        };
        Some(next.saturating_duration_since(Instant::now()))
    }
}
