//! The calls that end a capture: breaks, `stop` and `close`.

use crate::breakloop::BreakHandle;
use crate::capture::outcome::End;
use crate::capture::{Capture, Live, Readable};
use crate::error::Result;
use crate::stats::Stats;

/// # Stopping
impl<S: Readable> Capture<S> {
    /// Returns a handle that interrupts the reading and sending calls of this capture, from another thread, a signal
    /// handler or a closure.
    #[must_use]
    pub fn break_handle(&self) -> BreakHandle {
        self.state.handle().break_handle()
    }

    /// Returns why the last reading call reported that there are no more packets.
    ///
    /// Returns `None` before the first reading call, and if the last one returned for another reason.
    #[must_use]
    pub fn ended(&self) -> Option<End> {
        self.ended
    }
}

/// # Stopping a live capture
impl<S: Live> Capture<S> {
    /// Stops receiving packets: the kernel adds no more packets to the buffer of this capture. The reading calls then
    /// deliver the packets in the buffer, and report [`End::Eof`](crate::End::Eof) after the last one.
    ///
    /// Without this call, packets that arrived before a break or a timeout may stay in the kernel's buffer for up to
    /// the packet-buffer timeout, and are lost when the capture is closed. To end a program without losing packets,
    /// call `stop` and read until `Eof`. Breaks, timeouts, [`stats`](Self::stats) and [`inject`](Capture::inject)
    /// still work. A stopped capture cannot be restarted.
    ///
    /// On Linux network interfaces, the end is exact: each packet that has arrived before this call is delivered or
    /// counted as dropped. `Eof` normally follows within the packet-buffer timeout, however fast packets arrive.
    ///
    /// On other systems and on other hosts, the capture continues to receive packets. `Eof` is then reported by the
    /// first read that finds no packet after the packet-buffer timeout has passed, and after twice that timeout at the
    /// latest. On other devices of Linux, it is reported by the first read that finds no packet, and after the
    /// packet-buffer timeout at the latest.
    ///
    /// In a [group of captures](crate::os), stop every member, because the others do not take over the packets of a
    /// stopped one.
    ///
    /// # Errors
    ///
    /// The call fails if libpcap cannot read the statistics of the device, or if the connection to another host has
    /// failed.
    ///
    /// # Examples
    ///
    /// Counts packets until another thread ends the call, including those that are still in the buffer:
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
