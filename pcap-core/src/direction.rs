//! The direction of the packets to capture.
//!
//! May import: `ffi`.

use crate::ffi;

/// Which packets to capture: those received by the device, those sent by it, or both.
///
/// Manual page: [`pcap_setdirection(3PCAP)`](https://www.tcpdump.org/manpages/pcap_setdirection.3pcap.html).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Received and sent.
    #[default]
    InOut,
    /// Only received.
    In,
    /// Only sent.
    Out,
}

impl Direction {
    pub(crate) fn to_raw(self) -> ffi::pcap_direction_t {
        match self {
            Direction::InOut => ffi::PCAP_D_INOUT,
            Direction::In => ffi::PCAP_D_IN,
            Direction::Out => ffi::PCAP_D_OUT,
        }
    }
}
