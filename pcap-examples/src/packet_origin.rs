//! What a pcapng savefile says of a packet besides its bytes: the interface, the direction and comments.

use std::io::Write;

use pcap_core::pcapng::PacketBlock;

use crate::escape;

/// A packet of a pcapng savefile, and where it is in the savefile.
#[derive(Clone, Copy, Debug)]
pub struct PacketOrigin<'a> {
    /// The packet.
    pub block: PacketBlock<'a>,
    /// The number of its section, starting at 1.
    pub section: u64,
    /// Whether the section has several interfaces so far.
    pub is_one_of_several: bool,
}

impl PacketOrigin<'_> {
    /// Returns whether the packet has a time. If not, its block is a simple packet block.
    #[must_use]
    pub fn has_time(&self) -> bool {
        self.block.timestamp().is_some()
    }

    /// Returns `In` or `Out` if the savefile tells the direction.
    fn direction(&self) -> Option<&'static str> {
        match self.block.flags()? {
            flags if flags.is_inbound() => Some("In"),
            flags if flags.is_outbound() => Some("Out"),
            _ => None,
        }
    }

    /// Appends `eth0 In ` to a line. An interface without a name has its number, unless it is the only one. With
    /// `has_direction`, something else in the line tells the direction.
    pub fn push_start(&self, out: &mut Vec<u8>, has_direction: bool) {
        if let Some(name) = self.block.interface().name() {
            out.extend(escape::controls(name.as_bytes()).bytes());
            out.push(b' ');
        } else if self.is_one_of_several {
            // Writing to memory cannot fail.
            let _ = write!(out, "if{} ", self.block.interface_id());
        }
        if let (Some(direction), false) = (self.direction(), has_direction) {
            out.extend(direction.bytes());
            out.push(b' ');
        }
    }

    /// Appends the comments to a line, such as `, comment: look here`.
    pub fn push_end(&self, out: &mut Vec<u8>) {
        for comment in self.block.comments() {
            out.extend(b", comment: ");
            out.extend(escape::controls(comment.as_bytes()).bytes());
        }
    }
}
