//! What only Linux has.
//!
//! May import: everything but the crate's root.

mod socket_filter;

pub use socket_filter::SocketFilterExt;

use crate::capture::{Capture, Inactive};

/// Options of a capture that only Linux has.
pub trait CaptureExt: Sized {
    /// Captures only packets of one protocol, by its number in `linux/if_ether.h`, such as
    /// `0x0800` for IPv4: the kernel hands on no others, which is cheaper than a filter. Default: all.
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
}

impl CaptureExt for Capture<Inactive> {
    fn protocol(self, protocol: u16) -> Self {
        self.with_protocol(protocol)
    }
}
