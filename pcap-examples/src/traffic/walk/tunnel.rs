//! Walks through tunnels in IP and UDP.

use super::Walk;
use super::fields::{array_at, skip, u16_at};

/// The type of mirrored Ethernet frames in GRE.
const ERSPAN: u16 = 0x88be;

impl<'a> Walk<'a, '_> {
    /// Walks through the tunnels of mobile networks.
    pub(super) fn gtp(&mut self, data: &'a [u8]) {
        const PACKET: u8 = 255;
        self.at_least(2, "gtp", data);
        let Some([flags, PACKET]) = array_at(data, 0) else {
            return;
        };
        let mut at = 8;
        if flags & 7 != 0 {
            at = 12;
            let mut next = data.get(11).copied().filter(|_| flags & 4 != 0);
            while let Some(1..) = next {
                let units = usize::from(data.get(at).copied().unwrap_or_default());
                if units == 0 {
                    return;
                }
                at += 4 * units;
                next = data.get(at - 1).copied();
            }
        }
        self.any_ip(skip(data, at));
    }

    /// Walks through VXLAN with a field for the protocol inside it.
    pub(super) fn vxlan_gpe(&mut self, data: &'a [u8]) {
        self.protocol("vxlan");
        let inside = skip(data, 8);
        match data.get(3) {
            Some(1) => self.ip_version_4(inside),
            Some(2) => self.ipv6(inside),
            Some(3) if self.descend() => self.ethernet(inside),
            _ => {}
        }
    }

    pub(super) fn geneve(&mut self, data: &'a [u8]) {
        self.protocol("geneve");
        let (Some(&first), Some(kind)) = (data.first(), u16_at(data, 2)) else {
            return;
        };
        self.ether_type(kind, skip(data, 8 + 4 * usize::from(first & 0x3f)));
    }

    pub(super) fn gre(&mut self, data: &'a [u8]) {
        let (Some(flags), Some(kind)) = (u16_at(data, 0), u16_at(data, 2)) else {
            return;
        };
        self.protocol("gre");
        let has = |flag: u16| usize::from(flags & flag != 0);
        if flags & 0x4007 > 1 {
            return;
        }
        let mut header = 4 + 4 * (has(0x8000) + has(0x2000) + has(0x1000));
        if flags & 7 == 1 {
            header += 4 * has(0x80);
        }
        let Some(rest) = data.get(header..) else {
            return;
        };
        match kind {
            ERSPAN => {
                self.protocol("erspan");
                // Only type 2 has a header, and sequence numbers.
                self.ethernet(skip(rest, 8 * has(0x1000)));
            }
            _ => self.ether_type(kind, rest),
        }
    }
}
