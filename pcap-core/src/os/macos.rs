//! Extensions specific to macOS and Apple's other systems.

use crate::capture::{Capture, Inactive};

/// Options of a capture that are specific to Apple's systems.
pub trait CaptureExt: Sized {
    /// Sets whether the capture delivers packets with the link type `DLT_PKTAP`, whose headers name the interface and
    /// the process of each packet. Default: off.
    ///
    /// The option works on the `pktap` and `any` devices, with the libpcap that is part of macOS. With any other
    /// libpcap, activation fails with [`Unsupported`](crate::ErrorKind::Unsupported).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use pcap_core::{Capture, os::macos::CaptureExt};
    ///
    /// let capture = Capture::from_device("pktap").want_pktap(true).activate()?;
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[must_use]
    fn want_pktap(self, on: bool) -> Self;
}

impl CaptureExt for Capture<Inactive> {
    fn want_pktap(self, on: bool) -> Self {
        self.with_pktap(on)
    }
}
