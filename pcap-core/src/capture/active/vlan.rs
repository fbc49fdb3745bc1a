//! The outer VLAN tag of a packet: Linux takes it out before a filter sees the packet, and libpcap puts
//! it back in afterwards. A filter that the kernel does not take must not see it here either, or a
//! list would mean another thing from some length on.

use crate::filter::{AsksForTags, Filter};
use crate::linktype::Dlt;
use crate::packet::Packet;
use crate::sys::platform;

const TAG: usize = 4;
/// The types of tags that Linux takes out: those of 802.1Q and 802.1ad.
const TYPES: [[u8; 2]; 2] = [[0x81, 0x00], [0x88, 0xa8]];

/// Runs a filter on packets as the kernel would have.
///
/// A tag that a program on this host wrote into a packet that it sends is taken out here, although the
/// kernel leaves it in: the packet does not tell.
#[derive(Debug, Default)]
pub(super) struct Untagged {
    /// Where libpcap puts tags in, if the filter is one that is not to see them.
    at: Option<usize>,
    /// The filter's program, if it asks for the tag that is not in the packet.
    asks: Option<AsksForTags>,
    bytes: Vec<u8>,
}

impl Untagged {
    pub(super) fn new(filter: &Filter, datalink: Dlt) -> Untagged {
        let asks = AsksForTags::new(filter);
        // What asks for something else is not run here, unless it is compiled for plain bytes as well.
        if !platform::IS_LINUX || asks.is_none() && filter.uses_kernel_extensions() {
            return Untagged::default();
        }
        Untagged {
            asks,
            ..Untagged::elsewhere(datalink)
        }
    }

    /// For packets of another host, if that is one with Linux.
    pub(super) fn elsewhere(datalink: Dlt) -> Untagged {
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

    /// Whether the filter takes a packet of another host, which may have Linux or not.
    #[cfg(feature = "remote")]
    pub(super) fn either_matches(&mut self, filter: &Filter, packet: Packet<'_>) -> bool {
        filter.matches_packet(packet) || self.at.is_some() && self.run(filter, packet) != 0
    }

    /// Runs the filter on a packet that libpcap delivered: how many bytes of it are wanted, 0 if it does not pass.
    pub(super) fn run(&mut self, filter: &Filter, packet: Packet<'_>) -> u32 {
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
