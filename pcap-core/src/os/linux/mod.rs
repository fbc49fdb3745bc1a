//! Linux-specific extensions.

mod fanout;
mod privileges;
#[cfg(doctest)]
mod removed;
mod socket_filter;
mod user;

pub use fanout::{Fanout, FanoutGroup, FanoutMode, FanoutOutcome};
pub use privileges::drop_privileges;
pub use socket_filter::SocketFilterExt;
pub use user::User;

pub use crate::capture::Sender;

use crate::capture::{Active, Capture, Inactive};
use crate::error::Result;

/// Linux-specific options of a capture.
pub trait CaptureExt: Sized {
    /// Sets the protocol to capture, by its number in `linux/if_ether.h`, such as `0x0800` for IPv4. Default: 0, which
    /// means all protocols.
    ///
    /// The kernel delivers only packets of this protocol. This takes less time than a filter.
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

    /// Sets whether sent packets bypass the queueing discipline (`tc(8)`), so that the kernel passes them directly to
    /// the device's driver. Default: off. Requires Linux 3.14 or newer.
    ///
    /// This takes less time per packet, and is meant for load generation. It has these effects:
    ///
    /// - No traffic control, rate limit or `clsact` egress filter of the device sees the packets. Other captures on the
    ///   same device do not see them either; the other end of the wire does.
    /// - The driver's queue is the only one. If it is full, or if the device has no carrier, the kernel drops the
    ///   packet, counts the drop at the device, and returns `ENOBUFS`. [`inject`](Capture::inject) and
    ///   [`inject_queue`](Capture::inject_queue) then try the same packet every millisecond until it is sent. If the
    ///   device drops every packet, for example because it has no carrier, they fail after a second.
    ///
    /// Activation fails with [`Unsupported`](crate::ErrorKind::Unsupported) if the capture has no packet socket that is
    /// bound to one network interface, as on the `any` device.
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

/// Creates senders, which send packets on a device while another thread captures on it.
pub trait SenderExt {
    /// Creates a [`Sender`], which sends packets on the device of this capture from any thread.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) if the capture has no packet socket that is bound to one
    ///   network interface, as on `any`, `nflog` and other devices that are not network interfaces. On devices that can
    ///   send, [`inject`](Capture::inject) still sends from the thread that owns the capture.
    /// - [`Io`](crate::ErrorKind::Io) if the process has no file descriptor left.
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
