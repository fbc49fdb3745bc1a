//! Whether an outcome of this crate agrees with libpcap's.
//!
//! Classic savefiles must have the same packets, end and error text. This crate parses the blocks of pcapng itself: its
//! errors have texts of their own, and it reads on where libpcap cannot.

use std::borrow::Cow;

use super::{Outcome, Raw};

/// The beginnings of libpcap's errors after which this crate may read on.
const BEYOND: [&str; 4] = [
    "an interface has a snapshot length ",
    "pcapng block size ",
    "the file has sections with different byte orders",
    "Section Header Block in pcapng dump file has invalid length ",
];

/// Returns whether two outcomes of reading these bytes agree.
pub(crate) fn agree(ours: &Outcome, theirs: &Outcome, bytes: &[u8]) -> bool {
    if !bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
        return ours == theirs;
    }
    let packets = as_by_libpcap(&ours.packets);
    let reads_on = theirs
        .error
        .as_ref()
        .is_some_and(|error| BEYOND.iter().any(|start| error.starts_with(start)));
    if reads_on {
        return packets.starts_with(&theirs.packets);
    }
    // libpcap's 64 bits overflow.
    let exceeds = |error: &String| error.contains("exceeds 64 bits of seconds");
    if ours.error.as_ref().is_some_and(exceeds) {
        return theirs.packets.starts_with(&packets);
    }
    packets == theirs.packets
        && ours.refused == theirs.refused
        && same_error(ours.error.as_deref(), theirs.error.as_deref())
}

/// Returns packets of a pcapng savefile with the seconds that libpcap has: if C's have 32 bits, no more of them.
fn as_by_libpcap(packets: &[Raw]) -> Cow<'_, [Raw]> {
    if size_of::<pcap_sys::timeval>() == 16 {
        return packets.into();
    }
    let mut packets = packets.to_vec();
    for ((secs, _), ..) in &mut packets {
        *secs &= i64::from(u32::MAX);
    }
    packets.into()
}

/// Returns whether errors agree: both are none, or both are some. A file that this crate calls truncated is truncated for
/// libpcap as well. The reverse may differ: this crate checks a block's first numbers before it reads the rest.
pub(crate) fn same_error(ours: Option<&str>, theirs: Option<&str>) -> bool {
    match (ours, theirs) {
        (None, None) => true,
        (Some(ours), Some(theirs)) if ours.contains("truncated") => {
            // For libpcap, a file that ends in the first numbers of a section header has another format.
            theirs.contains("truncated") || theirs == "unknown file format"
        }
        (Some(_), Some(_)) => true,
        _ => false,
    }
}
