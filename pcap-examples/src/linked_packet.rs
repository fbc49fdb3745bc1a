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
    /// Whether it is known when the packet was captured.
    has_time: bool,
}

impl<'a> LinkedPacket<'a> {
    /// Returns a packet that is not from a pcapng savefile.
    #[must_use]
    pub fn new(linktype: Dlt, packet: Packet<'a>) -> LinkedPacket<'a> {
        LinkedPacket {
            linktype,
            packet,
            origin: None,
            has_time: true,
        }
    }

    /// Returns a packet of a pcapng savefile.
    #[must_use]
    pub fn of_block(origin: &'a PacketOrigin<'a>) -> LinkedPacket<'a> {
        LinkedPacket {
            linktype: Dlt::from(origin.block.linktype()),
            packet: origin.block.packet(),
            origin: Some(origin),
            has_time: origin.has_time(),
        }
    }

    /// Returns the packet without its time, which is not known.
    #[must_use]
    pub fn without_time(self) -> LinkedPacket<'a> {
        LinkedPacket {
            has_time: false,
            ..self
        }
    }

    /// Returns when the packet was captured. Packets of pcapng savefiles may have no time.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.has_time.then(|| self.packet.timestamp())
    }
}
