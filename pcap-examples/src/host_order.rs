//! Link types whose packets have fields in the byte order of their savefile.

use pcap_core::Linktype;

/// The link types whose packets libpcap converts when it reads a savefile of the other byte order.
const HOST_ORDER: [Linktype; 3] = [
    Linktype::USB_LINUX,
    Linktype::USB_LINUX_MMAPPED,
    Linktype::NFLOG,
];

/// Returns whether packets of this link type have fields in the byte order of their savefile.
#[must_use]
pub fn is_in_host_order(linktype: Linktype) -> bool {
    HOST_ORDER.contains(&linktype)
}
