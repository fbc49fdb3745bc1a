//! The end of a capture: breaks, and the end of the inflow.

use crate::breakloop::BreakHandle;
use crate::capture::outcome::End;
use crate::capture::{Capture, Live, Readable};
use crate::error::Result;
use crate::stats::Stats;

/// # Stopping
impl<S: Readable> Capture<S> {
    /// Returns a handle that ends this capture's reading calls from another thread, a signal handler or a closure.
    #[must_use]
    pub fn break_handle(&self) -> BreakHandle {
        self.state.handle().break_handle()
    }

    /// Returns why the last reading call found no more packets.
    ///
    /// `None` before the first call, and if the last one returned for another reason.
    #[must_use]
    pub fn ended(&self) -> Option<End> {
        self.ended
    }
}

/// # Stopping a live capture
impl<S: Live> Capture<S> {
    /// Stops the inflow: the kernel keeps no more packets for this capture. The reading calls then deliver the packets
    /// in the buffer, and report [`End::Eof`](crate::End::Eof) after the last.
    ///
    /// Without this call, packets that arrived before a break or a deadline may stay in the kernel's buffer for up to
    /// the packet-buffer timeout, and are lost on close. Call it when the program should end, and read until `Eof`.
    /// That takes no longer than the packet-buffer timeout, however fast packets arrive. Breaks and deadlines still
    /// work. A stopped capture cannot be restarted; [`stats`](Self::stats) and [`inject`](Capture::inject) still work.
    ///
    /// On Linux network interfaces the end is exact: each packet that had arrived is delivered or counted as dropped.
    /// On other devices and systems, and on other hosts, the inflow continues. There the end is the first read that
    /// finds nothing after the packet-buffer timeout, and twice that timeout at the latest.
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
        if self.state.live().stopped.is_some() {
            return Ok(());
        }
        let stopped = self.state.stop()?;
        self.state.live_mut().stopped = Some(stopped);
        Ok(())
    }

    /// Closes the capture and returns its final statistics.
    ///
    /// # Errors
    ///
    /// Those of [`stats`](Self::stats). The capture is closed in any case.
    #[doc(alias = "pcap_close")]
    pub fn close(self) -> Result<Stats> {
        self.state.stats()
    }
}
