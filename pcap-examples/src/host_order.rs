//! Link types whose packets have fields in the byte order of their savefile.

use std::path::Path;

use pcap_core::Linktype;
use pcap_core::pcapng::{Endian, PacketBlock};

use crate::exit::{Failure, Outcome};

/// The link types of such packets.
pub const HOST_ORDER: [Linktype; 3] = [
    Linktype::USB_LINUX,
    Linktype::USB_LINUX_MMAPPED,
    Linktype::NFLOG,
];

/// Checks that a classic savefile, which has the byte order of this system, can have a packet of a pcapng savefile.
/// `number` is its number in the input.
///
/// # Errors
///
/// Returns an error if the packet has fields in the other byte order.
#[inline]
pub fn check(packet: &PacketBlock<'_>, number: u64, input: &Path, output: &Path) -> Outcome {
    let is_native = packet.as_raw().endian() == Endian::NATIVE;
    if is_native || !HOST_ORDER.contains(&packet.linktype()) {
        return Ok(());
    }
    let (linktype, input, output) = (packet.linktype(), input.display(), output.display());
    Err(Failure::Text(format!(
        "cannot write packet {number} of `{input}` to `{output}`: packets of link type {linktype} have another byte \
         order there; write pcapng to keep it"
    )))
}
