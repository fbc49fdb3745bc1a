//! What only Linux has.

mod fanout;
mod socket_filter;

pub use fanout::{Fanout, FanoutGroup, FanoutMode, FanoutOutcome};
pub use socket_filter::SocketFilterExt;

pub use crate::capture::Sender;

use crate::capture::{Active, Capture, Inactive};
use crate::error::Result;

/// Options of a capture that only Linux has.
pub trait CaptureExt: Sized {
    /// Captures only packets of one protocol, by its number in `linux/if_ether.h`, such as
    /// `0x0800` for IPv4: the kernel hands on no others, which is cheaper than a filter. 0 is the default: all.
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
    /// Manual page: [`pcap_set_protocol_linux(3PCAP)`](https://www.tcpdump.org/manpages/pcap_set_protocol_linux.3pcap.html).
    #[doc(alias = "pcap_set_protocol_linux")]
    #[must_use]
    fn protocol(self, protocol: u16) -> Self;

    /// Whether what the capture sends goes past the queueing discipline (`tc(8)`), straight to the
    /// device's driver. Default: no. Linux 3.14 or newer.
    ///
    /// That costs less for each packet, and is meant for making load. What is different then:
    ///
    /// - No traffic control, rate limit or `clsact` egress filter of the device sees the packets, and
    ///   other captures on the same device do not see them either. The other end of the wire does.
    /// - There is no queue but the driver's. When that is full, or the device has no carrier, the
    ///   kernel throws the packet away, counts it as dropped by the device, and answers `ENOBUFS`.
    ///   [`inject`](Capture::inject) and [`inject_queue`](Capture::inject_queue) then send the same packet
    ///   again a millisecond later, until it is taken. After a second of that they fail, as a device without a
    ///   carrier makes them.
    ///
    /// A capture that sends through no packet socket of one network interface, such as `any`, is not
    /// activated with it: [`Unsupported`](crate::ErrorKind::Unsupported).
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
    /// Manual page: [`packet(7)`](https://man7.org/linux/man-pages/man7/packet.7.html).
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
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) if the capture does not send through a packet socket of one
    ///   network interface: on `any`, `nflog` and other devices that are none, and on remote captures. There
    ///   [`inject`](Capture::inject) sends from the thread that has the capture.
    /// - [`Io`](crate::ErrorKind::Io) if there are no descriptors left.
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
    /// Manual page: [`pcap_inject(3PCAP)`](https://www.tcpdump.org/manpages/pcap_inject.3pcap.html).
    fn sender(&self) -> Result<Sender>;
}

impl SenderExt for Capture<Active> {
    fn sender(&self) -> Result<Sender> {
        self.open_sender()
    }
}
