//! Linux-specific extensions.

mod fanout;
#[cfg(doctest)]
mod removed;
mod socket_filter;

pub use fanout::{Fanout, FanoutGroup, FanoutMode, FanoutOutcome};
pub use socket_filter::SocketFilterExt;

pub use crate::capture::Sender;

use crate::capture::{Active, Capture, Inactive};
use crate::error::Result;

/// Linux-specific options of a capture.
pub trait CaptureExt: Sized {
    /// Sets the protocol to capture, by its number in `linux/if_ether.h`, such as `0x0800` for IPv4. The kernel
    /// delivers no other packets, which is cheaper than a filter. Default: 0, all protocols.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::{Capture, os::linux::CaptureExt};
    ///
    /// let capture = Capture::from_device("eth0").protocol(0x88cc).activate()?; // LLDP
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    #[doc = manual!("pcap_set_protocol_linux")]
    ///
    #[doc(alias = "pcap_set_protocol_linux")]
    #[must_use]
    fn protocol(self, protocol: u16) -> Self;

    /// Sets whether sent packets bypass the queueing discipline (`tc(8)`) and go straight to the device's driver.
    /// Default: no. Linux 3.14 or newer.
    ///
    /// This is cheaper per packet, and meant for load generation. The differences:
    ///
    /// - No traffic control, rate limit or `clsact` egress filter of the device sees the packets. Other captures on the
    ///   same device do not see them either; the other end of the wire does.
    /// - There is no queue but the driver's. If that is full, or the device has no carrier, the kernel drops the
    ///   packet, counts the drop at the device, and returns `ENOBUFS`. [`inject`](Capture::inject) and
    ///   [`inject_queue`](Capture::inject_queue) then try the same packet every millisecond until it is sent. They fail
    ///   after a second of drops, as on a device without a carrier.
    ///
    /// The activation fails with [`Unsupported`](crate::ErrorKind::Unsupported) if the capture has no packet socket
    /// bound to one network interface, such as `any`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::{Capture, os::linux::CaptureExt};
    ///
    /// let capture = Capture::from_device("eth0").qdisc_bypass(true).activate()?;
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    #[doc = manual!(linux 7 "packet")]
    ///
    #[must_use]
    fn qdisc_bypass(self, on: bool) -> Self;
}

impl CaptureExt for Capture<Inactive> {
    fn protocol(self, protocol: u16) -> Self {
        self.with_protocol(protocol)
    }

    fn qdisc_bypass(self, on: bool) -> Self {
        self.with_qdisc_bypass(on)
    }
}

/// Sending on a device while another thread captures on it.
pub trait SenderExt {
    /// Opens a [`Sender`], which sends on the device of this capture from another thread.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) if the capture has no packet socket bound to one network
    ///   interface: on `any`, `nflog` and other devices that are not interfaces, and on remote captures. There,
    ///   [`inject`](Capture::inject) sends from the thread that owns the capture.
    /// - [`Io`](crate::ErrorKind::Io) if there are no file descriptors left.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::{Capture, os::linux::SenderExt};
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let capture = Capture::from_device("eth0").activate()?;
    /// let sender = capture.sender()?;
    /// assert_eq!(sender.inject(&[0xff; 60])?, 60);
    /// # Ok(()) }
    /// ```
    ///
    #[doc = manual!("pcap_inject")]
    ///
    fn sender(&self) -> Result<Sender>;
}

impl SenderExt for Capture<Active> {
    fn sender(&self) -> Result<Sender> {
        self.open_sender()
    }
}
