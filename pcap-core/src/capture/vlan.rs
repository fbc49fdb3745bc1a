//! The outer VLAN tag of a packet. Linux removes it before a filter sees the packet, and libpcap inserts it afterwards.
//! A filter that runs in this process must not see it either. Otherwise the meaning of a filter would depend on whether
//! it is short enough for the kernel.

use crate::filter::{AsksForTags, Filter};
use crate::linktype::Dlt;
use crate::packet::Packet;
use crate::sys::platform;

const TAG: usize = 4;
/// The types of tags that Linux removes: 802.1Q and 802.1ad.
const TYPES: [[u8; 2]; 2] = [[0x81, 0x00], [0x88, 0xa8]];

/// Runs a filter on packets as the kernel would.
///
/// A tag that a program on this host wrote into a sent packet is removed here, although the kernel does not remove it:
/// nothing in the packet tells the two apart.
#[derive(Debug, Default)]
pub(crate) struct Untagged {
    /// The position at which libpcap inserts tags, if the filter must not see them.
    at: Option<usize>,
    /// The filter's program, if it tests the tag that the kernel has removed from the packet.
    asks: Option<AsksForTags>,
    bytes: Vec<u8>,
}

impl Untagged {
    pub(crate) fn new(filter: &Filter, datalink: Dlt) -> Untagged {
        let asks = AsksForTags::new(filter);
        // This process evaluates no other kernel extensions, unless the filter is also compiled for plain bytes.
        if !platform::IS_LINUX || asks.is_none() && filter.uses_kernel_extensions() {
            return Untagged::default();
        }
        Untagged {
            asks,
            ..Untagged::elsewhere(datalink)
        }
    }

    /// Creates the view for packets of another host that runs Linux.
    pub(crate) fn elsewhere(datalink: Dlt) -> Untagged {
        let at = match datalink {
            Dlt::EN10MB => Some(12),
            Dlt::LINUX_SLL => Some(14),
            _ => None,
        };
        Untagged {
            at,
            ..Untagged::default()
        }
    }

    /// Returns whether the filter accepts a packet of another host, which may or may not run Linux.
    #[cfg(feature = "remote")]
    pub(crate) fn either_matches(&mut self, filter: &Filter, packet: Packet<'_>) -> bool {
        filter.matches_packet(packet) || self.at.is_some() && self.run(filter, packet) != 0
    }

    /// Runs the filter on a packet that libpcap delivered. Returns the number of bytes to deliver, 0 if the packet does
    /// not pass.
    pub(crate) fn run(&mut self, filter: &Filter, packet: Packet<'_>) -> u32 {
        let data = packet.data();
        let parts = self
            .at
            .and_then(|at| Some((data.get(..at)?, data.get(at + TAG..)?)));
        match parts {
            Some((before, behind)) if TYPES.iter().any(|t| data[before.len()..].starts_with(t)) => {
                self.bytes.clear();
                self.bytes.extend_from_slice(before);
                self.bytes.extend_from_slice(behind);
                let length = packet.wire_len().saturating_sub(TAG as u32);
                match &mut self.asks {
                    Some(asks) => {
                        let tag = data[before.len() + 2..].first_chunk();
                        asks.run(&self.bytes, length, tag.map(|tag| u16::from_be_bytes(*tag)))
                    }
                    None => filter.run(&self.bytes, length),
                }
            }
            _ => match &mut self.asks {
                Some(asks) => asks.run(data, packet.wire_len(), None),
                None => filter.run(data, packet.wire_len()),
            },
        }
    }
}
