//! The end of a live capture: nothing more gets in, and what is in the buffer is delivered.

use std::time::{Duration, Instant};

use crate::capture::Capture;
use crate::capture::active::Active;
use crate::capture::active::inflow::Inflow;
use crate::error::Result;
use crate::sys::linux::packet_socket;
use crate::sys::platform;

/// How much longer than the packet-buffer timeout packets may stay unreadable on a loaded machine.
const GRACE: Duration = Duration::from_secs(2);
/// The same, where the end is known by nothing but this time.
const SHORT_GRACE: Duration = Duration::from_millis(200);

/// What is left of a stopped capture.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stopped {
    /// The packets that libpcap has handed over when the buffer is empty. It does not last beyond the time.
    At { handed: u64, latest: Instant },
    /// The buffer is empty when a read finds nothing after the first of these times, and is not read beyond the
    /// second.
    Between(Instant, Instant),
}

impl Stopped {
    /// Where it is not known how many packets libpcap will hand over.
    fn uncounted(timeout: Duration) -> Stopped {
        let earliest = Instant::now() + timeout + SHORT_GRACE;
        Stopped::Between(earliest, earliest + timeout + GRACE)
    }
}

impl Capture<Active> {
    /// Stops the inflow: the kernel keeps no more packets for this capture. The reading calls then deliver the
    /// packets that are in the buffer, and report [`End::Eof`](crate::End::Eof) after the last.
    ///
    /// Without it, packets that have arrived before a break or a deadline stay in the kernel's buffer, for up to the
    /// packet-buffer timeout, and are lost when the capture is closed. Call it when a program is asked to end, and
    /// read to the end. This takes no longer than the packet-buffer timeout, however fast packets arrive. Breaks and
    /// deadlines hold there, too. A capture cannot be started again; [`stats`](Self::stats) and
    /// [`inject`](Self::inject) still work.
    ///
    /// On Linux network interfaces the end is exact: each packet that had arrived is delivered or counted as dropped.
    /// On other devices and systems the inflow goes on, and the end is reported at the first read that finds nothing
    /// after the packet-buffer timeout, and twice that time at the latest.
    ///
    /// Of a [group of captures](crate::os) each member is stopped by itself, and the others do not get its share: stop
    /// all of them.
    ///
    /// # Errors
    ///
    /// If libpcap does not give the statistics of the device.
    ///
    /// # Examples
    ///
    /// Count packets until another thread says that it is enough:
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
        // A filter that was locked by the program cannot be exchanged: the inflow goes on.
        let closed = matches!(closed, Some(Some(Ok(()))));
        let stopped = match &mut self.inflow {
            Some(inflow) => {
                inflow.is_closed = closed;
                match inflow.counts_exactly() && (!closed || packet_socket::settle()) {
                    // What has arrived comes first, in any case.
                    true => Stopped::At {
                        handed: self.handle.handed + self.held()?,
                        latest: now + timeout + GRACE,
                    },
                    false => Stopped::uncounted(timeout),
                }
            }
            // Devices that are not network interfaces have no buffer in which packets wait for a timeout.
            None if platform::IS_LINUX => Stopped::Between(now, now + timeout),
            _ => Stopped::Between(now + timeout, now + timeout + timeout),
        };
        self.stopped = Some(stopped);
        Ok(())
    }

    /// After the direction has changed: libpcap may leave out packets that were counted.
    pub(super) fn direction_changed(&mut self) {
        let is_exact = self.inflow.as_ref().is_some_and(Inflow::counts_exactly);
        if let (Some(Stopped::At { .. }), false) = (self.stopped, is_exact) {
            self.stopped = Some(Stopped::uncounted(self.longest_timeout()));
        }
    }

    /// The packet-buffer timeout, as far as the clock can count.
    fn longest_timeout(&self) -> Duration {
        self.timeout.min(Duration::from_secs(3600))
    }

    /// Before a read: whether a stopped capture is over, whatever there is to read.
    pub(super) fn is_over(&self) -> bool {
        match self.stopped {
            None => false,
            // However long the program takes to read them: there are no more than these.
            Some(Stopped::At { handed, .. }) => self.handle.handed >= handed,
            Some(Stopped::Between(_, latest)) => latest <= Instant::now(),
        }
    }

    /// After a read that found nothing: whether a stopped capture is over.
    pub(super) fn is_empty(&self) -> bool {
        match self.stopped {
            Some(Stopped::Between(earliest, _)) if earliest <= Instant::now() => true,
            Some(Stopped::At { latest, .. }) if latest <= Instant::now() => true,
            _ => self.is_over(),
        }
    }

    /// How long a stopped capture may wait before it looks again whether it is over.
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
