//! The layers of a packet: the protocols from the outermost to the innermost, and their endpoints.

use super::key::{Address, Key, Kind};

/// The maximum number of protocols. A hostile packet could have thousands of labels.
const MAX_PROTOCOLS: usize = 40;

/// The fields of a TCP segment that its analysis needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) sequence: u32,
    pub(super) acknowledged: u32,
    pub(super) flags: u8,
    pub(super) window: u16,
    /// The length of the payload on the wire.
    pub(super) length: u32,
}

impl Segment {
    pub(super) const FIN: u8 = 1;
    pub(super) const SYN: u8 = 2;
    pub(super) const RST: u8 = 4;
    pub(super) const ACK: u8 = 16;

    /// Returns whether the segment requests a new connection.
    #[inline]
    pub(super) fn is_request(&self) -> bool {
        self.flags & (Segment::SYN | Segment::ACK) == Segment::SYN
    }

    /// Returns whether one of these flags is set.
    #[inline]
    pub(super) fn has(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }
}

/// The layers of a packet. The lists keep their memory from one packet to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers {
    /// The names of the protocols, the outermost first.
    pub(super) protocols: Vec<&'static str>,
    /// Whether there are further protocols, for which there is no place.
    pub(super) has_more_protocols: bool,
    /// The endpoints of the layers, the outermost first, and whether they are exchanged. The IP addresses of a packet
    /// with ports are only in the key with the ports.
    pub(super) keys: Vec<(Key, bool)>,
    /// The TCP segment, if the innermost key is that of TCP.
    pub(super) segment: Option<Segment>,
}

impl Layers {
    /// Removes all layers.
    pub(super) fn clear(&mut self) {
        self.protocols.clear();
        self.has_more_protocols = false;
        self.keys.clear();
        self.segment = None;
    }

    pub(super) fn add_protocol(&mut self, name: &'static str) {
        match self.protocols.len() < MAX_PROTOCOLS {
            true => self.protocols.push(name),
            false => self.has_more_protocols = true,
        }
    }

    pub(super) fn add_pair(&mut self, kind: Kind, [from, to]: [Address; 2], ports: [u16; 2]) {
        let (key, is_reversed) = Key::new(kind, from, to, ports);
        if kind.network().is_some() {
            self.keys.pop();
        }
        self.segment = None;
        self.keys.push((key, is_reversed));
    }
}
