//! Changes link-layer headers, and those between the link layer and IP.

use std::mem;

use super::side::Side;
use super::vlan::TYPES;
use super::walk::Walk;

/// The first valid Ethernet type. Smaller values are the length of an IEEE 802.3 frame.
const FIRST_ETHER_TYPE: u16 = 0x600;
/// Linux's types of devices whose addresses are IP addresses.
const IPV4_TUNNELS: [u16; 3] = [768, 776, 778];
const IPV6_TUNNELS: [u16; 2] = [769, 823];

impl Walk<'_> {
    pub(super) fn ethernet(&mut self, at: usize, end: usize) {
        let is_first = mem::take(&mut self.is_first_frame) && !self.is_quoted;
        self.mac(Side::Destination, at, is_first);
        self.mac(Side::Source, at + 6, is_first);
        self.ether_type(at + 12, at + 14, end);
    }

    /// Changes the packet after an Ethernet type, which is not always directly before it.
    pub(super) fn ether_type(&mut self, mut type_at: usize, mut at: usize, end: usize) {
        loop {
            let Some(kind) = self.editor.u16(type_at).filter(|_| at <= end) else {
                return self.payload(at.min(end));
            };
            if !TYPES.contains(&kind) {
                return self.by_ether_type(kind, at, end);
            }
            self.vlan(type_at, at);
            (type_at, at) = (at + 2, at + 4);
        }
    }

    fn by_ether_type(&mut self, kind: u16, at: usize, end: usize) {
        if !self.descend(at) {
            return;
        }
        match kind {
            0x0800 | 0x86dd => self.ip(at, end),
            0x0806 | 0x8035 => self.arp(at, end),
            0x8847 | 0x8848 => self.mpls(at, end),
            0x8864 => self.pppoe(at, end),
            0x6558 => self.ethernet(at, end),
            0x880b => self.ppp(at, end),
            0..FIRST_ETHER_TYPE => self.llc(at, end.min(at + usize::from(kind))),
            _ => self.payload(at),
        }
    }

    /// Changes a VLAN tag. Its type and the rest of it may be apart.
    fn vlan(&mut self, type_at: usize, at: usize) {
        let is_first = mem::take(&mut self.is_first_tag);
        let (Some([a, b]), Some(control)) = (self.editor.array(type_at), self.editor.u16(at))
        else {
            return;
        };
        let mut rules = self.rules.vlans.iter();
        if let Some(rule) = rules.find(|rule| rule.applies(control, is_first)) {
            let [c, d] = control.to_be_bytes();
            let [a, b, c, d] = rule.new.changed([a, b, c, d]);
            self.editor.put(type_at, &[a, b]);
            self.editor.put(at, &[c, d]);
        }
    }

    /// Changes an IEEE 802.2 header with SNAP.
    fn llc(&mut self, at: usize, end: usize) {
        match self.editor.array(at) {
            Some([0xaa, 0xaa, 3, 0, 0, 0 | 0xf8]) if at + 8 <= end => match self.editor.u16(at + 6)
            {
                Some(FIRST_ETHER_TYPE..) => self.ether_type(at + 6, at + 8, end),
                _ => self.payload(at),
            },
            Some([0x42, 0x42, 3, 0, 0, _]) => self.spanning_tree(at + 3, end),
            // Cisco's spanning tree of a VLAN.
            Some([0xaa, 0xaa, 3, 0, 0, 0x0c]) if self.editor.u16(at + 6) == Some(0x010b) => {
                self.spanning_tree(at + 8, end);
            }
            _ => self.payload(at),
        }
    }

    /// Changes the addresses of the root and of the bridge in a message of the spanning tree protocol.
    fn spanning_tree(&mut self, at: usize, end: usize) {
        const CONFIGURATION: [u8; 2] = [0, 2];
        match self.editor.u8(at + 3) {
            Some(kind) if CONFIGURATION.contains(&kind) => {
                for at in [at + 7, at + 19] {
                    if at < end {
                        self.mac(Side::Other, at, false);
                    }
                }
                // The rest names regions and further bridges.
                self.hide(at + 36, end);
                self.payload(end);
            }
            _ => self.payload(at),
        }
    }

    /// Changes the addresses in ARP and RARP.
    fn arp(&mut self, at: usize, end: usize) {
        let (macs, ips, is_ipv4) = match self.editor.array(at) {
            Some([_, _, 8, 0, macs, 4]) => (usize::from(macs), 4, true),
            Some([_, _, _, _, macs, others]) => (usize::from(macs), usize::from(others), false),
            None => return self.payload(at.min(end)),
        };
        let mut at = at + 8;
        for side in [Side::Source, Side::Destination] {
            self.link_address(side, at, macs, false);
            match is_ipv4 {
                true => drop(self.ipv4_address(side, at + macs)),
                false => self.hide(at + macs, at + macs + ips),
            }
            at += macs + ips;
        }
        self.payload(at.min(end));
    }

    pub(super) fn mpls(&mut self, mut at: usize, end: usize) {
        while let Some([_, _, bottom, _]) = self.editor.array(at).filter(|_| at + 4 <= end) {
            at += 4;
            if bottom & 1 != 0 {
                // The payload has no type field. In practice, only IP begins with these version numbers.
                return self.ip(at, end);
            }
        }
        self.payload(at.min(end));
    }

    pub(super) fn pppoe(&mut self, at: usize, end: usize) {
        const HEADER: usize = 6;
        if let Some(room) = self.room(at + HEADER, end) {
            self.repair_length(at + 4, 1, room);
        }
        match self.editor.u16(at + 4) {
            Some(length) => self.ppp(at + HEADER, end.min(at + HEADER + usize::from(length))),
            None => self.payload(at),
        }
    }

    /// Changes the packet after the header of PPP, with or without HDLC framing.
    pub(super) fn ppp(&mut self, mut at: usize, end: usize) {
        if self.editor.u8(at) == Some(0xff) {
            at += 2;
        }
        // The high byte of the protocol may be omitted if it is 0.
        let kind = match (self.editor.u8(at), self.editor.u16(at)) {
            (Some(low), _) if low & 1 == 1 => {
                at += 1;
                low.into()
            }
            (_, Some(kind)) => {
                at += 2;
                kind
            }
            _ => return self.payload(at.min(end)),
        };
        match kind {
            0x0021 | 0x0057 => self.ip(at, end),
            0x8021 | 0x8057 => self.ppp_addresses(kind == 0x8057, at, end),
            0x0281 | 0x0283 => self.mpls(at, end),
            _ => self.payload(at.min(end)),
        }
    }

    /// Changes the addresses that the two ends of PPP agree upon.
    fn ppp_addresses(&mut self, is_v6: bool, at: usize, end: usize) {
        const REQUEST_TO_REJECT: std::ops::RangeInclusive<u8> = 1..=4;
        let mut option = match (self.editor.u8(at), self.editor.u16(at + 2)) {
            (Some(code), Some(length)) if REQUEST_TO_REJECT.contains(&code) && length >= 4 => {
                at + 4
            }
            _ => return self.payload(at.min(end)),
        };
        while let (Some(kind), Some(length @ 2..)) =
            (self.editor.u8(option), self.editor.u8(option + 1))
        {
            let (start, until) = (option + 2, end.min(option + usize::from(length)));
            match (is_v6, kind) {
                // The identifier of an interface.
                (true, 1) => {
                    self.link_address(Side::Other, start, until.saturating_sub(start), false)
                }
                // Compression.
                (false, 2) => {}
                // Addresses of the ends, and of name servers.
                (false, 1 | 3 | 4 | 129..=132) => {
                    self.ip_addresses(Side::Other, (start, until), (4, 4));
                }
                _ => self.hide(start, until),
            }
            option = until;
            if option >= end {
                break;
            }
        }
        self.payload(end);
    }

    /// Changes a packet with the header of Cisco HDLC.
    pub(super) fn cisco_hdlc(&mut self, end: usize) {
        /// Where RARP has its number, this link type has a protocol that asks for addresses.
        const ADDRESSES: u16 = 0x8035;
        match (self.editor.u16(2), self.editor.array(4)) {
            (Some(ADDRESSES), Some([0, 0, 0, 0 | 1])) => {
                self.ip_addresses(Side::Other, (8, end.min(12)), (4, 4));
                self.payload(end);
            }
            (Some(ADDRESSES), _) => self.payload(end.min(4)),
            _ => self.ether_type(2, 4, end),
        }
    }

    /// Changes a packet with the header of BSD's loopback devices.
    pub(super) fn null(&mut self, end: usize) {
        let Some(bytes) = self.editor.array(0) else {
            return self.payload(end);
        };
        // Families are small numbers, in the byte order of the capturing system.
        match u32::from_be_bytes(bytes).min(u32::from_le_bytes(bytes)) {
            2 | 10 | 24 | 28 | 30 => self.ip(4, end),
            _ => self.payload(4),
        }
    }

    /// Changes a packet with the header of `LINUX_SLL`.
    pub(super) fn cooked(&mut self, end: usize) {
        self.cooked_packet([2, 4, 6, 14, 16], end);
    }

    /// Changes a packet with the header of `LINUX_SLL2`.
    pub(super) fn cooked2(&mut self, end: usize) {
        self.cooked_packet([8, 10, 12, 0, 20], end);
    }

    /// Changes a packet with a cooked header, given the offsets of the type of device, of the number before the
    /// address, whose low byte is the length of the address, of the address, of the protocol and of the packet.
    fn cooked_packet(&mut self, offsets: [usize; 5], end: usize) {
        /// The length of the field for the address. Longer ones are truncated.
        const ADDRESS: usize = 8;
        let [hardware, length, address, protocol, packet] = offsets;
        let (Some(hardware), Some(length)) = (self.editor.u16(hardware), self.editor.u16(length))
        else {
            return self.payload(end);
        };
        let is_first = mem::take(&mut self.is_first_frame);
        let length = usize::from(length & 0xff).min(ADDRESS);
        match length {
            4 if IPV4_TUNNELS.contains(&hardware) => drop(self.ipv4_address(Side::Source, address)),
            // The field has only half of an IPv6 address.
            ADDRESS if IPV6_TUNNELS.contains(&hardware) => self.half_address(address),
            _ => self.link_address(Side::Source, address, length, is_first),
        }
        self.hide(address + length, address + ADDRESS);
        match (hardware, self.editor.u16(protocol)) {
            // These devices have other protocol numbers or further headers.
            (770 | 801..=803 | 824, _) => self.payload(packet.min(end)),
            (_, Some(FIRST_ETHER_TYPE..)) => self.ether_type(protocol, packet, end),
            (778 | 823, _) => self.payload(packet.min(end)),
            (_, Some(4)) => self.llc(packet, end),
            (_, Some(7)) => self.ppp(packet, end),
            _ => self.payload(packet.min(end)),
        }
    }
}
