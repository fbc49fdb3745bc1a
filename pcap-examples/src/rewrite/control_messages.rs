//! Changes the messages of ICMP, ICMPv6 and IGMP: the packets that they quote, and the addresses that they carry.

use super::checksum;
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
            Some(3 | 11 | 12) => self.quote_with_extensions(body, end, (at + 5, 4)),
            Some(4) => self.quote(body, end),
            // The routers of an advertisement, each with a preference. Those for mobile nodes append care-of addresses.
            Some(9) => {
                let routers = usize::from(self.editor.u8(at + 4).unwrap_or(0));
                let step = 4 * usize::from(self.editor.u8(at + 5).unwrap_or(0).max(1));
                let until = end.min(body + step * routers);
                self.ip_addresses(Side::Other, (body, until), (4, step));
                self.hide(until, end);
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

    /// Changes the packet that a message quotes, and the extensions after it (RFC 4884). The field with the length of
    /// the quoted packet counts units of this length.
    fn quote_with_extensions(&mut self, at: usize, end: usize, (field, unit): (usize, usize)) {
        /// The length of the part for the quoted packet if there are extensions, and in old messages without a length.
        const QUOTED: usize = 128;
        let length = usize::from(self.editor.u8(field).unwrap_or(0)) * unit;
        let start = at + length.max(QUOTED);
        let has_version =
            self.editor.u8(start).map(|byte| byte >> 4) == Some(2) && start + 4 <= end;
        // Without a length, the bytes there may also be those of a long packet.
        let is_right = |bytes: &[u8]| checksum::fold(checksum::sum(bytes)) == 0xffff;
        let has_extensions =
            has_version && (length > 0 || self.editor.data().get(start..end).is_some_and(is_right));
        if !has_extensions {
            return self.quote(at, end);
        }
        self.quote(at, start);
        self.editor.open(start, end, 0);
        let mut next = start + 4;
        while let (Some(length @ 4..), Some(class)) =
            (self.editor.u16(next), self.editor.u8(next + 2))
        {
            let until = end.min(next + usize::from(length));
            // The objects other than labels of MPLS name interfaces and nodes, by address and name.
            if class != 1 {
                self.hide(next + 4, until);
            }
            next = until;
            if next + 4 > end {
                break;
            }
        }
        let difference = self.editor.close();
        // Zero means that there is no checksum.
        if self.editor.u16(start + 2) != Some(0) {
            self.set_checksum(start + 2, difference, None);
        }
    }

    pub(super) fn icmpv6(&mut self, at: usize, end: usize, outer: Outer) {
        self.open_pseudo(at, end, outer);
        let body = (at + 8).min(end);
        match self.editor.u8(at) {
            Some(1 | 3) => self.quote_with_extensions(body, end, (at + 4, 8)),
            Some(2 | 4) => self.quote(body, end),
            // The address of a multicast query, report or leave message, and the sources of a query.
            Some(130..=132) => {
                self.ipv6_addresses(at + 8, end.min(at + 24));
                self.ipv6_addresses(at + 28, end);
                self.payload(end);
            }
            // Inverse discovery, and the prefixes of mobile nodes.
            Some(141 | 142 | 146 | 147) => self.neighbor_options(at + 8, end),
            // The home agents of a mobile node.
            Some(145) => {
                self.ipv6_addresses(at + 8, end);
                self.payload(end);
            }
            // Duplicate addresses: the link-layer address, and the IP address.
            Some(157 | 158) => {
                self.link_address(Side::Other, at + 8, 8, false);
                self.ipv6_addresses(at + 16, end.min(at + 32));
                self.payload(end);
            }
            Some(143) => {
                self.group_records(at, end, 16);
                self.payload(end);
            }
            // Discovery of routers and neighbors.
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
        self.ip_addresses(Side::Other, (at, end), (16, 16));
    }

    /// Changes the options of neighbor discovery.
    fn neighbor_options(&mut self, mut at: usize, end: usize) {
        let mut payload = end;
        while at < end {
            let (Some(kind), Some(length @ 1..)) = (self.editor.u8(at), self.editor.u8(at + 1))
            else {
                // The end of this option is unknown.
                self.hide(at + 2, end);
                break;
            };
            let next = at + 8 * usize::from(length);
            let until = next.min(end);
            match (kind, self.editor.u8(at + 2)) {
                (1 | 2, _) => {
                    // Addresses of 8 bytes are padded.
                    let address = match length {
                        2 => 8,
                        _ => 8 * usize::from(length) - 2,
                    };
                    self.link_address(Side::Other, at + 2, address, false);
                    self.hide(at + 2 + address, until);
                }
                (3, Some(bits)) => self.prefix(at + 16, until, bits),
                (4, _) => {
                    self.quote(at + 8, until);
                    payload = payload.min(self.payload);
                }
                // The MTU, lifetimes, times and flags.
                (5 | 7 | 8 | 13 | 14 | 26, _) => {}
                (24, Some(bits)) => self.prefix(at + 8, until, bits),
                // Lists of sources and targets, name servers, and a border router.
                (9 | 10 | 25 | 35, _) => self.ipv6_addresses(at + 8, until),
                // Names to search are no addresses.
                (31, _) => {}
                // The registration of an address.
                (33, _) => {
                    self.link_address(Side::Other, at + 8, until.saturating_sub(at + 8), false)
                }
                // The prefix for translation to IPv4, of at most 96 bits.
                (38, _) => self.prefix(at + 4, until, 96),
                _ => self.hide(at + 2, until),
            }
            at = next;
        }
        self.payload(payload);
    }

    /// Changes the first bits of an address, of which not all bytes need to exist.
    fn prefix(&mut self, at: usize, end: usize, bits: u8) {
        let length = end.saturating_sub(at).min(16);
        let mut whole = [0; 16];
        let Some(bytes) = self.editor.data().get(at..at + length) else {
            return;
        };
        whole[..length].copy_from_slice(bytes);
        if let std::net::IpAddr::V6(new) = self.rules.ip(Side::Other, whole.into()) {
            let mask = u128::MAX
                .checked_shl(128 - u32::from(bits.min(128)))
                .unwrap_or(0);
            // The bits after the prefix may be those of the router, and otherwise are zeros.
            let new = match u128::from_be_bytes(whole) & !mask {
                0 => u128::from(new) & mask,
                _ => new.into(),
            };
            self.editor.put(at, &new.to_be_bytes()[..length]);
        }
    }

    /// Changes the addresses in the mobility header of IPv6.
    pub(super) fn mobility(&mut self, at: usize, end: usize, outer: Outer) {
        const ALTERNATE_CARE_OF: u8 = 3;
        self.open_pseudo(at, usize::MAX, outer);
        let mut option = match self.editor.u8(at + 2) {
            // Requests for a test, and their answers.
            Some(0) => at + 6,
            Some(1 | 2) => at + 16,
            Some(3 | 4) => at + 24,
            // Binding updates and acknowledgements.
            Some(5 | 6) => at + 12,
            // Errors, with the home address.
            Some(7) => {
                self.ipv6_addresses(at + 8, end.min(at + 24));
                at + 24
            }
            _ => {
                self.hide(at + 6, end);
                end
            }
        };
        while option < end {
            let (kind, length) = match (self.editor.u8(option), self.editor.u8(option + 1)) {
                (Some(0), _) => {
                    option += 1;
                    continue;
                }
                (Some(kind), Some(length)) => (kind, usize::from(length)),
                _ => break,
            };
            let (start, until) = (option + 2, end.min(option + 2 + length));
            match kind {
                ALTERNATE_CARE_OF => self.ipv6_addresses(start, until),
                // The time to refresh, and the numbers of nonces.
                2 | 4 => {}
                _ => self.hide(start, until),
            }
            option = start + length;
        }
        self.payload(end);
        let difference = self.editor.close();
        self.set_checksum(at + 4, difference, None);
    }

    pub(super) fn igmp(&mut self, at: usize, end: usize, outer: Outer) {
        self.editor.open(at, end, 0);
        let mut payload = end;
        match self.editor.u8(at) {
            Some(0x22) => self.group_records(at, end, 4),
            Some(0x11 | 0x12 | 0x16 | 0x17) => {
                self.ip_addresses(Side::Other, (at + 4, end.min(at + 8)), (4, 4));
                // The sources of a query.
                self.ip_addresses(Side::Other, (at + 12, end), (4, 4));
            }
            // Messages of routers, such as those of DVMRP and mtrace, which have addresses.
            _ => {
                self.hide(at + 4, end);
                payload = end.min(at + 4);
            }
        }
        self.payload(payload);
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
            self.ip_addresses(Side::Other, (addresses, at.min(end)), (length, length));
            let next = at + 4 * usize::from(auxiliary);
            self.hide(at, next.min(end));
            at = next;
            if at >= end {
                return;
            }
        }
        // More than the number of records.
        self.hide(at, end);
    }
}
