//! Link types whose packets have fields in the byte order of their savefile.

use std::path::Path;

use pcap_core::Linktype;
use pcap_core::pcapng::Endian;

use crate::exit::{Failure, Outcome};

/// The link types whose packets libpcap converts when it reads a savefile of the other byte order.
const HOST_ORDER: [Linktype; 3] = [
    Linktype::USB_LINUX,
    Linktype::USB_LINUX_MMAPPED,
    Linktype::NFLOG,
];

/// Checks that a packet can be written to a classic savefile, whose byte order is that of this machine.
///
/// # Errors
///
/// Returns an error if the packet has fields in the other byte order.
#[inline]
pub fn check_classic(input: &Path, number: u64, linktype: Linktype, endian: Endian) -> Outcome {
    if endian == Endian::NATIVE || !is_in_host_order(linktype) {
        return Ok(());
    }
    Err(Failure::Text(format!(
        "cannot write packet {number} of `{}` to a classic savefile: packets of {linktype} have fields in the byte \
         order of their section, which is not that of this machine; write pcapng",
        input.display()
    )))
}

/// Returns whether packets of this link type have fields in the byte order of their savefile.
#[must_use]
pub fn is_in_host_order(linktype: Linktype) -> bool {
    HOST_ORDER.contains(&linktype)
}
