//! Changes the messages of ICMP, ICMPv6 and IGMP: the packets that they quote, and the addresses that they carry.

use super::ip_headers::Outer;
use super::side::Side;
use super::walk::Walk;

impl Walk<'_> {
    pub(super) fn icmp(&mut self, at: usize, end: usize, outer: Outer) {
        self.editor.open(at, end, 0);
        let body = (at + 8).min(end);
        match self.editor.u8(at) {
            // The address of the gateway.
            Some(5) => {
                self.ipv4_address(Side::Other, at + 4);
                self.quote(body, end);
            }
            Some(3 | 4 | 11 | 12) => self.quote(body, end),
            // The routers of an advertisement, each with a preference.
            Some(9) => {
                for at in (body..end.saturating_sub(3)).step_by(8) {
                    self.ipv4_address(Side::Other, at);
                }
                self.payload(end);
            }
            _ => self.payload(body),
        }
        let difference = self.editor.close();
        let sum = self.sum(at, end, outer.is_whole);
        self.set_checksum(at + 2, difference, sum);
        // An update cannot tell the checksum of zeros from that of other bytes with the sum 0.
        let mut message = self.editor.data().get(at..end).into_iter().flatten();
        if difference != 0 && message.all(|&byte| byte == 0) {
            self.editor.put(at + 2, &[0xff; 2]);
        }
    }

    /// Changes the packet that a message quotes.
    fn quote(&mut self, at: usize, end: usize) {
        let was_quoted = std::mem::replace(&mut self.is_quoted, true);
        self.ip(at, end);
        self.is_quoted = was_quoted;
    }

    pub(super) fn icmpv6(&mut self, at: usize, end: usize, outer: Outer) {
        self.open_pseudo(at, end, outer);
        let body = (at + 8).min(end);
        match self.editor.u8(at) {
            Some(1..=4) => self.quote(body, end),
            // The address of a multicast query, report or leave message, and the sources of a query.
            Some(130..=132) => {
                self.ipv6_addresses(at + 8, end.min(at + 24));
                self.ipv6_addresses(at + 28, end);
                self.payload(end);
            }
            Some(143) => {
                self.group_records(at, end, 16);
                self.payload(end);
            }
            // Discovery of routers and neighbours.
            Some(133) => self.neighbor_options(at + 8, end),
            Some(134) => self.neighbor_options(at + 16, end),
            Some(135 | 136) => {
                self.ipv6_addresses(at + 8, end.min(at + 24));
                self.neighbor_options(at + 24, end);
            }
            Some(137) => {
                self.ipv6_addresses(at + 8, end.min(at + 40));
                self.neighbor_options(at + 40, end);
            }
            _ => self.payload(body),
        }
        let difference = self.editor.close();
        let sum = self.pseudo_sum(58, at, end, outer);
        self.set_checksum(at + 2, difference, sum);
    }

    /// Changes a list of IPv6 addresses.
    fn ipv6_addresses(&mut self, at: usize, end: usize) {
        for at in (at..end).step_by(16) {
            self.ipv6_address(Side::Other, at);
        }
    }

    /// Changes the options of neighbour discovery.
    fn neighbor_options(&mut self, mut at: usize, end: usize) {
        let mut payload = end;
        while at < end {
            let (Some(kind), Some(length @ 1..)) = (self.editor.u8(at), self.editor.u8(at + 1))
            else {
                break;
            };
            let next = at + 8 * usize::from(length);
            match (kind, self.editor.u8(at + 2)) {
                (1 | 2, _) if length == 1 => self.mac(Side::Other, at + 2, false),
                (3, Some(bits)) => self.prefix(at + 16, next.min(end), bits),
                (4, _) => {
                    self.quote(at + 8, next.min(end));
                    payload = payload.min(next);
                }
                (24, Some(bits)) => self.prefix(at + 8, next.min(end), bits),
                (25, _) => self.ipv6_addresses(at + 8, next.min(end)),
                _ => {}
            }
            at = next;
        }
        self.payload(payload);
    }

    /// Changes the first bits of an address, of which not all bytes need to exist.
    fn prefix(&mut self, at: usize, end: usize, bits: u8) {
        let length = usize::from(bits.min(128))
            .div_ceil(8)
            .min(end.saturating_sub(at));
        let mut whole = [0; 16];
        let Some(bytes) = self.editor.data().get(at..at + length) else {
            return;
        };
        whole[..length].copy_from_slice(bytes);
        if let std::net::IpAddr::V6(new) = self.rules.ip(Side::Other, whole.into()) {
            let mask = u128::MAX
                .checked_shl(128 - u32::from(bits.min(128)))
                .unwrap_or(0);
            let new = u128::from(new) & mask | u128::from_be_bytes(whole) & !mask;
            self.editor.put(at, &new.to_be_bytes()[..length]);
        }
    }

    pub(super) fn igmp(&mut self, at: usize, end: usize, outer: Outer) {
        self.editor.open(at, end, 0);
        match self.editor.u8(at) {
            Some(0x22) => self.group_records(at, end, 4),
            Some(0x11 | 0x12 | 0x16 | 0x17) if at + 8 <= end => {
                self.ipv4_address(Side::Other, at + 4);
                // The sources of a query.
                for at in (at + 12..end.saturating_sub(3)).step_by(4) {
                    self.ipv4_address(Side::Other, at);
                }
            }
            _ => {}
        }
        self.payload(end);
        let difference = self.editor.close();
        let sum = self.sum(at, end, outer.is_whole);
        self.set_checksum(at + 2, difference, sum);
    }

    /// Changes the groups and sources in a report of IGMP or MLD, whose addresses have this length.
    fn group_records(&mut self, at: usize, end: usize, length: usize) {
        let records = self.editor.u16(at + 6).unwrap_or(0);
        let mut at = at + 8;
        for _ in 0..records {
            let (Some(auxiliary), Some(sources)) =
                (self.editor.u8(at + 1), self.editor.u16(at + 2))
            else {
                return;
            };
            let addresses = at + 4;
            at = addresses + length * (usize::from(sources) + 1);
            for at in (addresses..at.min(end)).step_by(length) {
                match length {
                    4 => self.ipv4_address(Side::Other, at),
                    _ => self.ipv6_address(Side::Other, at),
                };
            }
            at += 4 * usize::from(auxiliary);
            if at >= end {
                return;
            }
        }
    }
}
