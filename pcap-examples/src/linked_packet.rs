//! A packet with its link type and, in a pcapng savefile, its origin.

use pcap_core::{Dlt, Packet, Timestamp};

use crate::packet_origin::PacketOrigin;

/// A packet, and what is needed to decode and print it.
#[derive(Clone, Copy, Debug)]
pub struct LinkedPacket<'a> {
    /// The link type of its interface.
    pub linktype: Dlt,
    /// The packet.
    pub packet: Packet<'a>,
    /// Where it is in a pcapng savefile.
    pub origin: Option<&'a PacketOrigin<'a>>,
}

impl<'a> LinkedPacket<'a> {
    /// Returns a packet that is not from a pcapng savefile.
    #[must_use]
    pub fn new(linktype: Dlt, packet: Packet<'a>) -> LinkedPacket<'a> {
        LinkedPacket {
            linktype,
            packet,
            origin: None,
        }
    }

    /// Returns when the packet was captured. Packets of pcapng savefiles may have no time.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        let has_time = self.origin.is_none_or(PacketOrigin::has_time);
        has_time.then(|| self.packet.timestamp())
    }
}
